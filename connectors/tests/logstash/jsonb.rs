//! What `jsonb` does to settings on their way through SQL.

use serde_json::{Map, Value};

/// The value once it was stored: keys by length, then by bytes.
pub fn as_jsonb(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut fields: Vec<(&String, &Value)> = object.iter().collect();
            fields.sort_by_key(|(key, _)| (key.len(), key.as_str()));
            Value::Object(fields.into_iter().map(|(key, value)| (key.clone(), as_jsonb(value))).collect::<Map<_, _>>())
        }
        Value::Array(values) => Value::Array(values.iter().map(as_jsonb).collect()),
        plain => plain.clone(),
    }
}
