//! The extended protocol: Parse, Bind, Execute, Close.
//!
//! Outside of a block, statements that only append and follow each other are one transaction, up to Sync or to the next statement of
//! another kind; each of the others is one of its own. PostgreSQL has one transaction up to Sync, but its statements see what those
//! before them have appended.

use std::sync::Arc;

use bytes::Bytes;
use pgwire::messages::PgWireBackendMessage as Backend;
use pgwire::messages::extendedquery::{BindComplete, CloseComplete, ParseComplete, PortalSuspended};
use pgwire::messages::response::EmptyQueryResponse;
use strata_engine::EngineError;
use strata_engine::error::ObjectClass;
use strata_engine::session::{Outcome, Parsed, TransactionStatus};

use super::Connection;
use super::portal::{Portal, Rows, State, Wires, tag};
use super::statement::{Statement, formats_of};
use crate::error::{Error, Result};
use crate::wire::Target;

/// Prepared statements, and portals, of one connection, at most.
const NAMES_MAX: usize = 10_000;

impl Connection {
    /// Parse.
    pub(super) async fn parse(&mut self, name: String, sql: &str, oids: &[u32]) -> Result<()> {
        let mut statements = self.session.parse(sql)?;
        let parsed = match statements.len() {
            0 => Parsed { command: None, sql: sql.into() },
            1 => statements.remove(0),
            _ => {
                return Err(Error::Engine(EngineError::Syntax {
                    message: "cannot insert multiple commands into a prepared statement".to_owned(),
                    position: None,
                }));
            }
        };
        if !name.is_empty() && self.statements.contains_key(&name) {
            return Err(Error::Engine(EngineError::Duplicate { what: ObjectClass::Prepared, name }));
        }
        if self.statements.len() >= NAMES_MAX {
            return Err(Error::Limit(format!("a connection holds at most {NAMES_MAX} prepared statements")));
        }
        let prepared = self.session.prepare(&parsed, &Statement::declared(oids)).await?;
        self.statements.insert(name, Arc::new(Statement::new(prepared, oids)));
        self.writer.message(Backend::ParseComplete(ParseComplete::new()))
    }

    /// Bind.
    pub(super) fn bind(
        &mut self,
        portal: String,
        statement: &str,
        formats: &[i16],
        values: &[Option<Bytes>],
        result_formats: &[i16],
    ) -> Result<()> {
        let statement = Arc::clone(self.statement(statement)?);
        let parameters = statement.values(formats, values, self.style())?;
        if !portal.is_empty() && self.portals.contains_key(&portal) {
            return Err(Error::Engine(EngineError::Duplicate { what: ObjectClass::Cursor, name: portal }));
        }
        if self.portals.len() >= NAMES_MAX {
            return Err(Error::Limit(format!("a connection holds at most {NAMES_MAX} portals")));
        }
        if let Some(columns) = &statement.prepared.columns {
            formats_of(result_formats, columns.fields().len())?;
        }
        self.portals.insert(portal, Portal { statement, parameters, formats: result_formats.to_vec(), state: State::New });
        self.writer.message(Backend::BindComplete(BindComplete::new()))
    }

    /// Execute.
    pub(super) async fn execute_portal(&mut self, name: &str, rows_max: usize) -> Result<()> {
        // Taken out while it runs, so that an error leaves no half-read portal behind.
        let mut portal = self.portals.remove(name).ok_or_else(|| undefined_portal(name))?;
        let mut rows = match std::mem::replace(&mut portal.state, State::Done) {
            State::Reading(rows) => rows,
            State::Done => {
                self.portals.insert(name.to_owned(), portal);
                return self.complete(tag("SELECT", 0));
            }
            State::New => match self.start(&mut portal).await? {
                Some(rows) => rows,
                None => {
                    self.keep(name, portal);
                    return Ok(());
                }
            },
        };
        let style = self.style();
        let cancel = self.session.cancel_handle();
        let mut wires = Wires { reader: &mut self.reader, writer: &mut self.writer, cancel: &cancel };
        let (sent, finished) = rows.send(rows_max, style, &mut wires).await?;
        if finished {
            let verb = rows.verb;
            drop(rows);
            self.keep(name, portal);
            return self.complete(tag(verb, sent));
        }
        portal.state = State::Reading(rows);
        self.keep(name, portal);
        self.messages()?;
        self.writer.message(Backend::PortalSuspended(PortalSuspended::new()))
    }

    fn keep(&mut self, name: &str, portal: Portal) {
        self.portals.insert(name.to_owned(), portal);
    }

    /// Runs the statement; its rows, if it has any. Anything else is answered here.
    async fn start(&mut self, portal: &mut Portal) -> Result<Option<Rows>> {
        let parameters = std::mem::take(&mut portal.parameters);
        let cancel = self.session.cancel_handle();
        let statement = Arc::clone(&portal.statement);
        match self.session.appends(&statement.prepared) {
            true if self.session.transaction_status() == TransactionStatus::Idle => {
                self.control("BEGIN").await?;
                self.implicit = true;
            }
            true => {}
            false => self.end_pipeline().await?,
        }
        let before = self.session.transaction_status();
        let mut wires = Wires { reader: &mut self.reader, writer: &mut self.writer, cancel: &cancel };
        let outcome = wires.unless_gone(self.session.execute(&statement.prepared, parameters)).await??;
        if before != TransactionStatus::Idle && self.session.transaction_status() == TransactionStatus::Idle {
            // COMMIT and ROLLBACK close what the block opened.
            self.portals.clear();
        }
        match outcome {
            Outcome::Rows { columns, stream, verb } => {
                self.messages()?;
                let binary = formats_of(&portal.formats, columns.fields().len())?;
                return Ok(Some(Rows::new(stream, verb, binary)));
            }
            Outcome::Done { tag } => self.complete(tag)?,
            Outcome::CopyIn(copy) => {
                let tag = self.copy_in(copy, statement.prepared.statement.as_deref()).await?;
                self.complete(tag)?;
            }
            Outcome::CopyOut { columns, stream, options } => {
                let tag = self.copy_out(&columns, stream, options).await?;
                self.complete(tag)?;
            }
            Outcome::Empty => self.writer.message(Backend::EmptyQueryResponse(EmptyQueryResponse::new()))?,
        }
        Ok(None)
    }

    /// Commits what a pipeline has appended, or takes it back if one of its statements failed.
    pub(super) async fn end_pipeline(&mut self) -> Result<()> {
        if std::mem::take(&mut self.implicit) { self.control("COMMIT").await } else { Ok(()) }
    }

    /// Close. What is not there counts as closed.
    pub(super) fn close(&mut self, target: Target, name: &str) -> Result<()> {
        match target {
            Target::Statement => drop(self.statements.remove(name)),
            Target::Portal => drop(self.portals.remove(name)),
        }
        self.writer.message(Backend::CloseComplete(CloseComplete::new()))
    }

    /// A prepared statement by name.
    pub(super) fn statement(&self, name: &str) -> Result<&Arc<Statement>> {
        self.statements.get(name).ok_or_else(|| {
            let name = name.to_owned();
            let hint = name.is_empty().then(|| "The unnamed statement is gone after a simple query.".to_owned());
            Error::Engine(EngineError::Undefined { what: ObjectClass::Prepared, name, hint })
        })
    }
}

/// The error of a portal that is not there.
pub(super) fn undefined_portal(name: &str) -> Error {
    Error::Engine(EngineError::Undefined { what: ObjectClass::Cursor, name: name.to_owned(), hint: None })
}
