//! Decoding: chunks of a segment that are not in the cache, and bodies of the log.

use arrow::array::Array as _;
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use strata_storage::segment::{CHUNK_ROWS, ColumnRef};
use strata_storage::wal::{BodyDecoder, encode_body};

use crate::records::{MESSAGE, Sealed, TRACE, TS, Text, batch};

/// One chunk. A sample is one decoding, for the cache is emptied before each sample only.
#[divan::bench(args = ["ts", "message", "trace_id"], sample_count = 50, sample_size = 1)]
fn chunk(bencher: Bencher<'_, '_>, column: &str) {
    let sealed = Sealed::of(Text::Log);
    let column = ColumnRef::Column(match column {
        "ts" => TS,
        "message" => MESSAGE,
        _ => TRACE,
    });
    let cached = || sealed.runtime.block_on(sealed.reader.chunk(&column, 0)).unwrap();
    bencher
        .with_inputs(|| sealed.store.cache().shrink(usize::MAX))
        .input_counter(|_| ItemsCount::new(CHUNK_ROWS))
        .bench_local_values(|_| cached().len());
}

/// A batch as it stands in the log: one record, and a thousand.
#[divan::bench(args = [1, 1_000])]
fn body(bencher: Bencher<'_, '_>, rows: usize) {
    let body = encode_body(&batch(Text::Log, rows)).unwrap();
    let mut decoder = BodyDecoder::default();
    bencher.counter(BytesCount::new(body.len())).bench_local(|| decoder.decode(black_box(&body)).unwrap());
}
