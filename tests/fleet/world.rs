//! A server with its config store on a real etcd, two machines with rsyslog of role `edge`, and on demand one with Prometheus of
//! role `metrics`; everything on free ports of loopback.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use strata_harness::machine::{free_port, is_installed};
use strata_harness::{Etcd, Http, Machine, Rows, Server, ServerOptions, eventually};
use tempfile::TempDir;

/// Ids of the instances of role `edge`.
pub const EDGES: [&str; 2] = ["edge-1", "edge-2"];

/// See the module.
pub struct World {
    pub etcd: Etcd,
    pub server: Option<Server>,
    pub edges: Vec<Edge>,
    /// Holds the port that `${secret:extra}` is on the second edge.
    pub taken: Option<TcpListener>,
    options: ServerOptions,
    folder: TempDir,
}

/// A machine with rsyslog.
pub struct Edge {
    pub machine: Machine,
    pub port: u16,
}

/// A machine with Prometheus.
pub struct Prometheus {
    pub machine: Machine,
    pub port: u16,
}

impl World {
    /// Everything runs and is registered, and the role `edge` has its first files. `None`, and a line that says so, where
    /// something is not installed.
    pub fn new() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mut etcd = Etcd::installed(folder.path()).filter(|_| is_installed("rsyslogd", "-v"))?;
        etcd.start().unwrap();
        let options = ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder.path()).flag("--etcd", &etcd.address());
        let server = Some(Server::start(&options).unwrap());
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let extra = [free_port().unwrap(), taken.local_addr().unwrap().port()];
        let edges = EDGES.iter().zip(extra).map(|(id, extra)| Edge::new(&folder.path().join(id), id, &etcd.address(), extra));
        let world = Self { edges: edges.collect(), etcd, server, taken: Some(taken), options, folder };
        world.registered(&EDGES);
        Some(world)
    }

    /// Makes the role `edge` of three files; the layer is active when this returns.
    pub fn make_edge(&self, settings: &str) {
        self.sql(&format!(
            r#"BEGIN;
            INSERT INTO etl.roles (name, kind, settings) VALUES ('edge', 'rsyslog', '{settings}');
            INSERT INTO etl.rules (role, stage, name, body) VALUES
              ('edge', 'file', 'rsyslog.conf', $$global(processInternalMessages="on")
module(load="imtcp")
template(name="plain" type="string" string="%msg%\n")
include(file="conf.d/*.conf")
$$),
              ('edge', 'file', 'conf.d/10-in.conf', $$input(type="imtcp" address="127.0.0.1" port="${{secret:port}}")
$$),
              ('edge', 'file', 'conf.d/90-out.conf', $$action(type="omfile" file="${{secret:out}}" template="plain")
$$);
            COMMIT"#
        ));
    }

    /// A machine of role `metrics`, registered; `None` where Prometheus is not installed.
    pub fn prometheus(&self) -> Option<Prometheus> {
        let there = is_installed("prometheus", "--version") && is_installed("promtool", "--version");
        let prometheus = there.then(|| Prometheus::new(&self.folder.path().join("metrics-1"), &self.etcd.address()))?;
        self.registered(&["metrics-1"]);
        Some(prometheus)
    }

    fn registered(&self, ids: &[&str]) {
        for id in ids {
            let seen = format!("SELECT id FROM etl.instances WHERE id = '{id}' AND health <> 'missing'");
            self.until(&format!("{id} registered"), || !self.sql(&seen).is_empty());
        }
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// Kills the server, and starts it again.
    pub fn kill_server(&mut self) {
        self.server.take().unwrap().kill().unwrap();
        self.server = Some(Server::start(&self.options).unwrap());
    }

    /// Runs statements; the rows of the last.
    #[track_caller]
    pub fn sql(&self, statements: &str) -> Rows {
        self.try_sql(statements).unwrap()
    }

    /// The same, or the server's message.
    pub fn try_sql(&self, statements: &str) -> Result<Rows, String> {
        let message =
            |error: tokio_postgres::Error| error.as_db_error().map_or(error.to_string(), |error| error.message().to_owned());
        self.server().sql().unwrap().rows(statements).map_err(message)
    }

    /// One value.
    #[track_caller]
    pub fn value(&self, query: &str) -> String {
        self.server().sql().unwrap().value(query).unwrap()
    }

    /// Number and state of the newest layer.
    pub fn last_layer(&self) -> (i64, String) {
        self.server().sql().unwrap().last_layer().unwrap()
    }

    /// Instance, outcome and detail of each attempt of a layer.
    pub fn attempts(&self, layer: i64) -> Vec<[String; 3]> {
        self.server().sql().unwrap().attempts(layer).unwrap()
    }

    /// Waits.
    #[track_caller]
    pub fn until(&self, what: &str, is: impl Fn() -> bool) {
        assert!(eventually(is), "not {what}:\n{}", self.said());
    }

    /// Waits until the newest layer has come to its end, and returns its state.
    #[track_caller]
    pub fn ended(&self) -> String {
        self.until("ended", || {
            let state = self.try_sql("SELECT state FROM etl.layers ORDER BY id DESC LIMIT 1");
            state.is_ok_and(|rows| rows[0][0].as_deref().is_some_and(|state| state == "active" || state == "failed"))
        });
        self.last_layer().1
    }

    /// Waits until both edges run with exactly the files of the active layers, and are well. Never half: both are alike.
    #[track_caller]
    pub fn settled(&self) {
        let files = self.sql("SELECT path, content FROM etl.render('edge')");
        for edge in &self.edges {
            self.until("settled", || {
                let holds = |row: &Vec<Option<String>>| {
                    let content = edge.resolved(row[1].as_deref().unwrap());
                    edge.machine.file(row[0].as_deref().unwrap()) == content
                };
                files.iter().all(holds) && edge.files() == files.len()
            });
        }
        self.until("synced", || {
            let off = "SELECT id FROM etl.instances WHERE role = 'edge' AND (sync, health) <> ('synced', 'healthy')";
            self.sql(off).is_empty()
        });
    }

    /// What everybody wrote.
    fn said(&self) -> String {
        let mut all = std::fs::read_to_string(&self.options.log).unwrap_or_default();
        for edge in &self.edges {
            all += &format!("---- {}\n{}", edge.machine.path("").display(), edge.machine.said());
        }
        all += &format!("---- {:?}", self.try_sql("SELECT id, role, sync, health, last_error FROM etl.instances"));
        all + &format!("\n---- {:?}", self.try_sql("SELECT layer, state, steps, error FROM etl.tasks ORDER BY id"))
    }

    /// Process ids of the daemons of role `edge`.
    #[track_caller]
    pub fn pids(&self) -> Vec<u32> {
        self.edges.iter().map(|edge| edge.machine.daemon().unwrap()).collect()
    }
}

impl Edge {
    fn new(folder: &Path, id: &str, etcd: &str, extra: u16) -> Self {
        let port = free_port().unwrap();
        let out = folder.join("out.log").display().to_string();
        let secrets = [("port", port.to_string()), ("extra", extra.to_string()), ("out", out)];
        let machine = Machine::new(folder, "rsyslogd", &secrets).unwrap();
        let settings = format!(
            r#"
role = "edge"
id = "{id}"
etcd = ["{etcd}"]
root = "{{folder}}/root"
state = "{{folder}}/state"
lease = "3s"
probation = "1s"

[secrets]
folder = "{{folder}}/secrets"

[validate]
command = ["rsyslogd", "-N1", "-f", "{{root}}/rsyslog.conf"]

[supervise]
command = ["rsyslogd", "-n", "-f", "{{root}}/rsyslog.conf", "-i", "{{folder}}/rsyslog.pid"]

[health]
tcp = "127.0.0.1:{port}"
interval = "200ms"
within = "5s"
failures = 2
alarms = ["rsyslogd: Error"]
"#
        );
        machine.write_settings(&settings).unwrap();
        let mut edge = Self { machine, port };
        edge.start();
        edge
    }

    pub fn start(&mut self) {
        self.machine.start(env!("CARGO_BIN_EXE_strata")).unwrap();
    }

    /// A text with this machine's secrets in it.
    fn resolved(&self, text: &str) -> String {
        ["port", "extra", "out"].iter().fold(text.to_owned(), |text, name| {
            let secret = std::fs::read_to_string(self.machine.path("secrets").join(name)).unwrap();
            text.replace(&format!("${{secret:{name}}}"), &secret)
        })
    }

    /// How many files there are.
    fn files(&self) -> usize {
        fn count(folder: PathBuf) -> usize {
            let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
            entries.map(|entry| entry.unwrap().path()).map(|path| if path.is_dir() { count(path) } else { 1 }).sum()
        }
        count(self.machine.path("root"))
    }

    /// Sends a line and sees that rsyslog keeps it.
    #[track_caller]
    pub fn delivers(&self, word: &str) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        writeln!(stream, "<13>Nov 22 10:00:00 here test: {word}").unwrap();
        let kept = || std::fs::read_to_string(self.machine.path("out.log")).unwrap_or_default().contains(word);
        assert!(eventually(kept), "{word} is not kept\n{}", self.machine.said());
    }
}

impl Prometheus {
    fn new(folder: &Path, etcd: &str) -> Self {
        let port = free_port().unwrap();
        let mut machine = Machine::new(folder, "prometheus", &[]).unwrap();
        let settings = format!(
            r#"
role = "metrics"
id = "metrics-1"
etcd = ["{etcd}"]
root = "{{folder}}/root"
state = "{{folder}}/state"
lease = "3s"
probation = "1s"

[validate]
command = ["promtool", "check", "config", "prometheus.yml"]

[supervise]
command = ["prometheus", "--config.file={{root}}/prometheus.yml", "--storage.tsdb.path={{folder}}/tsdb",
           "--web.listen-address=127.0.0.1:{port}"]
reload = "HUP"

[health]
http = "http://127.0.0.1:{port}/-/ready"
interval = "200ms"
alarms = ["Error reloading config"]
"#
        );
        machine.write_settings(&settings).unwrap();
        machine.start(env!("CARGO_BIN_EXE_strata")).unwrap();
        Self { machine, port }
    }

    /// The configuration that it runs with, as it says itself.
    pub fn configuration(&self) -> String {
        Http::new(SocketAddr::from(([127, 0, 0, 1], self.port))).get("/api/v1/status/config").unwrap().body
    }
}
