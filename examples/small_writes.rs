//! Latency of small writes on a real server, each acknowledged only after `fdatasync`: one client with batches of 1,000 rows, 16 clients at
//! once, and single-row INSERTs. Starts a server of its own and prints one line a measurement.
//!
//!     cargo run --release --example small_writes -- target/release/strata [FOLDER]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use strata_harness::{Http, Server, ServerOptions, Sql};

const TOPIC: &str = "logs.small_writes";
const BATCH_ROWS: u64 = 1_000;
const BATCHES: u64 = 500;
const CLIENTS: u64 = 16;
const TOGETHER: Duration = Duration::from_secs(15);
const INSERTS: u64 = 2_000;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let binary = PathBuf::from(arguments.next().context("the path of the strata binary is needed")?);
    let scratch = tempfile::tempdir()?;
    let folder = arguments.next().map_or_else(|| scratch.path().to_owned(), PathBuf::from);
    let mut options = ServerOptions::in_folder(binary, &folder);
    options.flags = ["--memory-limit", "2GB"].map(str::to_owned).to_vec();
    let server = Server::start(&options)?;
    let sql = server.sql()?;
    sql.rows(&format!("CREATE TABLE {TOPIC} (ts timestamptz, host text, level text, message text) WITH (time_column = 'ts')"))?;

    one_client(&server.http())?;
    many_clients(&server)?;
    inserts(&sql)?;
    let rows: u64 = sql.value(&format!("SELECT count(*) FROM {TOPIC}"))?;
    println!("{rows} rows, resident {} MB at most", server.resident_bytes()?.1 >> 20);
    server.stop(Duration::from_secs(120))?;
    Ok(())
}

/// A batch of records that differ from those of every other number.
fn batch(number: u64) -> String {
    (0..BATCH_ROWS)
        .map(|row| {
            let id = (number * BATCH_ROWS + row).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            format!(
                "{{\"ts\":{},\"host\":\"host-{}\",\"level\":\"INFO\",\"message\":\"request {id:016x} took {} ms\"}}\n",
                1_772_323_200_000 + row,
                id % 64,
                id % 977
            )
        })
        .collect()
}

fn send(http: &Http, body: &str) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let answer = http.records(TOPIC, &[], body.as_bytes())?;
    ensure!(answer.status == 200, "{answer:?}");
    Ok(began.elapsed())
}

fn one_client(http: &Http) -> anyhow::Result<()> {
    let mut latencies = (0..BATCHES).map(|number| send(http, &batch(number))).collect::<anyhow::Result<Vec<_>>>()?;
    latencies.sort_unstable();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize];
    println!(
        "one client, batches of {BATCH_ROWS} rows over HTTP: p50 {:.2?}, p99 {:.2?}, slowest {:.2?}",
        at(0.5),
        at(0.99),
        at(1.0)
    );
    Ok(())
}

fn many_clients(server: &Server) -> anyhow::Result<()> {
    let began = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let http = server.http();
            std::thread::spawn(move || -> anyhow::Result<u64> {
                let mut sent = 0;
                while began.elapsed() < TOGETHER {
                    send(&http, &batch((client + 1) << 32 | sent))?;
                    sent += 1;
                }
                Ok(sent)
            })
        })
        .collect();
    let mut batches = 0;
    for client in clients {
        batches += client.join().map_err(|_| anyhow::anyhow!("a client panicked"))??;
    }
    let rate = (batches * BATCH_ROWS) as f64 / began.elapsed().as_secs_f64();
    println!("{CLIENTS} clients, batches of {BATCH_ROWS} rows over HTTP: {rate:.0} rows/s");
    Ok(())
}

fn inserts(sql: &Sql) -> anyhow::Result<()> {
    let began = Instant::now();
    for number in 0..INSERTS {
        sql.rows(&format!("INSERT INTO {TOPIC} (ts, host, level, message) VALUES (now(), 'host-1', 'INFO', 'row {number}')"))?;
    }
    println!("one connection, INSERT of one row: {:.0} rows/s", INSERTS as f64 / began.elapsed().as_secs_f64());
    Ok(())
}
