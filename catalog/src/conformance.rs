//! What every [`Catalog`] must do, as functions that any implementation's tests can call with [`check`].
//!
//! After every step the store is opened again, so that nothing lives in memory alone.

mod configuration;
mod names;
mod publishing;
mod records;
pub mod samples;
mod users;

use std::sync::Arc;

use crate::Catalog;

/// Opens one store; called again, it opens the same store again.
pub type Opener = Box<dyn Fn() -> Arc<dyn Catalog>>;

/// Runs the whole suite. `fresh` makes a new, empty store at each call. Panics at the first difference.
pub async fn check(fresh: &dyn Fn() -> Opener) {
    names::check(fresh).await;
    records::check(fresh).await;
    publishing::check(fresh).await;
    configuration::check(fresh).await;
    users::check(fresh).await;
}
