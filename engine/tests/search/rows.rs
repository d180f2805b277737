//! Rows of all kinds.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

/// One row; its time is its number.
#[derive(Debug, Clone)]
pub struct Row {
    pub id: Option<String>,
    pub n: Option<i64>,
    pub message: Option<String>,
}

/// Words of messages. What they have in common is that their edges are easy to get wrong.
pub const WORDS: &[&str] = &[
    "error",
    "Error",
    "ERRORS",
    "connection",
    "refused",
    "disk",
    "net",
    "a",
    "k",
    "ſs",
    "\u{212a}",
    "naïve",
    "İstanbul",
    "straße",
    "x1",
    "404",
    "10.0.0.1",
    "blk_42",
    "云梦",
    "梦泽",
    "云",
    "数据库",
    "カタカナ",
    "한국어",
    "e\u{301}",
    "_",
    "--",
    "😀",
    "tab\there",
    "\u{1}\u{2}",
];

/// Patterns of messages; `{}` is a number or a word.
const PATTERNS: &[&str] = &[
    "connection refused by {}",
    "Lease renewal failed for block blk_{}",
    "authentication failure; user={} rhost={}",
    "请求 {} 失败，数据库连接错误",
    "{}",
];

/// So many rows.
pub fn random(random: &mut StdRng, rows: usize) -> Vec<Row> {
    // Few patterns make groups of rows, many words make postings.
    let prose = random.random_bool(0.3);
    (0..rows).map(|_| Row { id: id(random), n: n(random), message: message(random, prose) }).collect()
}

fn id(random: &mut StdRng) -> Option<String> {
    random.random_bool(0.9).then(|| format!("{:016x}", random.random_range(0..500_u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

fn n(random: &mut StdRng) -> Option<i64> {
    random.random_bool(0.9).then(|| random.random_range(-50..50))
}

fn message(random: &mut StdRng, prose: bool) -> Option<String> {
    match random.random_range(0..100) {
        0..4 => None,
        4..8 => Some(String::new()),
        8 => Some(format!("{} tail", "long ".repeat(random.random_range(1..400)))),
        _ if prose || random.random_bool(0.3) => {
            let words = random.random_range(1..9);
            Some((0..words).map(|_| word(random)).collect::<Vec<_>>().join([" ", "", ".", "  ", "/"].choose(random).unwrap()))
        }
        _ => {
            let pattern = PATTERNS.choose(random).unwrap();
            let mut parts = pattern.split("{}");
            let first = parts.next().unwrap().to_owned();
            Some(parts.fold(first, |text, part| {
                let value = if random.random_bool(0.6) { random.random_range(0..3000).to_string() } else { word(random) };
                text + &value + part
            }))
        }
    }
}

fn word(random: &mut StdRng) -> String {
    (*WORDS.choose(random).unwrap()).to_owned()
}

/// The rows as COPY brings them.
pub fn batch(rows: &[Row]) -> RecordBatch {
    use std::sync::atomic::{AtomicI64, Ordering};
    // Times rise over all batches of a process, so that the latest rows are the last ones.
    static CLOCK: AtomicI64 = AtomicI64::new(1_772_000_000_000_000);
    let start = CLOCK.fetch_add(rows.len() as i64, Ordering::Relaxed);
    let times = TimestampMicrosecondArray::from_iter_values(start..start + rows.len() as i64).with_timezone("UTC");
    let columns: [(&str, ArrayRef); 4] = [
        ("ts", Arc::new(times)),
        ("id", Arc::new(rows.iter().map(|row| row.id.as_deref()).collect::<StringArray>())),
        ("n", Arc::new(rows.iter().map(|row| row.n).collect::<Int64Array>())),
        ("message", Arc::new(rows.iter().map(|row| row.message.as_deref()).collect::<StringArray>())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}
