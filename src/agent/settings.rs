//! `agent.toml`: what one sidecar looks after and how. Commands come from here alone, never from the network.
//!
//! ```toml
//! role = "edge"
//! id = "edge-1"
//! server = "http://127.0.0.1:7433"      # or: etcd = ["http://127.0.0.1:2379"]
//! root = "/etc/rsyslog.strata"          # files are written below it, and nowhere else
//! state = "/var/lib/strata-agent"       # the last good files
//!
//! [validate]                            # {root} is a folder with the new files; every command runs in {root}
//! command = ["rsyslogd", "-N1", "-f", "{root}/rsyslog.conf"]
//!
//! [supervise]                           # or [reload], for a process that somebody else runs, or [apply.KIND], for calls
//! command = ["rsyslogd", "-n", "-f", "{root}/rsyslog.conf", "-i", "/run/edge.pid"]
//!
//! [health]
//! tcp = "127.0.0.1:10514"
//! alarms = ["rsyslogd: Error"]          # rsyslog goes on when it cannot listen
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::Value;
use strata_catalog::etl::ConfigStore;
use strata_catalog::etl::config_store::Key;
use strata_connectors::component::applier::Applier;
use strata_connectors::config_store::etcd::EtcdStore;
use strata_connectors::config_store::remote::RemoteStore;

use super::reload::SignalName;
use crate::config::Period;

/// See the module.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The role whose files it gets.
    pub role: String,
    /// Its name in the role.
    pub id: String,
    /// Where the instance is, for people and for the role graph.
    #[serde(default = "loopback")]
    pub address: String,
    /// A Strata server on this machine.
    pub server: Option<String>,
    /// Members of an etcd, in place of a server.
    #[serde(default)]
    pub etcd: Vec<String>,
    /// Files are written below it; must be there.
    pub root: PathBuf,
    /// Folder for what must outlive a restart; made if it is not there. Not below `root`.
    pub state: PathBuf,
    /// The instance is missing when the sidecar was silent for so long.
    #[serde(default = "lease")]
    pub lease: Period,
    /// Files that fail within this time after they were loaded are taken back.
    #[serde(default = "probation")]
    pub probation: Period,
    /// A command whose first line of output is the version of the software.
    #[serde(default)]
    pub version: Vec<String>,
    /// Where secrets are.
    #[serde(default)]
    pub secrets: Secrets,
    /// How new files are looked at before they are used.
    pub validate: Option<Validate>,
    /// How a process that somebody else runs is told of new files.
    pub reload: Option<Reload>,
    /// How the process is run.
    pub supervise: Option<Supervise>,
    /// Software that is changed by calls in place of files: its kind, and where it is.
    pub apply: Option<serde_json::Map<String, Value>>,
    /// How one sees that it works.
    #[serde(default)]
    pub health: Health,
}

/// `[secrets]`: `${secret:name}` is the content of file `name` in the folder, or of the environment variable
/// `STRATA_SECRET_NAME`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// Folder with a file a secret.
    pub folder: Option<PathBuf>,
}

/// `[validate]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validate {
    /// Must end with status 0.
    pub command: Vec<String>,
    /// It is ended after this time.
    #[serde(default = "command_within")]
    pub within: Period,
}

/// `[reload]`: a command, or a signal.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reload {
    /// Must end with status 0.
    #[serde(default)]
    pub command: Vec<String>,
    /// Sent to the process of `pid_file`.
    pub signal: Option<SignalName>,
    /// Holds the number of the process.
    pub pid_file: Option<PathBuf>,
    /// A command is ended after this time.
    #[serde(default = "command_within")]
    pub within: Period,
}

/// `[supervise]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supervise {
    /// Stays in the foreground.
    pub command: Vec<String>,
    /// Tells it of new files; without one it is started anew.
    pub reload: Option<SignalName>,
    /// A process that was asked to end is killed after this time.
    #[serde(default = "stop_within")]
    pub stop_within: Period,
}

/// `[health]`: all that are given must be well. Without any, a supervised process must run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Health {
    /// `http://host:port/path` that answers with a status of 200 to 299.
    pub http: Option<String>,
    /// `host:port` that takes connections.
    pub tcp: Option<String>,
    /// Ends with status 0.
    pub command: Vec<String>,
    /// A line that is written when new files are in use.
    pub log_line: Option<LogLine>,
    /// A supervised process that writes a line with one of these texts after new files were loaded does not work with them,
    /// also if it goes on.
    pub alarms: Vec<String>,
    /// Time between two looks.
    pub interval: Period,
    /// A look that takes longer has failed.
    pub timeout: Period,
    /// After new files were loaded it must be well within this time.
    pub within: Period,
    /// So many looks in a row must fail before it is called ill.
    pub failures: u32,
}

/// A line in a file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogLine {
    /// The software's log.
    pub file: PathBuf,
    /// What the line contains.
    pub contains: String,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            http: None,
            tcp: None,
            command: Vec::new(),
            log_line: None,
            alarms: Vec::new(),
            interval: Period::seconds(1),
            timeout: Period::seconds(2),
            within: Period::seconds(30),
            failures: 3,
        }
    }
}

fn loopback() -> String {
    "127.0.0.1".to_owned()
}

fn lease() -> Period {
    Period::seconds(15)
}

fn probation() -> Period {
    Period::seconds(10)
}

fn command_within() -> Period {
    Period::seconds(60)
}

fn stop_within() -> Period {
    Period::seconds(10)
}

impl Settings {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// A file that is not there, does not parse, has unknown keys or says what cannot be.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is not a valid configuration of a sidecar", path.display()))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let settings: Self = toml::from_str(text)?;
        Key::instance(&settings.role, &settings.id)?;
        if settings.server.is_some() != settings.etcd.is_empty() {
            bail!("give either server or etcd");
        }
        let ways = [settings.supervise.is_some(), settings.reload.is_some(), settings.apply.is_some()];
        if ways.into_iter().filter(|given| *given).count() != 1 {
            bail!("give either [supervise], [reload] or [apply.KIND]");
        }
        settings.applier()?;
        if settings.supervise.is_none() && !settings.health.alarms.is_empty() {
            bail!("health.alarms needs [supervise]; nobody else hears what the process says");
        }
        if settings.state.starts_with(&settings.root) {
            bail!("state must not lie below root, where files of the role are written");
        }
        if let Some(reload) = &settings.reload {
            match (reload.command.is_empty(), reload.signal.is_some(), reload.pid_file.is_some()) {
                (false, false, false) | (true, true, true) => {}
                _ => bail!("[reload] needs either command, or signal and pid_file"),
            }
        }
        let empty = |command: Option<&Vec<String>>| command.is_some_and(Vec::is_empty);
        if empty(settings.validate.as_ref().map(|validate| &validate.command))
            || empty(settings.supervise.as_ref().map(|supervise| &supervise.command))
        {
            bail!("a command has at least one word");
        }
        if settings.health.interval.us == 0 || settings.lease < Period::seconds(2) || settings.health.failures == 0 {
            bail!("health.interval and health.failures must be more than 0, and lease at least 2s");
        }
        Ok(settings)
    }

    /// The store that it is told to use.
    ///
    /// # Errors
    /// An address that cannot be used.
    pub fn store(&self) -> anyhow::Result<Arc<dyn ConfigStore>> {
        Ok(match &self.server {
            Some(server) => Arc::new(RemoteStore::new(server)?),
            None => Arc::new(EtcdStore::new(&self.etcd)?),
        })
    }

    /// What applies the files by calls, if something does.
    ///
    /// # Errors
    /// A kind that there is none for, or settings that it does not take.
    pub fn applier(&self) -> anyhow::Result<Option<Arc<dyn Applier>>> {
        let Some(apply) = &self.apply else { return Ok(None) };
        let mut kinds = apply.iter();
        let (Some((kind, settings)), None) = (kinds.next(), kinds.next()) else { bail!("[apply.KIND] names one kind") };
        let applier = strata_connectors::component::applier(kind, settings.clone());
        applier.map(Some).map_err(anyhow::Error::msg).with_context(|| format!("[apply.{kind}]"))
    }

    /// How long to wait between two looks.
    pub fn interval(&self) -> Duration {
        self.health.interval.duration()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = r#"
        role = "edge"
        id = "edge-1"
        server = "http://127.0.0.1:7433"
        root = "root"
        state = "state"
    "#;

    #[test]
    fn what_is_needed_is_enough_and_what_contradicts_is_refused() {
        for (rest, expected) in [
            ("[supervise]\ncommand = [\"d\"]", Ok(())),
            ("[reload]\ncommand = [\"d\"]", Ok(())),
            ("[reload]\nsignal = \"HUP\"\npid_file = \"p\"", Ok(())),
            ("", Err("[supervise], [reload] or [apply.KIND]")),
            ("[apply.kafka]\nservers = [\"127.0.0.1:9092\"]", Ok(())),
            ("[apply.kafka]\nservers = [\"127.0.0.1\"]", Err("host:port")),
            ("[apply.kafka]\nservers = []", Err("name one at least")),
            ("[apply.kafka]\nserver = \"h:1\"", Err("unknown field")),
            ("[apply.rsyslog]\nservers = []", Err("there is kafka")),
            ("[apply]", Err("names one kind")),
            ("[apply.kafka]\nservers = [\"h:1\"]\n[supervise]\ncommand = [\"d\"]", Err("give either")),
            ("[supervise]\ncommand = []", Err("at least one word")),
            ("[reload]\nsignal = \"HUP\"", Err("pid_file")),
            ("[reload]", Err("[reload] needs")),
            ("[reload]\ncommand = [\"d\"]\nsignal = \"HUP\"\npid_file = \"p\"", Err("[reload] needs either")),
            ("[reload]\nsignal = \"NOPE\"\npid_file = \"p\"", Err("NOPE")),
            ("etcd = [\"http://127.0.0.1:1\"]\n[supervise]\ncommand = [\"d\"]", Err("server or etcd")),
            ("[supervise]\ncommand = [\"d\"]\nshell = true", Err("shell")),
            ("[supervise]\ncommand = [\"d\"]\n[health]\ninterval = \"0s\"", Err("interval")),
            ("[supervise]\ncommand = [\"d\"]\n[health]\nalarms = [\"error\"]", Ok(())),
            ("[reload]\ncommand = [\"d\"]\n[health]\nalarms = [\"error\"]", Err("needs [supervise]")),
        ] {
            match (Settings::parse(&format!("{LEAST}{rest}")), expected) {
                (Ok(_), Ok(())) => {}
                (Err(error), Err(part)) => assert!(format!("{error:#}").contains(part), "{rest}: {error:#}"),
                (result, _) => panic!("{rest}: {result:?}"),
            }
        }
    }
}
