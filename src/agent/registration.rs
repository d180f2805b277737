//! The instance's key in the config store: there as long as the sidecar is, and always with its newest status.

use std::sync::Arc;
use std::time::Duration;

use strata_catalog::CatalogError;
use strata_catalog::etl::ConfigStore;
use strata_catalog::etl::config_store::{InstanceStatus, Key, LeaseId, StoreError, Transaction};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// Wait before another try.
const WAIT: Duration = Duration::from_secs(1);
/// How long the store may take to hear that a sidecar goes.
const FAREWELL_WITHIN: Duration = Duration::from_secs(2);

/// Registers, keeps the lease alive and writes each new status, until `stop` is true; then the key goes.
pub async fn keep(
    store: Arc<dyn ConfigStore>,
    key: Key,
    ttl: Duration,
    mut status: watch::Receiver<InstanceStatus>,
    mut stop: watch::Receiver<bool>,
) {
    let mut lease = None;
    loop {
        let kept = async {
            loop {
                if let Err(error) = keep_once(&store, &key, ttl, &mut status, &mut lease).await {
                    tracing::warn!(%error, "cannot report to the config store");
                    if matches!(error, CatalogError::Store(StoreError::NoLease { .. })) {
                        lease = None;
                    }
                    tokio::time::sleep(WAIT).await;
                }
            }
        };
        tokio::select! {
            // An error means that whoever would stop this is gone.
            _ = stop.wait_for(|stop| *stop) => break,
            () = kept => {}
        }
    }
    if let Some((lease, _)) = lease {
        // The key goes with its lease in any case.
        let _ = tokio::time::timeout(FAREWELL_WITHIN, store.revoke(lease)).await;
    }
}

/// Ends with the first error.
async fn keep_once(
    store: &Arc<dyn ConfigStore>,
    key: &Key,
    ttl: Duration,
    status: &mut watch::Receiver<InstanceStatus>,
    lease: &mut Option<(LeaseId, Duration)>,
) -> Result<(), CatalogError> {
    let (id, ttl) = match *lease {
        Some((id, ttl)) => {
            store.keep_alive(id).await?;
            (id, ttl)
        }
        None => {
            let granted = store.grant(ttl).await?;
            *lease = Some((granted.id, granted.ttl));
            tracing::info!(%key, lease = %granted.id, "registered");
            (granted.id, granted.ttl)
        }
    };
    let mut beats = tokio::time::interval(ttl / 3);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let text = status.borrow_and_update().to_text();
        store.commit(&Transaction::new().put_leased(key.clone(), text, id)).await?;
        loop {
            tokio::select! {
                _ = beats.tick() => drop(store.keep_alive(id).await?),
                changed = status.changed() => match changed {
                    Ok(()) => break,
                    // Whoever reports is gone; the lease runs out when this is stopped.
                    Err(_) => std::future::pending().await,
                },
            }
        }
    }
}
