//! `CREATE SCHEMA`.

use datafusion::sql::sqlparser::ast::{Ident, ObjectName, SchemaName};

use super::{Created, check_name};
use crate::Result;
use crate::error::{EngineError, ObjectClass, Refusal};
use crate::session::Session;
use crate::session::insert::folded;
use crate::session::outcome::Outcome;

impl Session {
    pub(super) async fn create_schema(&self, name: &SchemaName, if_not_exists: bool) -> Result<Outcome> {
        let name = match name {
            SchemaName::Simple(name) | SchemaName::NamedAuthorization(name, _) => schema_name(name)?,
            SchemaName::UnnamedAuthorization(user) => folded(user),
        };
        check_name(&name)?;
        if self.relations.has_schema(&name) {
            if if_not_exists {
                self.notice(format!("schema \"{name}\" already exists, skipping"), None);
                return Ok(Outcome::done("CREATE SCHEMA"));
            }
            return Err(EngineError::Duplicate { what: ObjectClass::Schema, name });
        }
        if name.starts_with("pg_") {
            return Err(EngineError::Refused {
                reason: Refusal::ReservedName,
                message: format!("unacceptable schema name \"{name}\""),
                hint: Some("The prefix \"pg_\" is reserved for system schemas.".into()),
            });
        }
        self.engine.topics().create_schema(&name).await?;
        self.created(Created::Schema(name));
        Ok(Outcome::done("CREATE SCHEMA"))
    }
}

/// The name of a schema, with or without the database before it.
pub(in crate::session) fn schema_name(name: &ObjectName) -> Result<String> {
    let parts: Vec<&Ident> = name.0.iter().filter_map(|part| part.as_ident()).collect();
    match parts.as_slice() {
        [schema] | [_, schema] => Ok(folded(schema)),
        _ => Err(EngineError::Syntax { message: format!("improper qualified name: {name}"), position: None }),
    }
}
