//! DataFusion's state, lent to one statement after the other.
//!
//! A copy of the state costs hundreds of small allocations, one and more for each function that a session knows: more
//! than planning a short query. Functions and rules are registered when the session opens and do not change after, so
//! the copy of the last statement serves the next one.

use std::ops::Deref;
use std::sync::Arc;

use datafusion::execution::SessionState;
use datafusion::prelude::SessionContext;
use parking_lot::Mutex;

/// The copy that no statement has; none at first, and while a statement plans.
#[derive(Debug, Default, Clone)]
pub(super) struct Spare(Arc<Mutex<Option<SessionState>>>);

impl Spare {
    /// A state whose statement begins now, in time zone `zone`.
    pub fn lend(&self, context: &SessionContext, zone: String) -> StatementState {
        let spare = self.0.lock().take();
        let mut state = spare.unwrap_or_else(|| context.state());
        let zone = (zone != "UTC").then_some(zone);
        if state.config().options().execution.time_zone != zone {
            state.config_mut().options_mut().execution.time_zone = zone;
        }
        state.mark_start_execution();
        StatementState { state: Some(state), spare: self.clone() }
    }
}

/// The state of one statement.
#[derive(Debug)]
pub(super) struct StatementState {
    /// None only while it is dropped.
    state: Option<SessionState>,
    spare: Spare,
}

impl Deref for StatementState {
    type Target = SessionState;

    #[allow(clippy::expect_used, reason = "taken out only by drop")]
    fn deref(&self) -> &SessionState {
        self.state.as_ref().expect("a statement has its state until it ends")
    }
}

impl Drop for StatementState {
    fn drop(&mut self) {
        *self.spare.0.lock() = self.state.take();
    }
}
