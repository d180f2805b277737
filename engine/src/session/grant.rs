//! `GRANT` and `REVOKE` of rights on topics, views, schemas and what is built in, and which statements need to be a superuser's.
//!
//! What is not enforced is not granted, but refused.

use datafusion::sql::sqlparser::ast::{
    Action, GrantObjects, Grantee, GranteeName, GranteesType, ObjectName, Privileges, Statement,
};
use strata_catalog::Oid;
use strata_catalog::etl::Relation as EtlRelation;
use strata_catalog::users::{PUBLIC, Privilege, Right};

use super::Session;
use super::insert::folded;
use super::outcome::Outcome;
use super::planner::undefined_relation;
use super::relations::Relation;
use super::statement::{Command, is_sessions_own};
use crate::Result;
use crate::builtin;
use crate::error::{EngineError, ObjectClass, Refusal};
use crate::users::{denied, schema_oid, undefined};

/// An object of a GRANT, and what can be granted on it.
struct Granted {
    oid: Oid,
    possible: &'static [Privilege],
}

const ON_TOPICS: &[Privilege] = &[Privilege::Select, Privilege::Insert];
const ON_VIEWS: &[Privilege] = &[Privilege::Select];
const ON_CONFIGURATION: &[Privilege] = &[Privilege::Select, Privilege::Insert, Privilege::Update, Privilege::Delete];
const ON_SYSTEM_TABLES: &[Privilege] = &[Privilege::Select];
const ON_SCHEMAS: &[Privilege] = &[Privilege::Usage];
const ON_PROCEDURES: &[Privilege] = &[Privilege::Execute];

impl Session {
    /// Refuses what only superusers may do: everything that is not known to ask for its own rights.
    pub(super) fn permit(&self, command: &Command) -> Result<()> {
        let own_rights = match command {
            Command::Sql(statement) => {
                is_sessions_own(statement)
                    || matches!(
                        statement.as_ref(),
                        Statement::Query(_)
                            | Statement::Explain { .. }
                            | Statement::Insert(_)
                            | Statement::Update(_)
                            | Statement::Delete(_)
                            | Statement::Call(_)
                            | Statement::Copy { .. }
                            | Statement::Declare { .. }
                    )
            }
            Command::Move(_) | Command::User(_) => true,
            Command::StorageOptions { .. } | Command::Maintenance { .. } => false,
        };
        if own_rights || self.is_superuser() {
            return Ok(());
        }
        Err(EngineError::Refused {
            reason: Refusal::Privilege,
            message: "permission denied: only a superuser may do this".into(),
            hint: Some(
                "Without SUPERUSER a user reads, writes and calls what SELECT, INSERT, EXECUTE and the other rights were granted on."
                    .into(),
            ),
        })
    }

    /// `GRANT` and `REVOKE` with `ON`.
    pub(super) async fn change_rights(&self, statement: &Statement) -> Result<Outcome> {
        let (privileges, objects, grantees, grant) = match statement {
            Statement::Grant(grant) => {
                if grant.with_grant_option {
                    return Err(not_offered("WITH GRANT OPTION"));
                }
                (&grant.privileges, &grant.objects, &grant.grantees, true)
            }
            Statement::Revoke(revoke) => (&revoke.privileges, &revoke.objects, &revoke.grantees, false),
            other => return Err(EngineError::Internal(format!("no GRANT: {other}"))),
        };
        let known = self.engine.users().known();
        let mut users = Vec::new();
        for grantee in grantees {
            users.push(match self.grantee(grantee)? {
                Some(name) => known.named(&name).ok_or_else(|| undefined(&name))?.oid,
                None => PUBLIC,
            });
        }
        let mut rights = Vec::new();
        for object in self.granted_objects(objects.as_ref())? {
            for privilege in asked(privileges, object.possible)? {
                rights.extend(users.iter().map(|user| Right { object: object.oid, user: *user, privilege }));
            }
        }
        self.engine.users().change_rights(&rights, grant).await?;
        Ok(Outcome::done(if grant { "GRANT" } else { "REVOKE" }))
    }

    /// The name of who is to have a right; `None` for everybody.
    fn grantee(&self, grantee: &Grantee) -> Result<Option<String>> {
        let name = match (&grantee.grantee_type, &grantee.name) {
            (GranteesType::Public, None) => return Ok(None),
            (
                GranteesType::None | GranteesType::User | GranteesType::Role | GranteesType::Group,
                Some(GranteeName::ObjectName(name)),
            ) => match name.0.as_slice() {
                [part] => part.as_ident(),
                _ => None,
            },
            _ => None,
        };
        let name = name.ok_or_else(|| not_offered(&format!("a right for {grantee}")))?;
        let bare = name.quote_style.is_none();
        Ok(match folded(name).as_str() {
            "public" => None,
            "current_user" | "current_role" if bare => Some(self.info.current_user()),
            "session_user" if bare => Some(self.info.user.clone()),
            name => Some(name.to_owned()),
        })
    }

    fn granted_objects(&self, objects: Option<&GrantObjects>) -> Result<Vec<Granted>> {
        match objects {
            Some(GrantObjects::Tables(names) | GrantObjects::Views(names)) => {
                names.iter().map(|name| self.granted_relation(name)).collect()
            }
            Some(GrantObjects::Schemas(names)) => {
                names.iter().map(|name| Ok(Granted { oid: self.granted_schema(name)?.0, possible: ON_SCHEMAS })).collect()
            }
            Some(GrantObjects::AllTablesInSchema { schemas }) => {
                let mut found = Vec::new();
                for schema in schemas {
                    let (_, schema) = self.granted_schema(schema)?;
                    found.extend(builtin::relations(&schema).map(|(oid, name)| granted_table(oid, &schema, name)));
                    let topics = self.engine.topics();
                    let definitions = topics.list().into_iter().map(|topic| topic.definition());
                    let inside = definitions.filter(|topic| topic.schema == schema);
                    found.extend(inside.map(|topic| Granted { oid: topic.oid(), possible: ON_TOPICS }));
                    let views = topics.views().into_iter().filter(|view| view.schema == schema);
                    found.extend(views.map(|view| Granted { oid: view.oid, possible: ON_VIEWS }));
                }
                Ok(found)
            }
            Some(GrantObjects::Procedure { name, .. } | GrantObjects::Function { name, .. }) => {
                Ok(vec![granted_procedure(name)?])
            }
            _ => Err(not_offered("a right on anything but tables, views, schemas and procedures")),
        }
    }

    fn granted_relation(&self, name: &ObjectName) -> Result<Granted> {
        match self.lookup(name)? {
            Some((_, _, Relation::Topic(topic))) => Ok(Granted { oid: topic.definition().oid(), possible: ON_TOPICS }),
            Some((_, _, Relation::View(view))) => Ok(Granted { oid: view.oid, possible: ON_VIEWS }),
            Some((schema, name, Relation::System)) => match builtin::relation(&schema, &name) {
                Some(oid) => Ok(granted_table(oid, &schema, &name)),
                None => Err(denied("table", &format!("{schema}.{name}"))),
            },
            None => Err(undefined_relation(&name.to_string())),
        }
    }

    fn granted_schema(&self, name: &ObjectName) -> Result<(Oid, String)> {
        let name = super::ddl::schema_name(name)?;
        match schema_oid(&name, self.engine.topics()) {
            Some(oid) => Ok((oid, name)),
            None => Err(EngineError::Undefined { what: ObjectClass::Schema, name, hint: None }),
        }
    }
}

fn granted_table(oid: Oid, schema: &str, name: &str) -> Granted {
    let configuration = schema == "etl" && EtlRelation::named(name).is_some();
    Granted { oid, possible: if configuration { ON_CONFIGURATION } else { ON_SYSTEM_TABLES } }
}

fn granted_procedure(name: &ObjectName) -> Result<Granted> {
    let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(folded).collect();
    let oid = match parts.as_slice() {
        [schema, name] => builtin::procedure(schema, name),
        _ => None,
    };
    let undefined = || EngineError::Undefined {
        what: ObjectClass::Function,
        name: name.to_string(),
        hint: Some("Rights are granted on the procedures of sys and etl; \\dfp sys.* and \\dfp etl.* list them.".into()),
    };
    Ok(Granted { oid: oid.ok_or_else(undefined)?, possible: ON_PROCEDURES })
}

/// The privileges that are asked for, each possible on the object.
fn asked(privileges: &Privileges, possible: &[Privilege]) -> Result<Vec<Privilege>> {
    let Privileges::Actions(actions) = privileges else { return Ok(possible.to_vec()) };
    let one = |action: &Action| {
        let privilege = match action {
            Action::Select { columns: None } => Privilege::Select,
            Action::Insert { columns: None } => Privilege::Insert,
            Action::Update { columns: None } => Privilege::Update,
            Action::Delete => Privilege::Delete,
            Action::Usage => Privilege::Usage,
            Action::Execute { obj_type: None } => Privilege::Execute,
            other => return Err(not_offered(&format!("the right {other}"))),
        };
        if possible.contains(&privilege) { Ok(privilege) } else { Err(not_offered(&format!("the right {action} on this"))) }
    };
    actions.iter().map(one).collect()
}

fn not_offered(what: &str) -> EngineError {
    EngineError::Unsupported {
        message: format!("{what} is not supported"),
        hint: Some(
            "There are SELECT and INSERT on topics, SELECT on views and tables of sys, INSERT, UPDATE and DELETE on etl.roles and \
             etl.rules besides, USAGE on schemas, and EXECUTE on procedures."
                .into(),
        ),
    }
}
