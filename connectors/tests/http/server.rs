//! A server of the HTTP front end in this process, on a folder of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::Value;
use strata_connectors::{HttpOptions, serve};
use strata_engine::{Engine, EngineConfig};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// Memory of a test's server.
const MEMORY: usize = 256 << 20;

/// A running server. Stops when dropped.
pub struct Server {
    pub engine: Arc<Engine>,
    pub address: SocketAddr,
    runtime: Runtime,
    stop: Option<oneshot::Sender<()>>,
    _folder: tempfile::TempDir,
}

/// Status and JSON body of an answer, and `Retry-After`.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// (accepted, duplicates, rejected lines).
    pub fn counts(&self) -> (u64, u64, u64) {
        assert_eq!(self.status, 200, "{}", self.text);
        let json = self.json();
        let number = |key: &str| json[key].as_u64().unwrap();
        (number("accepted"), number("duplicates"), number("rejected_total"))
    }
}

impl Server {
    pub fn start() -> Self {
        Self::start_with(|_, _| ())
    }

    /// With other settings.
    pub fn start_with(change: impl FnOnce(&mut EngineConfig, &mut HttpOptions)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = EngineConfig::for_folder(folder.path(), MEMORY);
        config.free_bytes_min = 1 << 20;
        config.wal_file_bytes = 16 << 20;
        let mut options = HttpOptions::new(PrometheusBuilder::new().build_recorder().handle());
        change(&mut config, &mut options);
        let runtime = Runtime::new().unwrap();
        let (stop, stopped) = oneshot::channel();
        let (engine, address) = runtime.block_on(async {
            let engine = Engine::open_folder(config).await.unwrap();
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(serve(listener, engine.clone(), options, async move { drop(stopped.await) }));
            (engine, address)
        });
        Self { engine, address, runtime, stop: Some(stop), _folder: folder }
    }

    /// Runs `work` on the server's runtime.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Records of a topic that a query would see, by its offsets.
    pub fn rows(&self, schema: &str, topic: &str) -> u64 {
        let snapshot = self.engine.topics().snapshot(schema, topic).expect("the topic");
        assert_eq!(snapshot.rows(), snapshot.next_offset.unsigned_abs(), "offsets are dense");
        snapshot.rows()
    }

    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.request("POST", path, headers, body)
    }

    /// POST to a topic.
    pub fn records(&self, topic: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.post(&format!("/v1/topics/{topic}/records"), headers, body)
    }

    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = self.connect();
        let length = body.len().to_string();
        let head = head(method, path, headers.iter().copied().chain([("content-length", &*length)]));
        stream.write_all(head.as_bytes()).unwrap();
        // A server that refuses early may close before all is written; its answer is there all the same.
        drop(stream.write_all(body));
        read_answer(stream)
    }

    /// A connection for requests written by hand.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Waits until `condition` holds.
    pub fn wait_until(&self, what: &str, condition: impl Fn() -> bool) {
        for _ in 0..500 {
            if condition() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("never came true: {what}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

/// The head of a request.
pub fn head<'a>(method: &str, path: &str, headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: strata\r\nconnection: close\r\n");
    headers.into_iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
    head + "\r\n"
}

/// Reads a whole answer from a connection that the server closes after it.
pub fn read_answer(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let retry_after = head.lines().find_map(|line| line.strip_prefix("retry-after: ").map(str::to_owned));
    Answer { status, retry_after, text: body.to_owned() }
}
