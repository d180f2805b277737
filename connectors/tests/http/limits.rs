//! Too large, too many, too slow, too late, too full.

use std::io::Write;
use std::time::Duration;

use crate::server::{Server, head, read_answer};

const LINE: &[u8] = b"{\"message\": \"m\"}\n";

#[test]
fn a_body_that_is_too_large_is_refused_packed_or_not() {
    let server = Server::start_with(|_, options| options.body_bytes_max = 10_000);
    let body = LINE.repeat(1_000);
    let answer = server.records("logs.app", &[], &body);
    assert_eq!(answer.status, 413, "{}", answer.text);
    let packed = zstd::encode_all(&body[..], 3).unwrap();
    assert!(packed.len() < 1_000);
    assert_eq!(server.records("logs.app", &[("content-encoding", "zstd")], &packed).status, 413);
    assert_eq!(server.records("logs.app", &[], &LINE.repeat(100)).counts(), (100, 0, 0));
}

#[test]
fn a_small_body_that_unpacks_to_a_huge_one_costs_no_memory() {
    let server = Server::start_with(|_, options| options.body_bytes_max = 1 << 30);
    // 2 GiB of one line: far more than the server's memory limit.
    let packed = zstd::encode_all(std::io::Read::take(std::io::repeat(b' '), 2 << 30), 1).unwrap();
    let answer = server.records("logs.app", &[("content-encoding", "zstd")], &packed);
    assert_eq!(answer.status, 413, "{}", answer.text);
    assert_eq!(server.engine.memory().used_by(strata_storage::memory::Consumer::Ingest), 0);
}

#[test]
fn more_uploads_than_allowed_are_told_to_wait() {
    let server = Server::start_with(|_, options| {
        options.uploads_max = 1;
        options.turn_wait = Duration::from_millis(100);
    });
    let mut slow = server.connect();
    let length = LINE.len().to_string();
    slow.write_all(head("POST", "/v1/topics/logs.app/records", [("content-length", &*length)]).as_bytes()).unwrap();
    slow.write_all(&LINE[..5]).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let answer = server.records("logs.app", &[], LINE);
    assert_eq!((answer.status, answer.retry_after.as_deref()), (429, Some("1")), "{}", answer.text);
    slow.write_all(&LINE[5..]).unwrap();
    assert_eq!(read_answer(slow).counts(), (1, 0, 0));
    assert_eq!(server.records("logs.app", &[], LINE).counts(), (1, 0, 0));
}

#[test]
fn a_client_that_falls_silent_is_given_up() {
    let server = Server::start_with(|_, options| options.silence_max = Duration::from_millis(200));
    let mut silent = server.connect();
    silent.write_all(head("POST", "/v1/topics/logs.app/records", [("content-length", "100")]).as_bytes()).unwrap();
    silent.write_all(LINE).unwrap();
    let answer = read_answer(silent);
    assert_eq!(answer.status, 408, "{}", answer.text);
    assert_eq!(server.rows("logs", "app"), 0);
}

#[test]
fn a_server_that_stops_says_so() {
    let server = Server::start();
    server.block_on(server.engine.drain()).unwrap();
    let answer = server.records("logs.app", &[], LINE);
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert!(answer.retry_after.is_some());
    assert_eq!(server.request("GET", "/ready", &[], b"").status, 503);
    assert_eq!(server.request("GET", "/health", &[], b"").status, 200);
}

#[test]
fn a_full_disk_is_told_and_reading_goes_on() {
    let server = Server::start_with(|config, _| config.free_bytes_min = u64::MAX / 2);
    let answer = server.records("logs.app", &[], LINE);
    assert_eq!(answer.status, 507, "{}", answer.text);
    assert_eq!(server.rows("logs", "app"), 0);
}
