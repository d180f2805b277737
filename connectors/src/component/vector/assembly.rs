//! Rows of `etl.rules` to configuration files.
//!
//! A row of stage `file` without a body is a configuration file, and its settings are the options for the whole process; one
//! with a body is any other file, such as a program or a table. A component stands in the file that is its parent, or in the
//! first configuration file; where there is none, in the one that the role's setting `path` names, or `<role>.yaml`.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value as Json;
use strata_catalog::etl::component::{Finding, RenderedFile, Role, Rule, Severity};

use super::file::{File, Group, Stage};
use super::form::{FORM_KEY, Forms, Mark, laid_out, order};
use super::format::Format;
use super::remark_line::from_column;
use super::rows::{CONDITION, FILE_STAGE, INPUTS, SOURCE, TYPE, has_body, has_condition, settings_table};
use super::tree::{Array, Entry, Item, Table, Value};
use crate::component::file_rules;
use crate::component::nearest::nearest;

/// Setting of a role: the path of its file where no row names one. Without it, the role's name and `.yaml`.
pub const PATH_SETTING: &str = "path";

/// The rows that are used: enabled, and in no file that is disabled; by stage and position.
pub fn rendered(rules: &[Rule]) -> Vec<&Rule> {
    let off: HashSet<&str> = rules.iter().filter(|rule| !rule.enabled).map(|rule| rule.name.as_str()).collect();
    let is_on = |rule: &&Rule| rule.enabled && !rule.parent.as_deref().is_some_and(|parent| off.contains(parent));
    let mut found: Vec<&Rule> = rules.iter().filter(is_on).collect();
    found.sort_by(|a, b| {
        let place = |rule: &Rule| (Stage::from_word(&rule.stage), rule.position);
        place(a).cmp(&place(b)).then_with(|| a.name.cmp(&b.name))
    });
    found
}

/// The components among the rows that are used.
pub fn components(rules: &[Rule]) -> impl Iterator<Item = (Stage, &Rule)> {
    rendered(rules).into_iter().filter_map(|rule| Some((Stage::from_word(&rule.stage)?, rule)))
}

/// The rows that are configuration files, the first one first.
pub fn configurations(rules: &[Rule]) -> impl Iterator<Item = &Rule> {
    rendered(rules).into_iter().filter(|rule| is_configuration(rule))
}

fn is_configuration(rule: &Rule) -> bool {
    rule.stage == FILE_STAGE && rule.body.is_none()
}

/// The path of the file of components that stand in none.
///
/// # Errors
/// The role's setting is no text.
pub fn usual_path(role: &Role, format: Format) -> Result<String, Finding> {
    match role.settings.get(PATH_SETTING) {
        None => Ok(format!("{}.{}", role.name, format.extension())),
        Some(Json::String(path)) => Ok(path.clone()),
        Some(_) => Err(about_role(format!("the role's setting \"{PATH_SETTING}\" is no text"))),
    }
}

/// The files of a role; none if it has no rows that are used.
///
/// # Errors
/// Every finding that stands in the way.
pub fn files(role: &Role, rules: &[Rule]) -> Result<Vec<RenderedFile>, Vec<Finding>> {
    let mut findings = misshapen(rules);
    let used = rendered(rules);
    let own: Vec<&Rule> = configurations(rules).collect();
    let first = match own.first() {
        Some(rule) => Ok(rule.name.clone()),
        None => usual_path(role, Format::Yaml),
    };
    let first = first.unwrap_or_else(|finding| {
        findings.push(finding);
        String::new()
    });
    let mut texts: BTreeMap<&str, String> = BTreeMap::new();
    let mut paths: Vec<&str> = own.iter().map(|rule| rule.name.as_str()).collect();
    if own.is_empty() && components(rules).next().is_some() {
        paths.push(&first);
    }
    for path in paths {
        let Some(format) = Format::of_path(path) else {
            let finding = match own.iter().find(|rule| rule.name == path) {
                Some(rule) => Finding::error(&rule.name, "name", format!("Vector does not read \"{path}\"")),
                None => about_role(format!("Vector does not read \"{path}\"")),
            };
            findings.push(finding.with_hint("A configuration ends in .toml, .yaml, .yml or .json; any other file needs a body."));
            continue;
        };
        let row = own.iter().find(|rule| rule.name == path).copied();
        let inside = components(rules).filter(|(_, rule)| rule.parent.as_deref().unwrap_or(&first) == path);
        let table = assembled(row, inside, format);
        findings.extend(nulls(row, &table, format));
        match written(&table, format) {
            Ok(text) => drop(texts.insert(path, text)),
            Err(problem) => findings.push(about_role(format!("\"{path}\" cannot be written: {problem}"))),
        }
    }
    for rule in used.iter().filter(|rule| rule.stage == FILE_STAGE) {
        texts.extend(rule.body.clone().map(|body| (rule.name.as_str(), body)));
    }
    let mut files = Vec::new();
    for (path, text) in texts {
        match RenderedFile::new(path, text) {
            Ok(file) => files.push(file),
            // That of a row was found above.
            Err(bad) if !used.iter().any(|rule| rule.name == path) => findings.push(about_role(bad.to_string())),
            Err(_) => {}
        }
    }
    findings.retain(|finding| finding.severity == Severity::Error);
    if findings.is_empty() { Ok(files) } else { Err(findings) }
}

/// The tree of one configuration file.
fn assembled<'r>(row: Option<&Rule>, components: impl Iterator<Item = (Stage, &'r Rule)>, format: Format) -> Table {
    let forms = row.map(|row| Forms::of(&row.settings)).unwrap_or_default();
    let mut entries: Vec<(String, Entry)> = Vec::new();
    for (key, json) in row.and_then(|row| row.settings.as_object()).into_iter().flatten().filter(|(key, _)| *key != FORM_KEY) {
        entries.push(forms.entry(key, json, ""));
    }
    let mut groups: Vec<Group> = Vec::new();
    for (stage, rule) in components {
        let (table, beside) = settings_table(rule, stage);
        let entry =
            Entry { comments: from_column(rule.comment.as_deref()), beside, ..Entry::new(&rule.name, Value::Table(table)) };
        match groups.last_mut() {
            Some(group) if group.stage == stage => group.components.push(entry),
            _ => {
                let end = forms.layout(&format!("/{}", stage.key())).into_iter().filter_map(|mark| match mark {
                    Mark::Above(text) | Mark::Beside(text) => Some(text),
                    Mark::Key(_) => None,
                });
                let end = end.collect();
                groups.push(Group { stage, comments: Vec::new(), beside: None, components: vec![entry], end });
            }
        }
    }
    let is_group = |key: &str| Stage::ALL.iter().any(|stage| stage.key() == key);
    // Groups are laid out with the options, for the sake of the comments on them.
    for group in &groups {
        entries.retain(|(key, _)| key != group.stage.key());
        entries.push((group.stage.key().to_owned(), Entry::new(group.stage.key(), Value::Null)));
    }
    let rank = |key: &str| (is_group(key), Stage::ALL.iter().position(|stage| stage.key() == key));
    let usual = |a: &str, b: &str| (rank(a), order(a)).cmp(&(rank(b), order(b)));
    let (mut options, end) = laid_out(forms.layout(""), entries, usual);
    for group in &mut groups {
        let at = options.iter().position(|entry| entry.key == group.stage.key());
        if let Some(entry) = at.map(|at| options.remove(at)) {
            group.comments = entry.comments;
            group.beside = entry.beside;
        }
    }
    let mut above = from_column(row.and_then(|row| row.comment.as_deref()));
    if let Some(first) =
        options.first_mut().map(|entry| &mut entry.comments).or(groups.first_mut().map(|group| &mut group.comments))
    {
        above.append(first);
        *first = above;
    }
    if format == Format::Toml {
        groups.iter_mut().for_each(Group::comments_to_first);
    }
    File { options, groups, end }.into_table()
}

/// The text, which is read back before anybody else sees it.
fn written(table: &Table, format: Format) -> Result<String, String> {
    let text = format.print(table);
    let read = format.read(&text).map_err(|refusal| refusal.to_string())?;
    if meaning(&read) != meaning(table) {
        return Err("it would be read as something else than the rules say".to_owned());
    }
    let sorted = |table: &Table| {
        let mut comments: Vec<String> = table.comments().into_iter().map(|comment| comment.trim_end().to_owned()).collect();
        comments.sort();
        comments
    };
    if format != Format::Json && sorted(&read) != sorted(table) {
        return Err("a comment would be lost; none holds a line break or another control character".to_owned());
    }
    Ok(text)
}

/// The values alone, keys in one order.
fn meaning(table: &Table) -> Table {
    let mut entries: Vec<Entry> = table.entries.iter().map(|entry| Entry::new(&entry.key, meaning_of(&entry.value))).collect();
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    Table { entries, end: Vec::new() }
}

fn meaning_of(value: &Value) -> Value {
    match value {
        Value::Table(table) => Value::Table(meaning(table)),
        Value::Array(array) => {
            let items = array.items.iter().map(|item| Item::new(meaning_of(&item.value))).collect();
            Value::Array(Array { items, end: Vec::new() })
        }
        // What only TOML has a type for is a text elsewhere.
        Value::Bare(text) if !matches!(text.as_str(), "inf" | "-inf" | "nan") => Value::Text(text.clone()),
        plain => plain.clone(),
    }
}

/// TOML cannot say `null`, and JSON has no infinite numbers.
fn nulls(row: Option<&Rule>, table: &Table, format: Format) -> Vec<Finding> {
    fn holds(value: &Value, wrong: fn(&Value) -> bool) -> bool {
        match value {
            Value::Table(table) => table.entries.iter().any(|entry| holds(&entry.value, wrong)),
            Value::Array(array) => array.items.iter().any(|item| holds(&item.value, wrong)),
            value => wrong(value),
        }
    }
    let wrong: fn(&Value) -> bool = match format {
        Format::Toml => |value| *value == Value::Null,
        Format::Json => |value| matches!(value, Value::Bare(text) if matches!(text.as_str(), "inf" | "-inf" | "nan")),
        Format::Yaml => return Vec::new(),
    };
    let what = if format == Format::Toml { "null" } else { "infinite number" };
    let found = |rule: &str, field: &str| Finding::error(rule, field, format!("{format} has no {what}"));
    let mut findings = Vec::new();
    for entry in &table.entries {
        match (&entry.value, Stage::ALL.iter().any(|stage| stage.key() == entry.key), row) {
            (Value::Table(components), true, _) => {
                let bad = components.entries.iter().filter(|component| holds(&component.value, wrong));
                findings.extend(bad.map(|component| found(&component.key, "settings")));
            }
            (value, _, Some(row)) if holds(value, wrong) => findings.push(found(&row.name, &format!("settings.{}", entry.key))),
            _ => {}
        }
    }
    findings
}

/// What is wrong with the shape of the rows that are used.
fn misshapen(rules: &[Rule]) -> Vec<Finding> {
    let used = rendered(rules);
    let files: Vec<Rule> = used.iter().filter(|rule| rule.stage == FILE_STAGE).map(|rule| (*rule).clone()).collect();
    let mut findings = file_rules::misshapen(&files, &[]);
    for rule in used {
        let mut error = |field: &str, message: String, hint: &str| {
            findings.push(Finding::error(&rule.name, field, message).with_hint(hint));
        };
        let Some(settings) = rule.settings.as_object() else {
            error("settings", "the settings are no JSON object".to_owned(), "Write {} for none.");
            continue;
        };
        let Some(stage) = Stage::from_word(&rule.stage) else {
            if rule.stage != FILE_STAGE {
                let words = Stage::ALL.into_iter().map(Stage::word).chain([FILE_STAGE]);
                let hint = match nearest(&rule.stage, words) {
                    Some(nearest) => format!("Perhaps \"{nearest}\" was meant."),
                    None => "A stage is source, transform, sink or file.".to_owned(),
                };
                error("stage", format!("stage \"{}\" is none of this kind", rule.stage), &hint);
            } else if rule.body.is_some() && settings.keys().any(|key| key != FORM_KEY) {
                error("settings", "the rule has a body and settings".to_owned(), "Set one of the two to NULL or '{}'.");
            }
            for stage in Stage::ALL {
                if settings.get(stage.key()).is_some_and(|value| !value.is_null() && value != &serde_json::json!({})) {
                    let hint = format!("Make each a row of stage {stage}.");
                    error(&format!("settings.{}", stage.key()), format!("{} are rows of their own", stage.key()), &hint);
                }
            }
            continue;
        };
        let plugin = rule.plugin.as_deref();
        if rule.construct.is_some() {
            error("construct", format!("a {stage} has no construct"), "Set it to NULL.");
        }
        if let Some(parent) = rule.parent.as_deref()
            && !files.iter().any(|file| file.name == parent && is_configuration(file))
        {
            error(
                "parent",
                format!("\"{parent}\" is no configuration file"),
                "The parent of a component is a row of stage file.",
            );
        }
        if rule.condition.is_some() && !has_condition(stage, plugin) {
            let hint = "Only a transform of type filter has one; where else a type takes a condition, it is a setting.";
            error("condition", format!("a condition means nothing for this {stage}"), hint);
        }
        if rule.body.is_some() && !has_body(stage, plugin) {
            error(
                "body",
                format!("a body means nothing for this {stage}"),
                "Only transforms of type remap and lua have programs.",
            );
        }
        let columns = [
            (TYPE, "plugin", rule.plugin.is_some()),
            (INPUTS, "inputs", !rule.inputs.is_empty()),
            (CONDITION, "condition", rule.condition.is_some()),
            (SOURCE, "body", rule.body.is_some()),
        ];
        for (key, column, _) in columns.into_iter().filter(|(key, _, given)| *given && settings.contains_key(*key)) {
            error(&format!("settings.{key}"), format!("the column {column} says this already"), "Take it out of the settings.");
        }
    }
    findings
}

/// A finding that no rule is at fault for.
pub fn about_role(message: String) -> Finding {
    Finding { severity: Severity::Error, rule: None, field: None, message, hint: None }
}
