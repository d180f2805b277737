//! What each instance made of the layer that is rolled out, kept as it comes.

use std::collections::BTreeMap;

use strata_catalog::etl::LayerId;
use strata_catalog::etl::record::{Attempt, AttemptOutcome, NewAttempt};

use crate::Result;
use crate::engine::Engine;

/// The attempts of one rollout.
#[derive(Debug)]
pub struct Attempts {
    layer: LayerId,
    /// By role and instance: id, and how it is so far.
    known: BTreeMap<(String, String), (i64, AttemptOutcome)>,
}

impl Attempts {
    /// Those that a rollout which began at `since_us` has made: none, or what a server left that was killed. One that runs is
    /// ours whatever the clock says, since a rollout that has come to its end leaves none.
    ///
    /// # Errors
    /// The catalog's.
    pub async fn resume(engine: &Engine, layer: LayerId, since_us: i64) -> Result<Self> {
        let attempts = engine.catalog().attempts(Some(layer)).await?;
        let ours = |found: &Attempt| found.outcome == AttemptOutcome::Running || found.attempt.started_at_us >= since_us;
        let ours = attempts.into_iter().filter(ours);
        let known = ours.map(|found| ((found.attempt.role, found.attempt.instance), (found.id, found.outcome))).collect();
        Ok(Self { layer, known })
    }

    /// Begins those of instances that have none.
    ///
    /// # Errors
    /// The catalog's.
    pub async fn begin(&mut self, engine: &Engine, role: &str, instances: &[String], hash: &str) -> Result<()> {
        let new = |instance: &&String| !self.known.contains_key(&(role.to_owned(), (*instance).clone()));
        let new: Vec<NewAttempt> = instances
            .iter()
            .filter(new)
            .map(|instance| NewAttempt {
                layer: self.layer,
                role: role.to_owned(),
                instance: instance.clone(),
                hash: hash.to_owned(),
                started_at_us: engine.clock().now_us(),
            })
            .collect();
        let ids = engine.catalog().begin_attempts(&new).await?;
        for (attempt, id) in new.into_iter().zip(ids) {
            self.known.insert((attempt.role, attempt.instance), (id, AttemptOutcome::Running));
        }
        Ok(())
    }

    /// Instances of a role that have an attempt.
    pub fn of_role(&self, role: &str) -> Vec<String> {
        self.known.keys().filter(|(known, _)| known == role).map(|(_, instance)| instance.clone()).collect()
    }

    /// Says how some ended, with what each said. One that failed stays failed, whatever becomes of it later.
    ///
    /// # Errors
    /// The catalog's.
    pub async fn end(
        &mut self,
        engine: &Engine,
        role: &str,
        ended: impl IntoIterator<Item = (String, AttemptOutcome, String)>,
    ) -> Result<()> {
        let mut records = Vec::new();
        for (instance, outcome, detail) in ended {
            let Some((id, known)) = self.known.get_mut(&(role.to_owned(), instance)) else { continue };
            if !matches!(known, AttemptOutcome::Failed | AttemptOutcome::Silent) {
                *known = outcome;
                records.push((*id, outcome, detail));
            }
        }
        Ok(engine.catalog().end_attempts(&records, engine.clock().now_us()).await?)
    }
}
