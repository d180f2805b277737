//! One connection to a broker: a question, its answer, and so on.
//!
//! Plain TCP, without TLS and without a login: the broker is on this machine or in a network that is trusted.
//!
//! **Invariant:** an error tells whether the request may have been carried out: [`ApplyError::Unreachable`] says that it was never
//! sent.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::request::{ApiVersions, Request};
use super::wire::{Reader, Writer};
use crate::component::applier::ApplyError;

/// How long a connection may take to be there.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// How long an answer may take to be complete; longer than a broker is given for a change.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// Longest answer.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// What a broker's log calls us.
const CLIENT: &str = "strata";

/// See the module.
#[derive(Debug)]
pub struct Connection {
    address: String,
    stream: TcpStream,
    /// Number of the last question.
    asked: i32,
    /// The lowest and the highest version of each request that the broker knows.
    known: BTreeMap<i16, (i16, i16)>,
}

impl Connection {
    /// Connects to `host:port` and asks what the broker knows.
    ///
    /// # Errors
    /// Nobody answers there, or nobody who speaks Kafka's protocol.
    pub async fn open(address: &str) -> Result<Self, ApplyError> {
        let unreachable = |error: &dyn std::fmt::Display| ApplyError::Unreachable(format!("broker {address}: {error}"));
        let stream = match tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(address)).await {
            Ok(connected) => connected.map_err(|error| unreachable(&error))?,
            Err(_) => return Err(unreachable(&format!("no connection within {CONNECT_WITHIN:?}"))),
        };
        stream.set_nodelay(true).map_err(|error| unreachable(&error))?;
        let mut connection = Self { address: address.to_owned(), stream, asked: 0, known: BTreeMap::new() };
        let (code, known) = connection.send(&ApiVersions).await?;
        if code != 0 {
            return Err(ApplyError::Refused(format!("broker {address} does not say what it knows: error code {code}")));
        }
        connection.known = known;
        Ok(connection)
    }

    /// Where it leads.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether the broker knows a request, in the version in which it is asked.
    ///
    /// # Errors
    /// It does not.
    pub fn knows<R: Request>(&self) -> Result<(), ApplyError> {
        let known = self.known.get(&R::KEY).is_some_and(|(from, to)| (*from..=*to).contains(&R::VERSION));
        if known {
            return Ok(());
        }
        let address = &self.address;
        Err(ApplyError::Refused(format!("broker {address} does not know the request {} (version {})", R::NAME, R::VERSION)))
    }

    /// Asks.
    ///
    /// # Errors
    /// The broker does not know the request, the connection ends, or the answer is late or cannot be read.
    pub async fn ask<R: Request>(&mut self, request: &R) -> Result<R::Answer, ApplyError> {
        self.knows::<R>()?;
        self.send(request).await
    }

    async fn send<R: Request>(&mut self, request: &R) -> Result<R::Answer, ApplyError> {
        self.asked = self.asked.wrapping_add(1);
        let number = self.asked;
        let frame = framed(request, number);
        let answered = tokio::time::timeout(ANSWER_WITHIN, async {
            self.stream.write_all(&frame).await?;
            read_frame(&mut self.stream).await
        });
        let silent = |what: &dyn std::fmt::Display| ApplyError::Silent(format!("broker {}, {}: {what}", self.address, R::NAME));
        let answer = match answered.await {
            Ok(answer) => answer.map_err(|error| silent(&error))?,
            Err(_) => return Err(silent(&format!("no answer within {ANSWER_WITHIN:?}"))),
        };
        let mut reader = Reader::new(&answer);
        let read = match reader.i32() {
            Ok(echoed) if echoed == number => R::read(&mut reader),
            Ok(_) => return Err(silent(&"it answers another question")),
            Err(error) => Err(error),
        };
        read.map_err(|error| silent(&error))
    }
}

/// A request with its length and header.
fn framed<R: Request>(request: &R, number: i32) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.i16(R::KEY);
    writer.i16(R::VERSION);
    writer.i32(number);
    writer.optional_text(Some(CLIENT));
    request.write(&mut writer);
    let body = writer.into_bytes();
    let mut frame = u32::try_from(body.len()).expect("requests are cut into batches").to_be_bytes().to_vec();
    frame.extend(body);
    frame
}

async fn read_frame(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let length = usize::try_from(stream.read_i32().await?).unwrap_or(usize::MAX);
    if length > ANSWER_BYTES_MAX {
        return Err(std::io::Error::other("this is not Kafka's protocol, or the answer is too long"));
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::super::request::{
        Altered, CreatePartitions, CreateTopics, DeleteTopics, DescribeConfigs, IncrementalAlterConfigs, Metadata, NewTopic,
    };
    use super::*;

    #[track_caller]
    fn check<R: Request>(request: &R, expected: &str) {
        let hex: String = framed(request, 7).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, expected, "{}", R::NAME);
    }

    /// The bytes are those of another client of the same protocol.
    #[test]
    fn requests_are_written_as_others_write_them() {
        check(&Metadata, "0000001500030004000000070006737472617461ffffffff00");
        let topic = NewTopic { name: "t".into(), partitions: 3, replicas: -1, config: vec![("retention.ms".into(), "1".into())] };
        check(
            &CreateTopics(vec![topic]),
            "0000003b001300040000000700067374726174610000000100017400000003ffff0000000000000001000c726574656e74696f6e2e6d73000131\
             00003a9800",
        );
        check(
            &CreatePartitions(vec![("t".into(), 6)]),
            "00000024002500010000000700067374726174610000000100017400000006ffffffff00003a9800",
        );
        check(&DescribeConfigs(vec!["t".into()]), "0000001d002000010000000700067374726174610000000102000174ffffffff00");
        let config = vec![("a".to_owned(), Some("1".to_owned())), ("b".to_owned(), None)];
        check(
            &IncrementalAlterConfigs(vec![Altered { topic: "t".into(), config }]),
            "0000002a002c00000000000700067374726174610000000102000174000000020001610000013100016201ffff00",
        );
        check(&DeleteTopics(vec!["t".into()]), "0000001b001400030000000700067374726174610000000100017400003a98");
    }
}
