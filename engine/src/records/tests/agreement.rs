//! The parser against the slow model: random records, the same with changed bytes, and bytes that were never JSON.

use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

use super::super::model;
use super::*;

/// The parser's rows and the lines it refuses must be the model's, line by line, in one chunk and with memory of other
/// lines.
fn check(parser: &mut RecordParser, chunk: &[u8]) {
    let parsed = parser.parse(chunk, NOW_US);
    let mut lines: Vec<&[u8]> = chunk.split(|byte| *byte == b'\n').collect();
    if lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    assert_eq!(parsed.lines, lines.len() as u64);
    let mut expected = Vec::new();
    let mut expected_lines = Vec::new();
    let mut refused = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        if line.iter().all(|byte| b" \t\r".contains(byte)) {
            continue;
        }
        match std::str::from_utf8(line).ok().and_then(|line| model::row(line, NOW_US)) {
            Some(row) => {
                expected.push(row);
                expected_lines.push(i as u32);
            }
            None => refused.push(i as u64 + 1),
        }
    }
    let describe = || String::from_utf8_lossy(chunk).into_owned();
    assert_eq!(
        parsed.rejected.iter().map(|rejected| rejected.line).collect::<Vec<_>>(),
        refused,
        "{:?} {}",
        parsed.rejected,
        describe()
    );
    assert_eq!(rows(parsed.batch.as_ref()), expected, "{}", describe());
    let row_lines = parsed.row_lines.unwrap_or_else(|| (0..parsed.rows as u32).collect());
    assert_eq!(row_lines, expected_lines, "{}", describe());
}

const KEYS: [&str; 24] = [
    "ts",
    "message",
    "service",
    "status",
    "latency",
    "attrs",
    "@timestamp",
    "time",
    "timestamp",
    "msg",
    "log",
    "_offset",
    "_ingested_at",
    "",
    "a.b",
    "Status",
    "云",
    "k",
    "key_longer_than_the_thirty_two_bytes_of_a_prediction",
    r"s\u0065rvice",
    r#"q\"uote"#,
    r"back\\slash",
    "a",
    "b",
];
const VALUES: [&str; 34] = [
    "null",
    "true",
    "false",
    "0",
    "-1",
    "200",
    "200.0",
    "1.10",
    "1e400",
    "3000000000",
    "12.954",
    "1117838570",
    "\"\"",
    "\"x\"",
    "\"200\"",
    "\" 7 \"",
    "\"NaN\"",
    "\"2026-03-01T00:00:00.301Z\"",
    "\"2015-10-18 18:01:47,978\"",
    "\"Jun 14 15:16:01\"",
    "\"1117838570\"",
    r#""a\nb\u00e4\ud83d\ude00""#,
    r#""c:\\dir\/""#,
    "\"云梦泽\"",
    "{}",
    "[]",
    r#"{"b":1,"a":[1,{"z":2,"y":null}]}"#,
    r#"{"a":1,"a":2}"#,
    "[1,2.50,\"x\"]",
    "\"a text that is a good deal longer than sixteen bytes\"",
    r#"{"attrs":{"x":1}}"#,
    "-0",
    "1E-3",
    "\"\\u0001\\t\"",
];

fn record(random: &mut StdRng, layout: &[usize]) -> String {
    let spaced = random.random_bool(0.1);
    let (colon, comma) = if spaced { (" : ", ", ") } else { (":", ",") };
    let mut members = Vec::new();
    for key in layout {
        if random.random_bool(0.95) {
            members.push(format!("\"{}\"{colon}{}", KEYS[*key], VALUES[random.random_range(0..VALUES.len())]));
        }
    }
    if random.random_bool(0.1) {
        members.reverse();
    }
    format!("{{{}}}", members.join(comma))
}

fn chunk(random: &mut StdRng, lines: usize) -> Vec<u8> {
    let layout: Vec<usize> = (0..random.random_range(0..9)).map(|_| random.random_range(0..KEYS.len())).collect();
    let mut chunk = Vec::new();
    for _ in 0..lines {
        chunk.extend_from_slice(record(random, &layout).as_bytes());
        chunk.extend_from_slice(if random.random_bool(0.05) { b"\r\n" } else { b"\n" });
    }
    chunk
}

#[test]
fn random_records() {
    let mut random = StdRng::seed_from_u64(1);
    let mut parser = parser(false);
    for _ in 0..400 {
        let chunk = chunk(&mut random, 20);
        check(&mut parser, &chunk);
    }
}

/// A hundred thousand lines with bytes changed, dropped, doubled and moved.
#[test]
fn mutated_records() {
    const TOKENS: &[u8] = b"{}[]\":,\\\n\r\t 0123456789.eE+-tfnu\0\x1f\x7f\x80\xc3\xff\xed\xa0";
    let mut random = StdRng::seed_from_u64(2);
    let mut parser = parser(false);
    for _ in 0..5_000 {
        let mut chunk = chunk(&mut random, 20);
        for _ in 0..random.random_range(0..12) {
            if chunk.is_empty() {
                break;
            }
            let at = random.random_range(0..chunk.len());
            match random.random_range(0..4) {
                0 => chunk[at] = TOKENS[random.random_range(0..TOKENS.len())],
                1 => chunk.insert(at, TOKENS[random.random_range(0..TOKENS.len())]),
                2 => drop(chunk.remove(at)),
                _ => {
                    let end = chunk.len().min(at + random.random_range(0..40));
                    let piece = chunk[at..end].to_vec();
                    let to = random.random_range(0..chunk.len());
                    chunk.splice(to..to, piece);
                }
            }
        }
        check(&mut parser, &chunk);
    }
}

#[test]
fn bytes_that_were_never_json_do_no_harm() {
    let mut random = StdRng::seed_from_u64(3);
    let (mut json, mut raw) = (parser(false), parser(true));
    for _ in 0..2_000 {
        let mut bytes = vec![0; random.random_range(0..400)];
        random.fill_bytes(&mut bytes);
        for parser in [&mut json, &mut raw] {
            let parsed = parser.parse(&bytes, NOW_US);
            assert!(parsed.rows as u64 + parsed.rejected.len() as u64 <= parsed.lines);
        }
    }
}

proptest! {
    #[test]
    fn canonical_text_is_the_models(text in any::<String>(), numbers in prop::collection::vec(any::<f64>(), 0..5)) {
        let value = serde_json::json!({ "text": text, "b": { "z": numbers, text.clone(): [text] } }).to_string();
        prop_assert_eq!(crate::jsonb::canonical::canonical(&value).ok(), model::canonical(&value, 0));
    }
}
