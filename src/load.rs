//! `strata load`: files or standard input into a topic, fast and exactly once.
//!
//! ```text
//! reader (this thread) ─▶ blocks of whole lines ─▶ one thread a connection ─▶ POST .../records
//!        ▲                                              │
//!        └───────────── empty buffers come back ────────┘
//! ```
//!
//! The client does no work per line but counting line feeds, because the server needs the machine. Each line has a
//! sequence number (its number in the file) under a producer that stands for the file, so a block can be sent again
//! after any fault, and the whole command can be run again: what is stored is not stored twice.

mod block;
mod report;
mod sender;
mod source;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use block::{Block, Blocks};
use report::Report;
use sender::{Sender, Target};
use source::Source;

/// Arguments of `strata load`.
#[derive(Debug, clap::Args)]
pub struct LoadArguments {
    /// Topic as schema.name, such as logs.app. Topics of schema logs are created by their first records.
    #[arg(long)]
    topic: String,
    /// Address of the server's HTTP port.
    #[arg(long, default_value = "http://127.0.0.1:7433")]
    url: String,
    /// What a line is: a JSON object, or a message.
    #[arg(long, value_enum, default_value = "ndjson")]
    format: Format,
    /// Connections that send at the same time. With one, records keep the order of the file.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    connections: u8,
    /// Name under which the server remembers what is stored. By default made from the path, the size and parts of the
    /// content of each file; only for a single file.
    #[arg(long)]
    producer: Option<String>,
    /// Seconds for which a block is sent again and again while the server cannot be reached or is busy.
    #[arg(long, default_value_t = 120)]
    retry_seconds: u64,
    /// End with an error if the server rejected lines.
    #[arg(long)]
    strict: bool,
    /// Files, plain or packed with gzip or zstd; `-` is standard input.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A JSON object.
    Ndjson,
    /// A message; a leading time of a usual kind is recognised.
    Raw,
}

/// Loads all files; returns when everything is durable and can be queried.
pub fn run(arguments: &LoadArguments) -> anyhow::Result<()> {
    if arguments.producer.is_some() && arguments.files.len() > 1 {
        bail!("--producer names one file, and there are {}", arguments.files.len());
    }
    let target = Target::new(&arguments.url, &arguments.topic, arguments.format, Duration::from_secs(arguments.retry_seconds));
    target.check()?;
    let sources = arguments.files.iter().map(|path| Source::open(path)).collect::<anyhow::Result<Vec<_>>>()?;
    let progress = progress_bar(&sources);
    let begun = Instant::now();
    let mut report = Report::default();
    for source in sources {
        let name = source.name().to_owned();
        let loaded = load_one(arguments, &target, source, &progress);
        let loaded = loaded.with_context(|| format!("{name} was not loaded to its end; run the same command again to go on"));
        match loaded {
            Ok(loaded) => report.add(loaded),
            Err(error) => {
                progress.abandon();
                return Err(error);
            }
        }
    }
    progress.finish_and_clear();
    report.print(begun.elapsed());
    if arguments.strict && report.rejected() > 0 {
        bail!("{} lines were rejected", report.rejected());
    }
    Ok(())
}

fn load_one(arguments: &LoadArguments, target: &Target, source: Source, progress: &ProgressBar) -> anyhow::Result<Report> {
    let producer = arguments.producer.clone().unwrap_or_else(|| source.producer().to_owned());
    let name: Arc<str> = source.name().into();
    let connections = usize::from(arguments.connections);
    let stop = AtomicBool::new(false);
    let (full, blocks) = mpsc::sync_channel::<Block>(1);
    // Owned by the senders alone, so that the reader does not wait for ever when all of them have failed.
    let blocks = Arc::new(parking_lot::Mutex::new(blocks));
    let (empty, spent) = mpsc::channel::<Vec<u8>>();
    // One a connection, one that waits, one that is being filled.
    (0..connections + 2).try_for_each(|_| empty.send(Vec::new()))?;
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..connections)
            .map(|_| {
                let (empty, blocks, stop, producer, name) = (empty.clone(), blocks.clone(), &stop, &producer, &name);
                scope.spawn(move || {
                    let sent = Sender::new(target, producer, name.clone(), progress, stop).run(&blocks, &empty);
                    if sent.is_err() {
                        stop.store(true, Ordering::Relaxed);
                    }
                    sent
                })
            })
            .collect();
        drop((empty, blocks));
        let read = Blocks::new(source.into_reader(), spent).send_all(&full, &stop);
        drop(full);
        let mut report = Report::default();
        let mut fault = None;
        for sender in senders {
            match sender.join() {
                Ok(Ok(sent)) => report.add(sent),
                Ok(Err(error)) => fault = fault.or(Some(error)),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        match fault {
            Some(error) => Err(error),
            None => read.map(|()| report).with_context(|| format!("cannot read {name}")),
        }
    })
}

fn progress_bar(sources: &[Source]) -> ProgressBar {
    let bytes: Option<u64> = sources.iter().map(Source::plain_bytes).sum();
    let target = if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let (bar, template) = match bytes {
        Some(bytes) => (ProgressBar::new(bytes), "{bar:30} {percent:>3} %  {bytes}  {bytes_per_sec}  {msg}  {eta} left"),
        None => (ProgressBar::no_length(), "{spinner} {bytes}  {bytes_per_sec}  {msg}"),
    };
    bar.set_draw_target(target);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
