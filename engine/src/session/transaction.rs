//! A transaction block: what waits for COMMIT and what ROLLBACK takes back.
//!
//! ```text
//!            BEGIN               error
//!   Idle ───────────▶ Open ───────────────▶ Failed
//!    ▲                 │ ▲                    │ │
//!    └── COMMIT,       │ └── ROLLBACK TO ─────┘ │
//!        ROLLBACK ─────┴────────────────────────┘
//! ```
//!
//! Records are staged and appended at COMMIT, all topics at once. Changes of the configuration are staged and become one
//! layer. A block does one or the other: there is no moment at which both could be made durable together. What `CREATE` made is there at once, and is dropped by
//! ROLLBACK. Settings go back to what they were.

mod control;

use std::sync::Arc;

use strata_catalog::Oid;
use strata_catalog::etl::{Fold, Staging};

use super::notification::Notification;
use super::outcome::TransactionStatus;
use super::settings::Assigned;
use super::write::StagedAppend;
use crate::Result;
use crate::error::{EngineError, ObjectClass, Refusal};

/// Savepoints of one transaction, at most.
const SAVEPOINTS_MAX: usize = 1000;

/// Something that `CREATE` made in this block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Created {
    /// A topic: oid, schema, name.
    Topic(Oid, String, String),
    /// A view: schema, name.
    View(String, String),
    /// A schema.
    Schema(String),
    /// An index: schema, name.
    Index(String, String),
    /// Something that the block dropped again. It keeps its place, because savepoints count places.
    Gone,
}

/// The transaction of one session.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    block: Option<Block>,
}

/// An open block.
#[derive(Debug)]
pub(crate) struct Block {
    failed: bool,
    /// Whether writing is refused.
    pub read_only: bool,
    /// Settings at BEGIN.
    settings: Assigned,
    savepoints: Vec<Savepoint>,
    /// Records that wait for COMMIT, in the order of their statements.
    pub staged: Vec<StagedAppend>,
    /// What CREATE made, oldest first.
    pub created: Vec<Created>,
    /// Notifications that wait for COMMIT.
    pub notifications: Vec<Notification>,
    /// What the block made of the configuration.
    pub configuration: Option<Staging>,
}

#[derive(Debug)]
struct Savepoint {
    name: String,
    settings: Assigned,
    staged: usize,
    created: usize,
    notifications: usize,
    configuration: Option<Staging>,
}

impl Transaction {
    /// The letter of `ReadyForQuery`.
    pub fn status(&self) -> TransactionStatus {
        match &self.block {
            None => TransactionStatus::Idle,
            Some(block) if block.failed => TransactionStatus::Failed,
            Some(_) => TransactionStatus::Open,
        }
    }

    /// What `sys.sessions` says between statements.
    pub fn activity(&self) -> &'static str {
        match self.status() {
            TransactionStatus::Idle => "idle",
            TransactionStatus::Open => "idle in transaction",
            TransactionStatus::Failed => "idle in transaction (aborted)",
        }
    }

    /// Whether there is no block.
    pub fn is_idle(&self) -> bool {
        self.block.is_none()
    }

    /// The open block.
    pub fn block(&mut self) -> Option<&mut Block> {
        self.block.as_mut()
    }

    /// What the open block has made of the configuration; `None` if it has not touched it.
    pub fn configured(&self) -> Option<Arc<Fold>> {
        Some(Arc::clone(self.block.as_ref()?.configuration.as_ref()?.fold()))
    }

    /// Opens a block; false if one is open.
    pub fn begin(&mut self, settings: Assigned, read_only: bool) -> bool {
        if self.block.is_some() {
            return false;
        }
        self.block = Some(Block {
            failed: false,
            read_only,
            settings,
            savepoints: Vec::new(),
            staged: Vec::new(),
            created: Vec::new(),
            notifications: Vec::new(),
            configuration: None,
        });
        true
    }

    /// Marks the block as failed; nothing without a block.
    pub fn fail(&mut self) {
        if let Some(block) = &mut self.block {
            block.failed = true;
        }
    }

    /// Ends the block; what is in it is the caller's now.
    pub fn end(&mut self) -> Option<Block> {
        self.block.take()
    }

    /// Sets a savepoint.
    pub fn savepoint(&mut self, name: &str, settings: Assigned) -> Result<()> {
        let block = self.need_block("SAVEPOINT")?;
        if block.savepoints.len() >= SAVEPOINTS_MAX {
            return Err(EngineError::Refused {
                reason: Refusal::LimitExceeded,
                message: format!("a transaction holds at most {SAVEPOINTS_MAX} savepoints"),
                hint: Some("Release the ones that are no longer needed.".into()),
            });
        }
        block.savepoints.push(Savepoint {
            name: name.to_owned(),
            settings,
            staged: block.staged.len(),
            created: block.created.len(),
            notifications: block.notifications.len(),
            configuration: block.configuration.clone(),
        });
        Ok(())
    }

    /// Forgets a savepoint and the later ones.
    pub fn release(&mut self, name: &str) -> Result<()> {
        let block = self.need_block("RELEASE SAVEPOINT")?;
        let at = block.find_savepoint(name)?;
        block.savepoints.truncate(at);
        Ok(())
    }

    /// Takes back everything since a savepoint, which stays. Settings to restore and things to drop are returned.
    pub fn rollback_to(&mut self, name: &str) -> Result<(Assigned, Vec<Created>)> {
        let block = self.need_block("ROLLBACK TO SAVEPOINT")?;
        let at = block.find_savepoint(name)?;
        block.savepoints.truncate(at + 1);
        let savepoint = &block.savepoints[at];
        block.staged.truncate(savepoint.staged);
        block.notifications.truncate(savepoint.notifications);
        block.configuration.clone_from(&savepoint.configuration);
        block.failed = false;
        Ok((savepoint.settings.clone(), block.created.split_off(savepoint.created)))
    }

    fn need_block(&mut self, verb: &str) -> Result<&mut Block> {
        self.block.as_mut().ok_or_else(|| EngineError::Refused {
            reason: Refusal::NoTransaction,
            message: format!("{verb} can only be used in transaction blocks"),
            hint: None,
        })
    }
}

impl Block {
    /// Whether an error ended it.
    pub fn is_failed(&self) -> bool {
        self.failed
    }

    /// Settings at BEGIN.
    pub fn settings_at_begin(&self) -> Assigned {
        self.settings.clone()
    }

    fn find_savepoint(&self, name: &str) -> Result<usize> {
        let at = self.savepoints.iter().rposition(|savepoint| savepoint.name == name);
        at.ok_or_else(|| EngineError::Undefined { what: ObjectClass::Savepoint, name: name.to_owned(), hint: None })
    }
}
