//! One server process: start, wait until it is ready, stop gently or not.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::process::Process;
use crate::{Http, Sql};

/// How a server is started.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The `strata` binary.
    pub binary: PathBuf,
    /// Its data folder.
    pub data_dir: PathBuf,
    /// Where its standard error goes, appended.
    pub log: PathBuf,
    /// More flags of `strata serve`.
    pub flags: Vec<String>,
    /// How long it may take until it is ready.
    pub ready_within: Duration,
}

impl ServerOptions {
    /// Free ports, 256 MB of memory, `data` and `server.log` in `folder`.
    pub fn in_folder(binary: impl Into<PathBuf>, folder: &Path) -> Self {
        Self {
            binary: binary.into(),
            data_dir: folder.join("data"),
            log: folder.join("server.log"),
            flags: ["--memory-limit", "256MB", "--free-space-min", "16MB"].map(str::to_owned).to_vec(),
            ready_within: Duration::from_secs(60),
        }
    }

    /// Sets a flag, in place of its value so far.
    #[must_use]
    pub fn flag(mut self, name: &str, value: &str) -> Self {
        match self.flags.iter().position(|flag| flag == name) {
            Some(at) => value.clone_into(&mut self.flags[at + 1]),
            None => self.flags.extend([name.to_owned(), value.to_owned()]),
        }
        self
    }

    fn command(&self) -> anyhow::Result<Command> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .with_context(|| format!("cannot write {}", self.log.display()))?;
        let mut command = Command::new(&self.binary);
        command
            .args(["serve", "--pg-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0", "--data-dir"])
            .arg(&self.data_dir)
            .args(&self.flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        Ok(command)
    }

    /// Starts a server and kills it `after` some time, ready or not.
    ///
    /// # Errors
    /// The binary does not run.
    pub fn start_and_kill(&self, after: Duration) -> anyhow::Result<()> {
        let process = Process::start(&mut self.command()?)?;
        std::thread::sleep(after);
        drop(process);
        Ok(())
    }

    /// Runs a server that is expected to refuse, and returns its exit status and what it said.
    ///
    /// # Errors
    /// The binary does not run, or the server did not stop by itself within `ready_within`.
    pub fn refused(&self) -> anyhow::Result<(ExitStatus, String)> {
        let before = std::fs::metadata(&self.log).map_or(0, |metadata| metadata.len());
        let status = Process::start(&mut self.command()?)?.wait(self.ready_within)?;
        let said = std::fs::read(&self.log)?;
        let new = said.get(usize::try_from(before)?..).unwrap_or_default();
        Ok((status, String::from_utf8_lossy(new).into_owned()))
    }
}

/// A running server. Dropped, it is killed.
#[derive(Debug)]
pub struct Server {
    process: Process,
    pg_addr: SocketAddr,
    http_addr: SocketAddr,
}

impl Server {
    /// Starts a server and waits for its ready lines.
    ///
    /// # Errors
    /// It does not start, stops at once, or is not ready in time; the end of its log is part of the message.
    pub fn start(options: &ServerOptions) -> anyhow::Result<Self> {
        let mut process = Process::start(&mut options.command()?)?;
        let stdout = process.0.stdout.take().context("standard output is piped")?;
        let (sender, lines) = mpsc::channel();
        // The thread reads to the end, so that the server never blocks on a full pipe, and ends with the server.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let deadline = Instant::now() + options.ready_within;
        let (mut pg, mut http) = (None, None);
        loop {
            if let (Some(pg_addr), Some(http_addr)) = (pg, http) {
                return Ok(Self { process, pg_addr, http_addr });
            }
            match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    pg = pg.or_else(|| address_in(&line, "psql "));
                    http = http.or_else(|| address_in(&line, "http "));
                }
                Err(_) => bail!("the server is not ready; the end of its log:\n{}", tail(&options.log)),
            }
        }
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Address of the PostgreSQL protocol.
    pub fn pg_addr(&self) -> SocketAddr {
        self.pg_addr
    }

    /// Address of HTTP.
    pub fn http_addr(&self) -> SocketAddr {
        self.http_addr
    }

    /// A new HTTP client.
    pub fn http(&self) -> Http {
        Http::new(self.http_addr)
    }

    /// A new SQL connection.
    pub fn sql(&self) -> anyhow::Result<Sql> {
        Sql::connect(self.pg_addr)
    }

    /// Kills it with SIGKILL: no drain, no last write.
    ///
    /// # Errors
    /// The operating system's.
    pub fn kill(self) -> anyhow::Result<()> {
        self.process.kill()
    }

    /// Asks it to stop with SIGTERM and waits.
    ///
    /// # Errors
    /// It did not stop within `within`.
    pub fn stop(self, within: Duration) -> anyhow::Result<ExitStatus> {
        self.process.stop(within)
    }

    /// Waits until it stops by itself.
    ///
    /// # Errors
    /// It did not stop within `within`.
    pub fn wait(&mut self, within: Duration) -> anyhow::Result<ExitStatus> {
        self.process.wait(within)
    }

    /// Resident memory in bytes: now, and at most since it started.
    ///
    /// # Errors
    /// The process is gone.
    pub fn resident_bytes(&self) -> anyhow::Result<(u64, u64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let field = |name: &str| -> anyhow::Result<u64> {
            let line = status.lines().find(|line| line.starts_with(name)).with_context(|| format!("no {name}"))?;
            let kilobytes: u64 = line.split_whitespace().nth(1).context("a number")?.parse()?;
            Ok(kilobytes * 1024)
        };
        Ok((field("VmRSS:")?, field("VmHWM:")?))
    }
}

/// The ready lines are `  psql -h 127.0.0.1 -p 7432 ...` and `  http http://127.0.0.1:7433`.
fn address_in(line: &str, word: &str) -> Option<SocketAddr> {
    let rest = line.trim_start().strip_prefix(word)?;
    if let Some(url) = rest.strip_prefix("http://") {
        return url.trim().parse().ok();
    }
    let mut words = rest.split_whitespace();
    let host = words.by_ref().skip_while(|word| *word != "-h").nth(1)?;
    let port = words.skip_while(|word| *word != "-p").nth(1)?;
    Some(SocketAddr::new(host.parse().ok()?, port.parse().ok()?))
}

/// The end of a log, for a message.
pub(crate) fn tail(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_lines_are_understood() {
        assert_eq!(address_in("  psql -h 127.0.0.1 -p 7432 -U strata strata", "psql "), "127.0.0.1:7432".parse().ok());
        assert_eq!(address_in("  psql -h ::1 -p 7432 -U strata strata", "psql "), "[::1]:7432".parse().ok());
        assert_eq!(address_in("  http http://127.0.0.1:7433", "http "), "127.0.0.1:7433".parse().ok());
        assert_eq!(address_in("strata is ready", "psql "), None);
    }
}
