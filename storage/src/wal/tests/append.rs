//! What goes right: order, acks, rotation, trimming, stop and start.

use std::sync::Arc;

use super::fixture::*;
use crate::disk::{Disk, FaultyDisk, LocalDisk};
use crate::wal::{Wal, WalOptions, WalPosition};
use crate::{ErrorKind, StorageError};

#[test]
fn what_was_acknowledged_comes_back_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let disks: [Arc<dyn Disk>; 2] = [Arc::new(FaultyDisk::default()), Arc::new(LocalDisk::new(folder.path()))];
    for disk in disks {
        assert_eq!(recover(&disk).unwrap().1.frames, 0);
        let sink = Arc::new(Seen::default());
        let wal = Wal::start(disk.clone(), options(), 1, sink.clone()).unwrap();
        for i in 0..200 {
            block_on(append(&wal, vec![frame(1, i, &format!("record {i}")), frame(2, i, "second"), bare_frame(3)])).unwrap();
        }
        assert!(wal.files().len() > 3, "it rotated");
        let end = wal.end();
        wal.close();
        let (frames, summary) = recover(&disk).unwrap();
        assert_eq!((summary.rows, summary.frames, summary.torn_bytes, summary.epoch), (400, 600, 0, 1));
        let seen = sink.0.lock();
        assert_eq!(seen.len(), frames.len());
        for (seen, read) in seen.iter().zip(&frames) {
            assert_eq!((seen.0, said(&seen.1), &seen.1.producer), (read.0, said(&read.1), &read.1.producer));
            assert!(seen.1.body.is_empty() && read.1.body.is_empty());
            assert_eq!(seen.1.ingested_at_us, read.1.ingested_at_us);
            assert!(read.0 < end);
        }
    }
}

#[test]
fn the_order_of_submits_is_the_order_of_the_log() {
    let disk: Arc<dyn Disk> = Arc::new(FaultyDisk::default());
    let wal = start(&disk, 1);
    block_on(async {
        let mut tickets = Vec::new();
        for i in 0..20 {
            let admission = wal.admit(100).await.unwrap();
            tickets.push(wal.submit(vec![frame(1, i, "x")], admission).unwrap());
        }
        // Dropped tickets do not cancel anything.
        tickets.truncate(3);
        for ticket in tickets {
            ticket.await.unwrap();
        }
    });
    drop(wal);
    let offsets: Vec<i64> = recover(&disk).unwrap().0.iter().map(|(_, frame)| frame.base_offset).collect();
    assert_eq!(offsets, (0..20).collect::<Vec<_>>());
}

#[test]
fn many_writers_at_once_lose_nothing() {
    let disk: Arc<dyn Disk> = Arc::new(FaultyDisk::default());
    let wal = start(&disk, 1);
    std::thread::scope(|scope| {
        for topic in 0..8 {
            let wal = &wal;
            scope.spawn(move || {
                block_on(async {
                    for i in 0..60 {
                        append(wal, vec![frame(topic, i, &"text ".repeat(1 + (i as usize * 7) % 300))]).await.unwrap();
                    }
                })
            });
        }
    });
    drop(wal);
    let (frames, _) = recover(&disk).unwrap();
    for topic in 0..8 {
        let offsets = frames.iter().filter(|(_, frame)| frame.topic.0 == topic).map(|(_, frame)| frame.base_offset);
        assert_eq!(offsets.collect::<Vec<_>>(), (0..60).collect::<Vec<_>>());
    }
}

#[test]
fn a_transaction_larger_than_a_file_gets_a_larger_one() {
    let disk: Arc<dyn Disk> = Arc::new(FaultyDisk::default());
    let wal = start(&disk, 1);
    // Hardly compressible, so that lz4 does not make it small.
    let large: String =
        (0u64..20_000).map(|i| char::from(b'!' + (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 57) as u8 % 90)).collect();
    block_on(async {
        append(&wal, vec![frame(1, 0, "before")]).await.unwrap();
        append(&wal, (1..8).map(|i| frame(1, i, &large)).collect()).await.unwrap();
        append(&wal, vec![frame(1, 8, "after")]).await.unwrap();
    });
    wal.close();
    let (frames, _) = recover(&disk).unwrap();
    assert_eq!(frames.iter().map(|(_, frame)| frame.base_offset).collect::<Vec<_>>(), (0..9).collect::<Vec<_>>());
    assert_eq!(said(&frames[3].1).2, large);
}

#[test]
fn epochs_follow_each_other_and_none_is_used_twice() {
    let disk: Arc<dyn Disk> = Arc::new(FaultyDisk::default());
    for epoch in 1..6 {
        let (frames, summary) = recover(&disk).unwrap();
        assert_eq!((frames.len() as u64, summary.epoch), ((epoch - 1) * 3, epoch - 1));
        let wal = start(&disk, epoch);
        for i in 0..3 {
            block_on(append(&wal, vec![frame(1, epoch as i64 * 10 + i, "x")])).unwrap();
        }
        drop(wal);
    }
    let used = Wal::start(disk, options(), 5, Arc::new(Seen::default()));
    assert!(matches!(used, Err(StorageError::Internal(_))));
}

#[test]
fn trimming_removes_what_is_not_needed_and_nothing_else() {
    let disk: Arc<dyn Disk> = Arc::new(FaultyDisk::default());
    let sink = Arc::new(Seen::default());
    let wal = Wal::start(disk.clone(), options(), 1, sink.clone()).unwrap();
    for i in 0..100 {
        block_on(append(&wal, vec![frame(1, i, &"words ".repeat(50))])).unwrap();
    }
    let position = sink.0.lock()[60].0;
    wal.trim(Some(position));
    let needed = sink.0.lock().iter().filter(|(at, _)| at.file >= position.file).count();
    assert!(wal.files().iter().all(|file| file.number >= position.file));
    wal.close();
    let (frames, _) = recover(&disk).unwrap();
    assert_eq!(frames.len(), needed);
    assert!(frames.iter().any(|(_, frame)| frame.base_offset == 60));

    let wal = start(&disk, 2);
    wal.trim(Some(wal.end()));
    wal.close();
    assert!(recover(&disk).unwrap().0.is_empty());
    assert_eq!(disk.list("wal".as_ref()).unwrap().len(), 1);
}

#[test]
fn an_idle_log_shrinks_to_one_fresh_file() {
    let disk: Arc<dyn Disk> = Arc::new(FaultyDisk::default());
    let wal = start(&disk, 1);
    for i in 0..40 {
        block_on(append(&wal, vec![frame(1, i, "x")])).unwrap();
    }
    let before = wal.end();
    let mut rounds = 0;
    while wal.bytes() > 512 {
        wal.trim(None);
        rounds += 1;
        assert!(rounds < 2_000, "{:?}", wal.files());
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert!(wal.end() > before && wal.files().len() == 1);
    block_on(append(&wal, vec![frame(1, 40, "x")])).unwrap();
    wal.close();
    let (frames, _) = recover(&disk).unwrap();
    assert_eq!(frames.iter().map(|(_, frame)| frame.base_offset).collect::<Vec<_>>(), [40]);
    drop(start(&disk, 2));
    assert_eq!(recover(&disk).unwrap().0.len(), 1);
}

#[test]
fn a_busy_log_has_large_files_and_an_idle_one_a_small_one() {
    let faulty = FaultyDisk::default();
    let disk: Arc<dyn Disk> = Arc::new(faulty.clone());
    let (file_bytes_min, file_bytes) = (8 << 10, 64 << 10);
    let wal_options = WalOptions { file_bytes_min, file_bytes, ..options() };
    let wal = Wal::start(disk.clone(), wal_options, 1, Arc::new(Seen::default())).unwrap();
    let lens = || faulty.image().values().map(|content| content.len()).collect::<Vec<_>>();
    assert_eq!(lens(), [file_bytes_min]);
    for i in 0..400 {
        block_on(append(&wal, vec![frame(1, i, &"words ".repeat(50))])).unwrap();
    }
    assert_eq!(lens()[..4], [1, 2, 4, 8].map(|times| times * file_bytes_min));
    assert!(lens().iter().all(|len| *len <= file_bytes));
    let mut rounds = 0;
    while lens() != [file_bytes_min] {
        wal.trim(Some(wal.end()));
        rounds += 1;
        assert!(rounds < 2_000, "{:?}", lens());
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    block_on(append(&wal, vec![frame(1, 400, "after")])).unwrap();
    wal.close();
    let (frames, _) = recover(&disk).unwrap();
    assert_eq!(frames.iter().map(|(_, frame)| said(frame).2).collect::<Vec<_>>(), ["after"]);
}

#[test]
fn a_closed_log_takes_nothing_and_the_position_of_an_empty_one_is_its_start() {
    let disk: Arc<dyn Disk> = Arc::new(FaultyDisk::default());
    let wal = start(&disk, 1);
    assert_eq!(wal.end(), WalPosition { file: 1, byte: 512 });
    let admission = block_on(wal.admit(10)).unwrap();
    wal.close();
    assert_eq!(wal.submit(vec![frame(1, 0, "x")], admission).unwrap_err().kind(), ErrorKind::Poisoned);
    assert_eq!(block_on(wal.admit(10)).unwrap_err().kind(), ErrorKind::Poisoned);
}

#[test]
fn back_pressure_waits_and_lets_go() {
    let disk: Arc<dyn Disk> = Arc::new(FaultyDisk::default());
    let wal = start(&disk, 1);
    block_on(async {
        let most = wal.admit(options().queue_bytes_max).await.unwrap();
        assert!(tokio::time::timeout(std::time::Duration::from_millis(20), wal.admit(1)).await.is_err());
        drop(most);
        let huge = wal.admit(10 * options().queue_bytes_max).await.unwrap();
        assert!(tokio::time::timeout(std::time::Duration::from_millis(20), wal.admit(1)).await.is_err());
        drop(huge);
        wal.admit(1).await.unwrap();
    });
}

#[test]
fn a_frame_without_its_body_is_refused() {
    let disk: Arc<dyn Disk> = Arc::new(FaultyDisk::default());
    let wal = start(&disk, 1);
    let mut naked = frame(1, 0, "x");
    naked.body = bytes::Bytes::new();
    for transaction in [vec![naked], vec![]] {
        let admission = block_on(wal.admit(10)).unwrap();
        assert_eq!(wal.submit(transaction, admission).unwrap_err().kind(), ErrorKind::Internal);
    }
    block_on(append(&wal, vec![frame(1, 0, "x")])).unwrap();
}
