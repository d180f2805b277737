//! The sidecar: the real binary with a real rsyslogd, on both config stores. What becomes of files that are good, broken, deadly,
//! deaf or lead elsewhere, and of a sidecar that is killed in the middle.
//!
//! Where rsyslog or etcd is not installed the tests say so and skip.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod edge;
mod store;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::{Duration, Instant};

use strata_catalog::etl::config_store::{InstanceStatus, Outcome};
use strata_catalog::etl::record::Health;

use edge::Edge;
use store::Store;

#[tokio::test(flavor = "multi_thread")]
async fn files_from_a_server() {
    let Some(mut edge) = Edge::installed(Store::embedded().await) else { return };
    whole_life(&mut edge).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_from_etcd() {
    let Some(mut edge) = Store::etcd().and_then(Edge::installed) else { return };
    whole_life(&mut edge).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_with_files_from_a_server() {
    let Some(mut edge) = Edge::installed(Store::embedded().await) else { return };
    killed_in_the_middle(&mut edge).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_with_files_from_etcd() {
    let Some(mut edge) = Store::etcd().and_then(Edge::installed) else { return };
    killed_in_the_middle(&mut edge).await;
}

async fn whole_life(edge: &mut Edge) {
    edge.start();
    let status = edge.until("registered", |_| true).await;
    assert_eq!((status.outcome, status.applied_hash), (Outcome::Idle, None));
    assert!(status.version.starts_with("rsyslogd"), "{}", status.version);
    let good = a_good_one_arrives(edge).await;
    the_same_files_restart_nothing(edge, &good).await;
    a_broken_one_is_refused(edge, &good).await;
    what_cannot_be_used_is_taken_back(edge, &good).await;
    links_do_not_lead_out(edge, &good).await;
    settings_are_read_again(edge).await;
    what_is_no_longer_offered_stays(edge, &good).await;
    edge.machine.stop().unwrap();
    assert_eq!(edge.machine.daemons(), [0_u32; 0], "the process stops with its sidecar");
    assert_eq!(edge.status().await, None, "it has said farewell");
}

async fn a_good_one_arrives(edge: &mut Edge) -> String {
    let begun = Instant::now();
    let content = edge.listening("# first");
    let hash = edge.offer(&content).await;
    edge.until("applied", |status| status.has_applied(&hash) && status.outcome == Outcome::Applied).await;
    println!("a good configuration arrived within {:?}", begun.elapsed());
    edge.delivers("one");
    assert!(edge.file().contains(&format!("port=\"{}\"", edge.port)), "the secret is filled in on the machine alone");
    hash
}

async fn the_same_files_restart_nothing(edge: &mut Edge, good: &str) {
    let before = (edge.daemon(), edge.path("root/edge.conf").metadata().unwrap().modified().unwrap());
    let content = edge.listening("# first");
    assert_eq!(edge.offer(&content).await, good);
    // Nothing will be seen of it, so it gets some time to be seen.
    tokio::time::sleep(Duration::from_secs(1)).await;
    edge.until("applied", |status| status.has_applied(good)).await;
    assert_eq!((edge.daemon(), edge.path("root/edge.conf").metadata().unwrap().modified().unwrap()), before);
}

async fn a_broken_one_is_refused(edge: &mut Edge, good: &str) {
    let before = (edge.daemon(), edge.file());
    let content = edge.listening("input(type=\"imtcp\" port=\"1\"");
    let hash = edge.offer(&content).await;
    let status = edge.until("refused", |status| status.has_failed(&hash)).await;
    assert_said(&status, "validate: rsyslogd: error during parsing file");
    assert!(status.has_applied(good));
    assert_eq!((edge.daemon(), edge.file()), before, "the old process keeps working");
    edge.delivers("two");
}

async fn what_cannot_be_used_is_taken_back(edge: &mut Edge, good: &str) {
    let before = edge.file();
    // rsyslogd goes on when it cannot listen; only what it says tells.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken_port = taken.local_addr().unwrap().port();
    let busy = edge.listening(&format!("input(type=\"imtcp\" address=\"127.0.0.1\" port=\"{taken_port}\")"));
    // It kills whoever runs it.
    let deadly = edge.path("deadly");
    fs::write(&deadly, "#!/bin/sh\nkill -SEGV $PPID\n").unwrap();
    fs::set_permissions(&deadly, fs::Permissions::from_mode(0o755)).unwrap();
    let deadly = edge.listening(&format!("module(load=\"omprog\")\naction(type=\"omprog\" binary=\"{}\")", deadly.display()));
    let deaf = edge.keeping("");
    for (content, words) in [
        (busy, "Address already in use"),
        (deadly, "the process ended with signal: 11"),
        (deaf, "not well within 3s: tcp 127.0.0.1:"),
    ] {
        let hash = edge.offer(&content).await;
        let status = edge.until("taken back", |status| status.has_failed(&hash)).await;
        assert_said(&status, words);
        assert!(status.restored && status.has_applied(good), "{status:?}");
        assert_eq!(edge.file(), before);
        edge.delivers(&format!("after {words}"));
    }
    // The same is offered again, when its reason may be gone.
    let content = edge.listening(&format!("input(type=\"imtcp\" address=\"127.0.0.1\" port=\"{taken_port}\")"));
    drop(taken);
    let hash = edge.offer(&content).await;
    edge.until("applied", |status| status.has_applied(&hash)).await;
    let content = edge.listening("# first");
    edge.offer(&content).await;
    edge.until("applied", |status| status.has_applied(good)).await;
}

async fn links_do_not_lead_out(edge: &mut Edge, good: &str) {
    fs::create_dir(edge.path("outside")).unwrap();
    symlink(edge.path("outside"), edge.path("root/out")).unwrap();
    let content = edge.listening("# first");
    let hash = edge.offer_files(&[("edge.conf", &content), ("out/more.conf", "# nothing")]).await;
    let status = edge.until("refused", |status| status.has_failed(&hash)).await;
    assert_said(&status, "file out/more.conf: a link leads out of the root");
    assert!(status.has_applied(good));
    assert_eq!(fs::read_dir(edge.path("outside")).unwrap().count(), 0);
    edge.offer(&content).await;
    edge.until("applied", |status| status.has_applied(good) && status.outcome == Outcome::Applied).await;
}

async fn settings_are_read_again(edge: &mut Edge) {
    let before = edge.daemon();
    edge.write_settings("10.1.2.3");
    edge.until("at its new address", |status| status.address == "10.1.2.3" && status.health == Health::Healthy).await;
    fs::write(edge.path("agent.toml"), "role = ").unwrap();
    let begun = Instant::now();
    while !edge.said().contains("the old settings stay in force") {
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", edge.said());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    edge.write_settings("10.1.2.3");
    assert_eq!(edge.daemon(), before, "it was not touched");
}

async fn what_is_no_longer_offered_stays(edge: &mut Edge, good: &str) {
    let before = edge.daemon();
    edge.withdraw().await;
    edge.until("idle", |status| status.outcome == Outcome::Idle && status.has_applied(good)).await;
    assert_eq!(edge.daemon(), before);
    edge.delivers("still there");
}

async fn killed_in_the_middle(edge: &mut Edge) {
    edge.start();
    let content = edge.listening("# first");
    let good = edge.offer(&content).await;
    edge.until("applied", |status| status.has_applied(&good)).await;
    let before = edge.file();
    wait_until_kept(edge, &good).await;

    // The deaf one is never well, so there is time to kill the sidecar while its files are written and not yet taken back.
    let deaf = edge.keeping("");
    let bad = edge.offer(&deaf).await;
    in_the_middle(edge, &before).await;
    edge.machine.kill().unwrap();
    assert_ne!(edge.file(), before);
    edge.start();
    let status = edge.until("taken back after all", |status| status.has_failed(&bad)).await;
    assert!(status.restored && status.has_applied(&good), "{status:?}");
    assert_eq!(edge.file(), before);
    edge.daemon();
    edge.delivers("after a kill");

    // The same, but nobody wants the deaf one any more when the sidecar comes back.
    edge.offer(&content).await;
    edge.until("as before", |status| status.has_applied(&good) && status.outcome == Outcome::Applied).await;
    edge.offer(&deaf).await;
    in_the_middle(edge, &before).await;
    edge.machine.kill().unwrap();
    edge.offer(&content).await;
    let begun = Instant::now();
    edge.start();
    edge.until("as before", |status| status.has_applied(&good) && status.outcome == Outcome::Applied).await;
    println!("a killed sidecar was back with the good files within {:?}", begun.elapsed());
    assert_eq!(edge.file(), before);
    edge.daemon();
    edge.delivers("after another kill");
}

/// Waits until the state says which files are good.
async fn wait_until_kept(edge: &Edge, hash: &str) {
    let begun = Instant::now();
    while !fs::read_to_string(edge.path("state/good.json")).unwrap_or_default().contains(hash) {
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", edge.said());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until other files are on disk than `before`.
async fn in_the_middle(edge: &Edge, before: &str) {
    let begun = Instant::now();
    while edge.file() == before {
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", edge.said());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(edge.path("state/trying.json").exists());
}

#[track_caller]
fn assert_said(status: &InstanceStatus, words: &str) {
    assert!(status.error.as_ref().is_some_and(|error| error.contains(words)), "no \"{words}\" in {status:#?}");
}
