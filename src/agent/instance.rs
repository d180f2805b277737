//! One instance: takes files that are offered, sees that it works with them, and takes them back when it does not.
//!
//! ```text
//! offered -> secrets -> validate -> trying.json -> write -> load -> well within time -> probation -> good
//!               |           |          '--------------------|---------------|--------------'
//!               v           v                               v               v
//!            refused: nothing was touched               the last good files are put back and loaded
//! ```
//!
//! [`tending`] looks after it between two offers.
//!
//! **Invariant:** the files on disk are the last good ones, or `trying.json` is there and says which may not be. A sidecar that is
//! killed in between puts the good ones back when it starts, and tries again only what is offered then.

mod tending;

use std::time::Duration;

use strata_catalog::etl::config_store::{InstanceStatus, Outcome};
use strata_catalog::etl::record::Health as Condition;
use tokio::sync::watch;
use tokio::time::Instant;

use super::applied::Applied;
use super::command;
use super::daemon::Daemon;
use super::files::{Contents, Root};
use super::probe::LogWatch;
use super::reload;
use super::secret;
use super::settings::Settings;
use super::state::{FileSet, State};

/// Time between two looks while one waits for the instance to be well.
const IMPATIENT_LOOK: Duration = Duration::from_millis(100);
/// So long it must be well before files count as applied: software says some time after its start what is wrong.
const STEADY_FOR: Duration = Duration::from_millis(500);

/// See the module.
#[derive(Debug)]
pub struct Instance {
    settings: Settings,
    root: Root,
    state: State,
    daemon: Option<Daemon>,
    applied: Option<Applied>,
    log: Option<LogWatch>,
    good: Option<FileSet>,
    /// In use and not proven yet; until when.
    trying: Option<(FileSet, Instant)>,
    /// Files of these paths are not the good ones, because the disk did not take them.
    owed: Option<Vec<String>>,
    /// The software was not told of its files, because it could not be.
    untold: bool,
    /// Looks in a row that failed.
    failures: u32,
    restarts: tending::Restarts,
    status: watch::Sender<InstanceStatus>,
}

/// Why files were not taken.
struct Failure {
    /// Files were written.
    touched: bool,
    error: String,
}

impl Instance {
    /// Puts right what an interrupted sidecar left, and starts the process if there are files for it.
    ///
    /// # Errors
    /// Folders that cannot be used, or good files that cannot be put back.
    pub async fn begin(settings: Settings) -> Result<Self, String> {
        let root = Root::open(&settings.root)?;
        let state = State::open(&settings.state)?;
        let daemon = settings.supervise.as_ref().map(|supervise| Daemon::new(supervise, root.path(), state.pid_file()));
        let applied = settings.applier().map_err(|error| format!("{error:#}"))?.map(Applied::new);
        let log = settings.health.log_line.as_ref().map(LogWatch::new);
        let (good, interrupted) = (state.good()?, state.trying()?);
        let version = match settings.version.is_empty() {
            true => None,
            false => command::run("version", &settings.version, root.path(), settings.health.within.duration()).await?.first(),
        };
        let status = InstanceStatus {
            address: settings.address.clone(),
            version: version.unwrap_or_default(),
            offered_hash: None,
            outcome: Outcome::Idle,
            applied_hash: good.as_ref().map(|good| good.hash.clone()),
            health: Condition::Progressing,
            error: None,
            restored: false,
        };
        let mut instance = Self {
            settings,
            root,
            state,
            daemon,
            applied,
            log,
            good,
            trying: None,
            owed: None,
            untold: false,
            failures: 0,
            restarts: tending::Restarts::default(),
            status: watch::Sender::new(status),
        };
        if let Some(daemon) = &instance.daemon {
            daemon.end_orphans().await;
        }
        instance.repair(interrupted.unwrap_or_default()).await?;
        Ok(instance)
    }

    /// Makes the files those of the good set, and the process run with them. That it does not is told and not an error: it is
    /// tried again.
    async fn repair(&mut self, interrupted: Vec<String>) -> Result<(), String> {
        let changed = !interrupted.is_empty() || !self.root.holds(&self.good_contents()?);
        let contents = self.put_files_back(&interrupted)?;
        let needed = match (&self.good, &self.daemon, &self.applied) {
            // What is changed by calls may have been changed by anybody meanwhile.
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => true,
            (Some(_), None, None) | (None, _, Some(_)) => changed,
            (None, _, None) => false,
        };
        if needed && let Err(error) = self.load(&contents).await {
            self.is_ill(error);
        }
        Ok(())
    }

    /// Makes the files those of the good set, and returns them; those of the paths that are not in it go.
    fn put_files_back(&mut self, paths: &[String]) -> Result<Contents, String> {
        let contents = self.good_contents()?;
        if let Some(applied) = &mut self.applied {
            applied.replaces(self.root.read(paths));
        }
        self.root.write(&contents)?;
        self.root.remove(paths.iter().filter(|path| !contents.contains_key(*path)))?;
        self.state.end()?;
        Ok(contents)
    }

    /// The files of the good set, secrets filled in; none if there is no good set.
    fn good_contents(&self) -> Result<Contents, String> {
        self.good.as_ref().map_or_else(|| Ok(Contents::new()), |good| self.resolved(good))
    }

    /// What it says of itself.
    pub fn status(&self) -> watch::Receiver<InstanceStatus> {
        self.status.subscribe()
    }

    /// Goes on with other settings, if they leave the process and the folders as they are; otherwise gives them back.
    ///
    /// # Errors
    /// The settings: stop this instance and begin another.
    pub fn adopt(&mut self, settings: Settings) -> Result<(), Box<Settings>> {
        let now = &self.settings;
        let same = (&now.root, &now.state, &now.supervise, &now.reload, &now.apply, &now.role, &now.id)
            == (
                &settings.root,
                &settings.state,
                &settings.supervise,
                &settings.reload,
                &settings.apply,
                &settings.role,
                &settings.id,
            );
        if !same {
            return Err(Box::new(settings));
        }
        self.log = settings.health.log_line.as_ref().map(LogWatch::new);
        self.status.send_modify(|status| status.address.clone_from(&settings.address));
        self.settings = settings;
        Ok(())
    }

    /// What is in use.
    fn current(&self) -> Option<&FileSet> {
        self.trying.as_ref().map(|(trying, _)| trying).or(self.good.as_ref())
    }

    /// Takes files, or says why not. Takes as long as validating, loading and getting well takes. Every offer is answered with a
    /// status that is written after it, also if nothing in it is new.
    pub async fn offer(&mut self, set: FileSet) {
        let unchanged = self.current().is_some_and(|current| current.hash == set.hash)
            && self.resolved(&set).is_ok_and(|contents| self.root.holds(&contents));
        if unchanged {
            // The same files: nothing is written, nothing is told to load.
            self.status.send_modify(|status| {
                status.offered_hash = Some(set.hash);
                status.outcome = Outcome::Applied;
                status.restored = false;
                status.error = None;
            });
            return;
        }
        tracing::info!(hash = set.hash, files = set.files.len(), "offered");
        self.status.send_modify(|status| {
            status.offered_hash = Some(set.hash.clone());
            status.outcome = Outcome::Applying;
            status.health = Condition::Progressing;
            status.restored = false;
            status.error = None;
        });
        match self.apply(&set).await {
            Ok(()) => {
                tracing::info!(hash = set.hash, "applied");
                let hash = set.hash.clone();
                self.trying = Some((set, Instant::now() + self.settings.probation.duration()));
                self.say(|status| {
                    status.outcome = Outcome::Applied;
                    status.applied_hash = Some(hash);
                    status.health = Condition::Healthy;
                });
            }
            Err(failure) => self.take_back(&set.hash, failure).await,
        }
    }

    /// Nothing is offered any more. What is in use stays: a config store that lost everything ends no process.
    pub fn withdraw(&self) {
        self.say(|status| {
            status.offered_hash = None;
            status.outcome = Outcome::Idle;
        });
    }

    async fn apply(&mut self, offered: &FileSet) -> Result<(), Failure> {
        let untouched = |error| Failure { touched: false, error };
        let touched = |error| Failure { touched: true, error };
        let contents = self.resolved(offered).map_err(untouched)?;
        self.validate(&contents).await.map_err(untouched)?;
        if let Some((trying, _)) = &self.trying {
            // It is well so far, and better than what was before it.
            self.state.keep(trying).map_err(untouched)?;
            self.good = self.trying.take().map(|(trying, _)| trying);
        }
        let before: Vec<String> = self.good.iter().flat_map(|good| good.files.keys()).cloned().collect();
        self.state.begin(before.iter().chain(offered.files.keys())).map_err(untouched)?;
        self.root.write(&contents).map_err(touched)?;
        let gone = before.iter().filter(|path| !contents.contains_key(*path));
        self.root.remove(gone).map_err(touched)?;
        self.load(&contents).await.map_err(touched)?;
        self.wait_until_well().await.map_err(touched)
    }

    fn resolved(&self, set: &FileSet) -> Result<Contents, String> {
        let files = set.files.iter();
        files.map(|(path, content)| Ok((path.clone(), secret::resolve(content, &self.settings.secrets)?))).collect()
    }

    /// Lets the software look at the files, in a folder of their own, or what applies them.
    async fn validate(&self, contents: &Contents) -> Result<(), String> {
        if let Some(applied) = &self.applied {
            applied.check(contents).await?;
        }
        let Some(validate) = &self.settings.validate else { return Ok(()) };
        let folder = self.state.blank()?;
        Root::open(&folder)?.write(contents)?;
        let valid = command::run("validate", &validate.command, &folder, validate.within.duration()).await;
        // Secrets are filled in there.
        self.state.blank()?;
        valid.map(drop)
    }

    /// Tells the software that its files are new.
    async fn load(&mut self, contents: &Contents) -> Result<(), String> {
        self.failures = 0;
        self.restarts.begin_anew();
        if let Some(log) = &mut self.log {
            log.begin();
        }
        let told = match (&mut self.daemon, &self.settings.reload, &mut self.applied) {
            (Some(daemon), ..) => return daemon.load().await,
            (None, Some(settings), _) => reload::reload(settings, self.root.path()).await,
            (None, None, Some(applied)) => applied.load(contents).await,
            (None, None, None) => Ok(()),
        };
        self.untold = told.is_err();
        told
    }

    async fn wait_until_well(&mut self) -> Result<(), String> {
        let within = self.settings.health.within.duration();
        let deadline = Instant::now() + within;
        let mut well_since = None;
        loop {
            if let Some(words) = self.gone().await {
                return Err(words);
            }
            let now = Instant::now();
            match self.probe().await {
                Ok(()) if now >= *well_since.get_or_insert(now) + STEADY_FOR => return Ok(()),
                Ok(()) => {}
                Err(problem) if now >= deadline => {
                    return Err(self.with_complaint(format!("not well within {within:?}: {problem}")));
                }
                Err(_) => well_since = None,
            }
            if let Some(alarm) = self.alarm() {
                return Err(alarm);
            }
            tokio::time::sleep(IMPATIENT_LOOK).await;
        }
    }

    /// Says no to files; where they were written, the last good ones are put in their place.
    async fn take_back(&mut self, hash: &str, failure: Failure) {
        tracing::error!(hash, error = failure.error, "the files are not taken");
        self.say(|status| {
            status.health = Condition::Progressing;
            status.error = Some(failure.error.clone());
        });
        let back = if failure.touched { self.put_back().await } else { Ok(()) };
        let current = self.current().map(|current| current.hash.clone());
        self.say(|status| {
            status.offered_hash = Some(hash.to_owned());
            status.outcome = Outcome::Failed;
            status.restored = back.is_ok() && current.is_some();
            status.health = match (&back, &current) {
                (Ok(()), Some(_)) => Condition::Healthy,
                _ => Condition::Degraded,
            };
            status.error = Some(match &back {
                Ok(()) => failure.error,
                Err(error) => format!("{}; the last good files could not be put back: {error}", failure.error),
            });
            status.applied_hash = current;
        });
    }

    async fn put_back(&mut self) -> Result<(), String> {
        let paths = self.state.trying()?.unwrap_or_default();
        let contents = match self.put_files_back(&paths) {
            Ok(contents) => contents,
            Err(error) => {
                self.owed = Some(paths);
                return Err(error);
            }
        };
        if self.good.is_none() && self.applied.is_none() {
            if let Some(daemon) = &mut self.daemon {
                daemon.stop().await;
            }
            return Ok(());
        }
        self.load(&contents).await?;
        self.wait_until_well().await
    }

    /// Changes the status; nothing is reported when it stays the same.
    fn say(&self, change: impl FnOnce(&mut InstanceStatus)) {
        self.status.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            *status != before
        });
    }

    /// Ends the process.
    pub async fn stop(mut self) {
        if let Some(daemon) = &mut self.daemon {
            daemon.stop().await;
        }
    }
}
