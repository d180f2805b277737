//! Power cuts at every point of a log's life, over thousands of seeded crash images.

use std::sync::Arc;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::fixture::*;
use crate::disk::crash::{DiskState, Image, Op};
use crate::disk::{Disk, FaultyDisk};
use crate::wal::{Frame, Wal};

/// One life of a log between start and crash.
struct Life {
    start: Image,
    journal: Vec<Op>,
    /// After so many operations, transactions up to here were acknowledged.
    acknowledged: Vec<(usize, usize)>,
    /// After so many operations, transactions before this one were given up.
    trimmed: Vec<(usize, usize)>,
    /// Transactions that were there at the start.
    recovered: usize,
    submitted: usize,
}

fn transaction(number: usize, random: &mut SmallRng) -> Vec<Frame> {
    let text: String = (0..random.random_range(0..900)).map(|_| random.random_range(' '..'z')).collect();
    let mut frames = vec![frame(1, number as i64, &text)];
    if number.is_multiple_of(3) {
        frames.push(frame(2, number as i64, "second frame"));
    }
    frames
}

/// Recovers, starts and uses a log on `start`. Transactions have numbers from `first_needed` to `recovered`, and on.
fn live(start: Image, epoch: u64, recovered: usize, steps: usize, random: &mut SmallRng) -> Life {
    let faulty = FaultyDisk::holding(start.clone());
    let disk: Arc<dyn Disk> = Arc::new(faulty.clone());
    let mut life =
        Life { start, journal: Vec::new(), acknowledged: Vec::new(), trimmed: Vec::new(), recovered, submitted: recovered };
    recover(&disk).unwrap();
    let sink = Arc::new(Seen::default());
    let wal = Wal::start(disk, options(), epoch, sink.clone()).unwrap();
    block_on(async {
        for _ in 0..steps {
            let mut tickets = Vec::new();
            for _ in 0..random.random_range(1..5) {
                let frames = transaction(life.submitted, random);
                let admission = wal.admit(frames.iter().map(|frame| frame.body.len().max(256)).sum()).await.unwrap();
                tickets.push(wal.submit(frames, admission).unwrap());
                life.submitted += 1;
            }
            for ticket in tickets {
                ticket.await.unwrap();
            }
            life.acknowledged.push((faulty.journal_len(), life.submitted));
            if random.random_bool(0.1) {
                let (oldest_needed, number) = {
                    let seen = sink.0.lock();
                    let (position, frame) = &seen[random.random_range(0..seen.len())];
                    (*position, frame.base_offset as usize)
                };
                life.trimmed.push((faulty.journal_len(), number));
                wal.trim(Some(oldest_needed));
            }
        }
    });
    if random.random_bool(0.3) {
        wal.close();
    }
    life.journal = faulty.journal();
    life
}

/// What a crash after `operations` operations must have kept.
fn check(life: &Life, operations: usize, image: Image) -> usize {
    let until = |events: &[(usize, usize)], none: usize| {
        events.iter().filter(|(at, _)| *at <= operations).map(|(_, number)| *number).max().unwrap_or(none)
    };
    let disk: Arc<dyn Disk> = Arc::new(FaultyDisk::holding(image));
    let (frames, _) = recover(&disk).unwrap();
    let numbers: Vec<usize> =
        frames.iter().filter(|(_, frame)| frame.topic.0 == 1).map(|(_, frame)| frame.base_offset as usize).collect();
    let acknowledged = until(&life.acknowledged, life.recovered);
    let first = numbers.first().copied().unwrap_or(acknowledged);
    let end = first + numbers.len();
    assert!(numbers.iter().copied().eq(first..end), "each once and in order");
    assert!(first <= until(&life.trimmed, acknowledged.min(first)), "{first} was still needed");
    assert!((acknowledged..=life.submitted).contains(&end), "{end} of {acknowledged} acknowledged transactions");
    let seconds = frames.iter().filter(|(_, frame)| frame.topic.0 == 2).map(|(_, frame)| frame.base_offset as usize);
    assert!(seconds.eq((first..end).filter(|number| number.is_multiple_of(3))), "transactions are whole");
    end
}

/// Two lives in a row, the second on what a crash of the first left, with crashes of both.
fn crash_often(seed: u64, images: usize) {
    let mut random = SmallRng::seed_from_u64(seed);
    let (mut start, mut recovered) = (Image::new(), 0);
    for epoch in 1..4 {
        let life = live(start, epoch, recovered, 12, &mut random);
        let mut points: Vec<usize> = (0..images).map(|_| random.random_range(0..=life.journal.len())).collect();
        points.sort_unstable();
        let mut state = DiskState::holding(life.start.clone());
        let mut done = 0;
        let mut images = Vec::new();
        for point in points {
            life.journal[done..point].iter().for_each(|op| state.apply(op));
            done = point;
            check(&life, point, state.after_kill());
            let image = state.after_power_loss(&mut random);
            let end = check(&life, point, image.clone());
            images.push((image, end));
        }
        (start, recovered) = images.swap_remove(random.random_range(0..images.len()));
        if start.is_empty() {
            recovered = 0;
        }
    }
}

#[test]
fn no_crash_loses_an_acknowledged_transaction() {
    // 20 seeds x 3 lives x 30 points x 2 images. More with STRATA_WAL_CRASH_SEEDS.
    let seeds = std::env::var("STRATA_WAL_CRASH_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    for seed in 0..seeds {
        crash_often(seed, 30);
    }
}
