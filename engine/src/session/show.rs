//! `SET`, `SHOW`, `RESET`, `DISCARD`, and the three lists that `SHOW` knows.

use arrow::datatypes::SchemaRef;
use datafusion::sql::sqlparser::ast::{
    ContextModifier, DiscardObject, Expr, Ident, ObjectName, Reset, Set, SetSessionAuthorizationParam,
    SetSessionAuthorizationParamKind, Statement, TransactionAccessMode, TransactionMode, UnaryOperator, Value,
};

use super::Session;
use super::dispatch::text_columns;
use super::execution::Running;
use super::explain::rows_of_text;
use super::insert::folded;
use super::outcome::Outcome;
use super::setting::registry;
use crate::Result;
use crate::error::{EngineError, ObjectClass, Refusal};

impl Session {
    pub(super) fn settings_statement(&self, statement: &Statement, running: Running) -> Result<Outcome> {
        match statement {
            Statement::Set(set) => self.set(set),
            Statement::Reset(reset) => {
                let mut settings = self.info.settings.lock();
                match &reset.reset {
                    Reset::ALL => settings.reset_all(),
                    Reset::ConfigurationParameter(name) => settings.reset(&parameter_name(name))?,
                }
                Ok(Outcome::done("RESET"))
            }
            Statement::Discard { object_type } => self.discard(object_type),
            Statement::ShowVariable { variable } => self.show(variable, running),
            other => self.show_list(other, running),
        }
    }

    fn set(&self, set: &Set) -> Result<Outcome> {
        match set {
            Set::SingleAssignment { scope, variable, values, .. } => {
                let local = matches!(scope, Some(ContextModifier::Local));
                let name = parameter_name(variable);
                if name.eq_ignore_ascii_case("session characteristics") {
                    return Ok(Outcome::done("SET"));
                }
                self.assign(&name, values, local)?;
            }
            Set::SetTimeZone { local, value } => self.assign("TimeZone", std::slice::from_ref(value), *local)?,
            Set::SetNames { charset_name, .. } => {
                self.info.settings.lock().set("client_encoding", &charset_name.value, false)?;
            }
            Set::SetNamesDefault {} => self.info.settings.lock().reset("client_encoding")?,
            Set::SetTransaction { modes, session, .. } => self.set_transaction(modes, *session)?,
            Set::SetRole { role_name, context_modifier } => {
                let local = matches!(context_modifier, Some(ContextModifier::Local));
                self.become_role(role_name.as_ref(), local)?;
            }
            Set::SetSessionAuthorization(to) => self.authorize(to)?,
            Set::MultipleAssignments { .. } | Set::ParenthesizedAssignments { .. } | Set::SetSessionParam(_) => {
                return Err(EngineError::Syntax { message: "syntax error: SET takes one parameter".into(), position: None });
            }
        }
        Ok(Outcome::done("SET"))
    }

    fn assign(&self, name: &str, values: &[Expr], local: bool) -> Result<()> {
        if local && self.transaction.lock().is_idle() {
            self.warning("SET LOCAL can only be used in transaction blocks");
            return Ok(());
        }
        if name.eq_ignore_ascii_case("role") {
            return match values {
                [Expr::Identifier(ident)] if ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("default") => {
                    self.become_role(None, local)
                }
                [Expr::Identifier(ident)] => self.become_role(Some(ident), local),
                [value] => self.become_role(Some(&Ident::with_quote('"', value_text(value, false)?)), local),
                _ => Err(EngineError::Syntax { message: "syntax error: SET ROLE takes one name".into(), position: None }),
            };
        }
        let mut settings = self.info.settings.lock();
        match values {
            [Expr::Identifier(ident)] if ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("default") => {
                settings.reset(name)
            }
            values => {
                // Only in a list of names do quotes mean something.
                let names = name.eq_ignore_ascii_case("search_path");
                let text: Vec<String> = values.iter().map(|value| value_text(value, names)).collect::<Result<_>>()?;
                settings.set(name, &text.join(", "), local)
            }
        }
    }

    fn set_transaction(&self, modes: &[TransactionMode], session: bool) -> Result<()> {
        for mode in modes {
            match mode {
                // One snapshot a statement is what every level gets; topics are append-only, so nothing is lost by it.
                TransactionMode::IsolationLevel(level) => {
                    let name = if session { "default_transaction_isolation" } else { "transaction_isolation" };
                    self.info.settings.lock().set(name, &level.to_string().to_lowercase(), !session)?;
                }
                TransactionMode::AccessMode(access) => {
                    let read_only = matches!(access, TransactionAccessMode::ReadOnly);
                    if session {
                        let value = if read_only { "on" } else { "off" };
                        self.info.settings.lock().set("default_transaction_read_only", value, false)?;
                    } else if let Some(block) = self.transaction.lock().block() {
                        block.read_only = read_only;
                    } else {
                        self.warning("SET TRANSACTION can only be used in transaction blocks");
                    }
                }
            }
        }
        Ok(())
    }

    /// `SET SESSION AUTHORIZATION`: to whom the session is already.
    fn authorize(&self, to: &SetSessionAuthorizationParam) -> Result<()> {
        match &to.kind {
            SetSessionAuthorizationParamKind::Default => Ok(()),
            SetSessionAuthorizationParamKind::User(user) if folded(user) == self.info.user => Ok(()),
            SetSessionAuthorizationParamKind::User(_) => Err(EngineError::Unsupported {
                message: "SET SESSION AUTHORIZATION to another user is not supported".into(),
                hint: Some("SET ROLE takes another user's place.".into()),
            }),
        }
    }

    fn discard(&self, what: &DiscardObject) -> Result<Outcome> {
        if matches!(what, DiscardObject::ALL) {
            if !self.transaction.lock().is_idle() {
                return Err(EngineError::Refused {
                    reason: Refusal::ActiveTransaction,
                    message: "DISCARD ALL cannot run inside a transaction block".into(),
                    hint: None,
                });
            }
            self.cursors.lock().clear();
            self.prepared.lock().clear();
            self.held.lock().clear();
            self.info.settings.lock().reset_all();
            self.engine.sessions().bus().unlisten(None, &self.info.mailbox);
            return Ok(Outcome::done("DISCARD ALL"));
        }
        Ok(Outcome::done(format!("DISCARD {what}")))
    }

    fn show(&self, variable: &[Ident], running: Running) -> Result<Outcome> {
        let columns = columns(variable)?;
        let values = if is_all(variable) {
            let settings = self.info.settings.lock();
            let mut rows: Vec<[String; 3]> = registry::ALL
                .iter()
                .map(|setting| {
                    [setting.name.to_owned(), settings.get(setting.name).unwrap_or_default(), setting.description.to_owned()]
                })
                .collect();
            rows.extend(settings.custom().into_iter().map(|(name, value)| [name, value, String::new()]));
            (0..3).map(|i| rows.iter().map(|row| row[i].clone()).collect()).collect()
        } else {
            let name = variable_name(variable);
            let value = self.info.setting(&name);
            let missing = || EngineError::Undefined { what: ObjectClass::Setting, name: name.clone(), hint: None };
            vec![vec![value.ok_or_else(missing)?]]
        };
        let stream = running.into_stream(rows_of_text(columns.clone(), values)?);
        Ok(Outcome::Rows { columns, stream, verb: "SHOW" })
    }

    fn show_list(&self, statement: &Statement, running: Running) -> Result<Outcome> {
        let columns = list_columns(statement);
        let topics = self.engine.topics();
        let values = match statement {
            Statement::ShowTables { .. } => {
                let definitions: Vec<_> = topics.list().iter().map(|topic| topic.definition()).collect();
                let schemas = definitions.iter().map(|topic| topic.schema.clone()).collect();
                vec![schemas, definitions.iter().map(|topic| topic.name.clone()).collect()]
            }
            Statement::ShowSchemas { .. } => vec![topics.schemas().into_iter().map(|schema| schema.name).collect()],
            _ => vec![vec![self.info.database.clone()]],
        };
        let stream = running.into_stream(rows_of_text(columns.clone(), values)?);
        Ok(Outcome::Rows { columns, stream, verb: "SHOW" })
    }
}

/// Columns of `SHOW name` and `SHOW ALL`.
pub(super) fn columns(variable: &[Ident]) -> Result<SchemaRef> {
    if is_all(variable) {
        return Ok(text_columns(&["name", "setting", "description"]));
    }
    let name = variable_name(variable);
    match registry::find(&name) {
        Some(setting) => Ok(text_columns(&[setting.name])),
        None if name.contains('.') => Ok(text_columns(&[&name])),
        None => Err(EngineError::Undefined { what: ObjectClass::Setting, name, hint: None }),
    }
}

/// Columns of `SHOW TABLES`, `SHOW SCHEMAS`, `SHOW DATABASES`.
pub(super) fn list_columns(statement: &Statement) -> SchemaRef {
    match statement {
        Statement::ShowTables { .. } => text_columns(&["schema", "table"]),
        Statement::ShowSchemas { .. } => text_columns(&["schema"]),
        _ => text_columns(&["database"]),
    }
}

fn is_all(variable: &[Ident]) -> bool {
    matches!(variable, [ident] if ident.value.eq_ignore_ascii_case("all"))
}

/// `SHOW TIME ZONE` and `SHOW TRANSACTION ISOLATION LEVEL` are two and three words for one parameter.
fn variable_name(variable: &[Ident]) -> String {
    let words: Vec<String> = variable.iter().map(|ident| ident.value.clone()).collect();
    match words.iter().map(|word| word.to_ascii_lowercase()).collect::<Vec<_>>().join(" ").as_str() {
        "time zone" => "TimeZone".to_owned(),
        "transaction isolation level" => "transaction_isolation".to_owned(),
        "session authorization" => "session_authorization".to_owned(),
        _ => words.join("."),
    }
}

fn parameter_name(name: &ObjectName) -> String {
    let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(|ident| ident.value.clone()).collect();
    let name = parts.join(".");
    if name.eq_ignore_ascii_case("time zone") { "TimeZone".to_owned() } else { name }
}

fn value_text(value: &Expr, names: bool) -> Result<String> {
    match value {
        Expr::Identifier(ident) => Ok(if names { ident.to_string() } else { ident.value.clone() }),
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) | Value::Number(text, _) => Ok(text.clone()),
            Value::Boolean(on) => Ok(if *on { "on" } else { "off" }.to_owned()),
            Value::DollarQuotedString(text) => Ok(text.value.clone()),
            other => Err(EngineError::Syntax { message: format!("syntax error at or near \"{other}\""), position: None }),
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => Ok(format!("-{}", value_text(expr, names)?)),
        Expr::UnaryOp { op: UnaryOperator::Plus, expr } | Expr::Nested(expr) => value_text(expr, names),
        Expr::Interval(interval) => value_text(&interval.value, names),
        Expr::CompoundIdentifier(parts) => Ok(parts.iter().map(|part| part.value.clone()).collect::<Vec<_>>().join(".")),
        other => Err(EngineError::Syntax { message: format!("syntax error at or near \"{other}\""), position: None }),
    }
}
