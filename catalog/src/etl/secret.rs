//! Values that are not shown: those of settings named like secrets.
//!
//! A reference such as `${secret:name}` or `${NAME}` is shown, for it says where the secret is and not what it is. Masking is
//! for what people read; what is rendered and stored is never masked.

use serde_json::Value;

use super::FieldPath;

/// What stands in place of a secret.
pub const MASK: &str = "********";

/// A key is named like a secret if one of these is in it, in lower case and without `_`, `-`, `.` and spaces.
const NAMES: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "credential",
    "jaasconfig",
    "cloudauth",
    "authorization",
];

/// Keys that contain such a word and hold no secret.
const HARMLESS: [&str; 3] = ["tokenizer", "tokenfilter", "secretname"];

/// Whether a key is named like a secret.
pub fn is_secret(key: &str) -> bool {
    let plain: String = key.chars().filter(|c| !matches!(c, '_' | '-' | '.' | ' ')).flat_map(char::to_lowercase).collect();
    NAMES.iter().any(|name| plain.contains(name)) && !HARMLESS.iter().any(|name| plain.contains(name))
}

/// Whether a text only says where the secret is: all of it is one `${...}`.
pub fn is_reference(text: &str) -> bool {
    text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).is_some_and(|name| !name.contains(['{', '}']))
}

/// A value as it may be shown. `path` says where it lies; only what is in `settings` can be a secret.
#[must_use]
pub fn masked(path: &FieldPath, mut value: Value) -> Value {
    match path.0.as_slice() {
        [] => value.get_mut("settings").into_iter().for_each(|settings| mask(settings, false)),
        [field, keys @ ..] if field == "settings" => mask(&mut value, keys.iter().any(|key| is_secret(key))),
        _ => {}
    }
    value
}

fn mask(value: &mut Value, secret: bool) {
    match value {
        Value::Object(map) => map.iter_mut().for_each(|(key, value)| mask(value, secret || is_secret(key))),
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, secret)),
        Value::String(text) if secret && !text.is_empty() && !is_reference(text) => *value = Value::from(MASK),
        Value::Number(_) if secret => *value = Value::from(MASK),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(path: &[&str], value: Value, expected: &Value) {
        let path = FieldPath(path.iter().map(|key| (*key).to_owned()).collect());
        assert_eq!(masked(&path, value), *expected);
    }

    #[test]
    fn settings_named_like_secrets_are_not_shown() {
        check(&["settings", "password"], json!("hunter2"), &json!(MASK));
        check(&["settings", "API-Key"], json!("k"), &json!(MASK));
        check(&["settings", "auth", "sasl_jaas_config"], json!("x"), &json!(MASK));
        check(&["settings", "tokens"], json!(["a", 1, null, true, ""]), &json!([MASK, MASK, null, true, ""]));
        check(&["settings", "secrets"], json!({"a": {"b": "c"}}), &json!({"a": {"b": MASK}}));
        check(
            &[],
            json!({"name": "token", "settings": {"user": "u", "password": "p"}}),
            &json!({"name": "token", "settings": {"user": "u", "password": MASK}}),
        );
    }

    #[test]
    fn references_and_other_settings_are_shown() {
        check(&["settings", "password"], json!("${secret:es}"), &json!("${secret:es}"));
        check(&["settings", "password"], json!("${A}x${B}"), &json!(MASK));
        check(&["settings", "user"], json!("elastic"), &json!("elastic"));
        check(&["settings", "tokenizer"], json!("cjk"), &json!("cjk"));
        check(&["body"], json!("password => 'x'"), &json!("password => 'x'"));
        check(&["name"], json!("password"), &json!("password"));
    }
}
