//! Cuts the power of a real server, in effect.
//!
//! ```text
//! clients ─▶ strata serve under strace ─▶ trace ─▶ journal of writes, syncs, names
//!                                                     │ crash at any place: what was not synced is lost, torn, reordered
//!                                                     ▼
//!                 start a server on the image, read everything, compare with what was acknowledged
//! ```
//!
//! The catalog's writes are part of the journal. `STRATA_POWER_LOSS_IMAGES` says how many images (24), `STRATA_SEED` repeats
//! their choice. The record is another one each time, because threads are. Says that it skips where nothing can be traced.

mod check;
mod journal;
mod replay;
mod trace;
mod workload;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use strata_harness::{Server, ServerOptions};
use strata_storage::disk::crash::{DiskState, Image};

use crate::journal::Entry;
use crate::workload::Account;

/// How long clients write.
const WORKLOAD: Duration = Duration::from_secs(6);
/// Servers that are checked at once.
const CHECKERS: usize = 2;
/// Small, so that sealing, merging and trimming of the log happen all the time.
const FLAGS: [(&str, &str); 5] = [
    ("--seal-rows", "1000"),
    ("--seal-age", "1s"),
    ("--seal-age-rows-min", "50"),
    ("--wal-file-size", "256kB"),
    ("--wal-size-max", "1MB"),
];

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn no_power_cut_loses_an_acknowledged_record() {
    if let Some(obstacle) = trace::obstacle() {
        println!("skipped, nothing can be traced here: {obstacle}");
        return;
    }
    let (images, seed) = (number("STRATA_POWER_LOSS_IMAGES", 24) as usize, number("STRATA_SEED", 1));
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    let (accounts, journal) = record(&folder, seed).unwrap();
    let acknowledged =
        accounts.iter().flat_map(|account| &account.batches).filter(|batch| batch.acknowledged_at.is_some()).count();
    println!("{} operations, {acknowledged} acknowledged batches", journal.len());
    assert!(acknowledged > 50 && journal.len() > 500, "too little happened to prove anything");

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
    let journal = journal::of(trace::read(&trace, &options.data_dir)?, &options.data_dir)?;
    let mut state = DiskState::default();
    journal.iter().for_each(|entry| state.apply(&entry.op));
    let unexplained = replay::differences(&state.after_kill(), &options.data_dir)?;
    anyhow::ensure!(unexplained.is_empty(), "the trace does not explain the disk:\n{}", unexplained.join("\n"));
    Ok((accounts, journal))
}

/// Checks `images` images, several at once; what is wrong with them.
fn crash(folder: &Path, accounts: &[Account], journal: &[Entry], images: usize, seed: u64) -> Vec<String> {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut points: Vec<usize> = (0..images).map(|_| random.random_range(0..=journal.len())).collect();
    points.sort_unstable();
    // Images are made one after the other, for the state moves on, and checked side by side.
    let (sender, receiver) = std::sync::mpsc::sync_channel::<(usize, u64, Image)>(CHECKERS);
    let (receiver, wrong, checked) = (Mutex::new(receiver), Mutex::new(Vec::new()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for checker in 0..CHECKERS {
            let (receiver, wrong, checked) = (&receiver, &wrong, &checked);
            scope.spawn(move || {
                loop {
                    let next = receiver.lock().unwrap().recv();
                    let Ok((point, trace_bytes, image)) = next else { return };
                    let place = folder.join(format!("image-{point}-{checker}"));
                    let found = replay::write_image(&image, &place.join("data"))
                        .and_then(|()| std::fs::create_dir_all(place.join("data")).map_err(Into::into))
                        .and_then(|()| check::violations(&place, accounts, trace_bytes))
                        .unwrap_or_else(|error| vec![format!("{error:#}")]);
                    if found.is_empty() {
                        std::fs::remove_dir_all(&place).unwrap();
                    } else {
                        wrong.lock().unwrap().push(format!(
                            "crash at operation {point}, {}:\n  {}",
                            place.display(),
                            found.join("\n  ")
                        ));
                        // The image as it was, beside what the server made of it.
                        replay::write_image(&image, &place.join("before")).unwrap();
                    }
                    checked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let (mut state, mut done) = (DiskState::default(), 0);
        for point in points {
            journal[done..point].iter().for_each(|entry| state.apply(&entry.op));
            done = point;
            // Everything up to here has happened; an acknowledgement before it counts.
            let trace_bytes = journal.get(point).map_or(u64::MAX, |next| next.at - 1);
            sender.send((point, trace_bytes, state.after_power_loss(&mut random))).unwrap();
        }
        drop(sender);
    });
    assert_eq!(checked.into_inner(), images, "every image was checked");
    wrong.into_inner().unwrap()
}
