//! Looks whether the instance works: it answers HTTP, takes connections, a command says so, or it wrote a certain line.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::Duration;

use strata_connectors::http_client::HttpClient;
use tokio::net::TcpStream;

use super::command;
use super::settings::{Health, LogLine};

/// Bytes of a log that are read at a look; what is beyond is read at the next.
const LOG_BYTES_MAX: u64 = 1 << 20;
/// Bytes of the last incomplete text that are kept, so that a line in two pieces is found.
const OVERLAP_BYTES: usize = 4 << 10;

/// Carries out every look of the settings that is not about a log.
///
/// # Errors
/// What is not well.
pub async fn look(health: &Health, root: &Path) -> Result<(), String> {
    let timeout = health.timeout.duration();
    if let Some(address) = &health.http {
        within(timeout, "http", http(address)).await?;
    }
    if let Some(address) = &health.tcp {
        let connect = async { TcpStream::connect(address).await.map(drop).map_err(|error| error.to_string()) };
        within(timeout, &format!("tcp {address}"), connect).await?;
    }
    if !health.command.is_empty() {
        command::run("health", &health.command, root, timeout).await?;
    }
    Ok(())
}

async fn within(timeout: Duration, what: &str, look: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    match tokio::time::timeout(timeout, look).await {
        Ok(result) => result.map_err(|error| format!("{what}: {error}")),
        Err(_) => Err(format!("{what}: no answer within {timeout:?}")),
    }
}

async fn http(address: &str) -> Result<(), String> {
    let begin = address.find("://").map_or(0, |at| at + 3);
    let path = address[begin..].find('/').map_or(address.len(), |at| begin + at);
    let (server, path) = address.split_at(path);
    let client = HttpClient::new(server).map_err(|error| error.to_string())?;
    let (status, _) = client.get(if path.is_empty() { "/" } else { path }).await.map_err(|error| error.to_string())?;
    if status.is_success() { Ok(()) } else { Err(format!("{address} answers {status}")) }
}

/// Reads what is added to a log.
#[derive(Debug)]
pub struct LogWatch {
    settings: LogLine,
    from: u64,
    text: Vec<u8>,
    found: bool,
}

impl LogWatch {
    /// Looks for nothing until [`LogWatch::begin`]: what was loaded before the sidecar began cannot be seen in the log.
    pub fn new(settings: &LogLine) -> Self {
        Self { settings: settings.clone(), from: 0, text: Vec::new(), found: true }
    }

    /// Looks from the end of the log on: new files are about to be loaded.
    pub fn begin(&mut self) {
        self.from = std::fs::metadata(&self.settings.file).map_or(0, |log| log.len());
        self.text.clear();
        self.found = false;
    }

    /// Whether the line was written since [`LogWatch::begin`].
    ///
    /// # Errors
    /// It was not, or the log cannot be read.
    pub fn look(&mut self) -> Result<(), String> {
        if self.found {
            return Ok(());
        }
        let file = self.settings.file.display();
        let mut log = File::open(&self.settings.file).map_err(|error| format!("log {file}: {error}"))?;
        let length = log.metadata().map_or(0, |log| log.len());
        if length < self.from {
            // It was rotated.
            self.from = 0;
        }
        let mut added = Vec::new();
        let read = log.seek(SeekFrom::Start(self.from)).and_then(|_| log.take(LOG_BYTES_MAX).read_to_end(&mut added));
        self.from += read.map_err(|error| format!("log {file}: {error}"))? as u64;
        self.text.extend_from_slice(&added);
        self.found = memchr::memmem::find(&self.text, self.settings.contains.as_bytes()).is_some();
        let beyond = self.text.len().saturating_sub(OVERLAP_BYTES.max(self.settings.contains.len()));
        self.text.drain(..beyond);
        if self.found { Ok(()) } else { Err(format!("log {file} has no new line with \"{}\"", self.settings.contains)) }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn http_is_well_when_the_status_says_so() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            for answer in ["200 OK", "503 Service Unavailable"] {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut asked = [0; 1024];
                let read = stream.read(&mut asked).await.unwrap();
                assert!(asked[..read].starts_with(b"GET /-/ready HTTP/1.1\r\n"));
                stream.write_all(format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n").as_bytes()).await.unwrap();
            }
        });
        let health = Health { http: Some(format!("http://{address}/-/ready")), ..Health::default() };
        let root = Path::new(".");
        assert_eq!(look(&health, root).await, Ok(()));
        assert!(look(&health, root).await.unwrap_err().ends_with("answers 503 Service Unavailable"));
        let health = Health { tcp: Some(address.to_string()), ..Health::default() };
        assert!(look(&health, root).await.unwrap_err().starts_with(&format!("tcp {address}: ")), "nobody listens any more");
    }

    #[test]
    fn a_line_counts_when_it_was_written_after_the_load() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("log");
        std::fs::write(&file, "ready\n").unwrap();
        let mut watch = LogWatch::new(&LogLine { file: file.clone(), contains: "ready".to_owned() });
        assert_eq!(watch.look(), Ok(()), "nothing was loaded yet");
        watch.begin();
        assert!(watch.look().is_err(), "an old line");
        let mut log = std::fs::OpenOptions::new().append(true).open(&file).unwrap();
        log.write_all(b"is rea").unwrap();
        assert!(watch.look().is_err());
        log.write_all(b"dy now\n").unwrap();
        assert_eq!(watch.look(), Ok(()));
        assert_eq!(watch.look(), Ok(()), "it stays found");
        watch.begin();
        assert!(watch.look().is_err());
        std::fs::write(&file, "ready\n").unwrap();
        assert_eq!(watch.look(), Ok(()), "a rotated log is read from its beginning");
    }
}
