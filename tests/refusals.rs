//! Starts that must not happen: each ends at once with exit code 1 and a sentence that says why.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::process::Command;

/// Exit code and standard error of `strata serve` with these flags.
fn serve(flags: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_strata")).arg("serve").args(flags).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn addresses_beyond_loopback_are_refused() {
    for flags in [["--pg-addr", "0.0.0.0:7432"], ["--http-addr", "[::]:7433"]] {
        let (code, said) = serve(&flags);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("is not a loopback address"), "{said}");
    }
}

#[test]
fn a_port_in_use_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data_dir = folder.path().join("data");
    let data_dir = data_dir.to_str().unwrap();
    for key in ["pg", "http"] {
        let (flag, other) = (format!("--{key}-addr"), if key == "pg" { "--http-addr" } else { "--pg-addr" });
        let (code, said) = serve(&["--data-dir", data_dir, &flag, &address, other, "127.0.0.1:0"]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(&format!("cannot listen on {key}_addr = {address}")), "{said}");
    }
    assert!(!folder.path().join("data").exists(), "a server that cannot listen must not touch the folder");
}

#[test]
fn unknown_keys_and_missing_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("strata.toml");
    std::fs::write(&file, "memory = \"1GB\"\n").unwrap();
    let (code, said) = serve(&["--config", file.to_str().unwrap()]);
    assert_eq!(code, Some(1));
    assert!(said.contains("unknown field `memory`"), "{said}");
    let (code, said) = serve(&["--config", folder.path().join("absent.toml").to_str().unwrap()]);
    assert_eq!(code, Some(1));
    assert!(said.contains("absent.toml"), "{said}");
}

#[test]
fn the_printed_settings_are_a_file_that_works() {
    let folder = tempfile::tempdir().unwrap();
    let print = |flags: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_strata")).args(["serve", "--print-config"]).args(flags).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let printed = print(&["--memory-limit", "2GB"]);
    assert!(printed.contains("memory_limit = \"2GB\""), "{printed}");
    let file = folder.path().join("strata.toml");
    std::fs::write(&file, &printed).unwrap();
    assert_eq!(print(&["--config", file.to_str().unwrap()]), printed);
}
