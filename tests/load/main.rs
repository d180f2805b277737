//! `strata load` against a real server: every packing, run twice, bad lines, and a network that breaks off.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod proxy;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use strata_harness::{Server, ServerOptions};

use proxy::Proxy;

fn load(url: &str, arguments: &[&str], files: &[&Path]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_strata"));
    command.args(["load", "--url", url]).args(arguments).args(files);
    command.stdin(Stdio::null()).output().unwrap()
}

fn ok(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

fn lines(first: u64, count: u64) -> Vec<u8> {
    (first..first + count).flat_map(|n| format!("{{\"message\": \"line {n}\", \"n\": {n}}}\n").into_bytes()).collect()
}

fn count(server: &Server, topic: &str) -> u64 {
    server.sql().unwrap().value(&format!("SELECT count(*) FROM {topic}")).unwrap()
}

#[test]
fn files_of_every_packing_are_loaded_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder.path())).unwrap();
    let url = format!("http://{}", server.http_addr());
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&lines(1_000, 1_000)).unwrap();
    let files = [
        file("plain.ndjson", &lines(0, 1_000)),
        file("packed.gz", &gzip.finish().unwrap()),
        file("packed.zst", &zstd::encode_all(&lines(2_000, 1_000)[..], 1).unwrap()),
        file("empty", b""),
    ];
    let files: Vec<&Path> = files.iter().map(AsRef::as_ref).collect();
    assert!(ok(&load(&url, &["--topic", "logs.app"], &files)).starts_with("3000 records stored in "));
    let again = ok(&load(&url, &["--topic", "logs.app"], &files));
    assert!(again.starts_with("0 records stored in ") && again.contains("; 3000 were stored before"), "{again}");
    assert_eq!(count(&server, "logs.app"), 3_000);

    let mut command = Command::new(env!("CARGO_BIN_EXE_strata"));
    command.args(["load", "--url", &url, "--topic", "logs.app", "--producer", "me", "-"]);
    for stored in [500, 0] {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(&lines(0, 500)).unwrap();
        assert!(ok(&child.wait_with_output().unwrap()).starts_with(&format!("{stored} records stored in ")));
    }
    assert_eq!(count(&server, "logs.app"), 3_500);
}

#[test]
fn rejected_lines_are_shown_and_fail_a_strict_load() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder.path())).unwrap();
    let url = format!("http://{}", server.http_addr());
    let path = folder.path().join("mixed");
    fs::write(&path, b"{\"message\": \"a\"}\nbad\n{\"message\": \"b\"}").unwrap();
    let output = load(&url, &["--topic", "logs.app"], &[&path]);
    assert!(ok(&output).contains("2 records stored in "));
    let shown = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(shown.contains("mixed:2: "), "{shown}");
    assert!(!load(&url, &["--topic", "logs.app", "--strict"], &[&path]).status.success());
    assert_eq!(count(&server, "logs.app"), 2);
}

#[test]
fn what_cannot_work_fails_at_once_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder.path())).unwrap();
    let url = format!("http://{}", server.http_addr());
    let path = folder.path().join("file");
    fs::write(&path, lines(0, 10)).unwrap();
    let missing = folder.path().join("missing");
    for (url, topic, file, reason) in [
        (&*url, "nowhere.app", &path, "does not exist"),
        (&*url, "app", &path, "names no topic"),
        (&*url, "logs.app", &missing, "cannot open"),
        ("http://127.0.0.1:9", "logs.app", &path, "no server answers"),
    ] {
        let output = load(url, &["--topic", topic], &[file]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(reason), "{said}");
    }
}

#[test]
fn a_network_that_breaks_off_and_a_server_that_dies_lose_and_double_nothing() {
    const LINES: u64 = 400_000;
    let folder = tempfile::tempdir().unwrap();
    let options = ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder.path());
    let server = Server::start(&options).unwrap();
    // Connections break in the middle of a body, and in the middle of an answer.
    let proxy = Proxy::start(server.http_addr(), 7_000_000, 300);
    let path = folder.path().join("file");
    fs::write(&path, lines(0, LINES)).unwrap();
    let loading = std::thread::spawn({
        let (url, path) = (proxy.url(), path.clone());
        move || load(&url, &["--topic", "logs.app", "--connections", "1"], &[&path])
    });
    let before = std::time::Instant::now();
    while server.http().get("/health").is_ok() && proxy.forwarded() < 8_000_000 && before.elapsed().as_secs() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    server.kill().unwrap();
    let server = Server::start(&options).unwrap();
    proxy.aim(server.http_addr());
    ok(&loading.join().unwrap());
    assert!(proxy.broken() > 0, "the network held, and nothing was tested");
    let sql = server.sql().unwrap();
    let all = format!("SELECT count(*) = {LINES} AND count(DISTINCT message) = {LINES} FROM logs.app");
    let sound: String = sql.value(&all).unwrap();
    assert!(sound.starts_with('t'), "{} rows", count(&server, "logs.app"));
}
