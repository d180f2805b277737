//! The simple protocol: a text of statements, each answered in full.
//!
//! A text of several statements is one transaction where that is possible, as in PostgreSQL: the first that fails takes
//! back the others. Texts that drop or alter something run statement by statement, because those cannot be taken back.

use datafusion::sql::sqlparser::ast::Statement as Sql;
use pgwire::messages::PgWireBackendMessage as Backend;
use pgwire::messages::response::{CommandComplete, EmptyQueryResponse};
use strata_engine::session::{Command, Outcome, Parsed, TransactionStatus};

use super::Connection;
use super::portal::{Rows, Wires, tag};
use crate::error::Result;
use crate::response;

impl Connection {
    /// Runs a text. What is answered ends with the caller's ReadyForQuery.
    pub(super) async fn simple_query(&mut self, sql: &str) -> Result<()> {
        // The unnamed statement and portal are forgotten by a simple query.
        self.statements.remove("");
        self.portals.remove("");
        let statements = self.session.parse(sql)?;
        if statements.is_empty() {
            return self.writer.message(Backend::EmptyQueryResponse(EmptyQueryResponse::new()));
        }
        let together = statements.len() > 1 && statements.iter().all(|parsed| kind(parsed) != Kind::Alone);
        let mut implicit = false;
        for (nth, parsed) in statements.iter().enumerate() {
            if together && self.session.transaction_status() == TransactionStatus::Idle && nth + 1 < statements.len() {
                implicit = self.control("BEGIN").await.is_ok();
            }
            if implicit && kind(parsed) == Kind::Begin {
                // The implicit transaction becomes the explicit one.
                implicit = false;
                self.messages()?;
                self.complete("BEGIN".to_owned())?;
                continue;
            }
            if kind(parsed) == Kind::End {
                implicit = false;
            }
            if let Err(error) = self.run_simple(parsed).await {
                if implicit && self.session.transaction_status() != TransactionStatus::Idle {
                    self.control("ROLLBACK").await?;
                }
                return Err(error);
            }
        }
        if implicit && self.session.transaction_status() != TransactionStatus::Idle {
            self.control("COMMIT").await?;
        }
        Ok(())
    }

    /// Runs a statement that the client did not write.
    pub(super) async fn control(&mut self, sql: &str) -> Result<()> {
        for parsed in self.session.parse(sql)? {
            self.session.execute_at_once(&parsed).await?;
        }
        Ok(())
    }

    async fn run_simple(&mut self, parsed: &Parsed) -> Result<()> {
        let cancel = self.session.cancel_handle();
        let session = &self.session;
        let mut wires = Wires { reader: &mut self.reader, writer: &mut self.writer, cancel: &cancel };
        let outcome = wires.unless_gone(session.execute_at_once(parsed)).await??;
        match outcome {
            Outcome::Rows { columns, stream, verb } => {
                self.messages()?;
                let binary = vec![false; columns.fields().len()];
                self.writer.message(response::row_description(&columns, &binary))?;
                let style = self.style();
                let mut wires = Wires { reader: &mut self.reader, writer: &mut self.writer, cancel: &cancel };
                let mut rows = Rows::new(stream, verb, binary);
                let (sent, _) = rows.send(0, style, &mut wires).await?;
                drop(rows);
                self.complete(tag(verb, sent))
            }
            Outcome::Done { tag } => self.complete(tag),
            Outcome::CopyIn(copy) => {
                let tag = self.copy_in(copy, parsed.command.as_deref()).await?;
                self.complete(tag)
            }
            Outcome::CopyOut { columns, stream, options } => {
                let tag = self.copy_out(&columns, stream, options).await?;
                self.complete(tag)
            }
            Outcome::Empty => self.writer.message(Backend::EmptyQueryResponse(EmptyQueryResponse::new())),
        }
    }

    /// Ends a statement's answer.
    pub(super) fn complete(&mut self, tag: String) -> Result<()> {
        self.messages()?;
        self.writer.message(Backend::CommandComplete(CommandComplete::new(tag)))
    }
}

/// How a statement goes with an implicit transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Part of it.
    Together,
    /// Makes it explicit.
    Begin,
    /// Ends it.
    End,
    /// Cannot be part of it.
    Alone,
}

fn kind(parsed: &Parsed) -> Kind {
    let Some(Command::Sql(statement)) = parsed.command.as_deref() else { return Kind::Alone };
    match statement.as_ref() {
        Sql::StartTransaction { .. } => Kind::Begin,
        Sql::Commit { .. } | Sql::Rollback { savepoint: None, .. } => Kind::End,
        Sql::Query(_)
        | Sql::Insert(_)
        | Sql::Copy { .. }
        | Sql::Set(_)
        | Sql::Reset(_)
        | Sql::ShowVariable { .. }
        | Sql::Explain { .. }
        | Sql::Savepoint { .. }
        | Sql::ReleaseSavepoint { .. }
        | Sql::Rollback { .. }
        | Sql::NOTIFY { .. }
        | Sql::LISTEN { .. }
        | Sql::UNLISTEN { .. } => Kind::Together,
        _ => Kind::Alone,
    }
}
