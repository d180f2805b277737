//! A real broker that speaks Kafka's protocol: Tansu, of one member, on a free port of loopback, with everything in memory.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::machine::free_port;
use crate::process::Process;
use crate::server::tail;

/// How long one may take to answer.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// See the module. Killed when it is dropped; what it held is gone then.
#[derive(Debug)]
pub struct Tansu {
    program: PathBuf,
    log: PathBuf,
    port: u16,
    process: Option<Process>,
}

impl Tansu {
    /// One that does not run yet and logs to `folder`; `None`, and a line that says so, where none is installed.
    pub fn installed(folder: &Path) -> Option<Self> {
        let program = programs().into_iter().find(|program| {
            let asked = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
            asked.is_ok_and(|status| status.success())
        });
        let (Some(program), Ok(port)) = (program, free_port()) else {
            eprintln!("skipped: there is no tansu on this machine; `make setup` installs it");
            return None;
        };
        Some(Self { program, log: folder.join("tansu.log"), port, process: None })
    }

    /// `host:port`, where clients find it.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Starts it, without any topic, and waits until it takes connections.
    ///
    /// # Errors
    /// It does not start; the end of its log is part of the message.
    pub fn start(&mut self) -> anyhow::Result<()> {
        let url = format!("tcp://{}", self.address());
        let log = fs::File::create(&self.log)?;
        let mut command = Command::new(&self.program);
        command
            .args(["broker", "--storage-engine", "memory://tansu/", "--listener-url", &url, "--advertised-listener-url", &url])
            .stdout(log.try_clone()?)
            .stderr(log);
        self.process = Some(Process::start(&mut command)?);
        let begun = Instant::now();
        while TcpStream::connect(self.address()).is_err() {
            if begun.elapsed() > READY_WITHIN {
                bail!("tansu is not ready; the end of its log:\n{}", tail(&self.log));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Kills it. It forgets all topics.
    ///
    /// # Errors
    /// The operating system's.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.process.take().map_or(Ok(()), Process::kill)
    }
}

/// Where it may be: on the path, or where `make setup` puts it.
fn programs() -> Vec<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache")));
    [PathBuf::from("tansu")].into_iter().chain(cache.map(|cache| cache.join("strata-tools/tansu"))).collect()
}
