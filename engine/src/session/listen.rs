//! `LISTEN`, `UNLISTEN`, `NOTIFY`.

use datafusion::sql::sqlparser::ast::Statement;

use super::Session;
use super::insert::folded;
use super::notification::Notification;
use super::outcome::Outcome;
use crate::Result;
use crate::error::{EngineError, Refusal};

/// Bytes of a notification's text, as in PostgreSQL.
const PAYLOAD_BYTES_MAX: usize = 8000;
/// Notifications that may wait for one COMMIT.
const PENDING_MAX: usize = 8192;

impl Session {
    pub(super) fn listen_statement(&self, statement: &Statement) -> Result<Outcome> {
        let bus = self.engine.sessions().bus();
        match statement {
            Statement::LISTEN { channel } => {
                bus.listen(&folded(channel), &self.info.mailbox);
                Ok(Outcome::done("LISTEN"))
            }
            Statement::UNLISTEN { channel } => {
                let all = channel.value == "*";
                bus.unlisten((!all).then(|| folded(channel)).as_deref(), &self.info.mailbox);
                Ok(Outcome::done("UNLISTEN"))
            }
            Statement::NOTIFY { channel, payload } => {
                self.notify(folded(channel), payload.clone().unwrap_or_default())?;
                Ok(Outcome::done("NOTIFY"))
            }
            other => Err(EngineError::Internal(format!("no LISTEN or NOTIFY: {other}"))),
        }
    }

    fn notify(&self, channel: String, payload: String) -> Result<()> {
        if payload.len() >= PAYLOAD_BYTES_MAX {
            return Err(EngineError::Refused {
                reason: Refusal::InvalidParameter,
                message: "payload string too long".into(),
                hint: Some(format!("A notification carries less than {PAYLOAD_BYTES_MAX} bytes.")),
            });
        }
        let notification = Notification { sender: self.info.id, channel, payload };
        let mut transaction = self.transaction.lock();
        let Some(block) = transaction.block() else {
            drop(transaction);
            self.engine.sessions().bus().notify(&notification);
            return Ok(());
        };
        // The same text twice in a transaction arrives once, as in PostgreSQL.
        if block.notifications.contains(&notification) {
            return Ok(());
        }
        if block.notifications.len() >= PENDING_MAX {
            return Err(EngineError::Refused {
                reason: Refusal::LimitExceeded,
                message: format!("a transaction sends at most {PENDING_MAX} notifications"),
                hint: None,
            });
        }
        block.notifications.push(notification);
        Ok(())
    }
}
