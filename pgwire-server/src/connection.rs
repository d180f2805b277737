//! One connection from its first statement to its last: takes messages, answers them.
//!
//! ```text
//!            error in Parse, Bind, Describe, Execute, Close
//!   Ready ──────────────────────────────────────────────────▶ Skipping
//!     ▲                                                          │
//!     └────────────────────────── Sync ──────────────────────────┘
//! ```
//!
//! **Invariant:** every Query and every Sync is answered by exactly one ReadyForQuery, whatever happened before it.

mod copying;
mod describing;
mod extended;
mod idle;
mod portal;
mod simple;
mod statement;

use std::collections::HashMap;
use std::sync::Arc;

use pgwire::messages::PgWireBackendMessage as Backend;
use pgwire::messages::response::NotificationResponse;
use pgwire::messages::startup::ParameterStatus;
use strata_engine::session::{Session, TransactionStatus};

use self::idle::Idle;
use self::portal::Portal;
use self::statement::Statement;
use crate::error::{Error, Result};
use crate::response;
use crate::stop::Stop;
use crate::types::{Style, Zone};
use crate::wire::reader::Frame;
use crate::wire::{Frontend, Incoming, Outgoing};

/// A client and its session.
pub struct Connection {
    session: Session,
    reader: Incoming,
    writer: Outgoing,
    statements: HashMap<String, Arc<Statement>>,
    portals: HashMap<String, Portal>,
    /// An error of the extended protocol makes everything up to the next Sync void.
    skipping: bool,
    /// Whether a transaction is open that the client did not begin: that of a pipeline.
    implicit: bool,
    /// Since the last ReadyForQuery, until the client says something.
    idle: Option<Idle>,
    stop: Stop,
}

/// Whether the connection goes on.
enum Flow {
    Continue,
    End,
}

impl Connection {
    /// A connection whose start-up is over.
    pub fn new(session: Session, reader: Incoming, writer: Outgoing, stop: Stop) -> Self {
        let (statements, portals) = (HashMap::new(), HashMap::new());
        Self { session, reader, writer, statements, portals, skipping: false, implicit: false, idle: None, stop }
    }

    /// Answers until the client leaves, the connection breaks or the server stops.
    ///
    /// # Errors
    /// The connection broke; the session and what it ran are gone either way.
    pub async fn run(mut self) -> Result<()> {
        self.ready()?;
        self.writer.flush().await?;
        let cancel = self.session.cancel_handle();
        let mailbox = self.session.info().mailbox.clone();
        loop {
            let listening = !self.skipping && self.session.transaction_status() == TransactionStatus::Idle;
            let frame = tokio::select! {
                biased;
                () = self.stop.asked() => return self.terminate(Error::Terminated).await,
                () = cancel.terminated() => return self.terminate(Error::Terminated).await,
                frame = self.reader.next() => match frame {
                    Ok(frame) => frame,
                    Err(error) => return self.give_up(error).await,
                },
                () = mailbox.arrival(), if listening => {
                    self.notifications()?;
                    self.writer.flush().await?;
                    continue;
                }
                error = Idle::over(self.idle) => return self.terminate(error).await,
            };
            self.idle = None;
            let Some(frame) = frame else { return Ok(()) };
            if matches!(self.answer(frame).await?, Flow::End) {
                return Ok(());
            }
            if self.writer.is_full() {
                self.writer.flush().await?;
            }
        }
    }

    /// Answers one message; an error that the client can be told is told.
    async fn answer(&mut self, frame: Frame) -> Result<Flow> {
        let Frame { kind, message } = frame;
        if self.skipping && !matches!(message, Ok(Frontend::Sync | Frontend::Terminate)) {
            return Ok(Flow::Continue);
        }
        let result = match message {
            Ok(message) => self.dispatch(message).await,
            Err(error) => Err(error),
        };
        let error = match result {
            Ok(flow) => return Ok(flow),
            Err(Error::Io(error)) => return Err(Error::Io(error)),
            Err(error) => error,
        };
        self.report(&error)?;
        if error.is_fatal() {
            self.writer.flush().await?;
            return Ok(Flow::End);
        }
        if Frontend::is_extended(kind) {
            // A message that could not be read, or was read before the statement ran, fails the block as well.
            self.session.fail_transaction();
            self.skipping = true;
            self.writer.flush().await?;
        } else {
            self.ready()?;
            self.writer.flush().await?;
        }
        Ok(Flow::Continue)
    }

    async fn dispatch(&mut self, message: Frontend) -> Result<Flow> {
        match message {
            Frontend::Query(sql) => {
                self.end_pipeline().await?;
                self.simple_query(&sql).await.map_err(|error| error.in_text(&sql))?;
                self.ready()?;
                self.writer.flush().await?;
            }
            Frontend::Parse { name, sql, types } => {
                self.parse(name, &sql, &types).await.map_err(|error| error.in_text(&sql))?;
            }
            Frontend::Bind { portal, statement, formats, values, result_formats } => {
                self.bind(portal, &statement, &formats, &values, &result_formats)?;
            }
            Frontend::Describe(target, name) => self.describe(target, &name)?,
            Frontend::Execute { portal, rows_max } => self.execute_portal(&portal, rows_max).await?,
            Frontend::Close(target, name) => self.close(target, &name)?,
            Frontend::Flush => self.writer.flush().await?,
            Frontend::Sync => {
                self.skipping = false;
                if let Err(error) = self.end_pipeline().await {
                    if error.is_fatal() {
                        return Err(error);
                    }
                    self.report(&error)?;
                }
                if self.session.transaction_status() == TransactionStatus::Idle {
                    // Portals do not outlive the transaction, and without a block that ends here.
                    self.portals.clear();
                }
                self.ready()?;
                self.writer.flush().await?;
            }
            // What is left of a COPY that failed.
            Frontend::CopyData(_) | Frontend::CopyDone | Frontend::CopyFail(_) => {}
            Frontend::Password(_) => return Err(Error::Protocol("unexpected password message".to_owned())),
            Frontend::Terminate => return Ok(Flow::End),
        }
        Ok(Flow::Continue)
    }

    /// How values look now.
    fn style(&self) -> Style {
        let zone = self.session.info().setting("TimeZone").and_then(|name| Zone::parse(&name));
        Style { zone: zone.unwrap_or_default() }
    }

    /// Tells an error, after what was said before it.
    fn report(&mut self, error: &Error) -> Result<()> {
        self.messages()?;
        self.writer.message(response::error(error))
    }

    /// Tells notices and changed parameters.
    fn messages(&mut self) -> Result<()> {
        for notice in self.session.notices() {
            self.writer.message(response::notice(notice))?;
        }
        for (name, value) in self.session.changed_parameters() {
            self.writer.message(Backend::ParameterStatus(ParameterStatus::new(name, value)))?;
        }
        Ok(())
    }

    fn notifications(&mut self) -> Result<()> {
        let (notifications, _) = self.session.info().mailbox.drain();
        for notification in notifications {
            let response = NotificationResponse::new(notification.sender, notification.channel, notification.payload);
            self.writer.message(Backend::NotificationResponse(response))?;
        }
        Ok(())
    }

    fn ready(&mut self) -> Result<()> {
        self.messages()?;
        let status = self.session.transaction_status();
        if status == TransactionStatus::Idle {
            self.notifications()?;
        }
        self.idle = Idle::begin(self.session.info(), status);
        self.writer.message(response::ready(status))
    }

    /// The server, an administrator or the client's silence ends the session.
    async fn terminate(mut self, why: Error) -> Result<()> {
        self.report(&why)?;
        self.writer.flush().await
    }

    /// Nothing after this message can be read. The client is told why if it still listens.
    async fn give_up(mut self, error: Error) -> Result<()> {
        if matches!(&error, Error::Io(io) if io.kind() == std::io::ErrorKind::InvalidData) {
            self.report(&Error::Protocol(error.to_string()))?;
            self.writer.flush().await?;
        }
        Err(error)
    }
}
