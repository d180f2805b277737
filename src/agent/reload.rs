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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Period;

    #[tokio::test]
    async fn a_process_is_told_by_a_signal_or_a_command() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("pid");
        let by_signal = Reload {
            command: Vec::new(),
            signal: Some(SignalName::TERM),
            pid_file: Some(file.clone()),
            within: Period::seconds(60),
        };
        let missing = reload(&by_signal, folder.path()).await.unwrap_err();
        assert!(missing.starts_with("reload: ") && missing.contains("No such file"), "{missing}");
        std::fs::write(&file, "none").unwrap();
        assert!(reload(&by_signal, folder.path()).await.unwrap_err().ends_with("holds no number"));
        let mut told = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        std::fs::write(&file, format!("{}\n", told.id())).unwrap();
        reload(&by_signal, folder.path()).await.unwrap();
        assert_eq!(told.wait().unwrap().code(), None, "ended by the signal");

        let by_command = |script: &str| Reload {
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            signal: None,
            pid_file: None,
            within: Period::seconds(60),
        };
        reload(&by_command("touch told"), folder.path()).await.unwrap();
        assert!(folder.path().join("told").exists(), "it runs in the root");
        assert_eq!(reload(&by_command("echo 'error: no'; exit 1"), folder.path()).await.unwrap_err(), "reload: error: no");
    }
}
