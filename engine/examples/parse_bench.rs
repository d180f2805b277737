//! How fast records become Arrow: `parse_bench FILE.ndjson [chunk_kib] [rounds]`.
//!
//! One thread, chunks as an upload brings them, the columns of the benchmark's topic. Prints rows and CPU seconds.

use std::time::Instant;

use arrow::datatypes::DataType;
use strata_engine::records::{ParseOptions, RecordParser};
use strata_storage::ids::ColumnId;
use strata_storage::schema::{Column, TopicSchema, timestamptz};

fn topic() -> TopicSchema {
    let columns = [
        ("ts", timestamptz()),
        ("host", DataType::Utf8View),
        ("service", DataType::Utf8View),
        ("level", DataType::Utf8View),
        ("message", DataType::Utf8View),
        ("trace_id", DataType::Utf8View),
        ("status", DataType::Int32),
        ("latency_ms", DataType::Float64),
    ];
    let declared = (1..)
        .zip(columns)
        .map(|(id, (name, data_type))| Column {
            id: ColumnId(id),
            name: name.to_owned(),
            data_type,
            nullable: id != 1,
            sql_type: None,
        })
        .collect();
    TopicSchema { declared, time_column: Some(ColumnId(1)), sort_by: vec![ColumnId(3), ColumnId(1)] }
}

/// CPU seconds of this thread, user and system, from what the kernel counts in ticks of a nanosecond.
fn cpu_s() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).map_or(f64::NAN, |ns| ns / 1e9)
}

fn chunks(data: &[u8], bytes: usize) -> Vec<&[u8]> {
    let mut chunks = Vec::new();
    let mut rest = data;
    while !rest.is_empty() {
        let least = bytes.min(rest.len());
        let end = memchr::memchr(b'\n', &rest[least..]).map_or(rest.len(), |newline| least + newline + 1);
        let (chunk, behind) = rest.split_at(end);
        chunks.push(chunk);
        rest = behind;
    }
    chunks
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let Some(path) = arguments.next() else { return eprintln!("usage: parse_bench FILE.ndjson [chunk_kib] [rounds]") };
    let mut number = |default: usize| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (chunk_kib, rounds) = (number(4096), number(5));
    let data = match std::fs::read(&path) {
        Ok(data) => data,
        Err(error) => return eprintln!("{path}: {error}"),
    };
    let chunks = chunks(&data, chunk_kib << 10);
    let mut parser = RecordParser::new(&topic(), ParseOptions { record_bytes_max: 16 << 20, raw: false });
    for _ in 0..rounds {
        let (wall, cpu) = (Instant::now(), cpu_s());
        let (mut rows, mut rejected, mut bytes) = (0, 0, 0);
        for chunk in &chunks {
            let parsed = parser.parse(chunk, 0);
            rows += parsed.rows;
            rejected += parsed.rejected.len();
            bytes += parsed.batch.map_or(0, |batch| batch.get_array_memory_size());
        }
        let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu_s() - cpu);
        println!(
            "{rows} rows, {rejected} rejected, {:.0} MB in, {:.0} MB out: {cpu:.3} CPU s, {wall:.3} s, {:.2} M rows/CPU s",
            data.len() as f64 / 1e6,
            bytes as f64 / 1e6,
            rows as f64 / cpu / 1e6,
        );
    }
}
