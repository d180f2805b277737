//! Lines that are no records: each is rejected with a reason, the others are kept.

use crate::server::Server;

/// Sends lines and returns the reasons of the rejected ones by line.
fn rejected(server: &Server, body: &[u8]) -> Vec<(u64, String)> {
    let answer = server.records("logs.app", &[], body);
    assert_eq!(answer.status, 200, "{}", answer.text);
    let json = answer.json();
    let reason = |r: &serde_json::Value| (r["line"].as_u64().unwrap(), r["reason"].as_str().unwrap().to_owned());
    json["rejected"].as_array().unwrap().iter().map(reason).collect()
}

#[test]
fn a_bad_line_among_good_ones() {
    let server = Server::start();
    for (bad, reason) in [
        (&b"not json"[..], "JSON"),
        (b"[1, 2]", "object"),
        (b"{\"message\": \"a\"", "JSON"),
        (b"{\"message\": \"a\"} {}", "JSON"),
        (b"{\"message\": \"a\0b\"}", "NUL"),
        (b"{\"message\": \"a\\u0000b\"}", "NUL"),
        (b"{\"message\": \"\xff\xfe\"}", "UTF-8"),
        (b"\xc3", "UTF-8"),
    ] {
        let before = server.engine.topics().get("logs", "app").map_or(0, |_| server.rows("logs", "app"));
        let body = [b"{\"message\": \"before\"}\n", bad, b"\n{\"message\": \"after\"}\n"].concat();
        let rejected = rejected(&server, &body);
        assert_eq!(rejected.len(), 1, "{rejected:?}");
        assert_eq!(rejected[0].0, 2);
        assert!(rejected[0].1.contains(reason), "{rejected:?}");
        assert_eq!(server.rows("logs", "app"), before + 2);
    }
}

#[test]
fn a_line_of_64_mib_is_rejected_and_does_not_stay_in_memory() {
    let server = Server::start();
    let mut body = b"{\"message\": \"before\"}\n{\"message\": \"".to_vec();
    body.resize(body.len() + (64 << 20), b'x');
    body.extend(b"\"}\n{\"message\": \"after\"}\n");
    let rejected = rejected(&server, &body);
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0].0, 2);
    assert!(rejected[0].1.contains("16777216 bytes"), "{rejected:?}");
    assert_eq!(server.rows("logs", "app"), 2);
    assert!(server.engine.memory().used() < 32 << 20, "{} bytes are still reserved", server.engine.memory().used());
}

#[test]
fn the_longest_record_is_taken_and_one_byte_more_is_not() {
    let server = Server::start_with(|config, _| config.record_bytes_max = 100_000);
    let record = |bytes: usize| format!("{{\"message\": \"{}\"}}\n", "x".repeat(bytes - 15));
    assert_eq!(record(100_000).len(), 100_001);
    let body = record(100_000) + &record(100_001) + &record(100_000);
    let rejected = rejected(&server, body.as_bytes());
    assert_eq!(rejected.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2]);
    assert_eq!(server.rows("logs", "app"), 2);
}

#[test]
fn the_list_of_rejected_lines_is_bounded() {
    let server = Server::start();
    let answer = server.records("logs.app", &[], &b"bad\n".repeat(1_500));
    assert_eq!(answer.counts(), (0, 0, 1_500));
    assert_eq!(answer.json()["rejected"].as_array().unwrap().len(), 1_000);
}
