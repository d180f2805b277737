//! `strata agent`: the sidecar. Runs beside an instance, gives it the files of its role, sees that it works, and reports.
//!
//! ```text
//! config store --offers--> instance (validate, write, load, look, put back) --status--> registration --> config store
//!                             ^
//!                        agent.toml, read again when it changes
//! ```
//!
//! What comes over the network is data: files below one folder. Which commands run, and where the folder is, `agent.toml` alone
//! says. When the config store is away the instance goes on with what it has.

mod applied;
mod command;
mod daemon;
mod files;
mod instance;
mod offers;
mod probe;
mod registration;
mod reload;
mod secret;
mod settings;
mod state;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use strata_catalog::etl::config_store::Key;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::config::Config;
use crate::serve::{StopSignals, log_to_stderr};
use instance::Instance;
use offers::Offer;
use settings::Settings;

/// How often `agent.toml` is looked at.
const SETTINGS_LOOK: Duration = Duration::from_secs(1);

/// Arguments of `strata agent`.
#[derive(Debug, clap::Args)]
pub struct AgentArguments {
    /// What is looked after, and how (TOML). Read again when it changes.
    #[arg(long)]
    config: PathBuf,
    /// Print what the software has now, as a text for etl.import, and end. For software that is changed by calls.
    #[arg(long)]
    present: bool,
}

/// Runs a sidecar until a signal stops it; the process that it supervises stops with it.
///
/// # Errors
/// A file that says what cannot be, or folders that cannot be used.
pub fn run(arguments: &AgentArguments) -> anyhow::Result<()> {
    log_to_stderr(&Config::default())?;
    let settings = Settings::load(&arguments.config)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if arguments.present {
        return runtime.block_on(print_present(&settings));
    }
    runtime.block_on(async {
        let signals = StopSignals::catch()?;
        let stopped = signals.wait();
        tokio::pin!(stopped);
        let mut file = SettingsFile::new(&arguments.config);
        let mut instance = begin(settings.clone()).await?;
        let mut settings = settings;
        loop {
            let links = Links::connect(&settings, &instance)?;
            let changed = tokio::select! {
                () = &mut stopped => None,
                changed = work(&mut instance, links.offers.clone(), &settings, &mut file) => Some(changed),
            };
            let Some(changed) = changed else {
                links.say_farewell().await;
                break;
            };
            drop(links);
            tracing::info!("the settings of the sidecar have changed");
            (instance, settings) = go_on(instance, settings, changed).await?;
        }
        instance.stop().await;
        tracing::info!("stopped");
        Ok(())
    })
}

async fn print_present(settings: &Settings) -> anyhow::Result<()> {
    let applier = settings.applier()?.context("what is there is in files: there is no [apply.KIND]")?;
    for content in applier.present().await?.into_values() {
        print!("{content}");
    }
    Ok(())
}

/// Goes on with changed settings, or with those before where the new ones cannot be.
async fn go_on(mut instance: Instance, before: Settings, changed: Settings) -> anyhow::Result<(Instance, Settings)> {
    if changed.store().is_err() {
        tracing::error!("no config store is at the new address; the old settings stay in force");
        return Ok((instance, before));
    }
    let Err(anew) = instance.adopt(changed.clone()) else { return Ok((instance, changed)) };
    instance.stop().await;
    match begin(*anew).await {
        Ok(instance) => Ok((instance, changed)),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the old settings stay in force");
            Ok((begin(before.clone()).await?, before))
        }
    }
}

async fn begin(settings: Settings) -> anyhow::Result<Instance> {
    Instance::begin(settings).await.map_err(anyhow::Error::msg).context("cannot begin")
}

/// Lets the instance work until its settings change; returns the new ones.
async fn work(
    instance: &mut Instance,
    mut offers: watch::Receiver<Option<Offer>>,
    settings: &Settings,
    file: &mut SettingsFile,
) -> Settings {
    let mut looks = tokio::time::interval(settings.interval());
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut settings_looks = tokio::time::interval(SETTINGS_LOOK);
    settings_looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            Ok(()) = offers.changed() => {
                let offered = offers.borrow_and_update().clone();
                match offered {
                    Some(offer) => instance.offer(offer.set).await,
                    None => instance.withdraw(),
                }
            }
            _ = looks.tick() => instance.look().await,
            _ = settings_looks.tick() => if let Some(changed) = file.changed(settings) {
                return changed;
            },
        }
    }
}

/// `agent.toml`, as it was when it was looked at last.
struct SettingsFile {
    path: PathBuf,
    text: Option<String>,
}

impl SettingsFile {
    fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), text: std::fs::read_to_string(path).ok() }
    }

    /// New settings, if the file says something else now and it can be.
    fn changed(&mut self, now: &Settings) -> Option<Settings> {
        let text = std::fs::read_to_string(&self.path).ok();
        if text == self.text {
            return None;
        }
        self.text = text;
        match Settings::load(&self.path) {
            Ok(settings) => (settings != *now).then_some(settings),
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "the old settings stay in force");
                None
            }
        }
    }
}

/// The tasks that talk to the config store.
struct Links {
    offers: watch::Receiver<Option<Offer>>,
    stop: watch::Sender<bool>,
    registration: JoinHandle<()>,
    following: JoinHandle<()>,
}

impl Links {
    fn connect(settings: &Settings, instance: &Instance) -> anyhow::Result<Self> {
        let store = settings.store()?;
        let key = Key::instance(&settings.role, &settings.id)?;
        let (stop, stopping) = watch::channel(false);
        let lease = settings.lease.duration();
        let registration = tokio::spawn(registration::keep(store.clone(), key, lease, instance.status(), stopping));
        let (offer, offers) = watch::channel(None);
        let following = tokio::spawn(offers::follow(store, settings.role.clone(), settings.id.clone(), offer));
        Ok(Self { offers, stop, registration, following })
    }

    /// Takes the instance's key away.
    async fn say_farewell(mut self) {
        self.stop.send_replace(true);
        // One that panicked has said so.
        let _ = (&mut self.registration).await;
    }
}

impl Drop for Links {
    /// Without a farewell: the key stays until its lease runs out or other links take it over.
    fn drop(&mut self) {
        self.following.abort();
        self.registration.abort();
    }
}
