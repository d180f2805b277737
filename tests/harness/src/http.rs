//! A plain HTTP client: what was answered, whatever the status.

use std::net::SocketAddr;
use std::time::Duration;

use ureq::Agent;

/// A client of one server. Keeps its connection between requests.
#[derive(Debug, Clone)]
pub struct Http {
    agent: Agent,
    base: String,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// `Retry-After`, if sent.
    pub retry_after: Option<String>,
    /// The body as text.
    pub body: String,
}

impl Http {
    /// A client; connects with the first request. A request may take two minutes.
    pub fn new(server: SocketAddr) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(120))).build();
        Self { agent: config.into(), base: format!("http://{server}") }
    }

    /// `GET path`.
    ///
    /// # Errors
    /// The connection's; a status is no error.
    pub fn get(&self, path: &str) -> anyhow::Result<Answer> {
        answer(self.agent.get(format!("{}{path}", self.base)).call()?)
    }

    /// `POST path` with more headers.
    ///
    /// # Errors
    /// The connection's; a status is no error. It is unknown then whether the server took the body.
    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> anyhow::Result<Answer> {
        let mut request = self.agent.post(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.send(body)?)
    }

    /// Sends NDJSON to a topic (`schema.name`).
    ///
    /// # Errors
    /// As [`Http::post`].
    pub fn records(&self, topic: &str, headers: &[(&str, &str)], ndjson: &[u8]) -> anyhow::Result<Answer> {
        self.post(&format!("/v1/topics/{topic}/records"), headers, ndjson)
    }
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> anyhow::Result<Answer> {
    let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok(Answer { status: response.status().as_u16(), retry_after, body: response.body_mut().read_to_string()? })
}
