//! Cuts the power of a real server, in effect.
//!
//! ```text
//! clients ─▶ strata serve under strace ─▶ trace ─▶ journal of writes, syncs, names
//!                                                     │ crash at any place: what was not synced is lost, torn, reordered
//!                                                     ▼
//!                 open the image, read everything, compare with what was acknowledged, send again, compare again
//! ```
//!
//! The catalog's writes are part of the journal. `STRATA_POWER_LOSS_IMAGES` says how many images (24), `STRATA_SEED` repeats
//! their choice. The record is another one each time, because threads are. Says that it skips where nothing can be traced.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod check;
mod journal;
mod replay;
mod stored;
mod trace;
mod workload;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use strata_harness::{Server, ServerOptions};
use strata_storage::disk::crash::{DiskState, Image, Op};

use crate::journal::Entry;
use crate::workload::Account;

/// How long clients write.
const WORKLOAD: Duration = Duration::from_secs(6);
/// Images that are checked at once.
const CHECKERS: usize = 2;
/// One image in so many is also served by the real binary.
const SERVED: usize = 8;
/// Small, so that sealing, merging and trimming of the log happen all the time.
const FLAGS: [(&str, &str); 5] = [
    ("--seal-rows", "1000"),
    ("--seal-age", "1s"),
    ("--seal-age-rows-min", "50"),
    ("--wal-file-size", "1MB"),
    ("--wal-size-max", "2MB"),
];

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn no_power_cut_loses_an_acknowledged_record() {
    if let Some(obstacle) = trace::obstacle() {
        println!("skipped, nothing can be traced here: {obstacle}");
        return;
    }
    let (images, seed) = (setting("STRATA_POWER_LOSS_IMAGES", 24) as usize, setting("STRATA_SEED", 1));
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    let (accounts, journal) = record(&folder, seed).unwrap();
    let acknowledged =
        accounts.iter().flat_map(|account| &account.batches).filter(|batch| batch.acknowledged_at.is_some()).count();
    println!("{} operations, {acknowledged} acknowledged batches", journal.len());
    let count = |is: &dyn Fn(&Op) -> bool| journal.iter().filter(|entry| is(&entry.op)).count();
    let segments = count(&|op| matches!(op, Op::Rename { to, .. } | Op::Create { path: to, .. } if to.starts_with("segments")));
    let trimmed = count(&|op| matches!(op, Op::Remove { path } if path.starts_with("wal")));
    println!("{segments} names of segments, {trimmed} log files removed");
    assert!(acknowledged > 50 && segments > 0 && trimmed > 0, "too little happened to prove anything");
    assert!(!control(&folder, &accounts, &journal).is_empty(), "a disk that never syncs must lose something");

    let wrong = crash(&folder, &accounts, &journal, images, seed);
    if !wrong.is_empty() {
        let kept = temporary.keep();
        panic!("{} of {images} images, kept in {}:\n{}", wrong.len(), kept.display(), wrong.join("\n"));
    }
    println!("{images} images, 0 violations");
}

/// Runs the workload and reads its journal, which must explain every byte that is on the disk afterwards.
fn record(folder: &Path, seed: u64) -> anyhow::Result<(Vec<Account>, Vec<Entry>)> {
    let (script, trace) = (folder.join("traced-strata"), folder.join("trace"));
    trace::wrap(Path::new(env!("CARGO_BIN_EXE_strata")), &script, &trace)?;
    let mut options = ServerOptions::in_folder(script, folder);
    for (flag, value) in FLAGS {
        options = options.flag(flag, value);
    }
    std::fs::create_dir(&options.data_dir)?;
    let server = Server::start(&options)?;
    let accounts = workload::run(server, &trace, WORKLOAD, seed)?;
    trace::wait_for_end(&trace)?;
    let trace = trace::read(&trace, &options.data_dir)?;
    let journal = journal::of(trace.calls, &options.data_dir)?;
    let mut state = DiskState::default();
    journal.iter().for_each(|entry| state.apply(&entry.op));
    let unexplained = replay::differences(&state.after_kill(), &options.data_dir, &trace.in_flight)?;
    anyhow::ensure!(unexplained.is_empty(), "the trace does not explain the disk:\n{}", unexplained.join("\n"));
    Ok((accounts, journal))
}

/// The same journal on a disk that forgets to sync: what the check must notice.
fn control(folder: &Path, accounts: &[Account], journal: &[Entry]) -> Vec<String> {
    let mut state = DiskState::default();
    let syncs = |op: &Op| matches!(op, Op::SyncEnd { .. });
    journal.iter().filter(|entry| !syncs(&entry.op)).for_each(|entry| state.apply(&entry.op));
    let mut random = SmallRng::seed_from_u64(0);
    let images = (0..3).map(|number| Crash {
        number,
        point: journal.len(),
        trace_bytes: u64::MAX,
        image: state.after_power_loss(&mut random),
    });
    images.flat_map(|crash| look_at(&folder.join(format!("control-{}", crash.number)), accounts, &crash, false)).collect()
}

/// A crash before operation `point` of the journal, which is past `trace_bytes` of the trace.
struct Crash {
    number: usize,
    point: usize,
    trace_bytes: u64,
    image: Image,
}

/// Makes an image in `place` and says what is wrong with it.
fn look_at(place: &Path, accounts: &[Account], crash: &Crash, through_server: bool) -> Vec<String> {
    let data = place.join("data");
    let made = std::fs::create_dir_all(&data).map_err(anyhow::Error::from);
    made.and_then(|()| replay::write_image(&crash.image, &data))
        .and_then(|()| check::violations(place, accounts, crash.trace_bytes, through_server))
        .unwrap_or_else(|error| vec![format!("{error:#}")])
}

/// Checks `images` images, several at once; what is wrong with them.
fn crash(folder: &Path, accounts: &[Account], journal: &[Entry], images: usize, seed: u64) -> Vec<String> {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut points: Vec<usize> = (0..images).map(|_| random.random_range(0..=journal.len())).collect();
    points.sort_unstable();
    // Images are made one after the other, for the state moves on, and checked side by side.
    let (sender, receiver) = std::sync::mpsc::sync_channel::<Crash>(CHECKERS);
    let (receiver, wrong, checked) = (Mutex::new(receiver), Mutex::new(Vec::new()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..CHECKERS {
            let (receiver, wrong, checked) = (&receiver, &wrong, &checked);
            scope.spawn(move || {
                loop {
                    let next = receiver.lock().unwrap().recv();
                    let Ok(crash) = next else { return };
                    let place = folder.join(format!("image-{}", crash.number));
                    let found = look_at(&place, accounts, &crash, crash.number.is_multiple_of(SERVED));
                    if found.is_empty() {
                        std::fs::remove_dir_all(&place).unwrap();
                    } else {
                        let found = format!("crash at operation {}, {}:\n  {}", crash.point, place.display(), found.join("\n  "));
                        println!("{found}");
                        wrong.lock().unwrap().push(found);
                        // The image as it was, beside what the server made of it.
                        replay::write_image(&crash.image, &place.join("before")).unwrap();
                    }
                    checked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let (mut state, mut done) = (DiskState::default(), 0);
        for (number, point) in points.into_iter().enumerate() {
            journal[done..point].iter().for_each(|entry| state.apply(&entry.op));
            done = point;
            // Everything up to here has happened; an acknowledgement before it counts.
            let trace_bytes = journal.get(point).map_or(u64::MAX, |next| next.at - 1);
            let image = state.after_power_loss(&mut random);
            sender.send(Crash { number, point, trace_bytes, image }).unwrap();
        }
        drop(sender);
    });
    assert_eq!(checked.into_inner(), images, "every image was checked");
    wrong.into_inner().unwrap()
}
