//! Bytes that no driver sends, many thousand messages of them.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::wire::{Wire, World, message, start_packet};

/// Streams of messages, and messages in each.
const STREAMS: u64 = 400;
const MESSAGES: usize = 20;
/// What they may add to the server's memory.
const GROWTH_MAX: u64 = 64 << 20;

/// Types that clients send, and some that they do not.
const KINDS: &[u8] = b"QPBDECSHFXcdfp!\0\xffqR";
/// Pieces that bodies are made of.
const PIECES: &[&[u8]] = &[
    b"SELECT 1",
    b"\0",
    b"\0\0",
    b"\xff\xff",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\0\0\0\x01",
    b"COPY t FROM STDIN",
    b"BEGIN;",
    b"SELECT $1",
    b"'",
    b"--",
    b"\xc3\x28",
    b"S",
    b"P",
    b"SELECT repeat('x', 1000)",
];

fn random_message(random: &mut StdRng) -> Vec<u8> {
    let pieces = random.random_range(0..6);
    let body: Vec<u8> = (0..pieces).flat_map(|_| PIECES[random.random_range(0..PIECES.len())]).copied().collect();
    let mut bytes = message(KINDS[random.random_range(0..KINDS.len())], &body);
    match random.random_range(0..12) {
        // A length that lies, a little or wildly.
        0 => bytes[4] = bytes[4].wrapping_add(random.random_range(1..5)),
        1 => bytes[1] = random.random(),
        2 => bytes.truncate(random.random_range(0..bytes.len())),
        _ => {}
    }
    bytes
}

#[test]
fn random_messages_never_bring_it_down() {
    let world = World::new();
    world.serves();
    let before = world.resident();
    for seed in 0..STREAMS {
        let mut random = StdRng::seed_from_u64(seed);
        let mut wire = Wire::session(world.server.pg_addr());
        for _ in 0..MESSAGES {
            if !wire.send(&random_message(&mut random)) {
                break;
            }
        }
        wire.finish();
        wire.until_closed();
        if seed % 50 == 0 {
            world.serves();
        }
    }
    world.serves();
    let grown = world.resident().saturating_sub(before);
    assert!(grown < GROWTH_MAX, "{grown} bytes more");
}

#[test]
fn random_first_packets_are_answered_or_closed() {
    let world = World::new();
    for seed in 0..STREAMS {
        let mut random = StdRng::seed_from_u64(seed);
        let mut bytes = start_packet();
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..bytes.len());
            bytes[at] = random.random();
        }
        let mut wire = Wire::connect(world.server.pg_addr());
        wire.send(&bytes);
        wire.finish();
        wire.until_closed();
    }
    world.serves();
}

#[test]
fn a_huge_length_is_refused_before_its_bytes_come() {
    let world = World::new();
    world.serves();
    let before = world.resident();
    let sessions: Vec<Wire> = (0..64)
        .map(|at| {
            let mut wire = Wire::session(world.server.pg_addr());
            let length = if at % 2 == 0 { u32::MAX } else { i32::MAX.cast_unsigned() };
            wire.send(&[&b"Q"[..], &length.to_be_bytes(), &[b' '; 100]].concat());
            wire
        })
        .collect();
    for mut wire in sessions {
        let answer = wire.until_closed();
        let text = String::from_utf8_lossy(&answer);
        assert!(text.contains("is longer than"), "{text}");
    }
    let grown = world.resident().saturating_sub(before);
    assert!(grown < GROWTH_MAX, "{grown} bytes more");
    world.serves();
}

#[test]
fn nothing_in_a_session_can_be_said_before_it_begins() {
    let world = World::new();
    for bytes in [message(b'Q', b"SELECT 1\0"), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), vec![0; 8], vec![0xff; 5000]] {
        let mut wire = Wire::connect(world.server.pg_addr());
        wire.send(&bytes);
        wire.finish();
        let answer = wire.until_closed();
        assert!(answer.first().is_none_or(|kind| *kind == b'E'), "{answer:?}");
    }
    world.serves();
}
