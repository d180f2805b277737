//! Roles and rules as a server shows them to this session: what is configured, with what its transaction has changed.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::Value;
use strata_catalog::etl::{FieldKind, Relation};
use tokio_postgres::{Client, Row};

/// An object's columns by name. Missing values are null.
pub type Fields = BTreeMap<&'static str, Value>;

/// Everything that is configured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Configuration {
    /// Roles by name.
    pub roles: BTreeMap<String, Fields>,
    /// Rules by role and name.
    pub rules: BTreeMap<(String, String), Fields>,
}

impl Configuration {
    /// Asks a server.
    ///
    /// # Errors
    /// The connection's, the server's.
    pub async fn read(client: &Client) -> anyhow::Result<Self> {
        let mut read = Self::default();
        for fields in rows(client, Relation::Roles).await? {
            read.roles.insert(text(&fields, "name"), fields);
        }
        for fields in rows(client, Relation::Rules).await? {
            read.rules.insert((text(&fields, "role"), text(&fields, "name")), fields);
        }
        Ok(read)
    }

    /// The rules of a role, each after its parent, siblings by position and name.
    pub fn rules_of(&self, role: &str) -> Vec<&Fields> {
        let rules = self.rules.iter().filter(|((of, _), _)| of == role).map(|(_, fields)| fields);
        let mut children: BTreeMap<Option<String>, Vec<&Fields>> = BTreeMap::new();
        for rule in rules {
            children.entry(rule["parent"].as_str().map(str::to_owned)).or_default().push(rule);
        }
        for siblings in children.values_mut() {
            siblings.sort_by(|a, b| position(a).total_cmp(&position(b)).then_with(|| text(a, "name").cmp(&text(b, "name"))));
        }
        let mut ordered = Vec::new();
        let mut waiting: Vec<&Fields> = children.remove(&None).unwrap_or_default().into_iter().rev().collect();
        while let Some(rule) = waiting.pop() {
            ordered.push(rule);
            waiting.extend(children.remove(&Some(text(rule, "name"))).unwrap_or_default().into_iter().rev());
        }
        ordered
    }
}

/// For the order alone: positions that differ in the eighteenth digit are ordered by name.
fn position(rule: &Fields) -> f64 {
    rule["position"].as_str().and_then(|position| position.parse().ok()).unwrap_or_default()
}

/// A column that is text, or nothing.
pub fn text(fields: &Fields, column: &str) -> String {
    fields[column].as_str().unwrap_or_default().to_owned()
}

async fn rows(client: &Client, relation: Relation) -> anyhow::Result<Vec<Fields>> {
    let columns: Vec<String> = relation.fields().iter().map(|field| read_as(field.name, field.kind)).collect();
    let asked = format!("SELECT {} FROM etl.{relation}", columns.join(", "));
    let rows = client.query(&asked, &[]).await.with_context(|| format!("cannot read etl.{relation}"))?;
    rows.iter().map(|row| fields(relation, row)).collect()
}

/// What is not text is asked for as text, where its text says all of it.
fn read_as(column: &str, kind: FieldKind) -> String {
    match kind {
        FieldKind::Settings => format!("concat({column}, '') AS {column}"),
        FieldKind::Position => format!("{column}::text AS {column}"),
        FieldKind::Name | FieldKind::Text | FieldKind::Flag | FieldKind::Texts | FieldKind::Reference(_) => column.to_owned(),
    }
}

fn fields(relation: Relation, row: &Row) -> anyhow::Result<Fields> {
    let mut fields = Fields::new();
    for (i, field) in relation.fields().iter().enumerate() {
        let value = match field.kind {
            FieldKind::Flag => row.try_get::<_, Option<bool>>(i)?.map(Value::from),
            FieldKind::Texts => row.try_get::<_, Option<Vec<String>>>(i)?.map(Value::from),
            FieldKind::Settings => {
                let text: Option<String> = row.try_get(i)?;
                text.map(|text| serde_json::from_str(&text)).transpose().with_context(|| format!("column {}", field.name))?
            }
            // 1.500000000000000000 and 1.5 are one position.
            FieldKind::Position => row.try_get::<_, Option<String>>(i)?.map(|text| Value::from(trimmed(&text))),
            FieldKind::Name | FieldKind::Text | FieldKind::Reference(_) => row.try_get::<_, Option<String>>(i)?.map(Value::from),
        };
        fields.insert(field.name, value.unwrap_or(Value::Null));
    }
    Ok(fields)
}

fn trimmed(number: &str) -> &str {
    match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_written_short() {
        for (number, expected) in [("1.500000", "1.5"), ("10", "10"), ("10.0", "10"), ("-0.10", "-0.1")] {
            assert_eq!(trimmed(number), expected);
        }
    }

    #[test]
    fn rules_come_after_their_parents() {
        let mut configuration = Configuration::default();
        for (name, parent, position) in [("a", Some("z"), "1"), ("z", None, "10"), ("m", None, "9"), ("b", Some("a"), "1")] {
            let fields = Fields::from([
                ("role", Value::from("web")),
                ("name", Value::from(name)),
                ("parent", parent.map_or(Value::Null, Value::from)),
                ("position", Value::from(position)),
            ]);
            configuration.rules.insert(("web".to_owned(), name.to_owned()), fields);
        }
        let names: Vec<String> = configuration.rules_of("web").into_iter().map(|rule| text(rule, "name")).collect();
        assert_eq!(names, ["m", "z", "a", "b"]);
    }
}
