//! Ten thousand topics that each get a record every few seconds: what they cost in files, catalog, log, memory and time to start.
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
    while began.elapsed() < Duration::from_secs(seconds) {
        let round = Instant::now();
        rounds += 1;
        each_client(&server, topics, |http, topic| send(http, topic, rounds))?;
        std::thread::sleep(ROUND.saturating_sub(round.elapsed()));
    }
    let records = rounds * topics as u64;
    println!(
        "{records} records one by one in {:.1?}: {:.0} records/s",
        began.elapsed(),
        records as f64 / began.elapsed().as_secs_f64()
    );
    look(&server, &options.data_dir, topics)?;
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
    look(&server, &options.data_dir, topics)
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

fn look(server: &Server, data_dir: &Path, topics: usize) -> anyhow::Result<()> {
    let sql = server.sql()?;
    let timed = |query: &str| -> anyhow::Result<(u64, Duration)> {
        let began = Instant::now();
        Ok((sql.value(query)?, began.elapsed()))
    };
    let (count, all) = timed("SELECT count(*) FROM sys.topics")?;
    let (_, one) = timed(&format!("SELECT count(*) FROM logs.topic_{} WHERE level = 'INFO'", topics / 2))?;
    let (files, bytes) = sizes(data_dir)?;
    let (_, log) = sizes(&data_dir.join("wal"))?;
    let metrics = server.http().get("/metrics")?.body;
    let commits =
        metrics.lines().find(|line| line.contains("catalog") && line.contains("commit")).unwrap_or("catalog commits: no metric");
    let (now, peak) = server.resident_bytes()?;
    println!(
        "  {count} topics counted in {all:.1?}, one topic in {one:.1?}; {files} files, {} MB, of it log {} MB; resident {} MB, at most {} MB; {commits}",
        bytes >> 20,
        log >> 20,
        now >> 20,
        peak >> 20
    );
    Ok(())
}

/// Files and bytes below a folder.
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
