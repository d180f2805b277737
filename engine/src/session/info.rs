//! Who is connected and what he does: the part of a session that others may look at.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use parking_lot::Mutex;
use strata_storage::clock::Clock;

use super::cancel::CancelHandle;
use super::notification::Mailbox;
use super::settings::Settings;

/// Who is connected. Shared with `sys.sessions` and with the functions that a session registers.
#[derive(Debug)]
pub struct SessionInfo {
    /// Number of the session, the backend process id that clients see.
    pub id: i32,
    /// Name of the user who connected.
    pub user: String,
    /// Database name.
    pub database: String,
    /// Address of the client; empty if it has none.
    pub address: String,
    /// When it began, microseconds.
    pub started_at_us: i64,
    /// Configuration parameters.
    pub settings: Mutex<Settings>,
    /// Ends what it runs.
    pub cancel: CancelHandle,
    /// Notifications that wait for it.
    pub mailbox: Arc<Mailbox>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) activity: Mutex<Activity>,
    pub(crate) transaction_start_us: AtomicI64,
    pub(crate) statement_start_us: AtomicI64,
}

/// What a session does.
#[derive(Debug, Clone)]
pub struct Activity {
    /// `active`, `idle`, `idle in transaction`, `idle in transaction (aborted)`.
    pub state: &'static str,
    /// Text of the running or last statement.
    pub query: Arc<str>,
    /// When the state began, microseconds.
    pub since_us: i64,
}

impl SessionInfo {
    /// What it does now.
    pub fn activity(&self) -> Activity {
        self.activity.lock().clone()
    }

    /// The value of a configuration parameter.
    pub fn setting(&self, name: &str) -> Option<String> {
        self.settings.lock().get(name)
    }

    /// Whose rights count: the user's own, or those he took with SET ROLE.
    pub fn current_user(&self) -> String {
        self.setting("role").filter(|role| role != "none").unwrap_or_else(|| self.user.clone())
    }

    /// What the client calls itself.
    pub fn client(&self) -> String {
        self.setting("application_name").unwrap_or_default()
    }

    /// When the transaction began, microseconds: what `now()` says.
    pub fn transaction_start_us(&self) -> i64 {
        self.transaction_start_us.load(Ordering::Relaxed)
    }

    /// When the statement began, microseconds.
    pub fn statement_start_us(&self) -> i64 {
        self.statement_start_us.load(Ordering::Relaxed)
    }

    /// Schemas in which bare names are looked up, in order, `pg_catalog` included.
    pub fn search_path(&self) -> Vec<String> {
        let path = self.setting("search_path").unwrap_or_default();
        let mut schemas = Vec::new();
        for part in path.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let name = match part.strip_prefix(['"', '\'']).and_then(|part| part.strip_suffix(['"', '\''])) {
                Some(quoted) => quoted.replace("\"\"", "\""),
                None => part.to_lowercase(),
            };
            schemas.push(if name == "$user" { self.current_user() } else { name });
        }
        if !schemas.iter().any(|schema| schema == "pg_catalog") {
            schemas.insert(0, "pg_catalog".to_owned());
        }
        schemas
    }

    pub(crate) fn enter(&self, state: &'static str, query: Option<&Arc<str>>) {
        let mut activity = self.activity.lock();
        activity.state = state;
        activity.since_us = self.clock.now_us();
        if let Some(query) = query {
            activity.query = query.clone();
        }
    }
}
