//! A disk that is full, or that fails.

use std::sync::Arc;
use std::time::Duration;

use super::fixture::*;
use crate::ErrorKind;
use crate::disk::{Disk, FaultyDisk};
use crate::wal::{Wal, WalOptions};

#[test]
fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    let faulty = FaultyDisk::default();
    let disk: Arc<dyn Disk> = Arc::new(faulty.clone());
    let wal = start(&disk, 1);
    faulty.set_capacity(40 << 10);
    let mut acknowledged = Vec::new();
    let refused = (0..1_000).find_map(|i| match block_on(append(&wal, vec![frame(1, i, &"words ".repeat(20))])) {
        Ok(()) => {
            acknowledged.push(i);
            None
        }
        Err(error) => Some(error),
    });
    assert_eq!(refused.unwrap().kind(), ErrorKind::Full);
    assert!(acknowledged.len() > 10 && wal.poisoned().is_none());
    assert_eq!(block_on(wal.admit(100 << 10)).unwrap_err().kind(), ErrorKind::Full);

    faulty.set_capacity(1 << 20);
    for i in 1_000..1_010 {
        block_on(append(&wal, vec![frame(1, i, "room again")])).unwrap();
        acknowledged.push(i);
    }
    wal.close();
    let recovered: Vec<i64> = recover(&disk).unwrap().0.iter().map(|(_, frame)| frame.base_offset).collect();
    assert_eq!(recovered, acknowledged);
}

#[test]
fn trimming_makes_room() {
    let faulty = FaultyDisk::default();
    let disk: Arc<dyn Disk> = Arc::new(faulty.clone());
    faulty.set_capacity(40 << 10);
    let wal = start(&disk, 1);
    let fill =
        |from: i64| (from..from + 1_000).find(|&i| block_on(append(&wal, vec![frame(1, i, &"words ".repeat(20))])).is_err());
    fill(0).unwrap();
    wal.trim(Some(wal.end()));
    std::thread::sleep(Duration::from_millis(50));
    assert!(fill(5_000).unwrap() > 5_010);
}

#[test]
fn free_space_that_must_stay_free_stays_free() {
    let faulty = FaultyDisk::default();
    let disk: Arc<dyn Disk> = Arc::new(faulty.clone());
    faulty.set_capacity(200 << 10);
    let options = WalOptions { free_bytes_min: 100 << 10, ..options() };
    let wal = Wal::start(disk.clone(), options, 1, Arc::new(Seen::default())).unwrap();
    let refused = (0..10_000).find_map(|i| block_on(append(&wal, vec![frame(1, i, "x")])).err());
    assert_eq!(refused.unwrap().kind(), ErrorKind::Full);
    assert!(disk.free_bytes().unwrap() >= 100 << 10);
}

#[test]
fn a_log_starts_on_a_full_disk_and_takes_writes_later() {
    let faulty = FaultyDisk::default();
    let disk: Arc<dyn Disk> = Arc::new(faulty.clone());
    faulty.set_capacity(1_000);
    let wal = start(&disk, 1);
    assert_eq!(block_on(wal.admit(10)).unwrap_err().kind(), ErrorKind::Full);
    assert!(wal.files().is_empty());
    faulty.set_capacity(1 << 20);
    block_on(append(&wal, vec![frame(1, 0, "x")])).unwrap();
    wal.close();
    assert_eq!(recover(&disk).unwrap().0.len(), 1);
}

#[test]
fn a_transaction_larger_than_admitted_is_refused_when_there_is_no_room() {
    let faulty = FaultyDisk::default();
    let disk: Arc<dyn Disk> = Arc::new(faulty.clone());
    let wal = start(&disk, 1);
    let many = || (0..200).map(|i| frame(1, i, "x")).collect::<Vec<_>>();
    let admission = block_on(wal.admit(10)).unwrap();
    assert_eq!(wal.submit(many(), admission).unwrap_err().kind(), ErrorKind::Full);
    block_on(append(&wal, many())).unwrap();
    wal.close();
    assert_eq!(recover(&disk).unwrap().0.len(), 200);
}

fn check_poisoned(break_disk: impl Fn(&FaultyDisk)) {
    let faulty = FaultyDisk::default();
    let disk: Arc<dyn Disk> = Arc::new(faulty.clone());
    let wal = start(&disk, 1);
    block_on(append(&wal, vec![frame(1, 0, "kept")])).unwrap();
    break_disk(&faulty);
    block_on(async {
        let mut tickets = Vec::new();
        for i in 1..5 {
            if let Ok(admission) = wal.admit(100).await
                && let Ok(ticket) = wal.submit(vec![frame(1, i, "lost or not")], admission)
            {
                tickets.push(ticket);
            }
        }
        assert!(!tickets.is_empty());
        for ticket in tickets {
            assert_eq!(ticket.await.unwrap_err().kind(), ErrorKind::Poisoned);
        }
        assert_eq!(wal.admit(1).await.unwrap_err().kind(), ErrorKind::Poisoned);
    });
    assert!(wal.poisoned().unwrap().contains("injected failure"));
    wal.close();
    faulty.fail_syncs_after(u64::MAX);
    let (frames, _) = recover(&disk).unwrap();
    assert_eq!(said(&frames[0].1).2, "kept");
}

#[test]
fn a_failed_sync_poisons() {
    check_poisoned(|disk| disk.fail_syncs_after(0));
}

#[test]
fn a_failed_write_poisons() {
    check_poisoned(|disk| disk.fail_writes_after(0));
}
