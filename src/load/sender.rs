//! One connection that sends blocks, and sends them again until the server has them.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use indicatif::ProgressBar;
use parking_lot::Mutex;
use serde::Deserialize;
use strata_connectors::http_client::Credentials;
use ureq::Agent;
use ureq::http::{Response, StatusCode};

use super::Format;
use super::block::Block;
use super::report::{RejectedLine, Report};

/// First pause before a block is sent again; doubles up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How long one request may take.
const REQUEST_MAX: Duration = Duration::from_secs(300);
/// Bytes of an answer that are read at most.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// Where blocks go.
#[derive(Debug)]
pub struct Target {
    agent: Agent,
    url: String,
    health: String,
    content_type: &'static str,
    retry_max: Duration,
    credentials: Option<Credentials>,
}

impl Target {
    /// A topic of a server.
    pub fn new(url: &str, topic: &str, format: Format, retry_max: Duration) -> Self {
        let (url, credentials) = Credentials::split_off(url.trim_end_matches('/'));
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(REQUEST_MAX)).build();
        let content_type = match format {
            Format::Ndjson => "application/x-ndjson",
            Format::Raw => "text/plain",
        };
        Self {
            agent: config.into(),
            health: format!("{url}/health"),
            url: format!("{url}/v1/topics/{}/records", path_segment(topic)),
            content_type,
            retry_max,
            credentials,
        }
    }

    /// Fails at once where waiting would not help: no server there.
    pub fn check(&self) -> anyhow::Result<()> {
        self.agent.get(&self.health).call().with_context(|| format!("no server answers at {}", self.health))?;
        Ok(())
    }
}

/// A text as one segment of a path.
fn path_segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~$".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            segment.push_str(&format!("%{byte:02X}"));
        }
    }
    segment
}

/// Body of 200.
#[derive(Debug, Deserialize)]
struct Answer {
    accepted: u64,
    duplicates: u64,
    rejected: Vec<Rejected>,
    rejected_total: u64,
}

#[derive(Debug, Deserialize)]
struct Rejected {
    line: u64,
    reason: String,
}

/// Body of everything else.
#[derive(Debug, Deserialize)]
struct Refusal {
    error: String,
    hint: Option<String>,
}

/// What one try came to.
enum Attempt {
    Stored(Answer),
    /// Worth another try, not before the given pause.
    Again(anyhow::Error, Duration),
}

/// See the module.
pub struct Sender<'a> {
    target: &'a Target,
    producer: &'a str,
    file: Arc<str>,
    progress: &'a ProgressBar,
    stop: &'a AtomicBool,
}

impl<'a> Sender<'a> {
    /// A connection for one file. It gives up when `stop` is set, because another connection failed.
    pub fn new(target: &'a Target, producer: &'a str, file: Arc<str>, progress: &'a ProgressBar, stop: &'a AtomicBool) -> Self {
        Self { target, producer, file, progress, stop }
    }

    /// Sends blocks until there are no more. Buffers go back through `empty`.
    pub fn run(&self, blocks: &Mutex<mpsc::Receiver<Block>>, empty: &mpsc::Sender<Vec<u8>>) -> anyhow::Result<Report> {
        let mut report = Report::default();
        loop {
            let next = blocks.lock().recv();
            let Ok(block) = next else { return Ok(report) };
            let answer = self.send(&block)?;
            report.accepted += answer.accepted;
            report.duplicates += answer.duplicates;
            let rejected = answer.rejected.into_iter().map(|line| RejectedLine {
                file: self.file.clone(),
                line: block.first_line + line.line,
                reason: line.reason,
            });
            report.reject(answer.rejected_total, rejected);
            self.progress.inc(block.bytes.len() as u64);
            // The reader is gone at the end of the file.
            drop(empty.send(block.bytes));
        }
    }

    fn send(&self, block: &Block) -> anyhow::Result<Answer> {
        let begun = Instant::now();
        let mut pause = PAUSE_MIN;
        loop {
            match self.attempt(block)? {
                Attempt::Stored(answer) => return Ok(answer),
                Attempt::Again(error, asked) => {
                    if begun.elapsed() >= self.target.retry_max {
                        return Err(error.context(format!("gave up after {} s", begun.elapsed().as_secs())));
                    }
                    self.progress.set_message(format!("waiting: {error}"));
                    self.pause(pause.max(asked))?;
                    pause = (pause * 2).min(PAUSE_MAX);
                    self.progress.set_message("");
                }
            }
        }
    }

    fn pause(&self, pause: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + pause;
        while Instant::now() < until {
            if self.stop.load(Ordering::Relaxed) {
                bail!("another connection failed");
            }
            std::thread::sleep(PAUSE_MIN.min(until.saturating_duration_since(Instant::now())));
        }
        Ok(())
    }

    fn attempt(&self, block: &Block) -> anyhow::Result<Attempt> {
        let sequence = format!("{}-{}", block.first_line, block.first_line + block.lines - 1);
        let request = self.target.agent.post(&self.target.url);
        let request = request.header("content-type", self.target.content_type);
        let request = request.header("strata-producer", self.producer).header("strata-sequence", sequence);
        let request = match &self.target.credentials {
            Some(credentials) => request.header("authorization", credentials.header()),
            None => request,
        };
        let response = match request.send(&block.bytes[..]) {
            Ok(response) => response,
            Err(error) => return Ok(Attempt::Again(anyhow!(error).context("cannot reach the server"), Duration::ZERO)),
        };
        let status = response.status();
        let asked = retry_after(&response);
        let mut body = Vec::new();
        let read = response.into_body().into_reader().take(ANSWER_BYTES_MAX).read_to_end(&mut body);
        if let Err(error) = read {
            return Ok(Attempt::Again(anyhow!(error).context("the server's answer broke off"), Duration::ZERO));
        }
        if status == StatusCode::OK {
            let answer = serde_json::from_slice(&body).context("the server's answer is not understood; is it Strata?")?;
            return Ok(Attempt::Stored(answer));
        }
        let error = match serde_json::from_slice::<Refusal>(&body) {
            Ok(Refusal { error, hint: Some(hint) }) => anyhow!("{error} ({status}). {hint}"),
            Ok(Refusal { error, hint: None }) => anyhow!("{error} ({status})"),
            Err(_) => anyhow!("the server answers {status}"),
        };
        match status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::INSUFFICIENT_STORAGE
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::BAD_GATEWAY
            | StatusCode::GATEWAY_TIMEOUT => Ok(Attempt::Again(error, asked)),
            _ => Err(error),
        }
    }
}

fn retry_after<B>(response: &Response<B>) -> Duration {
    let value = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    value.map_or(Duration::ZERO, Duration::from_secs).min(REQUEST_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_one_segment_of_the_path() {
        assert_eq!(path_segment("logs.my-app"), "logs.my-app");
        assert_eq!(path_segment("logs.\"A/b?\""), "logs.%22A%2Fb%3F%22");
        assert_eq!(path_segment("logs.云"), "logs.%E4%BA%91");
    }
}
