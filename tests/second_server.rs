//! Two servers on one folder: the second is refused and says why, the first does not notice.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::time::Duration;

use strata_harness::{Server, ServerOptions};

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let options = ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder.path());
    let first = Server::start(&options).unwrap();
    let (status, said) = options.refused().unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("is in use by another process"), "{said}");
    assert_eq!(first.sql().unwrap().value::<i64>("SELECT 1").unwrap(), 1);

    // The lock goes with its holder, however that ends.
    first.kill().unwrap();
    let third = Server::start(&options).unwrap();
    assert!(third.stop(Duration::from_secs(30)).unwrap().success());
    Server::start(&options).unwrap();
}
