//! Lines that are no records.

use crate::Fixture;

/// (line, reason) of each rejected line.
fn rejected(answer: &serde_json::Value) -> Vec<(u64, String)> {
    let lines = answer["rejected"].as_array().unwrap().iter();
    lines.map(|line| (line["line"].as_u64().unwrap(), line["reason"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn good_lines_are_kept_and_bad_ones_are_named() {
    let fixture = Fixture::start();
    let answer = fixture.send("{\"message\":\"first\"}\nthis is no JSON\n{\"message\":\"third\"}\n");
    assert_eq!((answer["accepted"].as_u64(), answer["duplicates"].as_u64()), (Some(2), Some(0)));
    let rejected = rejected(&answer);
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0].0, 2);
    assert!(!rejected[0].1.is_empty());
    assert_eq!(fixture.rows("SELECT message FROM logs.bad ORDER BY _offset"), [["first"], ["third"]]);
}

#[test]
fn what_is_json_but_no_object_is_rejected() {
    let fixture = Fixture::start();
    for line in ["42", "\"text\"", "null", "true", "[1,2]", "{", "{\"a\":}", "{\"a\":1}}", "{\"a\":1} {\"b\":2}", "{'a':1}"] {
        let answer = fixture.send(format!("{line}\n{{\"message\":\"good\"}}\n"));
        assert_eq!((answer["accepted"].as_u64(), rejected(&answer).len()), (Some(1), 1), "{line}: {answer}");
    }
    assert_eq!(fixture.value("SELECT count(*) FROM logs.bad"), "10");
}

#[test]
fn nul_and_broken_utf8_reject_their_line() {
    let fixture = Fixture::start();
    let body = b"{\"message\":\"a\\u0000b\"}\n{\"message\":\"a\0b\"}\n{\"message\":\"\xff\xfe\"}\n{\"message\":\"\xed\xa0\x80\"}\n{\"message\":\"good\"}\n";
    let answer = fixture.send(body);
    assert_eq!(answer["accepted"].as_u64(), Some(1), "{answer}");
    assert_eq!(rejected(&answer).iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(fixture.rows("SELECT message FROM logs.bad"), [["good"]]);
}

#[test]
fn half_a_surrogate_pair_never_becomes_broken_text() {
    let fixture = Fixture::start();
    let answer = fixture.send("{\"message\":\"\\ud800\"}\n{\"message\":\"\\ud83d\\ude00\"}\n");
    assert_eq!(answer["accepted"].as_u64(), Some(1), "{answer}");
    assert_eq!(fixture.rows("SELECT message FROM logs.bad"), [["😀"]]);
}

#[test]
fn a_line_of_64_mib_is_rejected_and_its_neighbours_are_kept() {
    let fixture = Fixture::start();
    let mut body = b"{\"message\":\"before\"}\n{\"message\":\"".to_vec();
    body.resize(body.len() + (64 << 20), b'x');
    body.extend_from_slice(b"\"}\n{\"message\":\"after\"}\n");
    let answer = fixture.send(body);
    assert_eq!(answer["accepted"].as_u64(), Some(2), "{answer}");
    assert_eq!(rejected(&answer).iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2]);
    assert_eq!(fixture.rows("SELECT message FROM logs.bad ORDER BY _offset"), [["before"], ["after"]]);
    let (_, peak) = fixture.server.resident_bytes().unwrap();
    assert!(peak < 512 << 20, "one line took the server to {peak} bytes");
}

#[test]
fn empty_bodies_blank_lines_and_a_missing_last_line_end() {
    let fixture = Fixture::start();
    assert_eq!(fixture.send("")["accepted"].as_u64(), Some(0));
    let answer = fixture.send("\n  \n{\"message\":\"one\"}\r\n\n{\"message\":\"two\"}");
    assert_eq!((answer["accepted"].as_u64(), rejected(&answer).len()), (Some(2), 0), "{answer}");
    assert_eq!(fixture.rows("SELECT message FROM logs.bad ORDER BY _offset"), [["one"], ["two"]]);
}

#[test]
fn bodies_that_are_not_what_they_say_are_refused_whole() {
    let fixture = Fixture::start();
    let line = b"{\"message\":\"plain\"}\n";
    assert_eq!(fixture.try_send(&[("Content-Encoding", "gzip")], line).status, 400);
    assert_eq!(fixture.try_send(&[("Content-Encoding", "zstd")], line).status, 400);
    assert_eq!(fixture.try_send(&[("Content-Encoding", "br")], line).status, 415);
    assert_eq!(fixture.value("SELECT count(*) FROM logs.bad"), "0");
    fixture.is_well();
}

#[test]
fn headers_for_exactly_once_are_checked() {
    let fixture = Fixture::start();
    let lines = b"{\"message\":\"a\"}\n{\"message\":\"b\"}\n";
    for headers in [
        vec![("Strata-Producer", "p")],
        vec![("Strata-Sequence", "1-2")],
        vec![("Strata-Producer", "p"), ("Strata-Sequence", "2-1")],
        vec![("Strata-Producer", "p"), ("Strata-Sequence", "one")],
        vec![("Strata-Producer", "p"), ("Strata-Sequence", "1-3")],
        vec![("Strata-Producer", "p"), ("Strata-Sequence", "1-99999999999999999999")],
    ] {
        let answer = fixture.try_send(&headers, lines);
        assert_eq!(answer.status, 400, "{headers:?}: {answer:?}");
    }
    assert_eq!(fixture.try_send(&[("Strata-Producer", "p"), ("Strata-Sequence", "1-2")], lines).status, 200);
    let again = fixture.try_send(&[("Strata-Producer", "p"), ("Strata-Sequence", "1-2")], lines);
    let again: serde_json::Value = serde_json::from_str(&again.body).unwrap();
    assert_eq!((again["accepted"].as_u64(), again["duplicates"].as_u64()), (Some(0), Some(2)));
    assert_eq!(fixture.value("SELECT count(*) FROM logs.bad"), "2");
}
