//! The topic that a path names, created if it lies in schema `logs` and does not exist.
//!
//! Names are read as SQL reads them: `logs.App` is `logs.app`, `logs."App"` is not. A minus is allowed too, as in
//! `logs.my-app`, which SQL writes with quotes.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::DataType;
use axum::http::StatusCode;
use strata_catalog::{CatalogError, NewTopic, TopicOptions};
use strata_engine::audit::{self, Class, Event};
use strata_engine::topics::TopicState;
use strata_engine::{Engine, EngineError};
use strata_storage::ColumnId;
use strata_storage::schema::{Column, TopicSchema, timestamptz};

use super::login::Caller;
use super::refusal::Refusal;

/// The schema whose topics come into being with their first records.
const OPEN_SCHEMA: &str = "logs";
/// Longest name in bytes, as in PostgreSQL.
const NAME_BYTES_MAX: usize = 63;

/// A topic's schema and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TopicName {
    schema: String,
    name: String,
}

impl TopicName {
    /// Reads `schema.topic`.
    ///
    /// # Errors
    /// 400 for anything else.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let parts = identifiers(text).and_then(|parts| <[String; 2]>::try_from(parts).ok());
        let [schema, name] = parts.ok_or_else(|| {
            Refusal::bad_request(format!("\"{text}\" names no topic")).hint("Write schema.topic, such as logs.app.")
        })?;
        Ok(Self { schema, name })
    }

    /// The topic; creates it if it may. Two that create the same topic at once both get it.
    ///
    /// # Errors
    /// 403 if the caller may not append to it or not create it, 404 if it is not there, 409 if a view has its name.
    pub async fn resolve(&self, engine: &Arc<Engine>, caller: &Caller) -> Result<Arc<TopicState>, Refusal> {
        let topics = engine.topics();
        if let Some(topic) = topics.get(&self.schema, &self.name) {
            engine.users().may_insert(&caller.0, &topic, topics)?;
            return Ok(topic);
        }
        if !engine.users().is_superuser(&caller.0) {
            let message = format!("permission denied for schema {}", self.schema);
            return Err(Refusal::new(StatusCode::FORBIDDEN, message).hint("Only a superuser creates topics."));
        }
        if topics.view(&self.schema, &self.name).is_some() {
            return Err(Refusal::new(StatusCode::CONFLICT, format!("{}.{} is a view", self.schema, self.name))
                .hint("Send records to the topic that it reads."));
        }
        if self.schema != OPEN_SCHEMA {
            return Err(Refusal::new(StatusCode::NOT_FOUND, format!("topic {}.{} does not exist", self.schema, self.name))
                .hint("Create it with CREATE TABLE. Only topics of schema logs are created by their first records."));
        }
        let (class, name) = (Class::Change, format!("{}.{}", self.schema, self.name));
        let event = Event { class, user: &caller.0, session: None, address: "", action: "CREATE TABLE", detail: &name };
        audit::record(engine, event).await?;
        match topics.create_topic(self.definition(engine.clock().now_us())).await {
            Err(EngineError::Catalog(CatalogError::Exists { .. }) | EngineError::Duplicate { .. }) => {
                topics.get(&self.schema, &self.name).ok_or_else(|| {
                    Refusal::new(StatusCode::CONFLICT, format!("the name {}.{} is taken", self.schema, self.name))
                        .hint("A view, an index or a topic that is just being dropped has it.")
                })
            }
            created => Ok(created?),
        }
    }

    /// What a topic looks like that nobody declared.
    fn definition(&self, now_us: i64) -> NewTopic {
        let names = ["ts", "host", "service", "level", "message"];
        let declared = (1..).zip(names).map(|(id, name)| Column {
            id: ColumnId(id),
            name: name.to_owned(),
            data_type: if name == "ts" { timestamptz() } else { DataType::Utf8View },
            nullable: name != "ts",
            sql_type: None,
        });
        let (ts, service, message) = (ColumnId(1), ColumnId(3), ColumnId(5));
        let columns = TopicSchema { declared: declared.collect(), time_column: Some(ts), sort_by: vec![service, ts] };
        let index_name: String = truncated(&self.name, NAME_BYTES_MAX - "_message_idx".len()).to_owned() + "_message_idx";
        NewTopic {
            schema: self.schema.clone(),
            name: self.name.clone(),
            columns,
            options: TopicOptions::default(),
            indexes: vec![(index_name, message, "inverted".to_owned(), BTreeMap::new())],
            created_at_us: now_us,
        }
    }
}

/// The longest beginning of `text` that has at most `bytes_max` bytes.
fn truncated(text: &str, bytes_max: usize) -> &str {
    let end = (0..=bytes_max.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}

/// Identifiers between dots; `None` if one is none.
fn identifiers(text: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (name, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_identifier(quoted)?,
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                let plain =
                    |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$') || (!c.is_ascii() && c.is_alphanumeric());
                rest[..end].chars().all(plain).then(|| (rest[..end].to_ascii_lowercase(), &rest[end..]))?
            }
        };
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.contains(char::is_control) {
            return None;
        }
        parts.push(name);
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(parts),
            None => return None,
        }
    }
}

/// The text up to the closing quote, two quotes standing for one, and what follows.
fn quoted_identifier(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        name.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => return Some((name, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_sql_reads_them() {
        for (text, expected) in [
            ("logs.app", Some(("logs", "app"))),
            ("LOGS.App", Some(("logs", "app"))),
            ("logs.\"App\"", Some(("logs", "App"))),
            ("\"a.b\".\"c\"\"d\"", Some(("a.b", "c\"d"))),
            ("logs.my-app", Some(("logs", "my-app"))),
            ("logs.应用", Some(("logs", "应用"))),
            ("app", None),
            ("a.b.c", None),
            ("logs.", None),
            (".app", None),
            ("logs.a b", None),
            ("logs.\"a", None),
            ("logs.\"a\"b", None),
            ("logs.\"\u{1}\"", None),
            ("logs.a;drop", None),
            ("", None),
        ] {
            let found = TopicName::parse(text).ok();
            assert_eq!(found.as_ref().map(|name| (name.schema.as_str(), name.name.as_str())), expected, "{text}");
        }
        assert!(TopicName::parse(&format!("logs.{}", "x".repeat(64))).is_err());
    }

    #[test]
    fn an_index_name_fits_the_longest_topic_name() {
        let name = TopicName::parse(&format!("logs.{}", "云".repeat(21))).unwrap();
        let definition = name.definition(0);
        assert!(definition.indexes[0].0.len() <= NAME_BYTES_MAX);
        assert_eq!(definition.columns.declared.len(), 5);
    }
}
