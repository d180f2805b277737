//! Text to rules and back, over real configurations.

use std::collections::HashSet;

use serde_json::Value;
use strata_catalog::etl::component::{Component, Rule, Severity};
use strata_connectors::component::vector::Vector;
use strata_connectors::component::vector::file::File;
use strata_connectors::component::vector::format::Format;

use crate::corpus::{Sample, role, samples};
use crate::jsonb::as_jsonb;

/// What another library reads: values alone.
fn meaning(format: Format, text: &str) -> Value {
    fn of_toml(value: &toml_edit::Item) -> Value {
        if let Some(table) = value.as_table_like() {
            return Value::Object(table.iter().map(|(key, item)| (key.to_owned(), of_toml(item))).collect());
        }
        if let Some(tables) = value.as_array_of_tables() {
            return tables.iter().map(|table| of_toml(&toml_edit::Item::Table(table.clone()))).collect();
        }
        match value.as_value().unwrap() {
            toml_edit::Value::String(text) => Value::from(text.value().as_str()),
            toml_edit::Value::Integer(number) => Value::from(*number.value()),
            toml_edit::Value::Float(number) => Value::from(*number.value()),
            toml_edit::Value::Boolean(flag) => Value::from(*flag.value()),
            toml_edit::Value::Datetime(moment) => Value::from(moment.value().to_string()),
            toml_edit::Value::Array(items) => items.iter().map(|item| of_toml(&toml_edit::Item::Value(item.clone()))).collect(),
            toml_edit::Value::InlineTable(table) => Value::Object(
                table.iter().map(|(key, value)| (key.to_owned(), of_toml(&toml_edit::Item::Value(value.clone())))).collect(),
            ),
        }
    }
    match format {
        Format::Toml => of_toml(toml_edit::Document::parse(text).unwrap().as_item()),
        Format::Json => serde_json::from_str(text).unwrap(),
        Format::Yaml => {
            let table = Format::Yaml.read(text).unwrap();
            serde_json::from_str(&Format::Json.print(&table)).unwrap()
        }
    }
}

/// The comments of a text as a person would find them: lines that begin with the sign. Those inside of programs are there too,
/// and stay there.
fn comment_lines(text: &str) -> Vec<String> {
    let mut found: Vec<String> =
        text.lines().map(str::trim).filter(|line| line.starts_with('#')).map(|line| line.to_owned()).collect();
    found.sort();
    found
}

fn configurations() -> impl Iterator<Item = Sample> {
    samples().into_iter().filter(|sample| sample.refused_at().is_none())
}

fn rendered(sample: &Sample, rules: &[Rule]) -> String {
    let role = role(&format!("edge.{}", sample.format.extension()));
    let files = Vector.render(&role, rules).unwrap_or_else(|findings| panic!("{}: {findings:#?}", sample.name));
    let [file] = files.as_slice() else { panic!("{}: {} files", sample.name, files.len()) };
    file.content.clone()
}

#[test]
fn every_configuration_comes_back_as_the_same_tree_with_all_comments() {
    let mut equal = 0;
    for sample in configurations() {
        let Sample { name, text, format } = &sample;
        let tree = File::of(format.read(text).unwrap(), *format).unwrap();
        let role = role(&format!("edge.{}", format.extension()));
        let content = rendered(&sample, &Vector.import(&role, text).unwrap());
        let again = File::of(format.read(&content).unwrap(), *format).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        assert_eq!(again, tree, "{name}\n{content}");
        assert_eq!(meaning(*format, &content), meaning(*format, text), "{name}");
        assert_eq!(comment_lines(&content), comment_lines(text), "{name}");
        assert_eq!(rendered(&sample, &Vector.import(&role, &content).unwrap()), content, "{name}: a second time");
        equal += 1;
    }
    println!("{equal} files came back as the same tree");
}

#[test]
fn the_order_in_which_jsonb_keeps_keys_does_not_matter() {
    for sample in configurations() {
        let role = role(&format!("edge.{}", sample.format.extension()));
        let mut rules = Vector.import(&role, &sample.text).unwrap();
        let content = rendered(&sample, &rules);
        for rule in &mut rules {
            rule.settings = as_jsonb(&serde_json::from_str(&rule.settings.to_string()).unwrap());
        }
        rules.reverse();
        assert_eq!(rendered(&sample, &rules), content, "{}", sample.name);
    }
}

#[test]
fn a_configuration_can_change_its_notation() {
    for sample in configurations() {
        let role = role(&format!("edge.{}", sample.format.extension()));
        let rules = Vector.import(&role, &sample.text).unwrap();
        let before = meaning(sample.format, &rendered(&sample, &rules));
        for format in [Format::Toml, Format::Yaml, Format::Json] {
            let mut rules = rules.clone();
            rules[0].name = format!("edge.{}", format.extension());
            assert_eq!(meaning(format, &rendered(&sample, &rules)), before, "{} as {format}", sample.name);
        }
    }
}

#[test]
fn names_are_unique_and_known_types_are_known() {
    let mut unknown = HashSet::new();
    for sample in configurations() {
        let role = role(&format!("edge.{}", sample.format.extension()));
        let rules = Vector.import(&role, &sample.text).unwrap();
        let names: HashSet<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names.len(), rules.len(), "{}", sample.name);
        for finding in Vector.validate(&role, &rules) {
            let is_about_type = finding.message.contains("of type") || finding.message.contains(" needs \"");
            if finding.severity == Severity::Error && is_about_type {
                unknown.insert(format!("{}: {}", sample.name, finding.message));
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}
