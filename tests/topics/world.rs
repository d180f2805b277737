//! A server, and sidecars of role `bus` beside a broker.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;
use strata_harness::{Machine, Rows, Server, ServerOptions, eventually};
use tempfile::TempDir;

/// See the module.
pub struct World {
    pub server: Server,
    pub machines: Vec<Machine>,
    log: std::path::PathBuf,
    folder: TempDir,
}

impl World {
    /// A server, and nobody else.
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let options = ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder.path());
        let server = Server::start(&options).unwrap();
        Self { server, machines: Vec::new(), log: options.log, folder }
    }

    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// A sidecar for the broker at an address, registered.
    pub fn add_sidecar(&mut self, id: &str, broker: &str) {
        let mut machine = Machine::new(&self.folder.path().join(id), "nothing", &[]).unwrap();
        let server = self.server.http_addr();
        let settings = format!(
            r#"
role = "bus"
id = "{id}"
server = "http://{server}"
root = "{{folder}}/root"
state = "{{folder}}/state"
lease = "3s"
probation = "1s"

[apply.kafka]
servers = ["{broker}"]

[health]
interval = "200ms"
within = "5s"
failures = 2
"#
        );
        machine.write_settings(&settings).unwrap();
        machine.start(env!("CARGO_BIN_EXE_strata")).unwrap();
        self.machines.push(machine);
        let seen = format!("SELECT id FROM etl.instances WHERE id = '{id}' AND health <> 'missing'");
        self.until(&format!("{id} registered"), || !self.sql(&seen).is_empty());
    }

    /// The topics that the broker of the first sidecar has, as `strata agent --present` prints them.
    pub fn present(&self) -> String {
        let config = self.machines[0].path("agent.toml");
        let output =
            Command::new(env!("CARGO_BIN_EXE_strata")).arg("agent").arg("--present").arg("--config").arg(config).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Partitions and settings of each topic.
    pub fn topics(&self) -> BTreeMap<String, (u64, BTreeMap<String, String>)> {
        let present: Value = serde_json::from_str(&self.present()).unwrap();
        let topics = present["topics"].as_object().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let config = |topic: &Value| {
            let config = topic["config"].as_object().into_iter().flatten();
            config.map(|(name, value)| (name.clone(), text(value))).collect()
        };
        topics.map(|(name, topic)| (name.clone(), (topic["partitions"].as_u64().unwrap(), config(topic)))).collect()
    }

    /// One setting of a topic.
    pub fn setting(&self, topic: &str, name: &str) -> Option<String> {
        self.topics().get(topic)?.1.get(name).cloned()
    }

    /// Runs statements; the rows of the last.
    #[track_caller]
    pub fn sql(&self, statements: &str) -> Rows {
        self.try_sql(statements).unwrap()
    }

    /// The same, or the server's message and hint.
    pub fn try_sql(&self, statements: &str) -> Result<Rows, String> {
        self.server.sql().unwrap().rows(statements).map_err(|error| match error.as_db_error() {
            Some(error) => format!("{} ({})", error.message(), error.hint().unwrap_or("no hint")),
            None => error.to_string(),
        })
    }

    /// One value.
    #[track_caller]
    pub fn value(&self, query: &str) -> String {
        self.server.sql().unwrap().value(query).unwrap()
    }

    /// Number and state of the newest layer.
    pub fn last_layer(&self) -> (i64, String) {
        self.server.sql().unwrap().last_layer().unwrap()
    }

    /// Instance, outcome and detail of each attempt of a layer.
    pub fn attempts(&self, layer: i64) -> Vec<[String; 3]> {
        self.server.sql().unwrap().attempts(layer).unwrap()
    }

    /// Waits.
    #[track_caller]
    pub fn until(&self, what: &str, is: impl Fn() -> bool) {
        assert!(eventually(is), "not {what}:\n{}", self.said());
    }

    /// What everybody wrote.
    fn said(&self) -> String {
        let mut all = std::fs::read_to_string(&self.log).unwrap_or_default();
        for machine in &self.machines {
            all += &format!("---- {}\n{}", machine.path("").display(), machine.said());
        }
        all + &format!("---- {:?}", self.try_sql("SELECT id, role, sync, health, last_error FROM etl.instances"))
    }
}
