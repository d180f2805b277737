//! Sequence numbers and keys: what is sent again is not stored again.

use crate::server::Server;

/// Lines `first..=last`.
fn lines(first: u64, last: u64) -> Vec<u8> {
    (first..=last).flat_map(|n| format!("{{\"message\": \"{n}\"}}\n").into_bytes()).collect()
}

fn send(server: &Server, first: u64, last: u64) -> (u64, u64, u64) {
    let sequence = format!("{first}-{last}");
    let headers = [("strata-producer", "p"), ("strata-sequence", &*sequence)];
    server.records("logs.app", &headers, &lines(first, last)).counts()
}

#[test]
fn numbers_that_are_settled_are_duplicates() {
    let server = Server::start();
    assert_eq!(send(&server, 10, 19), (10, 0, 0));
    assert_eq!(send(&server, 10, 19), (0, 10, 0));
    assert_eq!(send(&server, 5, 24), (10, 10, 0), "the new part of a batch is kept");
    assert_eq!(send(&server, 0, 4), (5, 0, 0), "numbers may come in any order");
    assert_eq!(server.rows("logs", "app"), 25);
    let other = [("strata-producer", "q"), ("strata-sequence", "0-4")];
    assert_eq!(server.records("logs.app", &other, &lines(0, 4)).counts(), (5, 0, 0));
    assert_eq!(server.records("logs.other", &other, &lines(0, 4)).counts(), (5, 0, 0));
}

#[test]
fn rejected_and_empty_lines_have_numbers_too() {
    let server = Server::start();
    let headers = [("strata-producer", "p"), ("strata-sequence", "1-4")];
    let body = b"{\"message\": \"a\"}\nbad\n\n{\"message\": \"d\"}";
    assert_eq!(server.records("logs.app", &headers, body).counts(), (2, 0, 1));
    assert_eq!(server.records("logs.app", &headers, body).counts(), (0, 2, 1));
    let all_bad = [("strata-producer", "p"), ("strata-sequence", "5-6")];
    assert_eq!(server.records("logs.app", &all_bad, b"bad\nworse\n").counts(), (0, 0, 2));
    assert_eq!(server.records("logs.app", &all_bad, &lines(5, 6)).counts(), (0, 2, 0), "their numbers are settled");
}

#[test]
fn a_wrong_count_of_lines_stores_nothing() {
    let server = Server::start();
    for sequence in ["1-1", "1-3", "1-2000"] {
        let headers = [("strata-producer", "p"), ("strata-sequence", sequence)];
        let answer = server.records("logs.app", &headers, &lines(1, 2));
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert_eq!(server.rows("logs", "app"), 0);
    }
    assert_eq!(send(&server, 1, 2), (2, 0, 0));
    let alone = server.records("logs.app", &[("strata-producer", "p")], &lines(1, 2));
    assert_eq!(alone.status, 400);
}

#[test]
fn chunks_of_one_body_are_numbered_one_after_the_other() {
    let server = Server::start_with(|_, options| options.chunk_bytes = 64 << 10);
    assert_eq!(send(&server, 9_000, 10_999), (2_000, 0, 0));
    assert_eq!(send(&server, 0, 19_999), (18_000, 2_000, 0));
    assert_eq!(send(&server, 0, 19_999), (0, 20_000, 0));
    assert_eq!(server.rows("logs", "app"), 20_000);
}

#[test]
fn a_key_stands_for_the_whole_body() {
    let server = Server::start_with(|_, options| {
        options.chunk_bytes = 64 << 10;
        options.keyed_body_bytes_max = 1 << 20;
    });
    let key = [("idempotency-key", "4f1c")];
    let body = lines(0, 9_999);
    assert_eq!(server.records("logs.app", &key, &body).counts(), (10_000, 0, 0));
    assert_eq!(server.records("logs.app", &key, &body).counts(), (0, 10_000, 0));
    assert_eq!(server.rows("logs", "app"), 10_000);
    let large = server.records("logs.app", &[("idempotency-key", "other")], &lines(0, 99_999));
    assert_eq!(large.status, 413, "{}", large.text);
    assert_eq!(server.rows("logs", "app"), 10_000);
}

#[test]
fn the_same_batch_from_two_connections_is_stored_once() {
    let server = Server::start();
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..6).map(|_| scope.spawn(|| send(&server, 0, 999))).collect();
        let accepted: u64 = clients.into_iter().map(|client| client.join().unwrap().0).sum();
        assert_eq!(accepted, 1_000);
    });
    assert_eq!(server.rows("logs", "app"), 1_000);
}
