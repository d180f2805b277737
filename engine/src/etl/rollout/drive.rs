//! The course of one rollout, from whichever step the record is at.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use strata_catalog::etl::component::RenderedFile;
use strata_catalog::etl::config_store::{Manifest, StoreError, StoreRevision};
use strata_catalog::etl::record::{AttemptOutcome, EtlTask};
use strata_catalog::etl::{Fold, LayerId, LayerState};
use strata_catalog::{CatalogError, ErrorKind, TaskState};

use super::attempts::Attempts;
use super::offer::{self, Offer};
use super::plan::{self, Files};
use super::record::{Record, RolePlan, Step};
use super::timing::Timing;
use super::watch::{self, Awaited, Verdict};
use super::{KIND, TASKS_MAX, tell, touched_by};
use crate::Result;
use crate::engine::Engine;
use crate::error::EngineError;

/// Wait before the config store is asked again when it is not there.
const STORE_BACK_OFF: Duration = Duration::from_secs(2);
/// Names of instances in the error of a rollout; all are in `etl.attempts`.
const NAMED_MAX: usize = 3;

/// Why a rollout does not go on.
enum Stop {
    /// Everything is to be put back.
    Failed(String),
    /// The server stops; it goes on after the next start.
    Closing,
    /// The catalog or the config store.
    Error(EngineError),
}

impl<E: Into<EngineError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

/// Rolls a layer out, or resumes where a server that is gone was.
///
/// # Errors
/// The catalog's. The rollout stays open.
pub async fn layer(engine: &Arc<Engine>, id: LayerId) -> Result<()> {
    let Some(task) = open_task(engine, id).await? else {
        return Err(EngineError::Internal(format!("layer {id} has no task")));
    };
    let record = Record::from_json(&task.steps)
        .map_err(|error| EngineError::Internal(format!("the steps of task {} cannot be read: {error}", task.id)))?;
    let attempts = Attempts::resume(engine, id, task.created_at_us).await?;
    let mut drive = Drive { engine, id, task, record, attempts };
    match drive.run().await {
        Ok(()) | Err(Stop::Closing) => Ok(()),
        Err(Stop::Error(error)) => {
            drive.task.error = Some(error.to_string());
            drive.save().await?;
            Err(error)
        }
        Err(Stop::Failed(reason)) => Err(EngineError::Internal(format!("a restore failed: {reason}"))),
    }
}

pub(super) async fn open_task(engine: &Engine, id: LayerId) -> Result<Option<EtlTask>> {
    let tasks = engine.catalog().etl_tasks(TASKS_MAX).await?;
    let open = |task: &EtlTask| {
        task.kind == KIND && task.layer == Some(id) && matches!(task.state, TaskState::Queued | TaskState::Running)
    };
    Ok(tasks.into_iter().find(open))
}

struct Drive<'a> {
    engine: &'a Arc<Engine>,
    id: LayerId,
    task: EtlTask,
    record: Record,
    attempts: Attempts,
}

impl Drive<'_> {
    async fn run(&mut self) -> Result<(), Stop> {
        let configuration = self.engine.configuration();
        if configuration.stack().layer(self.id).map_err(CatalogError::from)?.state == LayerState::Queued {
            self.task.state = TaskState::Running;
            self.task.started_at_us = Some(self.engine.clock().now_us());
            self.save().await?;
            tell::layer(self.engine, &*configuration.set_state(self.id, LayerState::Applying).await?);
        }
        let reason = match self.record.restoring() {
            Some(reason) => reason.to_owned(),
            None => match self.forward().await {
                Ok(()) => return Ok(self.end(LayerState::Active, None).await?),
                Err(Stop::Failed(reason)) => {
                    self.step(Step::Restore { reason: reason.clone() }).await?;
                    reason
                }
                Err(stop) => return Err(stop),
            },
        };
        let left = self.restore().await?;
        let reason = [reason].into_iter().chain(left).collect::<Vec<_>>().join("; ");
        Ok(self.end(LayerState::Failed, Some(reason)).await?)
    }

    /// Validate, plan, write and watch.
    async fn forward(&mut self) -> Result<(), Stop> {
        let stack = self.engine.configuration().stack();
        let before = stack.fold_rendered(None).map_err(CatalogError::from)?;
        let after = stack.fold_rendered(Some(self.id)).map_err(CatalogError::from)?;
        if self.record.plan().is_none() {
            self.step(Step::Validate).await?;
            plan::validate(self.engine, self.id, &before, &after).map_err(Stop::Failed)?;
            let touched = touched_by(self.engine, self.id)?;
            let roles = loop {
                match plan::make(self.engine, &after, &touched).await {
                    Ok(made) => break made.map_err(Stop::Failed)?,
                    Err(error) => self.wait_for_store(error).await?,
                }
            };
            self.step(Step::Plan { roles }).await?;
        }
        let plans = self.record.plan().unwrap_or_default().to_vec();
        let reached = self.record.reached().map(|(role, wave)| (role.to_owned(), wave));
        let at = reached.and_then(|(role, wave)| Some((plans.iter().position(|plan| plan.role == role)?, wave)));
        let (first, wave) = at.unwrap_or((0, 1));
        for (number, plan) in plans.iter().enumerate().skip(first) {
            self.role(plan, &after, if number == first { wave } else { 1 }).await?;
            #[allow(clippy::cast_precision_loss, reason = "roles are few")]
            let done = (number + 1) as f64 / plans.len() as f64;
            self.task.progress = done;
        }
        Ok(())
    }

    /// One role, wave by wave from `first` on.
    async fn role(&mut self, plan: &RolePlan, after: &Fold, first: usize) -> Result<(), Stop> {
        let files = match plan::files(self.engine, after, &plan.role) {
            Files::Rendered(files) if Manifest::of(self.id, &files).hash == plan.hash => files,
            Files::Rendered(_) | Files::AsTheyAre => {
                return Err(Stop::Failed(format!("the files of role \"{}\" are not those of the plan any more", plan.role)));
            }
            Files::Refused(reason) => return Err(Stop::Failed(reason)),
        };
        let timing = self.timing(after, &plan.role);
        let size = timing.max_in_flight.unwrap_or(plan.instances.len()).max(1);
        let waves = plan.instances.len().div_ceil(size).max(1);
        for wave in first..=waves {
            self.refuse_when_stopped()?;
            let awaited = &plan.instances[..plan.instances.len().min(wave * size)];
            let takers = (wave < waves).then(|| awaited.iter().cloned().collect::<BTreeSet<String>>());
            self.step(Step::Write { role: plan.role.clone(), wave }).await?;
            self.attempts.begin(self.engine, &plan.role, awaited, &plan.hash).await?;
            let expected = [plan.before.as_ref().map(|before| before.hash.as_str()), Some(plan.hash.as_str())];
            let offered = self.offer(&plan.role, self.id, Some(&files), takers, Some(&expected)).await?;
            self.step(Step::Watch { role: plan.role.clone(), wave }).await?;
            let (role, hash) = (plan.role.as_str(), plan.hash.as_str());
            let awaited = Awaited { role, instances: awaited, hash, offered, timing, restoring: false };
            self.arrive(awaited).await?;
        }
        Ok(())
    }

    /// Waits for instances, and keeps what they say.
    async fn arrive(&mut self, awaited: Awaited<'_>) -> Result<(), Stop> {
        match watch::until(self.engine, awaited, || self.is_stopped()).await {
            Verdict::Arrived => {
                let applied = awaited.instances.iter().map(|id| (id.clone(), AttemptOutcome::Applied, String::new()));
                Ok(self.attempts.end(self.engine, awaited.role, applied).await?)
            }
            Verdict::Failed(said) => {
                let bad = said.iter().filter(|(_, outcome, _)| *outcome != AttemptOutcome::Applied);
                let words: Vec<String> = bad.clone().take(NAMED_MAX).map(|(id, _, words)| format!("{id}: {words}")).collect();
                let more = bad.count().saturating_sub(NAMED_MAX);
                let more = if more > 0 { format!("; and {more} more") } else { String::new() };
                let reason = format!("role \"{}\", instance {}{more}", awaited.role, words.join("; "));
                self.attempts.end(self.engine, awaited.role, said).await?;
                Err(Stop::Failed(reason))
            }
            Verdict::Stopped => self.refuse_when_stopped(),
        }
    }

    fn refuse_when_stopped(&self) -> Result<(), Stop> {
        if self.engine.is_closing() {
            return Err(Stop::Closing);
        }
        match self.engine.rollouts().is_cancelled(self.task.id) {
            true => Err(Stop::Failed("it was cancelled".to_owned())),
            false => Ok(()),
        }
    }

    /// Puts back what the active layers say, for every role that something may have been written of, and waits until the
    /// instances have it. What they make of it changes nothing any more. Returns what could not be put back.
    async fn restore(&mut self) -> Result<Vec<String>, Stop> {
        let stack = self.engine.configuration().stack();
        let before = stack.fold_rendered(None).map_err(CatalogError::from)?;
        let plans: Vec<RolePlan> = self.record.written().cloned().collect();
        let (mut restored, mut left) = (Vec::new(), Vec::new());
        for plan in plans.into_iter().rev() {
            let (layer, files) = match self.previous(&plan, &before) {
                Ok(previous) => previous,
                Err(reason) => {
                    let words = format!("what was there before cannot be put back: {reason}");
                    let stuck = |id: String| (id, AttemptOutcome::Failed, words.clone());
                    let instances = self.attempts.of_role(&plan.role);
                    self.attempts.end(self.engine, &plan.role, instances.into_iter().map(stuck)).await?;
                    left.push(format!("role \"{}\": {words}", plan.role));
                    continue;
                }
            };
            let hash = files.as_ref().map(|files| Manifest::of(layer, files).hash);
            let offered = self.offer(&plan.role, layer, files.as_deref(), None, None).await?;
            restored.push((plan, hash, offered));
        }
        for (plan, hash, offered) in restored {
            let instances = self.attempts.of_role(&plan.role);
            let Some(hash) = hash else {
                let gone = |id: String| (id, AttemptOutcome::Restored, "the role had no files before".to_owned());
                self.attempts.end(self.engine, &plan.role, instances.into_iter().map(gone)).await?;
                continue;
            };
            let timing = Timing { settle: Duration::ZERO, ..self.timing(&before, &plan.role) };
            let awaited = Awaited { role: &plan.role, instances: &instances, hash: &hash, offered, timing, restoring: true };
            let engine = self.engine;
            let said = match watch::until(engine, awaited, || engine.is_closing()).await {
                Verdict::Arrived => {
                    let back = |id: String| (id, AttemptOutcome::Restored, "the files before are back".to_owned());
                    instances.into_iter().map(back).collect()
                }
                Verdict::Failed(said) => said
                    .into_iter()
                    .map(|(id, outcome, words)| match outcome {
                        AttemptOutcome::Applied => (id, AttemptOutcome::Restored, "the files before are back".to_owned()),
                        _ => (id, AttemptOutcome::Failed, format!("it did not take the files before back: {words}")),
                    })
                    .collect::<Vec<_>>(),
                Verdict::Stopped => return Err(Stop::Closing),
            };
            self.attempts.end(self.engine, &plan.role, said).await?;
        }
        Ok(left)
    }

    /// What a role had before: the layer and its files, or no files at all. A role that the active layers leave as it is, because
    /// it is disabled, gets what it had when it was enabled last.
    ///
    /// # Errors
    /// Why that cannot be made any more.
    fn previous(&self, plan: &RolePlan, before: &Fold) -> Result<(LayerId, Option<Vec<RenderedFile>>), String> {
        let Some(held) = &plan.before else { return Ok((LayerId::NONE, None)) };
        let layer = LayerId(held.layer);
        let reason = match plan::files(self.engine, before, &plan.role) {
            Files::Rendered(files) => return Ok((layer, Some(files))),
            Files::AsTheyAre => "without the layer there is no such role, or it is disabled".to_owned(),
            Files::Refused(reason) => reason,
        };
        let then = self.engine.configuration().stack().fold_at(layer).map_err(|error| error.to_string())?;
        match plan::files(self.engine, &then, &plan.role) {
            Files::Rendered(files) if Manifest::of(layer, &files).hash == held.hash => Ok((layer, Some(files))),
            _ => Err(reason),
        }
    }

    async fn offer(
        &mut self,
        role: &str,
        layer: LayerId,
        files: Option<&[RenderedFile]>,
        instances: Option<BTreeSet<String>>,
        expected: Option<&[Option<&str>]>,
    ) -> Result<StoreRevision, Stop> {
        let offer = Offer { role, layer, files, instances };
        loop {
            match offer::write(self.engine, &offer, expected).await {
                Ok(written) => return Ok(written),
                // What the store will never take fails the layer; a restore says it louder.
                Err(EngineError::Catalog(CatalogError::Store(error))) if expected.is_some() && !is_silent(&error) => {
                    return Err(Stop::Failed(error.to_string()));
                }
                Err(error) => self.wait_for_store(error).await?,
            }
        }
    }

    /// Waits before the config store is asked again, if it is only not there. Rollouts wait meanwhile, and say so.
    async fn wait_for_store(&self, error: EngineError) -> Result<(), Stop> {
        if !is_away(&error) {
            return Err(Stop::Error(error));
        }
        tracing::warn!(%error, layer = %self.id, "a rollout waits for the config store");
        let waiting = EtlTask { error: Some(error.to_string()), ..self.task.clone() };
        self.engine.catalog().update_etl_task(&waiting).await.map_err(EngineError::from)?;
        tokio::time::sleep(STORE_BACK_OFF).await;
        if self.engine.is_closing() { Err(Stop::Closing) } else { Ok(()) }
    }

    fn timing(&self, fold: &Fold, role: &str) -> Timing {
        let settings = fold.for_component(role).map(|(role, _)| role.settings).unwrap_or_default();
        Timing::or_default(&settings)
    }

    fn is_stopped(&self) -> bool {
        self.engine.is_closing() || self.engine.rollouts().is_cancelled(self.task.id)
    }

    /// Adds a step before it is done, and keeps it.
    async fn step(&mut self, step: Step) -> Result<()> {
        self.record.push(step);
        self.save().await
    }

    async fn save(&mut self) -> Result<()> {
        self.task.steps = self.record.to_json();
        self.engine.catalog().update_etl_task(&self.task).await?;
        tell::task(self.engine, &self.task);
        Ok(())
    }

    /// The layer before its task: a task that is left open is ended after the next start, a layer that is left open would be
    /// rolled out again. The reason before both, for those who wait for the layer.
    async fn end(&mut self, state: LayerState, error: Option<String>) -> Result<()> {
        self.task.error = error;
        self.task.progress = 1.0;
        self.save().await?;
        tell::layer(self.engine, &*self.engine.configuration().set_state(self.id, state).await?);
        self.task.state = if state == LayerState::Failed { TaskState::Failed } else { TaskState::Done };
        self.task.finished_at_us = Some(self.engine.clock().now_us());
        self.engine.rollouts().cancelled.lock().remove(&self.task.id);
        self.save().await
    }
}

/// Whether the config store is only not there: asking again may help.
fn is_away(error: &EngineError) -> bool {
    matches!(error, EngineError::Catalog(CatalogError::Store(error)) if is_silent(error))
}

fn is_silent(error: &StoreError) -> bool {
    matches!(error, StoreError::Unreachable { .. }) || error.kind() == ErrorKind::Unknown
}
