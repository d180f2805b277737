//! Looking after an instance between two offers: whether it is well, whether what it tries has proven itself, and starting a
//! process again that ended.

use std::time::Duration;

use strata_catalog::etl::config_store::Outcome;
use strata_catalog::etl::record::Health as Condition;
use tokio::time::Instant;

use super::super::daemon::Daemon;
use super::super::probe::{self, LogWatch};
use super::{Failure, Instance};

/// The first wait before a process that ended is started again; each further one is twice as long.
const WAIT_MIN: Duration = Duration::from_secs(1);
/// The longest wait before a process that ended is started again.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// When a process that ended is started again.
#[derive(Debug)]
pub(super) struct Restarts {
    wait: Duration,
    due: Option<Instant>,
}

impl Default for Restarts {
    fn default() -> Self {
        Self { wait: WAIT_MIN, due: None }
    }
}

impl Restarts {
    /// It was started with other files.
    pub(super) fn begin_anew(&mut self) {
        *self = Self::default();
    }
}

impl Instance {
    /// Looks whether it works; called again and again.
    pub async fn look(&mut self) {
        if let Some(paths) = self.owed.take()
            && let Err(error) = self.repair(paths.clone()).await
        {
            self.owed = Some(paths);
            return self.is_ill(format!("the last good files could not be put back: {error}"));
        }
        if self.untold {
            let wanted = self.applied.as_ref().map(|applied| applied.wanted().clone()).unwrap_or_default();
            if let Err(error) = self.load(&wanted).await {
                return self.is_ill(error);
            }
        }
        if self.daemon.is_some() && self.good.is_none() && self.trying.is_none() {
            // There are no files to run it with.
            return;
        }
        if let Some(words) = self.gone().await {
            return self.ended(words).await;
        }
        let looked = self.probe().await;
        match (looked, self.trying.is_some().then(|| self.alarm()).flatten()) {
            (Ok(()), None) => self.is_well(),
            (Err(problem), None) => self.is_unwell(problem).await,
            (_, Some(alarm)) => self.gives_up(alarm).await,
        }
    }

    fn is_well(&mut self) {
        self.failures = 0;
        self.restarts.begin_anew();
        self.say(|status| {
            if status.health != Condition::Healthy && status.outcome != Outcome::Failed {
                status.error = None;
            }
            status.health = Condition::Healthy;
        });
        self.end_probation();
    }

    async fn is_unwell(&mut self, problem: String) {
        self.failures += 1;
        if self.failures >= self.settings.health.failures {
            let error = self.with_complaint(problem);
            return self.gives_up(error).await;
        }
        if self.trying.is_some() {
            // Not yet ill, but whoever waits for it to stay well begins anew.
            self.say(|status| status.health = Condition::Progressing);
        }
    }

    /// It does not work: what it tries is taken back.
    async fn gives_up(&mut self, error: String) {
        match self.trying.take() {
            Some((set, _)) => self.take_back(&set.hash, Failure { touched: true, error }).await,
            None => self.is_ill(error),
        }
    }

    fn end_probation(&mut self) {
        let Some((set, _)) = self.trying.take_if(|(_, until)| Instant::now() >= *until) else { return };
        if let Err(error) = self.state.keep(&set) {
            // The set before it is what a sidecar that begins anew would find.
            tracing::error!(error, "cannot note that the files are good");
            self.say(|status| status.error = Some(error));
        }
        self.good = Some(set);
    }

    /// The process ended by itself, or could not be started.
    async fn ended(&mut self, words: String) {
        if self.trying.is_some() {
            return self.gives_up(words).await;
        }
        let now = Instant::now();
        match self.restarts.due {
            None => {
                tracing::warn!(words, again_in = ?self.restarts.wait, "the process ended");
                self.restarts.due = Some(now + self.restarts.wait);
                self.restarts.wait = (self.restarts.wait * 2).min(WAIT_MAX);
                self.is_ill(words);
            }
            Some(at) if now >= at => {
                self.restarts.due = None;
                if let Some(Err(error)) = self.daemon.as_mut().map(Daemon::start) {
                    self.is_ill(error);
                }
            }
            Some(_) => {}
        }
    }

    /// Why the process does not run although it should.
    pub(super) async fn gone(&mut self) -> Option<String> {
        match &mut self.daemon {
            Some(daemon) => daemon.gone().await,
            None => None,
        }
    }

    pub(super) async fn probe(&mut self) -> Result<(), String> {
        probe::look(&self.settings.health, self.root.path()).await?;
        if let Some(applied) = &self.applied {
            applied.look(self.settings.health.timeout.duration()).await?;
        }
        self.log.as_mut().map_or(Ok(()), LogWatch::look)
    }

    /// What the process said that it must not say.
    pub(super) fn alarm(&self) -> Option<String> {
        self.daemon.as_ref().and_then(|daemon| daemon.alarm(&self.settings.health.alarms))
    }

    pub(super) fn with_complaint(&self, problem: String) -> String {
        match self.daemon.as_ref().and_then(Daemon::complaint) {
            Some(complaint) => format!("{problem}; {complaint}"),
            None => problem,
        }
    }

    pub(super) fn is_ill(&self, error: String) {
        self.say(|status| {
            status.health = Condition::Degraded;
            status.error = Some(error);
        });
    }
}
