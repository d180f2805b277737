//! `BEGIN`, `COMMIT`, `ROLLBACK`, `SAVEPOINT`, `RELEASE`, `ROLLBACK TO`.

use datafusion::sql::sqlparser::ast::{Statement, TransactionAccessMode, TransactionMode};

use super::Block;
use crate::Result;
use crate::session::Session;
use crate::session::insert::folded;
use crate::session::outcome::Outcome;

impl Session {
    pub(in crate::session) async fn control_transaction(&self, statement: &Statement) -> Result<Outcome> {
        match statement {
            Statement::StartTransaction { modes, begin, .. } => {
                let tag = if *begin { "BEGIN" } else { "START TRANSACTION" };
                self.begin(modes)?;
                Ok(Outcome::done(tag))
            }
            Statement::Commit { chain, .. } => {
                let tag = self.commit().await?;
                self.chain(*chain)?;
                Ok(Outcome::done(tag))
            }
            Statement::Rollback { savepoint: Some(name), .. } => {
                let (settings, created) = self.transaction.lock().rollback_to(&folded(name))?;
                self.info.settings.lock().restore(settings);
                self.undo(created).await?;
                Ok(Outcome::done("ROLLBACK"))
            }
            Statement::Rollback { chain, .. } => {
                let block = self.transaction.lock().end();
                match block {
                    Some(block) => self.roll_back(block).await?,
                    None => self.warning("there is no transaction in progress"),
                }
                self.chain(*chain)?;
                Ok(Outcome::done("ROLLBACK"))
            }
            Statement::Savepoint { name } => {
                let settings = self.info.settings.lock().checkpoint();
                self.transaction.lock().savepoint(&folded(name), settings)?;
                Ok(Outcome::done("SAVEPOINT"))
            }
            Statement::ReleaseSavepoint { name } => {
                self.transaction.lock().release(&folded(name))?;
                Ok(Outcome::done("RELEASE"))
            }
            other => Err(crate::EngineError::Internal(format!("no transaction statement: {other}"))),
        }
    }

    /// Ends a block for good when a client goes away in the middle: as ROLLBACK.
    ///
    /// # Errors
    /// What the block created could not be dropped.
    pub async fn close(&self) -> Result<()> {
        let block = self.transaction.lock().end();
        self.cursors.lock().clear();
        match block {
            Some(block) => self.roll_back(block).await,
            None => Ok(()),
        }
    }

    fn begin(&self, modes: &[TransactionMode]) -> Result<()> {
        let read_only = modes.iter().rev().find_map(|mode| match mode {
            TransactionMode::AccessMode(mode) => Some(matches!(mode, TransactionAccessMode::ReadOnly)),
            TransactionMode::IsolationLevel(_) => None,
        });
        let settings = self.info.settings.lock().checkpoint();
        let by_default = self.info.settings.lock().number("default_transaction_read_only") != 0;
        if !self.transaction.lock().begin(settings, read_only.unwrap_or(by_default)) {
            self.warning("there is already a transaction in progress");
        }
        Ok(())
    }

    fn chain(&self, chain: bool) -> Result<()> {
        if chain { self.begin(&[]) } else { Ok(()) }
    }

    async fn commit(&self) -> Result<&'static str> {
        let block = self.transaction.lock().end();
        let Some(mut block) = block else {
            self.warning("there is no transaction in progress");
            return Ok("COMMIT");
        };
        if block.is_failed() {
            self.roll_back(block).await?;
            return Ok("ROLLBACK");
        }
        let staged = std::mem::take(&mut block.staged);
        let done = match block.configuration.take() {
            Some(staging) => self.commit_configuration(&staging).await,
            None => self.writer().append(staged).await,
        };
        if let Err(error) = done {
            self.roll_back(block).await?;
            return Err(error);
        }
        self.end_block();
        let bus = self.engine.sessions().bus();
        block.notifications.iter().for_each(|notification| bus.notify(notification));
        self.info.settings.lock().end_transaction();
        Ok("COMMIT")
    }

    async fn roll_back(&self, block: Block) -> Result<()> {
        self.end_block();
        {
            // The lock must not be held while DDL is taken back: front ends move sessions between threads.
            let mut settings = self.info.settings.lock();
            settings.restore(block.settings_at_begin());
            settings.end_transaction();
        }
        self.undo(block.created).await
    }

    /// Cursors without HOLD end with their block.
    fn end_block(&self) {
        self.cursors.lock().retain(|_, cursor| cursor.is_held());
    }
}
