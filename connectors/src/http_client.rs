//! A small HTTP/1.1 client: JSON is asked for and answered, or lines that keep coming. For etcd's gateway and for sidecars that
//! talk to their server.
//!
//! One connection a request, because requests are rare and a connection that was cut in silence is then never reused. No TLS,
//! no redirects, no proxies.
//!
//! **Invariant:** an error tells whether the request may have been carried out: [`HttpError::Unreachable`] says that it was
//! never sent.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// How long a connection may take to be there.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// How long an answer may take to be complete.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Longest answer, and longest line of one that keeps coming.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// No connection; the request was not sent.
    #[error("{0}")]
    Unreachable(String),
    /// The request was sent, and then something went wrong.
    #[error("{0}")]
    Silent(String),
}

fn silent(error: impl std::fmt::Display) -> HttpError {
    HttpError::Silent(error.to_string())
}

/// An address that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("address \"{address}\" is not of the form http://host:port or http://user:password@host:port")]
pub struct BadAddress {
    /// What was given, without user and password.
    pub address: String,
}

/// Where requests go, and in whose name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpClient {
    authority: String,
    credentials: Option<Credentials>,
}

/// User and password, as a header says them. Does not show itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials(String);

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials")
    }
}

impl Credentials {
    /// Takes `user:password@`, percent-encoded, out of a URL.
    pub fn split_off(url: &str) -> (String, Option<Self>) {
        let Some((scheme, rest)) = url.split_once("://") else { return (url.to_owned(), None) };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let Some((user, place)) = authority.rsplit_once('@') else { return (url.to_owned(), None) };
        let encoded = STANDARD.encode(percent_decoded(user));
        (format!("{scheme}://{place}{path}"), Some(Self(format!("Basic {encoded}"))))
    }

    /// The value of the header `Authorization`.
    pub fn header(&self) -> &str {
        &self.0
    }
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    bytes
}

impl HttpClient {
    /// A client of `http://host:port` or `http://user:password@host:port`. Does not connect.
    ///
    /// # Errors
    /// [`BadAddress`] for anything else, `https` too.
    pub fn new(address: &str) -> Result<Self, BadAddress> {
        let (address, credentials) = Credentials::split_off(address);
        let bad = || BadAddress { address: address.clone() };
        let authority = address.strip_prefix("http://").ok_or_else(bad)?;
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let (host, port) = authority.rsplit_once(':').ok_or_else(bad)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | ']' | ':');
        if host.is_empty() || !host.chars().all(plain) || port.parse::<u16>().is_err() {
            return Err(bad());
        }
        Ok(Self { authority: authority.to_owned(), credentials })
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        &self.authority
    }

    /// Asks with GET and reads the whole answer.
    ///
    /// # Errors
    /// See [`HttpError`].
    pub async fn get(&self, path: &str) -> Result<(StatusCode, Bytes), HttpError> {
        self.whole(Method::GET, path, Bytes::new()).await
    }

    /// Sends JSON with POST and reads the whole answer.
    ///
    /// # Errors
    /// See [`HttpError`].
    pub async fn post(&self, path: &str, json: Bytes) -> Result<(StatusCode, Bytes), HttpError> {
        self.whole(Method::POST, path, json).await
    }

    /// Sends JSON with POST; the answer is read line by line.
    ///
    /// # Errors
    /// See [`HttpError`].
    pub async fn lines(&self, path: &str, json: Bytes) -> Result<(StatusCode, Lines), HttpError> {
        let asked = self.ask(Method::POST, path, json);
        let (response, connection) = tokio::time::timeout(ANSWER_WITHIN, asked).await.map_err(|_| no_answer())??;
        Ok((response.status(), Lines { body: response.into_body(), read: BytesMut::new(), searched: 0, _connection: connection }))
    }

    async fn whole(&self, method: Method, path: &str, json: Bytes) -> Result<(StatusCode, Bytes), HttpError> {
        let answered = async {
            let (response, _connection) = self.ask(method, path, json).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await.map_err(silent)?;
            Ok((status, body.to_bytes()))
        };
        tokio::time::timeout(CONNECT_WITHIN + ANSWER_WITHIN, answered).await.map_err(|_| no_answer())?
    }

    async fn ask(&self, method: Method, path: &str, json: Bytes) -> Result<(Response<Incoming>, Connection), HttpError> {
        let connected = tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(&self.authority)).await;
        let stream = connected
            .map_err(|_| HttpError::Unreachable(format!("no connection within {CONNECT_WITHIN:?}")))?
            .map_err(|error| HttpError::Unreachable(error.to_string()))?;
        let unreachable = |error: &dyn std::fmt::Display| HttpError::Unreachable(error.to_string());
        stream.set_nodelay(true).map_err(|error| unreachable(&error))?;
        let (mut sender, driver) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| unreachable(&error))?;
        // What goes wrong with the connection is told to whoever reads the answer.
        let connection = Connection(tokio::spawn(async move { drop(driver.await) }));
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.authority)
            .header(header::CONTENT_TYPE, "application/json");
        let request = match &self.credentials {
            Some(credentials) => request.header(header::AUTHORIZATION, credentials.header()),
            None => request,
        };
        let request = request.body(Full::new(json)).map_err(|error| unreachable(&error))?;
        Ok((sender.send_request(request).await.map_err(silent)?, connection))
    }
}

fn no_answer() -> HttpError {
    HttpError::Silent(format!("no answer within {ANSWER_WITHIN:?}"))
}

/// Moves the bytes of a connection, until this is dropped.
#[derive(Debug)]
struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// An answer that keeps coming.
#[derive(Debug)]
pub struct Lines {
    body: Incoming,
    read: BytesMut,
    /// Bytes of `read` in which there is no end of a line.
    searched: usize,
    _connection: Connection,
}

impl Lines {
    /// The next line without its end; `None` at the end of the answer. May be given up and called again.
    ///
    /// # Errors
    /// [`HttpError::Silent`] when the connection breaks, or for a line past all bounds.
    pub async fn next(&mut self) -> Result<Option<Bytes>, HttpError> {
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.read[self.searched..]) {
                let line = self.read.split_to(self.searched + end + 1).freeze();
                self.searched = 0;
                return Ok(Some(line.slice(..line.len() - 1)));
            }
            self.searched = self.read.len();
            if self.read.len() > ANSWER_BYTES_MAX {
                return Err(silent("a line of the answer is too long"));
            }
            match self.body.frame().await {
                Some(frame) => {
                    if let Ok(data) = frame.map_err(silent)?.into_data() {
                        self.read.extend_from_slice(&data);
                    }
                }
                None => return Ok(None),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for (address, authority) in [
            ("http://127.0.0.1:2379", "127.0.0.1:2379"),
            ("http://[::1]:1/", "[::1]:1"),
            ("http://etcd-1.local:80", "etcd-1.local:80"),
        ] {
            assert_eq!(HttpClient::new(address).unwrap().address(), authority);
        }
        for address in ["", "localhost:1", "https://a:1", "http://a", "http://a:b", "http://:1", "http://a:1/x", "http://u@a:b"] {
            assert!(HttpClient::new(address).is_err(), "{address}");
        }
    }

    #[test]
    fn credentials_become_a_header_and_are_not_shown() {
        let check = |url: &str, rest: &str, header: Option<&str>| {
            let (found, credentials) = Credentials::split_off(url);
            assert_eq!((found.as_str(), credentials.as_ref().map(Credentials::header)), (rest, header), "{url}");
        };
        check("http://a:1/x", "http://a:1/x", None);
        check("http://ann:secret@a:1/x", "http://a:1/x", Some("Basic YW5uOnNlY3JldA=="));
        check("http://ann:s%40%2Fcret@a:1", "http://a:1", Some("Basic YW5uOnNAL2NyZXQ="));
        check("http://ann:%zz%@a:1", "http://a:1", Some("Basic YW5uOiV6eiU="));
        check("a:1", "a:1", None);
        let client = HttpClient::new("http://ann:secret@a:1").unwrap();
        assert!(!format!("{client:?}").contains("secret"));
        assert!(!HttpClient::new("http://ann:secret@a").unwrap_err().to_string().contains("secret"));
    }
}
