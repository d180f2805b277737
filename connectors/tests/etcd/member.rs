//! A real etcd of one member, on free ports of loopback and a folder that goes with it.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long one may take to answer.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// See the module. Killed when it is dropped.
pub struct Member {
    folder: TempDir,
    client_port: u16,
    peer_port: u16,
    process: Option<Child>,
}

impl Member {
    /// One that does not run yet; `None`, and a line that says so, where no etcd is installed.
    pub fn installed() -> Option<Self> {
        let found = Command::new("etcd").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if found.is_err() {
            eprintln!("skipped: there is no etcd on this machine; `make setup` installs it");
            return None;
        }
        // Both are taken at once, so that they differ.
        let ports = [TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap()];
        let [client_port, peer_port] = ports.map(|port| port.local_addr().unwrap().port());
        Some(Self { folder: TempDir::new().unwrap(), client_port, peer_port, process: None })
    }

    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.client_port)
    }

    /// Starts it on what it left, and waits until it answers.
    pub fn start(&mut self) {
        let peer = format!("http://127.0.0.1:{}", self.peer_port);
        let mut command = Command::new("etcd");
        command
            .args(["--name", "one", "--data-dir"])
            .arg(self.folder.path().join("data"))
            .args(["--listen-client-urls", &self.address(), "--advertise-client-urls", &self.address()])
            .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
            .args(["--initial-cluster", &format!("one={peer}")])
            .env("ETCD_UNSUPPORTED_ARCH", "arm64")
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.folder.path().join("log")).unwrap());
        self.process = Some(command.spawn().unwrap());
        let begun = Instant::now();
        while !self.is_ready() {
            assert!(begun.elapsed() < READY_WITHIN, "{}", fs::read_to_string(self.folder.path().join("log")).unwrap());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Whether it can write: it answers before it has elected itself.
    fn is_ready(&self) -> bool {
        use std::io::{Read as _, Write as _};
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.client_port)) else { return false };
        let mut answer = String::new();
        write!(stream, "GET /health HTTP/1.0\r\n\r\n").is_ok()
            && stream.read_to_string(&mut answer).is_ok()
            && answer.contains("\"health\":\"true\"")
    }

    /// Kills it in the middle of whatever it does.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Forgets all that it stored.
    pub fn wipe(&self) {
        assert!(self.process.is_none(), "it does not run");
        fs::remove_dir_all(self.folder.path().join("data")).unwrap();
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.kill();
    }
}
