//! Which statements are recorded, and as what.

use datafusion::sql::sqlparser::ast::{CopySource, Statement};

use super::Session;
use super::statement::{Command, is_sessions_own};
use crate::Result;
use crate::audit::{self, Class, Event};

/// Words of a statement that say what it does: `CREATE TABLE`.
const ACTION_WORDS: usize = 2;

impl Session {
    /// Records a statement before it runs, if its class is recorded.
    pub(super) async fn record(&self, command: &Command, sql: &str) -> Result<()> {
        if self.engine.config().audit.is_empty() {
            return Ok(());
        }
        let Some(class) = self.class(command) else { return Ok(()) };
        let (user, action) = (self.info.current_user(), action(command));
        let (address, session) = (&self.info.address, Some(self.info.id));
        Box::pin(audit::record(&self.engine, Event { class, user: &user, session, address, action: &action, detail: sql })).await
    }

    /// `None` for what concerns the session alone, or is recorded when it runs, as a prepared statement is.
    fn class(&self, command: &Command) -> Option<Class> {
        let Command::Sql(statement) = command else {
            return (!matches!(command, Command::Move(_) | Command::Maintenance { .. })).then_some(Class::Change);
        };
        match statement.as_ref() {
            Statement::Query(_) | Statement::Explain { .. } | Statement::ExplainTable { .. } | Statement::Declare { .. } => {
                Some(Class::Read)
            }
            Statement::Copy { to: true, .. } | Statement::Copy { source: CopySource::Query(_), .. } => Some(Class::Read),
            Statement::Copy { .. } => Some(Class::Write),
            Statement::Insert(insert) => match self.configured_by(insert) {
                Ok(Some(_)) => Some(Class::Change),
                Ok(None) | Err(_) => Some(Class::Write),
            },
            other if is_sessions_own(other) => None,
            _ => Some(Class::Change),
        }
    }
}

/// The first words of a statement as it is understood, without comments.
fn action(command: &Command) -> String {
    match command {
        Command::Sql(statement) => {
            let text = statement.to_string();
            let words = text.split_whitespace().take_while(|word| word.bytes().all(|byte| byte.is_ascii_uppercase()));
            words.take(ACTION_WORDS).collect::<Vec<_>>().join(" ")
        }
        Command::User(statement) => statement.tag().to_owned(),
        Command::StorageOptions { .. } => "ALTER TABLE".to_owned(),
        Command::Maintenance { verb } => (*verb).to_owned(),
        Command::Move(_) => "MOVE".to_owned(),
    }
}
