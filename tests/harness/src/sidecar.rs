//! One sidecar process, `strata agent`.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context as _;

use crate::process::Process;

/// A running sidecar. Dropped, it is killed; the process that it looks after goes on then.
#[derive(Debug)]
pub struct Sidecar(Process);

impl Sidecar {
    /// Starts one with its file `config`; what it says is appended to `log`. Daemons are looked for in `/usr/sbin`, too.
    ///
    /// # Errors
    /// The binary does not run.
    pub fn start(binary: &Path, config: &Path, log: &Path) -> anyhow::Result<Self> {
        let said = OpenOptions::new().create(true).append(true).open(log);
        let said = said.with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = Command::new(binary);
        command.args(["agent", "--config"]).arg(config).env("PATH", crate::machine::path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said);
        Ok(Self(Process::start(&mut command)?))
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Kills it with SIGKILL.
    ///
    /// # Errors
    /// The operating system's.
    pub fn kill(self) -> anyhow::Result<()> {
        self.0.kill()
    }

    /// Asks it to stop with SIGTERM and waits.
    ///
    /// # Errors
    /// It did not stop within `within`.
    pub fn stop(self, within: Duration) -> anyhow::Result<ExitStatus> {
        self.0.stop(within)
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// It did not within `within`.
    pub fn wait(&mut self, within: Duration) -> anyhow::Result<ExitStatus> {
        self.0.wait(within)
    }
}
