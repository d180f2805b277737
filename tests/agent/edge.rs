//! One instance: a sidecar with a real rsyslogd in a folder of its own.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use strata_catalog::etl::LayerId;
use strata_catalog::etl::component::RenderedFile;
use strata_catalog::etl::config_store::{InstanceStatus, Key, Manifest, Transaction};
use strata_harness::Machine;
use strata_harness::machine::{free_port, is_installed};
use tempfile::TempDir;

use crate::store::Store;

/// What anything may take on a busy machine. Never waited for in vain.
const PATIENCE: Duration = Duration::from_secs(30);

/// See the module.
pub struct Edge {
    pub store: Store,
    pub machine: Machine,
    pub port: u16,
    layer: i64,
    _folder: TempDir,
}

impl Edge {
    /// One whose sidecar does not run yet; `None`, and a line that says so, where no rsyslog is installed.
    pub fn installed(store: Store) -> Option<Self> {
        if !is_installed("rsyslogd", "-v") {
            return None;
        }
        let folder = TempDir::new().unwrap();
        let port = free_port().unwrap();
        let machine = Machine::new(folder.path(), "rsyslogd", &[("port", format!("{port}\n"))]).unwrap();
        let edge = Self { store, machine, port, layer: 0, _folder: folder };
        edge.write_settings("127.0.0.1");
        Some(edge)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.machine.path(name)
    }

    /// `agent.toml`, with the address that the instance says it has.
    pub fn write_settings(&self, address: &str) {
        let (store, port) = (&self.store.setting, self.port);
        let text = format!(
            r#"
role = "edge"
id = "edge-1"
address = "{address}"
{store}
root = "{{folder}}/root"
state = "{{folder}}/state"
lease = "3s"
probation = "1s"
version = ["rsyslogd", "-v"]

[secrets]
folder = "{{folder}}/secrets"

[validate]
command = ["rsyslogd", "-N1", "-f", "{{root}}/edge.conf"]

[supervise]
command = ["rsyslogd", "-n", "-f", "{{root}}/edge.conf", "-i", "{{folder}}/rsyslog.pid"]

[health]
tcp = "127.0.0.1:{port}"
interval = "200ms"
within = "3s"
failures = 2
alarms = ["rsyslogd: Error"]
"#
        );
        self.machine.write_settings(&text).unwrap();
    }

    /// A configuration that takes lines at the instance's port and keeps them, with more lines at its end.
    pub fn listening(&self, more: &str) -> String {
        format!(
            "module(load=\"imtcp\")\ninput(type=\"imtcp\" address=\"127.0.0.1\" port=\"${{secret:port}}\")\n{}",
            self.keeping(more)
        )
    }

    /// The same without the port.
    pub fn keeping(&self, more: &str) -> String {
        let out = self.path("out.log");
        format!(
            "global(processInternalMessages=\"on\")\ntemplate(name=\"plain\" type=\"string\" string=\"%msg%\\n\")\n\
             action(type=\"omfile\" file=\"{}\" template=\"plain\")\n{more}\n",
            out.display()
        )
    }

    pub fn start(&mut self) {
        self.machine.start(env!("CARGO_BIN_EXE_strata")).unwrap();
    }

    /// Offers `edge.conf` with this content, and says which hash that is.
    pub async fn offer(&mut self, content: &str) -> String {
        self.offer_files(&[("edge.conf", content)]).await
    }

    /// Offers some files.
    pub async fn offer_files(&mut self, files: &[(&str, &str)]) -> String {
        self.layer += 1;
        let rendered: Vec<RenderedFile> =
            files.iter().map(|(path, content)| RenderedFile::new(path, (*content).to_owned()).unwrap()).collect();
        let manifest = Manifest::of(LayerId(self.layer), &rendered);
        let mut transaction = Transaction::new().put(Key::manifest("edge").unwrap(), manifest.to_text());
        for (path, content) in files {
            transaction = transaction.put(Key::file("edge", path).unwrap(), *content);
        }
        self.store.store.commit(&transaction).await.unwrap();
        manifest.hash
    }

    /// Offers nothing any more.
    pub async fn withdraw(&self) {
        let transaction =
            Transaction::new().delete(Key::file("edge", "edge.conf").unwrap()).delete(Key::manifest("edge").unwrap());
        self.store.store.commit(&transaction).await.unwrap();
    }

    /// What the instance says of itself.
    pub async fn status(&self) -> Option<InstanceStatus> {
        let entry = self.store.store.get(&Key::instance("edge", "edge-1").unwrap()).await.unwrap()?;
        Some(InstanceStatus::from_text(&entry.value).unwrap())
    }

    /// Waits until it says what is awaited.
    pub async fn until(&self, what: &str, is: impl Fn(&InstanceStatus) -> bool) -> InstanceStatus {
        let begun = Instant::now();
        loop {
            let status = self.status().await;
            match status {
                Some(status) if is(&status) => return status,
                status => assert!(begun.elapsed() < PATIENCE, "not {what}: {status:#?}\n{}", self.said()),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What the sidecar wrote.
    pub fn said(&self) -> String {
        self.machine.said()
    }

    /// The content of the file that rsyslogd reads.
    pub fn file(&self) -> String {
        self.machine.file("edge.conf")
    }

    /// The one rsyslogd that runs.
    #[track_caller]
    pub fn daemon(&self) -> u32 {
        self.machine.daemon().unwrap()
    }

    /// Sends a line and sees that it is kept.
    pub fn delivers(&self, word: &str) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        writeln!(stream, "<13>Nov 22 10:00:00 here test: {word}").unwrap();
        let begun = Instant::now();
        while !fs::read_to_string(self.path("out.log")).unwrap_or_default().contains(word) {
            assert!(begun.elapsed() < PATIENCE, "{word} is not kept\n{}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
