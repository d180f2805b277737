//! The two relations of the configuration and their fields: which there are, what they hold, what they are when nobody
//! says.
//!
//! Only shapes are checked here. What a kind, a stage or a plugin means is the business of its component.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{LayerError, Position};

/// JSON objects and arrays in a field may be nested this deep.
pub const DEPTH_MAX: usize = 110;
/// The JSON text of a field is this long at most, bytes.
pub const FIELD_BYTES_MAX: usize = 16 << 20;
/// A name is this long at most, bytes.
pub const NAME_BYTES_MAX: usize = 1024;

/// A relation that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// `etl.roles`.
    Roles,
    /// `etl.rules`.
    Rules,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Text that is not empty.
    Name,
    /// Any text.
    Text,
    /// True or false.
    Flag,
    /// A JSON object, patched key by key.
    Settings,
    /// A list of texts, one value as a whole.
    Texts,
    /// A [`Position`] as text.
    Position,
    /// The uid of an object of a relation. In rows it is that object's name.
    Reference(Relation),
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether it may be null.
    pub nullable: bool,
}

const fn field(name: &'static str, kind: FieldKind) -> Field {
    Field { name, kind, nullable: false }
}

const fn nullable(name: &'static str, kind: FieldKind) -> Field {
    Field { name, kind, nullable: true }
}

const ROLES: &[Field] = &[
    field("name", FieldKind::Name),
    field("kind", FieldKind::Name),
    nullable("description", FieldKind::Text),
    field("settings", FieldKind::Settings),
    field("enabled", FieldKind::Flag),
];

const RULES: &[Field] = &[
    field("role", FieldKind::Reference(Relation::Roles)),
    field("stage", FieldKind::Name),
    field("name", FieldKind::Name),
    nullable("parent", FieldKind::Reference(Relation::Rules)),
    field("position", FieldKind::Position),
    nullable("construct", FieldKind::Text),
    nullable("plugin", FieldKind::Text),
    nullable("condition", FieldKind::Text),
    field("settings", FieldKind::Settings),
    field("inputs", FieldKind::Texts),
    nullable("body", FieldKind::Text),
    nullable("comment", FieldKind::Text),
    field("enabled", FieldKind::Flag),
];

impl Relation {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Roles, Self::Rules];

    /// `roles`, `rules`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Roles => "roles",
            Self::Rules => "rules",
        }
    }

    /// `role`, `rule`: one of them in a message.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Roles => "role",
            Self::Rules => "rule",
        }
    }

    /// The relation of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|relation| relation.name() == name)
    }

    /// Its columns in order.
    pub fn fields(self) -> &'static [Field] {
        match self {
            Self::Roles => ROLES,
            Self::Rules => RULES,
        }
    }

    /// One column.
    ///
    /// # Errors
    /// [`LayerError::NoField`].
    pub fn field(self, name: &str) -> Result<&'static Field, LayerError> {
        let found = self.fields().iter().find(|field| field.name == name);
        found.ok_or_else(|| LayerError::NoField { relation: self, field: name.to_owned() })
    }

    /// What a field of a new object is when it is not given. `None` for a field that must be given, and for `position`,
    /// which depends on the siblings.
    pub fn default_of(field: &Field) -> Option<Value> {
        match field.kind {
            _ if field.nullable => Some(Value::Null),
            FieldKind::Flag => Some(Value::Bool(true)),
            FieldKind::Settings => Some(Value::Object(Map::new())),
            FieldKind::Texts => Some(Value::Array(Vec::new())),
            FieldKind::Name | FieldKind::Text | FieldKind::Position | FieldKind::Reference(_) => None,
        }
    }

    /// Checks the shape of a value as it is kept: references are uids, a position is in its one form.
    ///
    /// # Errors
    /// [`LayerError::NullField`], [`LayerError::WrongType`], [`LayerError::TooLarge`], [`LayerError::BadPosition`].
    pub fn check(self, field: &Field, value: &Value) -> Result<(), LayerError> {
        if value.is_null() {
            let refused = LayerError::NullField { relation: self, field: field.name };
            return if field.nullable { Ok(()) } else { Err(refused) };
        }
        let fits = match field.kind {
            FieldKind::Name => value.as_str().is_some_and(|text| !text.is_empty()),
            FieldKind::Text => value.is_string(),
            FieldKind::Flag => value.is_boolean(),
            FieldKind::Settings => value.is_object(),
            FieldKind::Texts => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
            FieldKind::Position => value.is_string(),
            FieldKind::Reference(_) => value.is_i64(),
        };
        if !fits {
            return Err(LayerError::WrongType { relation: self, field: field.name, expected: field.kind });
        }
        if let (FieldKind::Position, Some(text)) = (field.kind, value.as_str()) {
            text.parse::<Position>()?;
        }
        let bytes_max = if field.kind == FieldKind::Name { NAME_BYTES_MAX } else { FIELD_BYTES_MAX };
        match measure(value, DEPTH_MAX) {
            Some(bytes) if bytes <= bytes_max => Ok(()),
            _ => Err(LayerError::TooLarge { relation: self, field: field.name, bytes_max, depth_max: DEPTH_MAX }),
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for FieldKind {
    /// What a value must be, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("a text that is not empty"),
            Self::Text => f.write_str("a text"),
            Self::Flag => f.write_str("true or false"),
            Self::Settings => f.write_str("a JSON object"),
            Self::Texts => f.write_str("a list of texts"),
            Self::Position => f.write_str("a number"),
            Self::Reference(relation) => write!(f, "the name of a {}", relation.noun()),
        }
    }
}

/// About how long a value is as text, without quotes and escapes; `None` if it is nested deeper than `depth`.
fn measure(value: &Value, depth: usize) -> Option<usize> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(8),
        Value::String(text) => Some(text.len()),
        Value::Array(items) => {
            let depth = depth.checked_sub(1)?;
            items.iter().try_fold(0, |sum, item| Some(sum + measure(item, depth)?))
        }
        Value::Object(map) => {
            let depth = depth.checked_sub(1)?;
            map.iter().try_fold(0, |sum, (key, item)| Some(sum + key.len() + measure(item, depth)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(relation: Relation, field: &str, value: &Value) -> Result<(), String> {
        relation.check(relation.field(field).unwrap(), value).map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_checked_by_shape() {
        let deep = (0..111).fold(json!(1), |value, _| json!({ "a": value }));
        for (relation, field, value, fits) in [
            (Relation::Roles, "name", json!("web"), true),
            (Relation::Roles, "name", json!(""), false),
            (Relation::Roles, "name", json!(null), false),
            (Relation::Roles, "name", json!("x".repeat(1025)), false),
            (Relation::Roles, "description", json!(""), true),
            (Relation::Roles, "description", json!(null), true),
            (Relation::Roles, "settings", json!({"deadline": "2 min"}), true),
            (Relation::Roles, "settings", json!([1]), false),
            (Relation::Roles, "settings", deep, false),
            (Relation::Roles, "enabled", json!("yes"), false),
            (Relation::Rules, "parent", json!(null), true),
            (Relation::Rules, "parent", json!(7), true),
            (Relation::Rules, "parent", json!("r1"), false),
            (Relation::Rules, "position", json!("1.5"), true),
            (Relation::Rules, "position", json!(1.5), false),
            (Relation::Rules, "position", json!("first"), false),
            (Relation::Rules, "inputs", json!(["a", "b"]), true),
            (Relation::Rules, "inputs", json!(["a", 1]), false),
        ] {
            assert_eq!(check(relation, field, &value).is_ok(), fits, "{relation}.{field} = {value}");
        }
        assert!(matches!(Relation::Roles.field("port"), Err(LayerError::NoField { .. })));
    }
}
