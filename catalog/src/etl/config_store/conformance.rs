//! What every [`ConfigStore`] must do, for the tests of any implementation. Runs on a store that others use too: each case
//! has roles of its own.
//!
//! It is built with the crate and not behind a feature, because with one everything above would be built twice.

mod history;
mod leases;
mod transactions;

use std::sync::Arc;
use std::time::Duration;

use crate::etl::config_store::{Changes, ConfigStore, Key, StoreError, StoreRevision, Watch};
use crate::{CatalogError, Result};

/// What a watch may need on a busy machine. It is never waited for in vain.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the whole suite. Panics at the first difference. Takes some seconds, because leases must run out.
pub async fn check(store: Arc<dyn ConfigStore>) {
    transactions::check(&store).await;
    history::check(&store).await;
    leases::check(&store).await;
}

fn file(role: &str, path: &str) -> Key {
    Key::file(role, path).expect("a key")
}

async fn next(watch: &mut Watch) -> Changes {
    tokio::time::timeout(PATIENCE, watch.next()).await.expect("the watch is told").expect("a running watch")
}

#[track_caller]
fn store_error<T: std::fmt::Debug>(result: Result<T>) -> StoreError {
    match result {
        Err(CatalogError::Store(error)) => error,
        other => panic!("{other:?}"),
    }
}

async fn revision(store: &Arc<dyn ConfigStore>, role: &str) -> StoreRevision {
    let scope = crate::etl::config_store::Scope::Role(role.to_owned());
    store.list(&scope).await.expect("list").revision
}
