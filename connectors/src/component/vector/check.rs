//! What is wrong with a configuration although it can be written: types, settings that are missing, the wiring, programs,
//! secrets in the open, two rules on one port.

use serde_json::Value as Json;
use strata_catalog::etl::component::{Finding, Rule};

use super::assembly::{about_role, components, configurations};
use super::file::Stage;
use super::form::FORM_KEY;
use super::format::Format;
use super::program;
use super::rows::{CONDITION, INPUTS, SOURCE, TYPE};
use super::topology::Topology;
use super::traffic::reservations;
use super::types::{Facts, OPTIONS, facts, nearest_type, other_stages};
use crate::component::clash::clashes;
use crate::component::literal_secret::{holds_password, holds_secret};
use crate::component::nearest::nearest;

/// Everything there is to say about the rules that are rendered, rule by rule; then what only shows when all are seen.
#[must_use]
pub fn findings(rules: &[Rule]) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in configurations(rules) {
        options(file, &mut found);
        secrets(file, &file.settings, "settings", false, &mut found);
        found.extend(lost_comments(file, rules));
    }
    let mut is_there = [false; 3];
    for (stage, rule) in components(rules) {
        is_there[stage as usize] = true;
        if rule.name.contains('.') {
            let finding = Finding::error(&rule.name, "name", "a dot in a name is taken for an output");
            found.push(finding.with_hint("Use an underscore."));
        }
        kind(stage, rule, &mut found);
        secrets(rule, &rule.settings, "settings", false, &mut found);
    }
    if is_there.contains(&true) {
        for stage in [Stage::Source, Stage::Sink].into_iter().filter(|stage| !is_there[*stage as usize]) {
            let finding = about_role(format!("there is no {stage}, and Vector does not start without one"));
            found.push(Finding { hint: Some(format!("Insert a rule of stage {stage}, or enable one.")), ..finding });
        }
    }
    found.extend(Topology::of(rules).findings());
    found.extend(program::findings(&program::programs(rules)));
    found.extend(clashes(&reservations(rules)));
    found
}

/// JSON has no place for comments.
fn lost_comments(file: &Rule, rules: &[Rule]) -> Option<Finding> {
    let first = configurations(rules).next()?;
    let is_inside = |rule: &&Rule| rule.parent.as_ref().unwrap_or(&first.name) == &file.name;
    let inside = components(rules).map(|(_, rule)| rule).filter(is_inside);
    let commented = inside.chain([file]).filter(|rule| rule.comment.is_some()).count();
    if Format::of_path(&file.name) != Some(Format::Json) || commented == 0 {
        return None;
    }
    let message = format!("JSON has no comments: those of {commented} rules are not written");
    Some(Finding::warning(&file.name, "name", message).with_hint("Let the name end in .yaml or .toml."))
}

fn options(file: &Rule, found: &mut Vec<Finding>) {
    let keys = file.settings.as_object().into_iter().flatten().map(|(key, _)| key);
    for key in keys.filter(|key| *key != FORM_KEY && OPTIONS.binary_search(&key.as_str()).is_err()) {
        let hint = match nearest(key, OPTIONS.into_iter()) {
            Some(nearest) => format!("Perhaps \"{nearest}\" was meant."),
            None => "Options of one component stand in its own settings.".to_owned(),
        };
        let message = format!("Vector has no option \"{key}\" that is known here");
        found.push(Finding::warning(&file.name, &format!("settings.{key}"), message).with_hint(hint));
    }
}

/// Whether there is a component of that type, and whether it has what it needs.
fn kind(stage: Stage, rule: &Rule, found: &mut Vec<Finding>) {
    let Some(plugin) = rule.plugin.as_deref() else {
        let finding = Finding::error(&rule.name, "plugin", format!("the {stage} has no type"));
        found.push(finding.with_hint("Set plugin to a type, such as remap or kafka."));
        return;
    };
    let Some(Facts { required, .. }) = facts(stage, plugin) else {
        let hint = match (nearest_type(stage, plugin), other_stages(stage, plugin).next()) {
            (_, Some(other)) => format!("\"{plugin}\" is a {other}, and no {stage}."),
            (Some(nearest), None) => format!("Perhaps \"{nearest}\" was meant."),
            (None, None) => format!("Look for a {stage} of that type in the documentation of Vector."),
        };
        found.push(Finding::error(&rule.name, "plugin", format!("there is no {stage} of type \"{plugin}\"")).with_hint(hint));
        return;
    };
    for alternatives in required {
        if alternatives.iter().any(|setting| is_given(rule, setting)) {
            continue;
        }
        let field = match alternatives[0] {
            CONDITION => "condition".to_owned(),
            SOURCE => "body".to_owned(),
            setting => format!("settings.{setting}"),
        };
        let message = format!("the {stage} type \"{plugin}\" needs \"{}\"", alternatives.join("\" or \""));
        found.push(Finding::error(&rule.name, &field, message).with_hint(format!("Set {field}.")));
    }
}

/// Whether a setting is there, as a column, a key, or a key with dots.
fn is_given(rule: &Rule, setting: &str) -> bool {
    let is_column = match setting {
        TYPE => rule.plugin.is_some(),
        INPUTS => !rule.inputs.is_empty(),
        CONDITION => rule.condition.is_some(),
        SOURCE => rule.body.is_some(),
        _ => false,
    };
    let mut keys = rule.settings.as_object().into_iter().flatten().map(|(key, _)| key);
    is_column || keys.any(|key| key.strip_prefix(setting).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

/// Warns of secrets that stand in the settings themselves.
fn secrets(rule: &Rule, value: &Json, path: &str, secret: bool, found: &mut Vec<Finding>) {
    const HINT: &str =
        "Write ${secret:name} and keep the value on the instance, ${NAME} for its environment, or SECRET[backend.name].";
    match value {
        Json::Object(fields) => {
            for (key, value) in fields.iter().filter(|(key, _)| *key != FORM_KEY) {
                // A backend of secrets is named like one and says where they are.
                let is_backend = path == "settings" && key == "secret";
                secrets(rule, value, &format!("{path}.{key}"), !is_backend && holds_secret(key), found);
            }
        }
        Json::Array(values) => values.iter().for_each(|value| secrets(rule, value, path, secret, found)),
        Json::String(text) if secret && is_literal(text) => {
            found.push(Finding::warning(&rule.name, path, "the value is a literal secret").with_hint(HINT));
        }
        Json::Number(_) if secret => {
            found.push(Finding::warning(&rule.name, path, "the value is a literal secret").with_hint(HINT));
        }
        Json::String(text) if holds_password(text) => {
            found.push(Finding::warning(&rule.name, path, "the URL holds a literal password").with_hint(HINT));
        }
        Json::String(_) | Json::Number(_) | Json::Null | Json::Bool(_) => {}
    }
}

/// Neither empty, nor a reference to the environment, a secret, a field of the event or a file.
fn is_literal(text: &str) -> bool {
    !text.is_empty() && !text.contains("${") && !text.contains("SECRET[") && !text.contains("{{") && !text.starts_with(['$', '/'])
}

#[cfg(test)]
mod tests;
