//! A machine in a folder: `agent.toml`, a sidecar, and the real daemon that the sidecar looks after.
//!
//! ```text
//! agent.toml   agent.log   root/ (files of the role)   state/ (of the sidecar)   secrets/
//! ```

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::Sidecar;

/// How long a sidecar and its daemon may take to stop.
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// See the module. Dropped, its sidecar and its daemons are killed.
#[derive(Debug)]
pub struct Machine {
    folder: PathBuf,
    program: &'static str,
    sidecar: Option<Sidecar>,
}

impl Machine {
    /// One whose sidecar does not run yet, with an empty `root` and these secrets. The daemon is `program`.
    ///
    /// # Errors
    /// The disk's.
    pub fn new(folder: &Path, program: &'static str, secrets: &[(&str, String)]) -> anyhow::Result<Self> {
        for part in ["root", "secrets"] {
            fs::create_dir_all(folder.join(part))?;
        }
        for (name, secret) in secrets {
            fs::write(folder.join("secrets").join(name), secret)?;
        }
        Ok(Self { folder: folder.to_owned(), program, sidecar: None })
    }

    /// A path in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes `agent.toml`; `{folder}` becomes its folder.
    ///
    /// # Errors
    /// The disk's.
    pub fn write_settings(&self, text: &str) -> anyhow::Result<()> {
        Ok(fs::write(self.path("agent.toml"), text.replace("{folder}", &self.folder.display().to_string()))?)
    }

    /// Starts the sidecar.
    ///
    /// # Errors
    /// The binary does not run.
    pub fn start(&mut self, binary: &str) -> anyhow::Result<()> {
        self.sidecar = Some(Sidecar::start(Path::new(binary), &self.path("agent.toml"), &self.path("agent.log"))?);
        Ok(())
    }

    /// Kills the sidecar with SIGKILL; its daemon goes on.
    ///
    /// # Errors
    /// It does not run.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.sidecar.take().context("no sidecar runs")?.kill()
    }

    /// Asks the sidecar to stop, and its daemon with it.
    ///
    /// # Errors
    /// It does not run, or does not stop as it should.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        let status = self.sidecar.take().context("no sidecar runs")?.stop(STOP_WITHIN)?;
        if !status.success() {
            bail!("the sidecar ended with {status}:\n{}", self.said());
        }
        Ok(())
    }

    /// What the sidecar wrote.
    pub fn said(&self) -> String {
        fs::read_to_string(self.path("agent.log")).unwrap_or_default()
    }

    /// The content of a file below `root`; empty if it is not there.
    pub fn file(&self, path: &str) -> String {
        fs::read_to_string(self.path("root").join(path)).unwrap_or_default()
    }

    /// Process ids of every daemon that runs with files of this folder.
    pub fn daemons(&self) -> Vec<u32> {
        let folder = self.folder.display().to_string() + "/";
        let ours = |pid: &u32| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).into_owned();
            let mut words = line.split('\0');
            // One that only looks at files looks at those in `state`.
            let program = words.next().is_some_and(|program| program.rsplit('/').next() == Some(self.program));
            program && words.any(|word| word.contains(&folder)) && !line.contains(&format!("{folder}state/"))
        };
        let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
        let ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        ids.filter(ours).collect()
    }

    /// The one daemon that runs.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub fn daemon(&self) -> anyhow::Result<u32> {
        match self.daemons()[..] {
            [one] => Ok(one),
            ref all => bail!("{} runs as {all:?}:\n{}", self.program, self.said()),
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.sidecar.take();
        for pid in self.daemons() {
            // It may have ended in this moment.
            let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
        }
    }
}

/// Whether a daemon can be run here; a line says so if not.
pub fn is_installed(program: &str, version: &str) -> bool {
    let asked = Command::new(program).arg(version).env("PATH", path()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if asked.is_err() {
        eprintln!("skipped: there is no {program} on this machine; `make setup` installs it");
    }
    asked.is_ok()
}

/// Where daemons are looked for.
pub(crate) fn path() -> String {
    std::env::var("PATH").unwrap_or_default() + ":/usr/sbin"
}

/// A port of loopback that nobody listens at.
///
/// # Errors
/// The operating system's.
pub fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
