//! One role as a file of SQL, and the name of that file.
//!
//! ```text
//! web.sql    INSERT INTO etl.roles ... ON CONFLICT ... ; INSERT INTO etl.rules ... ON CONFLICT ... ; DELETE what is not named
//! ```
//!
//! The statements can be run by any client, any number of times. Rules are one a line or more, in the order of the role, so
//! that a change is a small difference.

use std::fmt::Write as _;

use serde_json::Value;
use strata_catalog::etl::{FieldKind, Relation};

use super::configuration::{Configuration, Fields, text};

/// How a file begins that was written here: such a file may be removed when its role is gone.
pub const HEADER: &str = "-- Written by strata etl export; strata etl apply makes the server hold exactly this.\n";
/// What the name of a file ends with.
pub const EXTENSION: &str = "sql";
/// Rows of a statement.
const ROWS_MAX: usize = 500;

/// The name of a role's file: letters, digits, `_` and `-` as they are, and `.` but at the beginning; other bytes as `%` and two
/// hexadecimal digits.
pub fn file_name(role: &str) -> String {
    let mut name = String::new();
    for (i, byte) in role.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => name.push(char::from(byte)),
            b'.' if i > 0 => name.push('.'),
            _ => drop(write!(name, "%{byte:02X}")),
        }
    }
    format!("{name}.{EXTENSION}")
}

/// The role that a file is named after; `None` for a name that no role gives.
pub fn role_of(file_name: &str) -> Option<String> {
    let stem = file_name.strip_suffix(EXTENSION)?.strip_suffix('.')?;
    let mut bytes = Vec::new();
    let mut rest = stem.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    let role = String::from_utf8(bytes).ok()?;
    (!role.is_empty() && self::file_name(&role) == file_name).then_some(role)
}

/// The statements of a role.
pub fn sql(configuration: &Configuration, role: &str) -> String {
    let rules = configuration.rules_of(role);
    let mut sql = HEADER.to_owned();
    let role_row: Vec<&Fields> = configuration.roles.get(role).into_iter().collect();
    insert(&mut sql, Relation::Roles, &role_row, &["name"]);
    for rows in rules.chunks(ROWS_MAX) {
        insert(&mut sql, Relation::Rules, rows, &["role", "name"]);
    }
    let names: Vec<String> = rules.iter().map(|rule| quoted(&text(rule, "name"))).collect();
    let _ = write!(sql, "\nDELETE FROM etl.rules WHERE role = {}", quoted(role));
    if !names.is_empty() {
        let _ = write!(sql, " AND name NOT IN (\n  {}\n)", names.join(",\n  "));
    }
    sql.push_str(";\n");
    sql
}

fn insert(sql: &mut String, relation: Relation, rows: &[&Fields], key: &[&str]) {
    let columns: Vec<&str> = relation.fields().iter().map(|field| field.name).collect();
    let _ = write!(sql, "\nINSERT INTO etl.{relation} ({}) VALUES", columns.join(", "));
    for (i, row) in rows.iter().enumerate() {
        let values = relation.fields().iter().map(|field| literal(field.kind, &row[field.name]));
        let comma = if i > 0 { "," } else { "" };
        let _ = write!(sql, "{comma}\n  ({})", values.collect::<Vec<_>>().join(", "));
    }
    let others = columns.iter().filter(|column| !key.contains(column));
    let set: Vec<String> = others.map(|column| format!("{column} = excluded.{column}")).collect();
    let _ = write!(sql, "\nON CONFLICT ({}) DO UPDATE SET {};\n", key.join(", "), set.join(", "));
}

fn literal(kind: FieldKind, value: &Value) -> String {
    match (kind, value) {
        (_, Value::Null) => "NULL".to_owned(),
        (FieldKind::Position, Value::String(number)) => number.clone(),
        (_, Value::String(text)) => quoted(text),
        (_, Value::Bool(flag)) => flag.to_string(),
        (FieldKind::Texts, Value::Array(items)) if items.is_empty() => "ARRAY[]::text[]".to_owned(),
        (FieldKind::Texts, Value::Array(items)) => {
            let items: Vec<String> = items.iter().map(|item| quoted(item.as_str().unwrap_or_default())).collect();
            format!("ARRAY[{}]", items.join(", "))
        }
        (_, value) => quoted(&value.to_string()),
    }
}

/// A text as an SQL literal.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_role_has_a_file_of_its_own() {
        for (role, file) in [
            ("web", "web.sql"),
            ("Web-1_a.b", "Web-1_a.b.sql"),
            (".hidden", "%2Ehidden.sql"),
            ("a/b", "a%2Fb.sql"),
            ("../x", "%2E.%2Fx.sql"),
            ("ö", "%C3%B6.sql"),
        ] {
            assert_eq!((file_name(role).as_str(), role_of(file).as_deref()), (file, Some(role)));
        }
        for none in ["web", "web.SQL", ".sql", "a%2fb.sql", "w%65b.sql", "a b.sql", "%ZZ.sql", "%F.sql"] {
            assert_eq!(role_of(none), None, "{none}");
        }
    }

    #[test]
    fn values_are_written_as_sql() {
        for (kind, value, expected) in [
            (FieldKind::Text, json!("it's"), "'it''s'"),
            (FieldKind::Text, json!("a\nb\\"), "'a\nb\\'"),
            (FieldKind::Text, Value::Null, "NULL"),
            (FieldKind::Flag, json!(false), "false"),
            (FieldKind::Position, json!("1.5"), "1.5"),
            (FieldKind::Texts, json!([]), "ARRAY[]::text[]"),
            (FieldKind::Texts, json!(["a", "b'"]), "ARRAY['a', 'b''']"),
            (FieldKind::Settings, json!({"a": "b'"}), "'{\"a\":\"b''\"}'"),
        ] {
            assert_eq!(literal(kind, &value), expected);
        }
    }
}
