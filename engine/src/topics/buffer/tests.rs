//! Joining, claiming and dropping, against a plain list of records.

use arrow::array::{ArrayRef, AsArray, Int64Array, Int64Builder, RecordBatch, StringBuilder};
use arrow::datatypes::Int64Type;
use proptest::prelude::*;
use strata_storage::memory::{Consumer, Memory};

use super::*;

/// Records as a parser makes them: in buffers with room for a thousand. The frame lies at the byte of the first offset.
fn batch(base_offset: Offset, rows: i64, ingested_at_us: i64) -> BufferedBatch {
    let mut numbers = Int64Builder::with_capacity(1024);
    let mut texts = StringBuilder::with_capacity(1024, 8 << 10);
    for offset in base_offset..base_offset + rows {
        numbers.append_value(offset);
        texts.append_value(format!("the message of record {offset}"));
    }
    let columns: [(&str, ArrayRef); 2] = [("n", Arc::new(numbers.finish())), ("message", Arc::new(texts.finish()))];
    let records = Received::together(RecordBatch::try_from_iter(columns).unwrap(), ingested_at_us);
    let position = WalPosition { file: 1, byte: base_offset.cast_unsigned() };
    BufferedBatch::new(base_offset, records, position)
}

fn buffer(memory: &Memory) -> Buffer {
    Buffer::new(memory.reservation(Consumer::Buffer))
}

/// (offset, value, time of receipt) of every record.
fn records(batches: &[Arc<BufferedBatch>]) -> Vec<(Offset, i64, i64)> {
    let of = |batch: &Arc<BufferedBatch>| {
        let values: Int64Array = batch.records.batch().column(0).as_primitive::<Int64Type>().clone();
        let times = batch.records.times();
        (batch.base_offset..)
            .zip(values.values())
            .zip(times.values())
            .map(|((offset, n), at)| (offset, *n, *at))
            .collect::<Vec<_>>()
    };
    batches.iter().flat_map(of).collect()
}

fn rows(buffer: &Buffer) -> Vec<usize> {
    buffer.snapshot().iter().map(|batch| batch.records.rows()).collect()
}

#[test]
fn trickling_records_share_batches_as_the_digits_of_a_counter() {
    let memory = Memory::with_limit(1 << 20);
    let mut buffer = buffer(&memory);
    let came: Vec<_> = (0..2_000).map(|offset| batch(offset, 1, offset * 10)).collect();
    let apart: usize = came.iter().map(|batch| batch.bytes).sum();
    came.into_iter().for_each(|batch| buffer.push(batch));
    assert_eq!(rows(&buffer), [1024, 512, 256, 128, 64, 16]);
    assert_eq!(records(&buffer.snapshot()), (0..2_000).map(|offset| (offset, offset, offset * 10)).collect::<Vec<_>>());
    let positions: Vec<_> = buffer.snapshot().iter().map(|batch| (batch.base_offset, batch.position.byte)).collect();
    assert_eq!(positions, [0i64, 1024, 1536, 1792, 1920, 1984].map(|offset| (offset, offset.cast_unsigned())));
    assert!(apart / 2_000 > 8_000 && buffer.bytes() / 2_000 < 80, "{apart} bytes apart, {} joined", buffer.bytes());
    assert_eq!((buffer.bytes(), buffer.waiting().bytes), (memory.used(), memory.used()));
    assert_eq!((buffer.waiting().rows, buffer.waiting().since_us), (2_000, Some(0)));
    buffer.release_batches(2_000);
    assert_eq!((buffer.rows(), memory.used()), (0, 0));
}

#[test]
fn a_record_alone_leaves_its_large_buffers() {
    let memory = Memory::with_limit(1 << 20);
    let mut buffer = buffer(&memory);
    buffer.push(batch(0, 1, 0));
    assert!(buffer.bytes() < 800, "{} bytes", buffer.bytes());
}

#[test]
fn a_large_batch_is_not_copied() {
    let memory = Memory::with_limit(1 << 30);
    let mut buffer = buffer(&memory);
    buffer.push(batch(0, 1, 0));
    let large = batch(1, 2_000, 0);
    let column = large.records.batch().column(0).clone();
    buffer.push(large);
    buffer.push(batch(2_001, 1, 0));
    assert_eq!(rows(&buffer), [1, 2_000, 1]);
    assert!(Arc::ptr_eq(buffer.snapshot()[1].records.batch().column(0), &column));
}

#[test]
fn a_claimed_batch_is_left_alone_even_when_it_was_given_back() {
    let memory = Memory::with_limit(1 << 20);
    let mut buffer = buffer(&memory);
    buffer.push(batch(0, 1, 0));
    assert_eq!(buffer.claim(100).len(), 1);
    buffer.push(batch(1, 1, 0));
    assert_eq!(rows(&buffer), [1, 1]);
    assert_eq!(buffer.waiting().rows, 1);
    buffer.unclaim(0);
    assert_eq!(buffer.waiting().rows, 2);
    buffer.push(batch(2, 1, 0));
    assert_eq!(rows(&buffer), [1, 2], "somebody may still seal the first as it was");
}

#[test]
fn a_claim_ends_where_a_batch_does() {
    let memory = Memory::with_limit(1 << 30);
    let mut buffer = buffer(&memory);
    for offset in (0..4_400).step_by(1_100) {
        buffer.push(batch(offset, 1_100, offset));
    }
    assert_eq!(buffer.claim(2_750).len(), 2);
    assert_eq!(buffer.claim(50).len(), 1, "at least one batch");
    assert_eq!(buffer.claim(10_000).len(), 1);
    assert_eq!(buffer.claim(10_000).len(), 0);
}

#[test]
fn what_came_after_a_truncation_stays() {
    let memory = Memory::with_limit(1 << 20);
    let mut buffer = buffer(&memory);
    for offset in 0..10 {
        buffer.push(batch(offset, 1, offset));
    }
    buffer.release_batches(7);
    assert_eq!(records(&buffer.snapshot()), [(7, 7, 7), (8, 8, 8), (9, 9, 9)]);
    assert_eq!((buffer.rows(), buffer.waiting().rows, buffer.waiting().since_us), (3, 3, Some(7)));
    buffer.release_batches(10);
    assert_eq!((buffer.rows(), memory.used()), (0, 0));
}

#[derive(Debug, Clone)]
enum Step {
    Push(i64),
    Claim(u64),
    GiveBack,
    Publish,
    Truncate(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => prop_oneof![4 => Just(1i64), 1 => 1i64..40, 1 => 1i64..1_100].prop_map(Step::Push),
        1 => (1u64..200).prop_map(Step::Claim),
        1 => Just(Step::GiveBack),
        1 => Just(Step::Publish),
        1 => (0i64..20).prop_map(Step::Truncate),
    ]
}

proptest! {
    /// Whatever comes and goes, every record that is left is there once, with its own offset, value and time, and what a
    /// claim took is in the buffer as it was taken, until it is published or truncated.
    #[test]
    fn every_record_is_there_once(steps in prop::collection::vec(step(), 1..120)) {
        let memory = Memory::with_limit(1 << 40);
        let mut buffer = buffer(&memory);
        let (mut all, mut first) = (Vec::new(), 0);
        let mut claims: VecDeque<Vec<Arc<BufferedBatch>>> = VecDeque::new();
        for (number, step) in steps.into_iter().enumerate() {
            let (next, at_us) = (all.len() as i64, number as i64 / 3);
            match step {
                Step::Push(rows) => {
                    buffer.push(batch(next, rows, at_us));
                    all.extend((next..next + rows).map(|offset| (offset, offset, at_us)));
                }
                Step::Claim(rows_max) => claims.extend(Some(buffer.claim(rows_max)).filter(|claim| !claim.is_empty())),
                Step::GiveBack => {
                    if let Some(claim) = claims.pop_back() {
                        buffer.unclaim(claim[0].base_offset);
                    }
                }
                Step::Publish => match claims.pop_front() {
                    Some(claim) if claim[0].base_offset == first => {
                        first = claim[claim.len() - 1].end_offset();
                        buffer.release_batches(first);
                    }
                    // Published by another claim or truncated, or not its turn yet.
                    Some(claim) if claim[0].base_offset < first => buffer.unclaim(claim[0].base_offset),
                    Some(claim) => claims.push_front(claim),
                    None => {}
                },
                Step::Truncate(left) => {
                    first = first.max(next - left);
                    buffer.release_batches(first);
                }
            }
            let snapshot = buffer.snapshot();
            prop_assert_eq!(&records(&snapshot), &all[usize::try_from(first).unwrap()..]);
            prop_assert_eq!((buffer.rows(), buffer.bytes()), ((all.len() as i64 - first).cast_unsigned(), memory.used()));
            for claimed in claims.iter().filter(|claim| claim[0].base_offset >= first).flatten() {
                prop_assert!(snapshot.iter().any(|batch| Arc::ptr_eq(batch, claimed)));
            }
        }
    }
}
