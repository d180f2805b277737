//! What differs between two configurations, a line a field, secrets masked.
//!
//! ```text
//! + role edge (logstash)
//! ~ rule web/grok, settings.match: {"message":"a"} -> {"message":"b"}
//! - rule web/old
//! ```

use std::collections::BTreeSet;
use std::fmt::Debug;

use serde_json::Value;
use strata_catalog::etl::FieldPath;
use strata_catalog::etl::secret::masked;

use super::configuration::{Configuration, Fields};

/// Longest value that is shown, in characters.
const SHOWN_MAX: usize = 200;

/// The lines, roles first.
pub fn lines(before: &Configuration, after: &Configuration) -> Vec<String> {
    let mut lines = Vec::new();
    compare(&mut lines, "role", &before.roles, &after.roles, Clone::clone);
    compare(&mut lines, "rule", &before.rules, &after.rules, |(role, name)| format!("{role}/{name}"));
    lines
}

fn compare<K: Ord + Debug>(
    lines: &mut Vec<String>,
    noun: &str,
    before: &std::collections::BTreeMap<K, Fields>,
    after: &std::collections::BTreeMap<K, Fields>,
    name: impl Fn(&K) -> String,
) {
    let keys: BTreeSet<&K> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let name = name(key);
        match (before.get(key), after.get(key)) {
            (Some(_), None) => lines.push(format!("- {noun} {name}")),
            (None, Some(new)) => {
                let kind = new.get("kind").or_else(|| new.get("plugin")).and_then(Value::as_str);
                lines.push(format!("+ {noun} {name}{}", kind.map_or_else(String::new, |kind| format!(" ({kind})"))));
            }
            (Some(old), Some(new)) => {
                for (column, value) in new {
                    changed(lines, &format!("{noun} {name}"), &FieldPath::of(column), &old[column], value);
                }
            }
            (None, None) => {}
        }
    }
}

/// A line for each key of an object that differs, and for each other value.
fn changed(lines: &mut Vec<String>, object: &str, path: &FieldPath, old: &Value, new: &Value) {
    if old == new {
        return;
    }
    if let (Value::Object(old), Value::Object(new)) = (old, new) {
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for key in keys {
            let missing = Value::Null;
            changed(lines, object, &path.below(key), old.get(key).unwrap_or(&missing), new.get(key).unwrap_or(&missing));
        }
        return;
    }
    lines.push(format!("~ {object}, {path}: {} -> {}", shown(path, old), shown(path, new)));
}

fn shown(path: &FieldPath, value: &Value) -> String {
    let text = masked(path, value.clone()).to_string();
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(settings: Value) -> Fields {
        Fields::from([("plugin", json!("grok")), ("settings", settings)])
    }

    #[test]
    fn each_changed_field_has_a_line_and_secrets_are_masked() {
        let key = |name: &str| ("web".to_owned(), name.to_owned());
        let before = Configuration {
            roles: [("web".to_owned(), Fields::from([("kind", json!("logstash"))]))].into(),
            rules: [
                (key("gone"), rule(json!({}))),
                (key("same"), rule(json!({"a": 1}))),
                (key("set"), rule(json!({"a": {"b": 1}, "password": "old", "c": 1}))),
            ]
            .into(),
        };
        let mut after = before.clone();
        after.rules.remove(&key("gone"));
        after.rules.insert(key("new"), rule(json!({})));
        after.rules.insert(key("set"), rule(json!({"a": {"b": 2}, "password": "new"})));
        assert_eq!(
            lines(&before, &after),
            [
                "- rule web/gone",
                "+ rule web/new (grok)",
                "~ rule web/set, settings.a.b: 1 -> 2",
                "~ rule web/set, settings.c: 1 -> null",
                "~ rule web/set, settings.password: \"********\" -> \"********\"",
            ]
        );
        assert!(lines(&before, &before).is_empty());
    }
}
