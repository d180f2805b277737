//! Ten thousand topics that each get a record every few seconds: what they cost in files, catalog, log, memory and time to
//! start, and what of it grows with each record in the second half of the time.
//!
//!     cargo run --release --example many_topics -- target/release/strata [TOPICS] [SECONDS]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use strata_harness::{Server, ServerOptions};

/// Connections that send.
const CLIENTS: usize = 8;
/// Each topic gets a record in every round.
const ROUND: Duration = Duration::from_secs(4);

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let binary = PathBuf::from(arguments.next().context("the path of the strata binary is needed")?);
    let topics: usize = arguments.next().map_or(Ok(10_000), |text| text.parse())?;
    let seconds: u64 = arguments.next().map_or(Ok(120), |text| text.parse())?;
    let scratch = tempfile::tempdir()?;
    let mut options = ServerOptions::in_folder(binary, scratch.path());
    options.flags = ["--memory-limit", "2GB"].map(str::to_owned).to_vec();
    let server = Server::start(&options)?;

    let began = Instant::now();
    each_client(&server, topics, |http, topic| send(http, topic, 0))?;
    println!("{topics} topics created by their first record in {:.1?}", began.elapsed());
    look(&server, &options.data_dir, topics)?;

    let began = Instant::now();
    let mut rounds = 0;
    let mut send_until = |end: Duration| -> anyhow::Result<u64> {
        while began.elapsed() < end {
            let round = Instant::now();
            rounds += 1;
            each_client(&server, topics, |http, topic| send(http, topic, rounds))?;
            std::thread::sleep(ROUND.saturating_sub(round.elapsed()));
        }
        Ok(rounds * topics as u64)
    };
    let half = send_until(Duration::from_secs(seconds) / 2)?;
    println!("half of the time:");
    let first_half = look(&server, &options.data_dir, topics)?;
    let records = send_until(Duration::from_secs(seconds))?;
    println!(
        "{records} records one by one in {:.1?}: {:.0} records/s",
        began.elapsed(),
        records as f64 / began.elapsed().as_secs_f64()
    );
    let second_half = look(&server, &options.data_dir, topics)?;
    second_half.print_growth(&first_half, records - half);
    server.kill()?;

    let began = Instant::now();
    let server = Server::start(&options)?;
    println!("start after a kill: {:.2?}", began.elapsed());
    look(&server, &options.data_dir, topics)?;
    let began = Instant::now();
    server.stop(Duration::from_secs(300))?;
    println!("gentle stop: {:.2?}", began.elapsed());
    let began = Instant::now();
    let server = Server::start(&options)?;
    println!("start after a gentle stop: {:.2?}", began.elapsed());
    let rows: u64 = server.sql()?.value("SELECT sum(rows) FROM sys.topics")?;
    ensure!(rows == records + topics as u64, "{rows} rows are there, {} were acknowledged", records + topics as u64);
    look(&server, &options.data_dir, topics)?;
    Ok(())
}

/// What the server holds at one time.
struct Costs {
    files: usize,
    disk_bytes: u64,
    log_bytes: u64,
    resident_bytes: u64,
    catalog_commits: u64,
}

impl Costs {
    /// What `records` records since `before` added.
    fn print_growth(&self, before: &Self, records: u64) {
        let a_record = |now: u64, before: u64| (now as f64 - before as f64) / records.max(1) as f64;
        println!(
            "  grown in the second half by {:+} files and {:+} catalog commits, and a record by {:+.0} bytes of disk, of it log {:+.0}, and {:+.0} bytes of memory",
            self.files as i64 - before.files as i64,
            self.catalog_commits as i64 - before.catalog_commits as i64,
            a_record(self.disk_bytes, before.disk_bytes),
            a_record(self.log_bytes, before.log_bytes),
            a_record(self.resident_bytes, before.resident_bytes),
        );
    }
}

/// Calls `act` once for each topic, dealt to a few connections.
fn each_client(
    server: &Server,
    topics: usize,
    act: impl Fn(&strata_harness::Http, usize) -> anyhow::Result<()> + Sync,
) -> anyhow::Result<()> {
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (http, act) = (server.http(), &act);
                scope.spawn(move || (client..topics).step_by(CLIENTS).try_for_each(|topic| act(&http, topic)))
            })
            .collect();
        clients.into_iter().try_for_each(|client| client.join().map_err(|_| anyhow::anyhow!("a client panicked"))?)
    })
}

fn send(http: &strata_harness::Http, topic: usize, round: u64) -> anyhow::Result<()> {
    let line = format!(
        "{{\"host\":\"host-{topic}\",\"level\":\"INFO\",\"message\":\"round {round} of topic {topic}\",\"round\":{round}}}\n"
    );
    let answer = http.records(&format!("logs.topic_{topic}"), &[], line.as_bytes())?;
    ensure!(answer.status == 200, "{answer:?}");
    Ok(())
}

fn look(server: &Server, data_dir: &Path, topics: usize) -> anyhow::Result<Costs> {
    let sql = server.sql()?;
    let timed = |query: &str| -> anyhow::Result<(u64, Duration)> {
        let began = Instant::now();
        Ok((sql.value(query)?, began.elapsed()))
    };
    let (count, all) = timed("SELECT count(*) FROM sys.topics")?;
    let (_, one) = timed(&format!("SELECT count(*) FROM logs.topic_{} WHERE level = 'INFO'", topics / 2))?;
    let (files, disk_bytes) = sizes(data_dir)?;
    // What is written, without what is only reserved.
    let log_bytes: u64 = sql.value("SELECT coalesce(sum(bytes), 0)::bigint FROM sys.wal")?;
    let metrics = server.http().get("/metrics")?.body;
    let commits = metrics.lines().find_map(|line| line.strip_prefix("strata_catalog_commits_total "));
    let catalog_commits = commits.context("/metrics does not count the catalog's commits")?.trim().parse()?;
    let (resident_bytes, peak) = server.resident_bytes()?;
    println!(
        "  {count} topics counted in {all:.1?}, one topic in {one:.1?}; {files} files, {} MB, of it log {} MB; resident {} MB, at most {} MB; {catalog_commits} catalog commits",
        disk_bytes >> 20,
        log_bytes >> 20,
        resident_bytes >> 20,
        peak >> 20
    );
    Ok(Costs { files, disk_bytes, log_bytes, resident_bytes, catalog_commits })
}

/// Files below a folder and the bytes that they take up, those that are only reserved included.
fn sizes(folder: &Path) -> anyhow::Result<(usize, u64)> {
    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (more, length) = if entry.path().is_dir() { sizes(&entry.path())? } else { (1, entry.metadata()?.len()) };
        files += more;
        bytes += length;
    }
    Ok((files, bytes))
}
