//! `strata verify`: proves durability on this disk, and checks what lies on it.
//!
//! Writers send numbered records to a real server over HTTP, `COPY` and `INSERT`; the server is killed with SIGKILL at
//! random moments, in the middle of recovery too, and started again; the writers send again what was not acknowledged. After each
//! start, and at the end, every record is read back and compared with what was promised. Where the folder holds a
//! server's data, the hash of every segment is checked first.
//!
//! What a kill cannot show is a power cut: the operating system keeps what was written. Whether a disk lies about
//! `fdatasync` shows only when the power is really cut: `--keep` leaves folder and accounts for that.

mod check;
mod ledger;
mod segments;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use strata_harness::{Server, ServerOptions, Sql};

use ledger::{Account, Way};
use writer::Whereabouts;

/// Topics that are written to, so that one catalog transaction publishes several.
const TOPICS: [&str; 2] = ["logs.verify_a", "logs.verify_b"];
/// Writers, dealt to the topics in turn.
const WRITERS: [Way; 6] = [Way::Http, Way::Http, Way::Copy, Way::Copy, Way::Insert, Way::Insert];
/// Small, so that sealing, merging and trimming of the log happen all the time.
const FLAGS: [(&str, &str); 5] = [
    ("--seal-rows", "3000"),
    ("--seal-age", "1s"),
    ("--seal-age-rows-min", "100"),
    ("--wal-file-size", "1MB"),
    ("--wal-size-max", "4MB"),
];
/// A server lives so long, in milliseconds.
const LIFE_MS: std::ops::Range<u64> = 100..1_500;
/// One kill in so many falls into the start of the server.
const KILL_DURING_START: u32 = 6;
/// How long deleted segments may take to leave the disk.
const GARBAGE_WITHIN: Duration = Duration::from_secs(60);
/// Violations that are printed.
const SHOWN_MAX: usize = 20;

/// Arguments of `strata verify`.
#[derive(Debug, clap::Args)]
pub struct VerifyArguments {
    /// A folder on the disk in question. If it is a data folder, its segments are checked.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// How often the server is killed. 0 only checks segments.
    #[arg(long, default_value_t = 5)]
    kills: u32,
    /// Repeats a run: the same moments, batches and texts.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Keep the folder of the test.
    #[arg(long)]
    keep: bool,
}

/// Runs both checks.
///
/// # Errors
/// A violation, a damaged segment, or a server that does not start.
pub fn run(arguments: &VerifyArguments) -> anyhow::Result<()> {
    let (count, bytes, damaged) = segments::check_hashes(&arguments.folder)?;
    if count > 0 {
        println!("{count} segments, {bytes} bytes: {} damaged", damaged.len());
    }
    report(&damaged)?;
    if arguments.kills == 0 {
        return Ok(());
    }
    std::fs::create_dir_all(&arguments.folder).with_context(|| format!("cannot create {}", arguments.folder.display()))?;
    let folder = arguments.folder.join(format!("strata-verify-{}", std::process::id()));
    std::fs::create_dir(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let violations = crash_loop(arguments, &folder)?;
    if arguments.keep || !violations.is_empty() {
        println!("kept {}", folder.display());
    } else {
        std::fs::remove_dir_all(&folder)?;
    }
    report(&violations)
}

fn report(violations: &[String]) -> anyhow::Result<()> {
    for violation in violations.iter().take(SHOWN_MAX) {
        println!("  {violation}");
    }
    match violations.len() {
        0 => Ok(()),
        count => bail!("{count} violations"),
    }
}

/// What the writers share with the loop.
struct Writers {
    accounts: Vec<Arc<Mutex<Account>>>,
    whereabouts: Arc<Whereabouts>,
    threads: Vec<JoinHandle<()>>,
}

impl Writers {
    fn start(random: &mut StdRng) -> Self {
        let whereabouts = Arc::new(Whereabouts::default());
        let accounts: Vec<_> = WRITERS
            .iter()
            .enumerate()
            .map(|(i, way)| Arc::new(Mutex::new(Account::new(*way, i, TOPICS[i % TOPICS.len()]))))
            .collect();
        let threads = accounts
            .iter()
            .map(|account| {
                let (account, whereabouts, seed) = (account.clone(), whereabouts.clone(), random.random());
                std::thread::spawn(move || writer::run(&account, &whereabouts, seed))
            })
            .collect();
        Self { accounts, whereabouts, threads }
    }

    /// All accounts as they stand.
    fn accounts(&self) -> Vec<Account> {
        self.accounts.iter().map(|account| account.lock().unwrap_or_else(PoisonError::into_inner).clone()).collect()
    }
}

fn crash_loop(arguments: &VerifyArguments, folder: &Path) -> anyhow::Result<Vec<String>> {
    let options = FLAGS
        .iter()
        .fold(ServerOptions::in_folder(std::env::current_exe()?, folder), |options, (flag, value)| options.flag(flag, value));
    let mut random = StdRng::seed_from_u64(arguments.seed);
    let mut server = Server::start(&options)?;
    let sql = server.sql()?;
    for topic in TOPICS {
        sql.rows(&format!("CREATE TABLE {topic} (producer text, seq bigint, body text)"))?;
    }
    drop(sql);

    let began = Instant::now();
    let mut slowest_start = Duration::ZERO;
    let mut violations = Vec::new();
    let mut writers = Writers::start(&mut random);
    for kill in 1..=arguments.kills {
        writers.whereabouts.up(server.pg_addr(), server.http_addr());
        std::thread::sleep(Duration::from_millis(random.random_range(LIFE_MS)));
        server.kill()?;
        writers.whereabouts.down();
        if random.random_ratio(1, KILL_DURING_START) {
            options.start_and_kill(Duration::from_millis(random.random_range(1..400)))?;
        }
        let starting = Instant::now();
        server = Server::start(&options).with_context(|| format!("start after kill {kill} (seed {})", arguments.seed))?;
        slowest_start = slowest_start.max(starting.elapsed());
        // Writers wait for the new addresses, so what is unknown now stays so while it is looked at.
        violations.extend(records_agree(&server.sql()?, &writers.accounts(), true)?);
        if kill % 25 == 0 || kill == arguments.kills {
            let promised: u64 = writers.accounts().iter().map(Account::promised).sum();
            println!("{kill} kills, {promised} records acknowledged, {} violations, {:?}", violations.len(), began.elapsed());
        }
        if !violations.is_empty() {
            break;
        }
    }
    writers.whereabouts.stop();
    writers.whereabouts.up(server.pg_addr(), server.http_addr());
    for thread in writers.threads.drain(..) {
        thread.join().map_err(|_| anyhow::anyhow!("a writer ended badly"))?;
    }
    violations.extend(records_agree(&server.sql()?, &writers.accounts(), false)?);
    violations.extend(segments_agree(&server.sql()?, &options.data_dir)?);

    // And once more the gentle way: what is drained must be there after the next start.
    let status = server.stop(Duration::from_secs(60))?;
    if !status.success() {
        violations.push(format!("SIGTERM ended the server with {status}"));
    }
    let server = Server::start(&options)?;
    violations.extend(records_agree(&server.sql()?, &writers.accounts(), false)?);
    violations.extend(segments_agree(&server.sql()?, &options.data_dir)?);
    server.stop(Duration::from_secs(60))?;
    violations.extend(segments::check_hashes(&options.data_dir)?.2);

    for account in writers.accounts() {
        println!("  {}: {} acknowledged, {} without an answer", account.producer, account.promised(), account.unknown.len());
        violations.extend(account.violations);
    }
    println!("slowest start {slowest_start:?}; {} violations", violations.len());
    Ok(violations)
}

/// Compares every topic with the accounts of its writers.
fn records_agree(sql: &Sql, accounts: &[Account], crashed: bool) -> anyhow::Result<Vec<String>> {
    let mut violations = Vec::new();
    for topic in TOPICS {
        let records = check::read_topic(sql, topic)?;
        let of_topic: Vec<Account> = accounts.iter().filter(|account| account.topic == topic).cloned().collect();
        violations.extend(check::compare(topic, &of_topic, &records));
        if crashed {
            let copies = of_topic.iter().filter(|account| account.way == Way::Copy);
            violations.extend(copies.filter_map(|account| check::halves(account, &records)));
        }
    }
    Ok(violations)
}

/// Waits until deleted files are gone, then says what does not fit.
fn segments_agree(sql: &Sql, data_dir: &Path) -> anyhow::Result<Vec<String>> {
    let deadline = Instant::now() + GARBAGE_WITHIN;
    loop {
        let mut rows = 0;
        for topic in TOPICS {
            rows += sql.value::<u64>(&format!("SELECT count(*) FROM {topic}"))?;
        }
        let violations = check::segments_agree(sql, data_dir, rows)?;
        if violations.is_empty() || Instant::now() >= deadline {
            return Ok(violations);
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}
