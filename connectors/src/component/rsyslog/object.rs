//! A rule as the text of its file.

use serde_json::Value;
use strata_catalog::etl::component::{Finding, Rule};

/// The file of a rule: its comment, then the body or the object, in the rule's condition.
pub fn content(rule: &Rule) -> String {
    let mut text = String::new();
    for line in rule.comment.iter().flat_map(|comment| comment.lines()) {
        text.push_str(format!("# {line}").trim_end());
        text.push('\n');
    }
    let mut inner = match &rule.body {
        Some(body) => body.clone(),
        None => object(rule),
    };
    if !inner.is_empty() && !inner.ends_with('\n') {
        inner.push('\n');
    }
    match &rule.condition {
        None => text.push_str(&inner),
        Some(condition) => {
            text.push_str(&format!("if {condition} then {{\n"));
            for line in inner.lines() {
                text.push_str(format!("  {line}").trim_end());
                text.push('\n');
            }
            text.push_str("}\n");
        }
    }
    text
}

/// `construct(type="plugin" key="value" ...)`; nothing for a rule that has none.
fn object(rule: &Rule) -> String {
    let Some(construct) = &rule.construct else { return String::new() };
    let mut parameters = Vec::new();
    if let Some(plugin) = &rule.plugin {
        let name = if construct == "module" { "load" } else { "type" };
        parameters.push(format!("{name}={}", quoted(plugin)));
    }
    for (name, value) in rule.settings.as_object().into_iter().flatten() {
        parameters.push(format!("{name}={}", parameter(value)));
    }
    format!("{construct}({})", parameters.join(" "))
}

fn parameter(value: &Value) -> String {
    match value {
        Value::Bool(true) => quoted("on"),
        Value::Bool(false) => quoted("off"),
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(parameter).collect::<Vec<_>>().join(", ")),
        other => quoted(&other.to_string()),
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// What a rule says that no file can.
pub fn misused(rule: &Rule) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut error = |field: &str, message: String, hint: &str| {
        findings.push(Finding::error(&rule.name, field, message).with_hint(hint));
    };
    let settings = rule.settings.as_object();
    let has_settings = settings.is_some_and(|settings| !settings.is_empty());
    match (&rule.body, &rule.construct) {
        (Some(_), Some(_)) => error("construct", "the rule has a body and an object".to_owned(), "Keep one of the two."),
        (Some(_), None) if has_settings || rule.plugin.is_some() => {
            error("settings", "the rule has a body and settings or a plugin".to_owned(), "Keep one of the two.");
        }
        (None, None) if has_settings || rule.plugin.is_some() => error(
            "construct",
            "settings without an object".to_owned(),
            "Say which object they are of: module, input, action, template ...",
        ),
        _ => {}
    }
    for (name, value) in settings.into_iter().flatten() {
        let path = format!("settings.{name}");
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
            error(
                &path,
                format!("\"{name}\" is no name of a parameter"),
                "Names are letters, digits, dots, dashes and underscores.",
            );
        }
        let is_flat = |value: &Value| !matches!(value, Value::Object(_) | Value::Null | Value::Array(_));
        let fits = is_flat(value) || value.as_array().is_some_and(|items| items.iter().all(is_flat));
        if !fits {
            error(
                &path,
                "a parameter is a text, a number, true, false or a list of them".to_owned(),
                "Change it, or write a body.",
            );
        }
    }
    findings
}
