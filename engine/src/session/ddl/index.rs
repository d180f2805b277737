//! `CREATE INDEX ON topic USING inverted | bloom | sparse (column) WITH (...)`.
//!
//! The definition is kept; building follows it. An index only prunes, so queries are right with and without it.

use std::collections::BTreeMap;

use datafusion::common::TableReference;
use datafusion::sql::sqlparser::ast::{BinaryOperator, CreateIndex, Expr, ObjectName};
use strata_catalog::Topic;
use strata_storage::schema::Column;

use super::options::option_text;
use super::{Created, check_name};
use crate::Result;
use crate::error::{EngineError, ObjectClass, Refusal};
use crate::session::Session;
use crate::session::insert::folded;
use crate::session::outcome::Outcome;
use crate::session::planner::table_reference;
use crate::session::sql_type::{data_type_name, type_name};

/// What there is to choose from.
const METHODS: &str = "USING inverted finds words, bloom equal values, sparse bounds (which every column has already).";

impl Session {
    pub(super) async fn create_index(&self, create: &CreateIndex) -> Result<Outcome> {
        refuse_unknown(create)?;
        let topic = self.writable_topic(&create.table_name, "create an index on")?;
        let column = indexed_column(create, &topic)?;
        let method = self.index_method(create, &column)?;
        let options = options(create)?;
        check(&method, &options, &column)?;
        let name = match &create.name {
            Some(name) => name.0.last().and_then(|part| part.as_ident()).map(folded).unwrap_or_default(),
            None => self.free_name(&topic, &column.name),
        };
        check_name(&name)?;
        let taken = self.relations.find(&topic.schema, &name).is_some() || self.index_there(&topic.schema, &name);
        if taken && create.if_not_exists {
            self.notice(format!("relation \"{name}\" already exists, skipping"), None);
            return Ok(Outcome::done("CREATE INDEX"));
        }
        if taken {
            return Err(EngineError::Duplicate { what: ObjectClass::Relation, name });
        }
        self.engine.topics().create_index(&topic.schema, &topic.name, &name, column.id, &method, options).await?;
        self.engine.lifecycle().indexing.wake();
        self.created(Created::Index(topic.schema.clone(), name));
        Ok(Outcome::done("CREATE INDEX"))
    }

    /// Schema and name of an index that is there.
    pub(super) fn find_index(&self, name: &ObjectName) -> Result<(String, String)> {
        let schemas = match table_reference(name)? {
            TableReference::Bare { .. } => self.info.search_path(),
            TableReference::Partial { schema, .. } | TableReference::Full { schema, .. } => vec![schema.to_string()],
        };
        let bare = name.0.last().and_then(|part| part.as_ident()).map(folded).unwrap_or_default();
        let schema = schemas.into_iter().find(|schema| self.index_there(schema, &bare));
        let missing = || EngineError::Undefined { what: ObjectClass::Index, name: name.to_string(), hint: None };
        Ok((schema.ok_or_else(missing)?, bare))
    }

    /// The method that is named, or what finds equal values where nobody named one or means one of PostgreSQL's.
    fn index_method(&self, create: &CreateIndex, column: &Column) -> Result<String> {
        let named = create.using.as_ref().map(|using| using.to_string().to_lowercase());
        match named.as_deref() {
            Some(method @ ("inverted" | "bloom" | "sparse")) => Ok(method.to_owned()),
            None | Some("btree" | "hash") => {
                let bloom = strata_storage::index::method("bloom").is_some_and(|bloom| bloom.takes(&column.data_type));
                let method = if bloom { "bloom" } else { "sparse" };
                self.notice(
                    format!("substituting access method \"{method}\" for \"{}\"", named.as_deref().unwrap_or("btree")),
                    Some(METHODS.into()),
                );
                Ok(method.to_owned())
            }
            Some(other) => Err(EngineError::Unsupported {
                message: format!("access method \"{other}\" does not exist"),
                hint: Some(METHODS.into()),
            }),
        }
    }

    fn index_there(&self, schema: &str, name: &str) -> bool {
        let topics = self.engine.topics().list();
        let mut definitions = topics.iter().map(|topic| topic.definition()).filter(|topic| topic.schema == schema);
        definitions.any(|topic| topic.indexes.iter().any(|index| index.name == name))
    }

    fn free_name(&self, topic: &Topic, column: &str) -> String {
        let base = format!("{}_{column}_idx", topic.name);
        let names = std::iter::once(base.clone()).chain((1..).map(|n| format!("{base}{n}")));
        let mut free =
            names.filter(|name| self.relations.find(&topic.schema, name).is_none() && !self.index_there(&topic.schema, name));
        free.next().unwrap_or(base)
    }
}

fn refuse_unknown(create: &CreateIndex) -> Result<()> {
    if create.unique {
        return Err(EngineError::Unsupported {
            message: "unique indexes are not supported".into(),
            hint: Some("Topics keep whatever is sent; strata.producer and strata.sequence store records exactly once.".into()),
        });
    }
    if create.predicate.is_some() || !create.include.is_empty() || create.columns.len() != 1 {
        return Err(EngineError::Unsupported {
            message: "an index has one column, and no INCLUDE and WHERE".into(),
            hint: Some("Create one index for each column.".into()),
        });
    }
    Ok(())
}

fn indexed_column(create: &CreateIndex, topic: &Topic) -> Result<Column> {
    let Some(Expr::Identifier(ident)) = create.columns.first().map(|column| &column.column.expr) else {
        return Err(EngineError::Unsupported {
            message: "indexes on expressions are not supported".into(),
            hint: Some("Frequent fields of attrs become columns of the segment, with bounds, without an index.".into()),
        });
    };
    let name = folded(ident);
    let column = topic.columns.columns().find(|column| column.name == name);
    column.ok_or(EngineError::Undefined { what: ObjectClass::Column, name, hint: None })
}

fn options(create: &CreateIndex) -> Result<BTreeMap<String, String>> {
    let mut options = BTreeMap::new();
    for option in &create.with {
        let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = option else {
            return Err(EngineError::Syntax { message: format!("syntax error at or near \"{option}\""), position: None });
        };
        options.insert(option_text(left)?.to_lowercase(), option_text(right)?);
    }
    Ok(options)
}

fn options_hint(known: &[(&str, &[&str])]) -> String {
    let option = |(name, values): &(&str, &[&str])| format!("{name} ({})", values.join(", "));
    match known.iter().map(option).collect::<Vec<_>>().as_slice() {
        [] => "It has no options.".to_owned(),
        options => format!("It has these options: {}.", options.join("; ")),
    }
}

fn check(method: &str, options: &BTreeMap<String, String>, column: &Column) -> Result<()> {
    let found = strata_storage::index::method(method);
    // Words of a jsonb document or a uuid are nobody's words; whole values of them can be looked for.
    let wordless = method == "inverted" && column.sql_type.is_some();
    if wordless || found.is_some_and(|found| !found.takes(&column.data_type)) {
        return Err(EngineError::Refused {
            reason: Refusal::InvalidDefinition,
            message: format!(
                "column \"{}\" of type {} has no {} for an index of method {method}",
                column.name,
                type_name(&column.field()),
                if method == "inverted" { "words" } else { "values" },
            ),
            hint: Some("An inverted index needs a text column; a bloom index one of text, whole numbers or times.".into()),
        });
    }
    if column.id.0 < 0 {
        return Err(EngineError::Refused {
            reason: Refusal::InvalidDefinition,
            message: format!("column \"{}\" of type {} needs no index", column.name, data_type_name(&column.data_type)),
            hint: None,
        });
    }
    let known = found.map_or(&[][..], |found| found.options());
    for (name, value) in options {
        let is_known = known.iter().any(|(known, values)| known == name && values.contains(&value.as_str()));
        if !is_known {
            return Err(EngineError::Refused {
                reason: Refusal::InvalidParameter,
                message: format!("option {name} = '{value}' is not known to indexes of method {method}"),
                hint: Some(options_hint(known)),
            });
        }
    }
    Ok(())
}
