//! Times in every usual notation, and times that are none.

use crate::Fixture;

const INSTANT: &str = "2026-03-01 12:30:45.123";

/// The same instant as programs write it, to the precision of the notation.
const NOTATIONS: [(&str, &str); 14] = [
    ("\"2026-03-01T12:30:45.123Z\"", ".123"),
    ("\"2026-03-01T14:30:45.123+02:00\"", ".123"),
    ("\"2026-03-01T04:30:45.123-0800\"", ".123"),
    ("\"2026-03-01 12:30:45.123\"", ".123"),
    ("\"2026-03-01 12:30:45,123\"", ".123"),
    ("\"2026-03-01 12:30:45\"", ""),
    ("\"2026/03/01 12:30:45.123\"", ".123"),
    ("\"2026-03-01T12:30:45.123456789Z\"", ".123456"),
    ("1772368245", ""),
    ("1772368245123", ".123"),
    ("1772368245123456", ".123456"),
    ("1772368245.123", ".123"),
    ("\"Sun, 01 Mar 2026 12:30:45 +0000\"", ""),
    ("\"01/Mar/2026:12:30:45 +0000\"", ""),
];

#[test]
fn fourteen_notations_are_the_same_instant() {
    let fixture = Fixture::start();
    for (i, (notation, _)) in NOTATIONS.iter().enumerate() {
        let answer = fixture.send(format!("{{\"ts\":{notation},\"status\":{i}}}\n"));
        assert_eq!(answer["accepted"].as_u64(), Some(1), "{notation}: {answer}");
    }
    let second = &INSTANT[..19];
    for (i, (notation, fraction)) in NOTATIONS.iter().enumerate() {
        let ts = fixture.value(&format!("SELECT ts FROM logs.bad WHERE status = {i}"));
        assert_eq!(ts, format!("{second}{fraction}+00"), "{notation}");
    }
}

#[test]
fn the_future_and_1970_are_times_like_others() {
    let fixture = Fixture::start();
    fixture.send("{\"ts\":\"2999-12-31T23:59:59Z\",\"message\":\"future\"}\n{\"ts\":0,\"message\":\"epoch\"}\n{\"ts\":\"1969-07-20T20:17:40Z\",\"message\":\"before\"}\n");
    let expected =
        [["before", "1969-07-20 20:17:40+00"], ["epoch", "1970-01-01 00:00:00+00"], ["future", "2999-12-31 23:59:59+00"]];
    for state in ["buffer", "segment"] {
        assert_eq!(fixture.rows("SELECT message, ts FROM logs.bad ORDER BY ts"), expected, "{state}");
        assert_eq!(fixture.value("SELECT message FROM logs.bad WHERE ts > now()"), "future", "{state}");
        assert_eq!(fixture.value("SELECT count(*) FROM logs.bad WHERE ts < '1970-01-01T00:00:00Z'"), "1", "{state}");
        fixture.optimize();
    }
}

#[test]
fn a_missing_time_is_the_time_of_receipt() {
    let fixture = Fixture::start();
    fixture.send("{\"message\":\"no time\"}\n");
    // `_ingested_at` is the time of the log's tick, shared by what comes in within a moment.
    let apart = "SELECT abs(extract(epoch FROM ts) - extract(epoch FROM _ingested_at)) < 1 FROM logs.bad";
    assert_eq!(fixture.value(apart), "t");
    assert_eq!(fixture.value("SELECT abs(extract(epoch FROM now()) - extract(epoch FROM ts)) < 60 FROM logs.bad"), "t");
}

#[test]
fn a_time_under_another_usual_name_is_the_time() {
    let fixture = Fixture::start();
    for name in ["@timestamp", "time", "timestamp"] {
        fixture.send(format!("{{\"{name}\":\"2026-03-01T12:30:45Z\",\"msg\":\"{name}\"}}\n"));
        assert_eq!(fixture.value(&format!("SELECT ts FROM logs.bad WHERE message = '{name}'")), "2026-03-01 12:30:45+00");
    }
}

#[test]
fn what_is_no_time_stays_in_attrs() {
    let fixture = Fixture::start();
    for (i, text) in ["yesterday", "2026-13-01T00:00:00Z", "2026-02-30 12:00:00", "12:61:00", ""].iter().enumerate() {
        let answer = fixture.send(format!("{{\"ts\":\"{text}\",\"status\":{i}}}\n"));
        assert_eq!(answer["accepted"].as_u64(), Some(1), "{text}: {answer}");
        assert_eq!(fixture.value(&format!("SELECT attrs ->> 'ts' FROM logs.bad WHERE status = {i}")), *text);
    }
}
