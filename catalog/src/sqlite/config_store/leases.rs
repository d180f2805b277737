//! Leases of the embedded config store: ids and times in the catalog, when they run out in memory.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::Transaction;

use crate::etl::config_store::LeaseId;
use crate::sqlite::counters::{self, Counter};
use crate::{CatalogError, Result};

/// Leases at a time. A sidecar has one.
const LEASES_MAX: usize = 100_000;

/// The leases that run. A clock that goes back lets them live longer, one that jumps forward ends them; sidecars then take
/// new ones.
#[derive(Debug)]
pub(super) struct Leases(Mutex<BTreeMap<LeaseId, Running>>);

#[derive(Debug, Clone, Copy)]
struct Running {
    ttl: Duration,
    until_us: i64,
    /// Somebody is about to delete it: it cannot be kept alive any more.
    ending: bool,
}

impl Running {
    fn has_ended(&self, now_us: i64) -> bool {
        self.ending || self.until_us <= now_us
    }
}

fn until(now_us: i64, ttl: Duration) -> i64 {
    now_us.saturating_add(i64::try_from(ttl.as_micros()).unwrap_or(i64::MAX))
}

impl Leases {
    /// Those of the file, each with its whole time.
    pub fn load(transaction: &Transaction<'_>, now_us: i64) -> Result<Self> {
        let mut statement = transaction.prepare("SELECT id, ttl_us FROM store_leases")?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
        let mut leases = BTreeMap::new();
        for row in rows {
            let (id, ttl_us) = row?;
            let ttl = u64::try_from(ttl_us).map(Duration::from_micros);
            let ttl = ttl.map_err(|_| CatalogError::Corrupt { reason: format!("lease {id} has the time {ttl_us}") })?;
            leases.insert(LeaseId(id), Running { ttl, until_us: until(now_us, ttl), ending: false });
        }
        Ok(Self(Mutex::new(leases)))
    }

    /// Lets one run.
    pub fn start(&self, lease: LeaseId, ttl: Duration, now_us: i64) {
        self.0.lock().insert(lease, Running { ttl, until_us: until(now_us, ttl), ending: false });
    }

    /// Whether keys can be bound to it.
    pub fn runs(&self, lease: LeaseId) -> bool {
        self.0.lock().get(&lease).is_some_and(|running| !running.ending)
    }

    /// Starts its time anew; `None` if it has run out.
    pub fn keep_alive(&self, lease: LeaseId, now_us: i64) -> Option<Duration> {
        let mut leases = self.0.lock();
        let running = leases.get_mut(&lease).filter(|running| !running.has_ended(now_us))?;
        running.until_us = until(now_us, running.ttl);
        Some(running.ttl)
    }

    /// Whether [`Leases::claim_ended`] would find one.
    pub fn any_ended(&self, now_us: i64) -> bool {
        self.0.lock().values().any(|running| running.has_ended(now_us))
    }

    /// Those that have run out. They cannot be kept alive any more.
    pub fn claim_ended(&self, now_us: i64) -> Vec<LeaseId> {
        let mut leases = self.0.lock();
        let ended = leases.iter_mut().filter(|(_, running)| running.has_ended(now_us));
        ended
            .map(|(lease, running)| {
                running.ending = true;
                *lease
            })
            .collect()
    }

    /// Ends one before its time; whether it ran.
    pub fn end_now(&self, lease: LeaseId) -> bool {
        match self.0.lock().get_mut(&lease) {
            Some(running) => !std::mem::replace(&mut running.ending, true),
            None => false,
        }
    }

    /// Forgets those whose rows are deleted.
    pub fn forget(&self, leases: &[LeaseId]) {
        let mut running = self.0.lock();
        running.retain(|lease, _| !leases.contains(lease));
    }
}

/// Stores a new one.
pub(super) fn create(transaction: &Transaction<'_>, leases: &Leases, ttl: Duration) -> Result<LeaseId> {
    if leases.0.lock().len() >= LEASES_MAX {
        return Err(CatalogError::Exhausted { what: "leases" });
    }
    let id = counters::next(transaction, Counter::StoreLease)?;
    let ttl_us = i64::try_from(ttl.as_micros()).unwrap_or(i64::MAX);
    transaction.execute("INSERT INTO store_leases (id, ttl_us) VALUES (?1, ?2)", (id, ttl_us))?;
    Ok(LeaseId(id))
}

/// Deletes the rows of some whose keys are gone.
pub(super) fn delete(transaction: &Transaction<'_>, leases: &[LeaseId]) -> Result<()> {
    let mut statement = transaction.prepare_cached("DELETE FROM store_leases WHERE id = ?1")?;
    leases.iter().try_for_each(|lease| statement.execute([lease.0]).map(drop))?;
    Ok(())
}
