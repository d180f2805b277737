//! A real etcd of one member, on free ports of loopback.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::process::Process;
use crate::server::tail;

/// How long one may take to answer.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// See the module. Killed when it is dropped.
#[derive(Debug)]
pub struct Etcd {
    folder: PathBuf,
    client_port: u16,
    peer_port: u16,
    process: Option<Process>,
}

impl Etcd {
    /// One that does not run yet and stores in `folder`; `None`, and a line that says so, where no etcd is installed.
    pub fn installed(folder: &Path) -> Option<Self> {
        let found = Command::new("etcd").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        // Both are taken at once, so that they differ.
        let ports = [TcpListener::bind("127.0.0.1:0"), TcpListener::bind("127.0.0.1:0")];
        let ports = ports.map(|port| port.and_then(|port| port.local_addr()).map(|address| address.port()));
        let (Ok(_), [Ok(client_port), Ok(peer_port)]) = (found, ports) else {
            eprintln!("skipped: there is no etcd on this machine; `make setup` installs it");
            return None;
        };
        Some(Self { folder: folder.to_owned(), client_port, peer_port, process: None })
    }

    /// Where clients find it.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.client_port)
    }

    /// Starts it on what it left, and waits until it answers.
    ///
    /// # Errors
    /// It does not start; the end of its log is part of the message.
    pub fn start(&mut self) -> anyhow::Result<()> {
        let peer = format!("http://127.0.0.1:{}", self.peer_port);
        let log = self.folder.join("etcd.log");
        let mut command = Command::new("etcd");
        command
            .args(["--name", "one", "--data-dir"])
            .arg(self.folder.join("etcd"))
            .args(["--listen-client-urls", &self.address(), "--advertise-client-urls", &self.address()])
            .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
            .args(["--initial-cluster", &format!("one={peer}")])
            .env("ETCD_UNSUPPORTED_ARCH", "arm64")
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log)?);
        self.process = Some(Process::start(&mut command)?);
        let begun = Instant::now();
        while !self.is_ready() {
            if begun.elapsed() > READY_WITHIN {
                bail!("etcd is not ready; the end of its log:\n{}", tail(&log));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Whether it can write: it answers before it has elected itself.
    fn is_ready(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.client_port)) else { return false };
        let mut answer = String::new();
        write!(stream, "GET /health HTTP/1.0\r\n\r\n").is_ok()
            && stream.read_to_string(&mut answer).is_ok()
            && answer.contains("\"health\":\"true\"")
    }

    /// Kills it in the middle of whatever it does.
    ///
    /// # Errors
    /// The operating system's.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.process.take().map_or(Ok(()), Process::kill)
    }

    /// Forgets all that it stored. It must not run.
    ///
    /// # Errors
    /// It runs, or the disk's.
    pub fn wipe(&self) -> anyhow::Result<()> {
        if self.process.is_some() {
            bail!("a running etcd cannot be wiped");
        }
        Ok(fs::remove_dir_all(self.folder.join("etcd"))?)
    }
}
