//! One connection's SQL state: settings, transaction, prepared statements, cursors.
//!
//! ```text
//! text ──parse──▶ Parsed ──prepare──▶ Prepared (types of parameters and columns) ──execute──▶ Outcome
//! ```
//!
//! A front end opens one [`Session`] a connection and calls it from one task; only [`CancelHandle`] and the parts of
//! [`SessionInfo`] are for others. Planning happens anew at each execution, so a prepared statement always sees the
//! newest records. The session never speaks a wire format.

mod auditing;
pub mod cancel;
mod cast_types;
mod column_names;
mod configure;
mod context;
mod copy;
mod cursor;
mod ddl;
mod dispatch;
mod execution;
mod explain;
mod function;
mod grant;
mod inference;
pub mod info;
mod insert;
mod interval;
mod listen;
mod memory_pool;
pub mod notification;
mod null_of_lists;
pub mod outcome;
mod physical;
mod planner;
mod planning;
mod prepared;
mod procedure;
pub mod query;
pub mod registry;
mod relations;
mod select;
mod set_operation;
pub mod setting;
pub mod settings;
mod show;
mod spool;
pub mod sql_type;
pub mod statement;
mod subquery;
mod timestamp_text;
mod transaction;
mod user;
mod write;
mod zone;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use arrow::datatypes::FieldRef;
use datafusion::prelude::SessionContext;
use datafusion::sql::sqlparser::ast::Statement;
use parking_lot::Mutex;
use strata_storage::ids::TopicId;
use strata_storage::segment::SegmentMeta;

pub use cancel::CancelHandle;
pub use column_names::shown_name;
pub(crate) use column_names::{is_shared, unmarked};
pub use info::SessionInfo;
pub use notification::Notification;
pub use outcome::{CopyFormat, CopyIn, CopyOptions, CopySink, Notice, Outcome, Parameters, Prepared, TransactionStatus};
pub use procedure::{Signature, procedures};
pub use registry::Sessions;
pub use statement::{Command, Parsed};

use self::cursor::Cursor;
use self::relations::Relations;
use self::settings::Settings;
pub(crate) use self::transaction::Transaction;
use crate::Result;
use crate::engine::Engine;
use crate::etl::EtlSchema;

/// What a client says when it connects.
#[derive(Debug, Clone, Default)]
pub struct SessionOptions {
    /// User name.
    pub user: String,
    /// Database name.
    pub database: String,
    /// Address of the client; empty if it has none.
    pub address: String,
    /// Parameters of the start-up packet: `application_name`, `TimeZone` ...
    pub parameters: Vec<(String, String)>,
}

/// One connection.
pub struct Session {
    engine: Arc<Engine>,
    info: Arc<SessionInfo>,
    context: SessionContext,
    spare_state: planning::Spare,
    relations: Arc<Relations>,
    transaction: Arc<Mutex<Transaction>>,
    prepared: Mutex<BTreeMap<String, Prepared>>,
    cursors: Mutex<BTreeMap<String, Cursor>>,
    /// Of which topics a reader outside was told the files; held, so that they stay.
    held: Mutex<BTreeMap<TopicId, Arc<Vec<Arc<SegmentMeta>>>>>,
    notices: Arc<Mutex<Vec<Notice>>>,
}

impl Session {
    /// Opens a session.
    ///
    /// # Errors
    /// A start-up parameter does not fit; an extension fails.
    pub fn new(engine: Arc<Engine>, options: SessionOptions) -> Result<Self> {
        let now_us = engine.clock().now_us();
        let fixed = [
            ("memory_limit", engine.memory().limit().to_string()),
            ("data_directory", engine.config().data_dir.display().to_string()),
            ("session_authorization", options.user.clone()),
        ];
        let info = Arc::new(SessionInfo {
            id: engine.sessions().next_id(),
            user: options.user,
            database: options.database,
            address: options.address,
            started_at_us: now_us,
            settings: Mutex::new(Settings::new(fixed, &options.parameters)?),
            cancel: CancelHandle::default(),
            mailbox: Arc::default(),
            clock: engine.clock().clone(),
            activity: Mutex::new(info::Activity { state: "idle", query: "".into(), since_us: now_us }),
            transaction_start_us: AtomicI64::new(now_us),
            statement_start_us: AtomicI64::new(now_us),
        });
        let (context, relations) = context::build(&engine, &info)?;
        let transaction: Arc<Mutex<Transaction>> = Arc::default();
        let etl = EtlSchema::new(engine.clone(), info.clone(), transaction.clone());
        relations.register("etl", Arc::new(etl))?;
        crate::etl::function::register(&context, &engine, &info, &transaction);
        engine.sessions().add(info.clone());
        Ok(Self {
            engine,
            info,
            context,
            spare_state: planning::Spare::default(),
            relations,
            transaction,
            prepared: Mutex::default(),
            cursors: Mutex::default(),
            held: Mutex::default(),
            notices: Arc::default(),
        })
    }

    /// Who is connected.
    pub fn info(&self) -> &Arc<SessionInfo> {
        &self.info
    }

    /// The engine.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Splits a text into statements and parses all of them. Empty text gives an empty list.
    ///
    /// # Errors
    /// [`crate::EngineError::Syntax`]; a transaction block fails by it.
    pub fn parse(&self, sql: &str) -> Result<Vec<Parsed>> {
        statement::parse(sql).inspect_err(|_| self.transaction.lock().fail())
    }

    /// Finds the types of a statement's parameters and columns. `parameter_types` are those that the client gave; the
    /// others are inferred, and are text where nothing tells.
    ///
    /// # Errors
    /// Undefined names and types that do not fit; a transaction block fails by it.
    pub async fn prepare(&self, parsed: &Parsed, parameter_types: &[Option<FieldRef>]) -> Result<Prepared> {
        let described = Box::pin(self.describe(parsed, parameter_types)).await;
        if let (Some(command), Err(error)) = (parsed.command.as_deref(), &described)
            && error.is_denial()
        {
            // It will not come to be run.
            self.record(command, &parsed.sql).await?;
        }
        described.inspect_err(|_| self.transaction.lock().fail())
    }

    /// Where the session stands between statements.
    pub fn transaction_status(&self) -> TransactionStatus {
        self.transaction.lock().status()
    }

    /// Fails the transaction block, if there is one: for a front end that refuses a message before it becomes a statement.
    pub fn fail_transaction(&self) {
        self.transaction.lock().fail();
    }

    /// Whether a statement appends records and reads nothing, so that several of them can wait for one COMMIT.
    pub fn appends(&self, prepared: &Prepared) -> bool {
        match prepared.statement.as_deref() {
            Some(Command::Sql(statement)) => match statement.as_ref() {
                Statement::Insert(insert) => insert::reads_nothing(insert) && matches!(self.configured_by(insert), Ok(None)),
                _ => false,
            },
            _ => false,
        }
    }

    /// Takes the messages that wait for the client.
    pub fn notices(&self) -> Vec<Notice> {
        std::mem::take(&mut *self.notices.lock())
    }

    /// Takes the parameters that clients are told of and that changed since the last call.
    pub fn changed_parameters(&self) -> Vec<(String, String)> {
        self.info.settings.lock().changed()
    }

    /// All parameters that clients are told of, for the start of a connection.
    pub fn reported_parameters(&self) -> Vec<(String, String)> {
        let settings = self.info.settings.lock();
        settings.reportable().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Ends what the session runs, from another task.
    pub fn cancel_handle(&self) -> CancelHandle {
        self.info.cancel.clone()
    }

    fn notice(&self, message: impl Into<String>, hint: Option<String>) {
        self.tell("NOTICE", message, hint);
    }

    fn warning(&self, message: impl Into<String>) {
        self.tell("WARNING", message, None);
    }

    fn tell(&self, severity: &'static str, message: impl Into<String>, hint: Option<String>) {
        self.notices.lock().push(Notice { severity, message: message.into(), hint });
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("info", &self.info).finish_non_exhaustive()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.engine.sessions().bus().unlisten(None, &self.info.mailbox);
        self.engine.sessions().remove(self.info.id);
    }
}
