//! Clients that go away in the middle of a body.

use std::io::Write;

use crate::server::{Server, head};

const CHUNK_BYTES: usize = 64 << 10;

/// Lines `0..count`.
fn lines(count: u64) -> Vec<u8> {
    (0..count).flat_map(|n| format!("{{\"message\": \"{n}\"}}\n").into_bytes()).collect()
}

/// Announces all of `body`, sends a part of it, and goes away.
fn send_part(server: &Server, headers: &[(&str, &str)], body: &[u8], part: usize) {
    let mut stream = server.connect();
    let length = body.len().to_string();
    let headers = headers.iter().copied().chain([("content-length", &*length)]);
    stream.write_all(head("POST", "/v1/topics/logs.app/records", headers).as_bytes()).unwrap();
    stream.write_all(&body[..part]).unwrap();
}

#[test]
fn half_a_line_is_never_stored_and_whole_chunks_are() {
    let server = Server::start_with(|_, options| options.chunk_bytes = CHUNK_BYTES);
    let body = lines(20_000);
    // Three chunks and a half, and the half ends inside a line.
    let part = CHUNK_BYTES * 7 / 2;
    let whole_chunks: usize = 3;
    send_part(&server, &[], &body, part);
    let stored = || server.engine.topics().get("logs", "app").map_or(0, |_| server.rows("logs", "app"));
    let line_bytes_max = lines(20_000).split(|&b| b == b'\n').map(<[u8]>::len).max().unwrap() + 1;
    let least = (CHUNK_BYTES - line_bytes_max) * (whole_chunks - 1) / line_bytes_max;
    server.wait_until("complete chunks are stored", || stored() >= least as u64);
    std::thread::sleep(std::time::Duration::from_millis(300));
    let whole_lines = body[..part].iter().filter(|&&byte| byte == b'\n').count() as u64;
    assert!(stored() <= whole_lines, "{} of {whole_lines}", stored());
    server.wait_until("its memory is free", || server.engine.memory().used_by(strata_storage::memory::Consumer::Ingest) == 0);
}

#[test]
fn with_numbers_the_retry_is_exact() {
    let server = Server::start_with(|_, options| options.chunk_bytes = CHUNK_BYTES);
    let body = lines(20_000);
    let headers = [("strata-producer", "p"), ("strata-sequence", "0-19999")];
    for part in [0, 10, CHUNK_BYTES * 2, body.len() / 2, body.len() - 1] {
        send_part(&server, &headers, &body, part);
    }
    let (accepted, duplicates, rejected) = server.records("logs.app", &headers, &body).counts();
    assert_eq!((accepted + duplicates, rejected), (20_000, 0));
    assert_eq!(server.records("logs.app", &headers, &body).counts(), (0, 20_000, 0));
    assert_eq!(server.rows("logs", "app"), 20_000);
}

#[test]
fn a_keyed_body_that_breaks_off_leaves_nothing() {
    let server = Server::start_with(|_, options| options.chunk_bytes = CHUNK_BYTES);
    let body = lines(20_000);
    let headers = [("idempotency-key", "k")];
    send_part(&server, &headers, &body, body.len() - 1);
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(server.rows("logs", "app"), 0);
    assert_eq!(server.records("logs.app", &headers, &body).counts(), (20_000, 0, 0));
}
