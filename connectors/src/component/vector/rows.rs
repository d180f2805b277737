//! A configuration file as rows of `etl.rules`.
//!
//! ```text
//! api: {enabled: true}          stage file       web.yaml   settings {"api": {"enabled": true}}
//! sources:
//!   in: {type: stdin}           stage source     in         plugin stdin
//! transforms:
//!   cut: {type: remap, ...}     stage transform  cut        plugin remap, inputs {in}, body the program
//! ```

use serde_json::{Map, Value as Json};
use strata_catalog::etl::Position;
use strata_catalog::etl::component::{Refusal, Rule};

use super::file::{File, Group, Stage};
use super::form::{Forms, Mark, marks, sort};
use super::remark_line::to_column;
use super::tree::{Array, Entry, Table, Value};

/// The stage of rows that are files.
pub const FILE_STAGE: &str = "file";
/// The setting that is the column `plugin`.
pub const TYPE: &str = "type";
/// The setting that is the column `inputs`.
pub const INPUTS: &str = "inputs";
/// The setting of a filter that is the column `condition`.
pub const CONDITION: &str = "condition";
/// The setting with a program that is the column `body`.
pub const SOURCE: &str = "source";

/// The rows of a file that will be at `path`, positions counted from 1 in each stage.
///
/// # Errors
/// [`Refusal`] when a component is named like the file.
pub fn rules(role: &str, path: &str, file: &File) -> Result<Vec<Rule>, Refusal> {
    let mut rules = vec![of_file(role, path, file)];
    for group in &file.groups {
        for (i, component) in group.components.iter().enumerate() {
            if component.key == path {
                let at = component.origin.at;
                let message = format!("the {} is named like its file", group.stage);
                return Err(Refusal { line: at.line, column: at.column, message, hint: None });
            }
            rules.push(Rule { position: position(i), ..of_component(role, group.stage, component) });
        }
    }
    Ok(rules)
}

fn position(index: usize) -> Position {
    Position::whole(u32::try_from(index + 1).unwrap_or(u32::MAX))
}

fn of_file(role: &str, path: &str, file: &File) -> Rule {
    let mut forms = Forms::default();
    let mut settings: Map<String, Json> = file.options.iter().map(|option| forms.field(option, "")).collect();
    let mut entries = file.options.clone();
    for Group { stage, comments, beside, end, .. } in &file.groups {
        if !comments.is_empty() || beside.is_some() {
            let entry = Entry::new(stage.key(), Value::Null);
            entries.push(Entry { comments: comments.clone(), beside: beside.clone(), ..entry });
        }
        let end: Vec<Mark> = end.iter().cloned().map(Mark::Above).collect();
        forms.keep(&format!("/{}", stage.key()), &end, &[]);
    }
    let above = match entries.first_mut() {
        Some(first) if is_first(file, first) => std::mem::take(&mut first.comments),
        _ => Vec::new(),
    };
    entries.retain(|entry| {
        entry.beside.is_some() || !entry.comments.is_empty() || file.options.iter().any(|option| option.key == entry.key)
    });
    let mut usual: Vec<String> = file.options.iter().map(|option| option.key.clone()).collect();
    sort(&mut usual);
    forms.keep("", &marks(&entries, &file.end), &usual);
    forms.into_settings(&mut settings);
    Rule {
        settings: Json::Object(settings),
        comment: to_column(&above),
        position: position(0),
        ..Rule::new(role, FILE_STAGE, path)
    }
}

/// Whether nothing of the file stands in front of this entry.
fn is_first(file: &File, entry: &Entry) -> bool {
    !file.options.is_empty() || file.groups.first().is_some_and(|group| group.stage.key() == entry.key)
}

fn of_component(role: &str, stage: Stage, component: &Entry) -> Rule {
    let mut rule = Rule::new(role, stage.word(), &component.key);
    rule.comment = to_column(&component.comments);
    let Value::Table(table) = &component.value else { return rule };
    let mut forms = Forms::default();
    rule.plugin = table.get(TYPE).and_then(Value::as_text).map(str::to_owned);
    let mut settings = Map::new();
    for entry in &table.entries {
        let (name, json) = forms.field(entry, "");
        match (entry.key.as_str(), &entry.value) {
            (TYPE, Value::Text(_)) => {}
            (INPUTS, Value::Array(array)) if names(array).is_some_and(|names| !names.is_empty()) => {
                rule.inputs = names(array).unwrap_or_default();
            }
            (CONDITION, Value::Text(text)) if has_condition(stage, rule.plugin.as_deref()) => rule.condition = Some(text.clone()),
            (SOURCE, Value::Text(text)) if has_body(stage, rule.plugin.as_deref()) => rule.body = Some(text.clone()),
            _ => {
                settings.insert(name, json);
            }
        }
    }
    let mut layout: Vec<Mark> = component.beside.iter().cloned().map(Mark::Beside).collect();
    layout.extend(marks(&table.entries, &table.end));
    forms.keep("", &layout, &usual_order(table.entries.iter().map(|entry| entry.key.clone()).collect()));
    forms.into_settings(&mut settings);
    rule.settings = Json::Object(settings);
    rule
}

/// Whether the column `condition` means something for a component of this type.
#[must_use]
pub fn has_condition(stage: Stage, plugin: Option<&str>) -> bool {
    stage == Stage::Transform && plugin == Some("filter")
}

/// Whether the column `body` means something for a component of this type.
#[must_use]
pub fn has_body(stage: Stage, plugin: Option<&str>) -> bool {
    stage == Stage::Transform && matches!(plugin, Some("remap" | "lua"))
}

/// Settings in the order in which they are written when nothing says another: what it is, where it reads from, then as
/// `jsonb` has them, programs last.
#[must_use]
pub fn usual_order(mut keys: Vec<String>) -> Vec<String> {
    let rank = |key: &str| match key {
        TYPE => 0,
        INPUTS => 1,
        CONDITION => 3,
        SOURCE => 4,
        _ => 2,
    };
    sort(&mut keys);
    keys.sort_by_key(|key| rank(key));
    keys
}

/// The texts of an array, if it has nothing else.
fn names(array: &Array) -> Option<Vec<String>> {
    array.items.iter().map(|item| item.value.as_text().map(str::to_owned)).collect()
}

/// The settings of a component as they stand in the file, with those that have columns.
#[must_use]
pub fn settings_table(rule: &Rule, stage: Stage) -> (Table, Option<String>) {
    let forms = Forms::of(&rule.settings);
    let mut entries: Vec<(String, Entry)> = Vec::new();
    let mut lifted = |key: &str, json: Json| entries.push(forms.entry(key, &json, ""));
    if let Some(plugin) = &rule.plugin {
        lifted(TYPE, Json::from(plugin.as_str()));
    }
    if !rule.inputs.is_empty() {
        lifted(INPUTS, Json::from(rule.inputs.clone()));
    }
    if let (Some(condition), true) = (&rule.condition, has_condition(stage, rule.plugin.as_deref())) {
        lifted(CONDITION, Json::from(condition.as_str()));
    }
    if let (Some(body), true) = (&rule.body, has_body(stage, rule.plugin.as_deref())) {
        lifted(SOURCE, Json::from(body.as_str()));
    }
    for (key, json) in rule.settings.as_object().into_iter().flatten().filter(|(key, _)| *key != super::form::FORM_KEY) {
        if !entries.iter().any(|(known, _)| known == key) {
            entries.push(forms.entry(key, json, ""));
        }
    }
    let mut layout = forms.layout("");
    let beside = match layout.first() {
        Some(Mark::Beside(text)) => Some(text.clone()),
        _ => None,
    };
    if beside.is_some() {
        layout.remove(0);
    }
    let usual = usual_order(entries.iter().map(|(key, _)| key.clone()).collect());
    let rank = |key: &str| usual.iter().position(|usual| usual == key);
    let (entries, end) = super::form::laid_out(layout, entries, |a, b| rank(a).cmp(&rank(b)));
    (Table { entries, end }, beside)
}
