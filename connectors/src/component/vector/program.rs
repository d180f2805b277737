//! Programs in VRL, Vector's own language: where components have them, and whether Vector's compiler takes them.
//!
//! The compiler is the crate `vrl`, a large one; a build without the feature of that name says that it does not check. It only
//! compiles, and never runs a program or reads a file that one names.

#[cfg(feature = "vrl")]
mod compiler;
#[cfg(feature = "vrl")]
mod levels;
#[cfg(feature = "vrl")]
mod stand_in;

use serde_json::Value as Json;
use strata_catalog::etl::component::{Finding, Rule};

use super::assembly::{components, configurations};
use super::file::Stage;
use super::rows::{has_body, has_condition};

/// What a program must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Changes a record.
    Change,
    /// Says yes or no to one.
    Condition,
}

/// A program of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program<'a> {
    /// Name of the rule.
    pub rule: &'a str,
    /// Where it stands, as in [`Finding::field`].
    pub field: String,
    /// What it is for.
    pub purpose: Purpose,
    /// All of it.
    pub text: &'a str,
}

/// What the compiler says about a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// Vector would take it all the same.
    pub is_warning: bool,
}

/// Settings of transforms that are conditions, or tables of them.
const CONDITIONS: [(&str, &str); 7] = [
    ("exclusive_route", "routes"),
    ("reduce", "ends_when"),
    ("reduce", "starts_when"),
    ("route", "route"),
    ("sample", "exclude"),
    ("swimlanes", "lanes"),
    ("throttle", "exclude"),
];

/// All programs of the rules that are rendered, in their order.
#[must_use]
pub fn programs(rules: &[Rule]) -> Vec<Program<'_>> {
    let mut found = Vec::new();
    for (stage, rule) in components(rules) {
        let plugin = rule.plugin.as_deref();
        let program = |field: &str, purpose, text| Program { rule: &rule.name, field: field.to_owned(), purpose, text };
        if let (Some(body), true, Some("remap")) = (&rule.body, has_body(stage, plugin), plugin) {
            found.push(program("body", Purpose::Change, body.as_str()));
        }
        if let (Some(condition), true) = (&rule.condition, has_condition(stage, plugin)) {
            found.push(program("condition", Purpose::Condition, condition.as_str()));
        }
        if let Some(Json::String(text)) = rule.settings.pointer("/decoding/vrl/source") {
            found.push(program("settings.decoding.vrl.source", Purpose::Change, text));
        }
        if stage != Stage::Transform {
            continue;
        }
        if plugin == Some("filter") {
            collect(&mut found, &rule.name, "settings.condition", rule.settings.get("condition"));
        }
        for (_, setting) in CONDITIONS.iter().filter(|(of, _)| Some(*of) == plugin) {
            collect(&mut found, &rule.name, &format!("settings.{setting}"), rule.settings.get(setting));
        }
    }
    for file in configurations(rules) {
        let tests = file.settings.get("tests").and_then(Json::as_array);
        for output in tests.into_iter().flatten().filter_map(|test| test.get("outputs")?.as_array()).flatten() {
            collect(&mut found, &file.name, "settings.tests", output.get("conditions"));
        }
    }
    found
}

/// The conditions in a setting: a text is one, and so is a table whose type is `vrl`; others hold them.
fn collect<'a>(found: &mut Vec<Program<'a>>, rule: &'a str, field: &str, setting: Option<&'a Json>) {
    match setting {
        Some(Json::String(text)) => {
            found.push(Program { rule, field: field.to_owned(), purpose: Purpose::Condition, text });
        }
        Some(Json::Array(items)) => {
            for item in items {
                let condition = item.get("condition").unwrap_or(item);
                collect(found, rule, field, Some(condition));
            }
        }
        Some(Json::Object(fields)) => match fields.get("type") {
            Some(Json::String(kind)) if kind == "vrl" => collect(found, rule, &format!("{field}.source"), fields.get("source")),
            Some(Json::String(_)) => {}
            _ => {
                for (key, value) in fields {
                    collect(found, rule, &format!("{field}.{key}"), Some(value));
                }
            }
        },
        Some(Json::Null | Json::Bool(_) | Json::Number(_)) | None => {}
    }
}

/// What is wrong with these programs, one after the other.
#[cfg(feature = "vrl")]
#[must_use]
pub fn findings(programs: &[Program<'_>]) -> Vec<Finding> {
    let faults = compiler::faults(programs);
    let mut found = Vec::new();
    for (program, faults) in programs.iter().zip(faults) {
        for fault in faults {
            let message = format!("line {}, column {}: {}", fault.line, fault.column, fault.message);
            let depends = !fault.is_warning && refers_to_environment(program.text);
            let (message, hint) = if depends {
                let hint = "Where a reference to the environment stands outside of a text, only the instance can tell.";
                (format!("{message} (as it stands, before references are replaced)"), Some(hint.to_owned()))
            } else {
                (message, fault.hint)
            };
            let finding = if fault.is_warning || depends {
                Finding::warning(program.rule, &program.field, message)
            } else {
                Finding::error(program.rule, &program.field, message)
            };
            found.push(Finding { hint, ..finding });
        }
    }
    found
}

/// That nobody looked at these programs.
#[cfg(not(feature = "vrl"))]
#[must_use]
pub fn findings(programs: &[Program<'_>]) -> Vec<Finding> {
    let Some(first) = programs.first() else { return Vec::new() };
    let message = format!("this build does not check VRL: {} programs were not looked at", programs.len());
    let finding = Finding::warning(first.rule, &first.field, message);
    vec![finding.with_hint("A build with the feature \"vrl\" does; Vector itself does when the sidecar validates.")]
}

/// `$NAME` or `${NAME}`, which Vector replaces before it reads the file.
#[cfg(feature = "vrl")]
fn refers_to_environment(text: &str) -> bool {
    text.match_indices('$').any(|(at, _)| text[at + 1..].starts_with(|c: char| c == '{' || c == '_' || c.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests;
