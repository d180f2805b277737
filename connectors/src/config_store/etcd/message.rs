//! The JSON of etcd's gateway: bytes in base64, 64-bit numbers as texts, what is zero left out.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};
use strata_catalog::etl::config_store::{
    Change, Entry, Expected, Key, LeaseId, Operation, StoreError, StoreRevision, Transaction,
};

use super::{expected_revision, malformed};

/// How long a lease may be, in seconds, whatever etcd says.
const TTL_SECONDS_MAX: i64 = 10 * 365 * 24 * 60 * 60;

/// A text as etcd takes it.
pub(super) fn coded(text: &str) -> String {
    STANDARD.encode(text)
}

fn decoded(coded: &str) -> Result<String, StoreError> {
    let bytes = STANDARD.decode(coded).map_err(|error| malformed("a text", error))?;
    String::from_utf8(bytes).map_err(|error| malformed("a text", error))
}

/// A 64-bit number; a text, or a number where etcd takes the liberty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Number(pub i64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Text(String),
            Number(i64),
        }
        match Form::deserialize(deserializer)? {
            Form::Number(number) => Ok(Self(number)),
            Form::Text(text) => text.parse().map(Self).map_err(serde::de::Error::custom),
        }
    }
}

/// `header` of every answer.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Header {
    #[serde(default)]
    revision: Number,
}

impl Header {
    pub(super) fn revision(&self) -> StoreRevision {
        StoreRevision(self.revision.0)
    }
}

/// A key of etcd.
#[derive(Debug, Deserialize)]
pub(super) struct KeyValue {
    key: String,
    #[serde(default)]
    value: String,
    #[serde(default)]
    pub mod_revision: Number,
    #[serde(default)]
    lease: Number,
}

impl KeyValue {
    /// The key; `None` if it is not one of ours.
    pub(super) fn key(&self) -> Option<Key> {
        decoded(&self.key).ok().as_deref().and_then(Key::parse)
    }

    /// The entry; `None` if the key is not one of ours.
    pub(super) fn entry(&self) -> Result<Option<Entry>, StoreError> {
        let Some(key) = self.key() else { return Ok(None) };
        let lease = Some(LeaseId(self.lease.0)).filter(|lease| lease.0 != 0);
        Ok(Some(Entry { key, value: decoded(&self.value)?, revision: StoreRevision(self.mod_revision.0), lease }))
    }
}

/// Answer of `/v3/kv/range`.
#[derive(Debug, Deserialize)]
pub(super) struct Ranged {
    #[serde(default)]
    pub header: Header,
    #[serde(default)]
    pub kvs: Vec<KeyValue>,
}

/// Question of `/v3/kv/txn`. On failure it reads the keys of the expectations, to tell which was not met.
#[derive(Debug, Serialize)]
pub(super) struct Txn {
    compare: Vec<serde_json::Value>,
    success: Vec<serde_json::Value>,
    failure: Vec<serde_json::Value>,
}

impl Txn {
    pub(super) fn of(transaction: &Transaction) -> Self {
        let compare = |(key, expected): &(Key, Expected)| {
            serde_json::json!({
                "key": coded(&key.to_string()), "target": "MOD", "result": "EQUAL",
                "mod_revision": expected_revision(*expected).to_string(),
            })
        };
        let change = |(key, operation): &(Key, Operation)| {
            let key = coded(&key.to_string());
            match operation {
                Operation::Put { value, lease } => serde_json::json!({ "request_put": {
                    "key": key, "value": coded(value), "lease": lease.map_or(0, |lease| lease.0).to_string(),
                }}),
                Operation::Delete => serde_json::json!({ "request_delete_range": { "key": key } }),
            }
        };
        let read = |(key, _): &(Key, Expected)| serde_json::json!({ "request_range": { "key": coded(&key.to_string()), "keys_only": true } });
        Self {
            compare: transaction.expectations().iter().map(compare).collect(),
            success: transaction.operations().iter().map(change).collect(),
            failure: transaction.expectations().iter().map(read).collect(),
        }
    }
}

/// Answer of `/v3/kv/txn`.
#[derive(Debug, Deserialize)]
pub(super) struct TxnAnswer {
    #[serde(default)]
    pub header: Header,
    #[serde(default)]
    pub succeeded: bool,
    #[serde(default)]
    responses: Vec<TxnResponse>,
}

#[derive(Debug, Deserialize)]
struct TxnResponse {
    response_range: Option<Ranged>,
}

impl TxnAnswer {
    /// How the keys of the expectations were when they were not met.
    pub(super) fn found(&self) -> impl Iterator<Item = Result<Expected, StoreError>> {
        self.responses.iter().map(|response| {
            let ranged = response.response_range.as_ref().ok_or_else(|| malformed("a transaction", "no range was answered"))?;
            Ok(ranged.kvs.first().map_or(Expected::Absent, |kv| Expected::At(StoreRevision(kv.mod_revision.0))))
        })
    }
}

/// Answer of `/v3/lease/grant`.
#[derive(Debug, Deserialize)]
pub(super) struct Granted {
    #[serde(rename = "ID")]
    pub id: Number,
    #[serde(rename = "TTL", default)]
    ttl: Number,
}

impl Granted {
    pub(super) fn ttl(&self) -> Duration {
        seconds(self.ttl)
    }
}

/// Answer of `/v3/lease/keepalive` and `/v3/lease/timetolive`; no time is left of a lease that has run out.
#[derive(Debug, Deserialize)]
pub(super) struct KeptAlive {
    #[serde(rename = "TTL", default)]
    pub ttl: Number,
}

impl KeptAlive {
    pub(super) fn ttl(&self) -> Duration {
        seconds(self.ttl)
    }
}

fn seconds(number: Number) -> Duration {
    Duration::from_secs(number.0.clamp(0, TTL_SECONDS_MAX).unsigned_abs())
}

/// What comes as one of several lines.
#[derive(Debug, Deserialize)]
pub(super) struct Streamed<T> {
    pub result: Option<T>,
    pub error: Option<serde_json::Value>,
}

/// A line of `/v3/watch`.
#[derive(Debug, Deserialize)]
pub(super) struct Watched {
    #[serde(default)]
    pub header: Header,
    #[serde(default)]
    pub created: bool,
    #[serde(default)]
    pub canceled: bool,
    #[serde(default)]
    pub cancel_reason: String,
    #[serde(default)]
    pub compact_revision: Number,
    #[serde(default)]
    pub events: Vec<WatchedEvent>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WatchedEvent {
    #[serde(rename = "type", default)]
    kind: String,
    pub kv: KeyValue,
}

impl WatchedEvent {
    /// What it says; `None` if the key is not one of ours.
    pub(super) fn change(&self) -> Result<Option<Change>, StoreError> {
        match self.kind.as_str() {
            "DELETE" => Ok(self.kv.key().map(Change::Deleted)),
            "" | "PUT" => Ok(self.kv.entry()?.map(Change::Put)),
            other => Err(malformed("a watch", format!("an event {other}"))),
        }
    }
}

/// A refusal.
#[derive(Debug)]
pub(super) struct Failure {
    /// Of gRPC; 0 if there is none.
    pub code: i64,
    pub message: String,
}

impl Failure {
    pub(super) fn read(status: StatusCode, body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Body {
            #[serde(default)]
            error: String,
            #[serde(default)]
            code: Number,
        }
        match serde_json::from_slice::<Body>(body) {
            Ok(body) => Self { code: body.code.0, message: body.error },
            Err(_) => Self { code: 0, message: format!("status {status}") },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_etcd_are_read() {
        let text = r#"{"header":{"cluster_id":"1","revision":"7","raft_term":"2"},
            "kvs":[{"key":"L3N0cmF0YS9yb2xlcy93ZWIvbWFuaWZlc3Q=","create_revision":"5","mod_revision":"7","version":"2",
                    "value":"e30=","lease":"1234567890123456789"},
                   {"key":"Zm9v","mod_revision":"3","value":"/w=="}],"count":"2"}"#;
        let ranged: Ranged = serde_json::from_str(text).unwrap();
        assert_eq!(ranged.header.revision(), StoreRevision(7));
        let entry = ranged.kvs[0].entry().unwrap().unwrap();
        assert_eq!((entry.key, entry.value.as_str()), (Key::manifest("web").unwrap(), "{}"));
        assert_eq!((entry.revision, entry.lease), (StoreRevision(7), Some(LeaseId(1_234_567_890_123_456_789))));
        assert_eq!(ranged.kvs[1].entry(), Ok(None), "a key of somebody else, whatever it holds");
    }

    #[test]
    fn a_refusal_is_read_whatever_it_looks_like() {
        let read = |body: &str| Failure::read(StatusCode::NOT_FOUND, body.as_bytes());
        let failure = read(r#"{"error":"etcdserver: requested lease not found","code":5,"message":"x"}"#);
        assert_eq!((failure.code, failure.message.as_str()), (5, "etcdserver: requested lease not found"));
        assert_eq!(read("404 page not found").message, "status 404 Not Found");
    }
}
