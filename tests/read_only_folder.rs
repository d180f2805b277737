//! A data folder that cannot be written: the server says so and does not start; what lies in the folder is untouched.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;

use strata_harness::{Server, ServerOptions, SmallDisk};

const BINARY: &str = env!("CARGO_BIN_EXE_strata");

#[test]
fn a_read_only_folder_is_refused_and_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let disk = match SmallDisk::mount(&data, 256 << 20) {
        Ok(disk) => disk,
        Err(why) => return println!("skipped: {why}"),
    };
    let mut options = ServerOptions::in_folder(BINARY, folder.path());
    options.binary = disk.wrap(Path::new(BINARY), &folder.path().join("strata-on-small-disk")).unwrap();
    let server = Server::start(&options).unwrap();
    assert_eq!(server.http().records("logs.kept", &[], b"{\"message\":\"kept\"}\n").unwrap().status, 200);
    server.kill().unwrap();

    disk.set_read_only(true).unwrap();
    let (status, said) = options.refused().unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("Read-only file system"), "{said}");
    assert!(said.contains(data.to_str().unwrap()), "the message names the folder: {said}");

    disk.set_read_only(false).unwrap();
    let server = Server::start(&options).unwrap();
    assert_eq!(server.sql().unwrap().rows("SELECT message FROM logs.kept").unwrap(), [[Some("kept".to_owned())]]);
}

#[test]
fn a_file_where_the_folder_should_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let options = ServerOptions::in_folder(BINARY, folder.path());
    std::fs::write(&options.data_dir, "no folder").unwrap();
    let (status, said) = options.refused().unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("data"), "{said}");
    assert_eq!(std::fs::read_to_string(&options.data_dir).unwrap(), "no folder");
}
