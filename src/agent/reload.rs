//! How a process that somebody else runs is told that its files are new.

use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;

use super::command;
use super::settings::Reload;

/// A signal by its name: `HUP`, `USR1`, `USR2`, `INT`, `TERM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct SignalName(Signal);

impl TryFrom<String> for SignalName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Ok(Self(match name.as_str() {
            "HUP" => Signal::HUP,
            "USR1" => Signal::USR1,
            "USR2" => Signal::USR2,
            "INT" => Signal::INT,
            "TERM" => Signal::TERM,
            _ => return Err(format!("\"{name}\" is none of the signals HUP, USR1, USR2, INT, TERM")),
        }))
    }
}

impl SignalName {
    /// Asks a process to end.
    pub const TERM: Self = Self(Signal::TERM);
    /// Ends a process that does not listen.
    pub const KILL: Self = Self(Signal::KILL);

    /// Sends it.
    ///
    /// # Errors
    /// There is no such process, or it is somebody else's.
    pub fn send(self, process: u32) -> Result<(), String> {
        let pid = i32::try_from(process).ok().and_then(Pid::from_raw).ok_or_else(|| format!("{process} is no process"))?;
        kill_process(pid, self.0).map_err(|error| format!("signal to process {process}: {error}"))
    }
}

/// Tells the process.
///
/// # Errors
/// It could not be told; what the command said.
pub async fn reload(settings: &Reload, root: &Path) -> Result<(), String> {
    match (&settings.signal, &settings.pid_file) {
        (Some(signal), Some(file)) => {
            let text = std::fs::read_to_string(file).map_err(|error| format!("reload: {}: {error}", file.display()))?;
            let process = text.trim().parse().map_err(|_| format!("reload: {} holds no number", file.display()))?;
            signal.send(process).map_err(|error| format!("reload: {error}"))
        }
        _ => command::run("reload", &settings.command, root, settings.within.duration()).await.map(drop),
    }
}
