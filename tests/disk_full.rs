//! A full disk: writes are refused with an error that says so, what was acknowledged stays, reading goes on, and when there is space
//! again writing goes on too.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::time::Duration;

use strata_harness::{Http, Server, ServerOptions, SmallDisk};

const BINARY: &str = env!("CARGO_BIN_EXE_strata");
/// What a client is told over HTTP, and the class of SQLSTATEs for it.
const INSUFFICIENT_STORAGE: u16 = 507;
const DISK_FULL: &str = "53100";

/// Sends batches until one is refused; how many records were acknowledged before.
fn fill(http: &Http) -> u64 {
    let mut acknowledged = 0;
    for batch in 0..10_000 {
        // Text that does not compress.
        let lines: String = (0..500_u64)
            .map(|i| {
                let number = (batch * 500 + i).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                format!("{{\"message\":\"{number:016x}{:016x}{:016x}\"}}\n", number.rotate_left(17) ^ i, number.wrapping_mul(31))
            })
            .collect();
        let answer = http.records("logs.full", &[], lines.as_bytes()).unwrap();
        match answer.status {
            200 => acknowledged += 500,
            INSUFFICIENT_STORAGE => return acknowledged,
            429 => std::thread::sleep(Duration::from_millis(20)),
            _ => panic!("{answer:?}"),
        }
    }
    panic!("{acknowledged} records fit on a disk that is too small for them");
}

fn options(folder: &Path) -> ServerOptions {
    ServerOptions::in_folder(BINARY, folder).flag("--wal-file-size", "1MB").flag("--wal-size-max", "8MB")
}

#[test]
fn a_disk_with_less_than_the_reserve_refuses_writes_and_reads_on() {
    let folder = tempfile::tempdir().unwrap();
    let with_reserve = |reserve: &str| options(folder.path()).flag("--free-space-min", reserve);
    let server = Server::start(&with_reserve("1MB")).unwrap();
    assert_eq!(server.http().records("logs.full", &[], b"{\"message\":\"kept\"}\n").unwrap().status, 200);
    server.stop(Duration::from_secs(30)).unwrap();

    // No disk has this much free, so this one is full.
    let server = Server::start(&with_reserve("1000000TB")).unwrap();
    let answer = server.http().records("logs.full", &[], b"{\"message\":\"refused\"}\n").unwrap();
    assert_eq!(answer.status, INSUFFICIENT_STORAGE, "{answer:?}");
    let sql = server.sql().unwrap();
    let error = sql.rows("INSERT INTO logs.full (ts, message) VALUES (now(), 'refused')").unwrap_err();
    assert_eq!(error.code().map(|code| code.code()), Some(DISK_FULL), "{error:?}");
    assert_eq!(sql.rows("SELECT message FROM logs.full").unwrap(), [[Some("kept".to_owned())]]);
    assert!(server.stop(Duration::from_secs(30)).unwrap().success());

    let server = Server::start(&with_reserve("1MB")).unwrap();
    assert_eq!(server.http().records("logs.full", &[], b"{\"message\":\"again\"}\n").unwrap().status, 200);
    assert_eq!(server.sql().unwrap().value::<u64>("SELECT count(*) FROM logs.full").unwrap(), 2);
}

#[test]
fn a_disk_that_runs_full_keeps_every_acknowledged_record() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let disk = match SmallDisk::mount(&data, 48 << 20) {
        Ok(disk) => disk,
        Err(why) => return println!("skipped: {why}"),
    };
    let mut options = options(folder.path()).flag("--free-space-min", "4MB");
    options.binary = disk.wrap(Path::new(BINARY), &folder.path().join("strata-on-small-disk")).unwrap();

    // Something else takes half of the disk, so that giving it back makes room.
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![0; 16 << 20]).unwrap();
    let server = Server::start(&options).unwrap();
    let acknowledged = fill(&server.http());
    assert!(acknowledged > 0);
    let count = |server: &Server| server.sql().unwrap().value::<u64>("SELECT count(*) FROM logs.full").unwrap();
    assert_eq!(count(&server), acknowledged, "reading goes on");

    // Killed while full, it starts while full.
    server.kill().unwrap();
    let server = Server::start(&options).unwrap();
    assert_eq!(count(&server), acknowledged, "after a kill on a full disk");

    std::fs::remove_file(&ballast).unwrap();
    let answer = (0..100).find_map(|_| {
        let answer = server.http().records("logs.full", &[], b"{\"message\":\"room again\"}\n").unwrap();
        std::thread::sleep(Duration::from_millis(100));
        (answer.status == 200).then_some(answer)
    });
    assert!(answer.is_some(), "writing goes on when there is room");
    assert_eq!(count(&server), acknowledged + 1);
    assert!(server.stop(Duration::from_secs(60)).unwrap().success());
    let server = Server::start(&options).unwrap();
    assert_eq!(count(&server), acknowledged + 1, "after a gentle stop");
}
