//! Kills a real server again and again under load, as `strata verify` does for users, and expects nothing to be missing.
//!
//! `STRATA_KILLS` says how often (25), `STRATA_SEED` repeats a run.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::process::Command;

fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

#[test]
fn what_was_acknowledged_survives_every_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (kills, seed) = (setting("STRATA_KILLS", "25"), setting("STRATA_SEED", "1"));
    let output = Command::new(env!("CARGO_BIN_EXE_strata"))
        .args(["verify", "--kills", &kills, "--seed", &seed])
        .arg(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    if !output.status.success() {
        let kept = folder.keep();
        panic!("seed {seed}, data kept in {}:\n{said}{}", kept.display(), String::from_utf8_lossy(&output.stderr));
    }
    assert!(said.contains(&format!("{kills} kills, ")), "{said}");
    assert!(said.contains("; 0 violations"), "{said}");
    // A loop in which nothing was written would find nothing missing.
    let promised: u64 = said
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .filter_map(|(_, rest)| rest.split(' ').next()?.parse::<u64>().ok())
        .sum();
    let least = kills.parse::<u64>().unwrap() * 20;
    assert!(promised > least, "only {promised} records were acknowledged:\n{said}");
}
