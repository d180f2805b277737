//! `strata quickstart`: a server with a day of sample logs, and queries worth trying, answered over the real wires.
//!
//! The sample is sent over HTTP with a producer and sequence numbers, so a second start on the same folder stores nothing twice.

mod queries;
mod sample;

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use strata_harness::Http;
use strata_storage::clock::{Clock as _, SystemClock};
use tokio_postgres::NoTls;

use crate::config::{Config, Flags};
use crate::serve::{self, Running, StopSignals};
use queries::{QUERIES, Table};
use sample::Sample;

const TOPIC: &str = "logs.shop";
const CREATE: &str = "CREATE TABLE IF NOT EXISTS logs.shop (ts timestamptz NOT NULL, host text, service text, level text, \
                      message text, trace_id text) WITH (time_column = 'ts', sort_by = 'service, ts')";
const SEED: u64 = 2026;
/// Records of one request.
const BATCH_ROWS: usize = 20_000;

/// Arguments of `strata quickstart`.
#[derive(Debug, clap::Args)]
pub struct QuickstartArguments {
    /// Records to make.
    #[arg(long, default_value_t = 200_000)]
    rows: u32,
    /// Stop when the queries are answered.
    #[arg(long)]
    exit: bool,
    /// Only write the records to standard output, as NDJSON.
    #[arg(long)]
    print: bool,
    #[command(flatten)]
    flags: Flags,
}

/// Runs the server until a signal stops it.
///
/// # Errors
/// What keeps a server from starting; a query that fails.
pub fn run(arguments: &QuickstartArguments) -> anyhow::Result<()> {
    if arguments.print {
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        for line in Sample::new(SEED, arguments.rows, SystemClock.now_us()) {
            writeln!(out, "{line}")?;
        }
        return Ok(out.flush()?);
    }
    let mut flags = arguments.flags.clone();
    flags.data_dir.get_or_insert_with(|| PathBuf::from("strata-quickstart"));
    flags.log_filter.get_or_insert_with(|| "warn".to_owned());
    let config = Config::load(None, &flags)?;
    serve::log_to_stderr(&config)?;
    serve::runtime(&config)?.block_on(async {
        let mut stopped = std::pin::pin!(StopSignals::catch()?.wait());
        let server = Running::start(&config).await?;
        println!("A server on {}, {} sample records:", config.data_dir.display(), arguments.rows);
        tokio::select! {
            shown = show(&server, arguments.rows) => shown?,
            () = &mut stopped => return server.stop().await,
        }
        if !arguments.exit {
            println!("\nTry it yourself, in another terminal (Ctrl-C here stops the server):\n\n{}", server.ready_lines());
            stopped.await;
        }
        server.stop().await
    })
}

/// Loads the sample and answers the queries.
async fn show(server: &Running, rows: u32) -> anyhow::Result<()> {
    let (client, connection) = tokio_postgres::Config::new()
        .host(server.pg_addr().ip().to_string())
        .port(server.pg_addr().port())
        .user("strata")
        .dbname("strata")
        .connect(NoTls)
        .await?;
    // Its end is seen by the next call on the client.
    tokio::spawn(connection);
    client.batch_execute(CREATE).await.context("cannot create the topic of the sample")?;

    let began = Instant::now();
    let http = Http::new(server.http_addr());
    let (accepted, duplicates) = tokio::task::spawn_blocking(move || load(&http, rows)).await??;
    let seconds = began.elapsed().as_secs_f64();
    println!("  {accepted} stored, {duplicates} were there already, in {seconds:.1} s, each acknowledged after fdatasync");

    for (number, query) in (1..).zip(&QUERIES) {
        let began = Instant::now();
        let table = Table::of(&client, query.sql).await.with_context(|| query.sql)?;
        let milliseconds = began.elapsed().as_secs_f64() * 1e3;
        println!("\n{number}. {}\n\n{};\n\n{table}  ({} rows, {milliseconds:.1} ms)", query.question, query.sql, table.rows());
    }
    Ok(())
}

/// Sends the sample in order; (stored, there already).
fn load(http: &Http, rows: u32) -> anyhow::Result<(u64, u64)> {
    let mut sample = Sample::new(SEED, rows, SystemClock.now_us());
    let (mut accepted, mut duplicates, mut sent) = (0, 0, 0_u64);
    loop {
        let lines: Vec<String> = sample.by_ref().take(BATCH_ROWS).collect();
        if lines.is_empty() {
            return Ok((accepted, duplicates));
        }
        let sequence = format!("{}-{}", sent + 1, sent + lines.len() as u64);
        sent += lines.len() as u64;
        let headers = [("Strata-Producer", "quickstart"), ("Strata-Sequence", sequence.as_str())];
        let answer = http.records(TOPIC, &headers, (lines.join("\n") + "\n").as_bytes())?;
        ensure!(answer.status == 200, "records {sequence} were answered {} {}", answer.status, answer.body);
        let receipt: serde_json::Value = serde_json::from_str(&answer.body)?;
        accepted += receipt["accepted"].as_u64().context("the answer counts accepted records")?;
        duplicates += receipt["duplicates"].as_u64().context("the answer counts duplicates")?;
    }
}
