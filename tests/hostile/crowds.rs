//! Many at once, many one after the other, and those who stop in the middle of a word.

use std::io::Write as _;
use std::time::{Duration, Instant};

use strata_harness::eventually;

use crate::wire::{Wire, World, message, start_packet};

/// Connections that a server takes.
const CONNECTIONS: usize = 1_000;
/// What a connection that does nothing may hold, with its session.
const BYTES_A_CONNECTION: u64 = 256 << 10;
/// Connections one after the other; `STRATA_SHORT_CONNECTIONS` asks for more.
const SHORT_CONNECTIONS: usize = 2_000;
/// What they may leave behind, however many they are.
const LEFT_BYTES_MAX: u64 = 24 << 20;

#[test]
fn one_more_than_a_thousand_is_told_so() {
    let world = World::new();
    world.serves();
    let before = world.resident();
    let sessions: Vec<Wire> = (0..CONNECTIONS).map(|_| Wire::session(world.server.pg_addr())).collect();
    let grown = world.resident().saturating_sub(before);
    assert!(grown < CONNECTIONS as u64 * BYTES_A_CONNECTION, "{grown} bytes for {CONNECTIONS} connections");
    let mut refused = Wire::connect(world.server.pg_addr());
    refused.send(&start_packet());
    let answer = refused.until_closed();
    let text = String::from_utf8_lossy(&answer);
    assert!(text.contains("C53300") && text.contains("FATAL"), "{text}");
    // Those who are in are served meanwhile, and a place is free once one has gone.
    for mut wire in sessions.into_iter().take(3) {
        wire.send(&message(b'Q', b"SELECT 1\0"));
        assert_eq!(wire.until_ready().unwrap(), "TDCZ");
        wire.send(&message(b'X', b""));
        wire.until_closed();
    }
    assert!(eventually(|| world.server.sql().is_ok()), "no place is free");
}

#[test]
fn short_connections_leave_nothing_behind() {
    let wanted = std::env::var("STRATA_SHORT_CONNECTIONS").ok().map(|number| number.parse().unwrap());
    let wanted = wanted.unwrap_or(SHORT_CONNECTIONS);
    let world = World::new();
    let short = |count: usize| {
        for at in 0..count {
            let mut wire = Wire::session(world.server.pg_addr());
            match at % 4 {
                // Says goodbye, asks and goes without waiting, just goes, asks and waits.
                0 => drop(wire.send(&message(b'X', b""))),
                1 => drop(wire.send(&message(b'Q', b"SELECT 1\0"))),
                2 => {}
                _ => {
                    wire.send(&message(b'Q', b"SELECT 1\0"));
                    assert_eq!(wire.until_ready().unwrap(), "TDCZ");
                }
            }
        }
    };
    short(500);
    let (memory, descriptors) = (world.resident(), world.descriptors());
    short(wanted);
    assert!(eventually(|| world.descriptors() <= descriptors + 5), "{} descriptors, {descriptors} before", world.descriptors());
    let left = world.resident().saturating_sub(memory);
    assert!(left < LEFT_BYTES_MAX, "{left} bytes more after {wanted} connections");
    world.serves();
    assert!(eventually(|| world.server.sql().unwrap().value::<i64>("SELECT count(*) FROM sys.sessions").unwrap() == 1));
}

#[test]
fn those_who_say_nothing_keep_nobody_waiting() {
    let world = World::new();
    let mut silent: Vec<Wire> = (0..300).map(|_| Wire::connect(world.server.pg_addr())).collect();
    for (at, wire) in silent.iter_mut().enumerate() {
        // Nothing, half of a length, half of a packet.
        wire.send(&start_packet()[..[0, 3, 20][at % 3]]);
    }
    let mut slow = Wire::session(world.server.pg_addr());
    let question = message(b'Q', b"SELECT 1\0");
    let began = Instant::now();
    for byte in question {
        slow.send(&[byte]);
        world.serves();
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(slow.until_ready().unwrap(), "TDCZ", "a question in pieces is a question");
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}

#[test]
fn who_is_silent_longer_than_he_may_is_told_and_goes() {
    let world = World::new();
    let check = |set: &[u8], code: &str| {
        let mut wire = Wire::session(world.server.pg_addr());
        wire.send(&message(b'Q', set));
        wire.until_ready().unwrap();
        let said = String::from_utf8_lossy(&wire.until_closed()).into_owned();
        assert!(said.contains("FATAL") && said.contains(code), "{said}");
    };
    check(b"SET idle_session_timeout = '50ms'\0", "C57P05");
    check(b"SET idle_in_transaction_session_timeout = '50ms'; BEGIN\0", "C25P03");
    check(b"SET idle_in_transaction_session_timeout = 50; BEGIN; SELECT nothing\0", "C25P03");
    // Neither a statement that takes long nor a silence of the other kind counts.
    let mut wire = Wire::session(world.server.pg_addr());
    wire.send(&message(b'Q', b"SET idle_in_transaction_session_timeout = 50; SET idle_session_timeout = '1h'\0"));
    wire.until_ready().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    wire.send(&message(b'Q', b"BEGIN; SELECT pg_sleep(0.2); COMMIT\0"));
    assert_eq!(wire.until_ready().unwrap(), "CTDCCZ");
}

#[test]
fn half_a_connection_is_a_client_that_is_gone() {
    // It could still read, but nobody can tell it from one that was closed, whose statement would run on for nobody.
    let world = World::new();
    let descriptors = world.descriptors();
    let mut halves: Vec<Wire> = (0..100).map(|_| Wire::session(world.server.pg_addr())).collect();
    for wire in &mut halves {
        wire.send(&message(b'Q', b"SELECT count(*) FROM generate_series(1, 1000000000) a\0"));
        wire.finish();
    }
    for wire in &mut halves {
        wire.until_closed();
    }
    assert!(eventually(|| world.descriptors() <= descriptors), "{} descriptors", world.descriptors());
    let running = "SELECT count(*) FROM sys.queries WHERE query LIKE '%1000000000%' AND query NOT LIKE '%sys.queries%'";
    assert!(eventually(|| world.server.sql().unwrap().value::<i64>(running).unwrap() == 0));
    world.serves();
}

#[test]
fn who_goes_in_the_middle_leaves_nothing_running() {
    let world = World::new();
    let sql = world.server.sql().unwrap();
    sql.rows("CREATE TABLE t (ts timestamptz, message text)").unwrap();
    for step in 0..3 {
        let mut wire = Wire::session(world.server.pg_addr());
        match step {
            // In the middle of COPY.
            0 => {
                wire.send(&message(b'Q', b"COPY t (message) FROM STDIN\0"));
                for _ in 0..100 {
                    wire.send(&message(b'd', b"a line\n"));
                }
            }
            // In the middle of an answer that he does not read.
            1 => {
                wire.send(&message(b'Q', b"SELECT * FROM generate_series(1, 100000000)\0"));
                std::thread::sleep(Duration::from_millis(300));
            }
            // In the middle of a message.
            _ => {
                wire.send(b"Q\0\x01\0\0SELECT");
                wire.0.flush().unwrap();
            }
        }
    }
    let running = "SELECT count(*) FROM sys.queries WHERE query NOT LIKE '%sys.queries%'";
    assert!(eventually(|| sql.value::<i64>(running).unwrap() == 0), "{:?}", sql.rows("SELECT * FROM sys.queries"));
    assert_eq!(sql.value::<i64>("SELECT count(*) FROM t").unwrap(), 0, "nothing of a COPY that broke off");
}
