//! `strata serve`: opens the data folder, listens, and stops in an order that loses nothing.
//!
//! ```text
//!  open engine (lock, catalog, log) ─▶ bind both ports ─▶ ready lines ─▶ SIGTERM or SIGINT
//!     ─▶ front ends finish what runs and close ─▶ engine drains: seals, publishes, closes the log ─▶ exit 0
//! ```
//!
//! A second signal stops at once; what was acknowledged is in the log all the same.
//!
//! **Invariant:** the ready lines are printed only when a client that connects is answered.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use metrics_exporter_prometheus::PrometheusBuilder;
use strata_catalog::etl::ConfigStore;
use strata_connectors::config_store::etcd::EtcdStore;
use strata_connectors::http::{self, Encryption, HttpOptions};
use strata_engine::etl::Components;
use strata_engine::{Engine, EngineConfig};
use strata_pgwire::{PgOptions, Tls};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing_subscriber::EnvFilter;

use crate::config::Config;

/// How long connections may take to end after a stop was asked for; then they are cut.
const FRONT_ENDS_WITHIN: Duration = Duration::from_secs(10);
/// Planning descends with the depth of a statement, and an unoptimised build takes several times the stack of an optimised one.
const THREAD_STACK_BYTES: usize = 16 << 20;

/// Runs a server until a signal stops it.
///
/// # Errors
/// Whatever keeps it from starting, or from draining.
pub fn run(config: &Config) -> anyhow::Result<()> {
    log_to_stderr(config)?;
    runtime(config)?.block_on(async {
        let signals = StopSignals::catch()?;
        // Caught in any case: without TLS it has nothing to do, and must not end the server.
        let mut hangup = signal(SignalKind::hangup())?;
        let server = Running::start(config).await?;
        print!("{}", server.ready_lines());
        let mut stopping = std::pin::pin!(signals.wait());
        loop {
            tokio::select! {
                () = &mut stopping => break,
                _ = hangup.recv() => server.reload(config),
            }
        }
        server.stop().await
    })
}

/// Threads for connections; queries take theirs from the same pool.
///
/// # Errors
/// The operating system's.
pub fn runtime(config: &Config) -> anyhow::Result<Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    Ok(builder.worker_threads(config.threads.max(2)).thread_stack_size(THREAD_STACK_BYTES).enable_all().build()?)
}

/// Sends log lines to standard error, in colour on a terminal.
///
/// # Errors
/// A filter that does not parse.
pub fn log_to_stderr(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log_filter).with_context(|| format!("log_filter = \"{}\"", config.log_filter))?;
    let colour = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour).init();
    Ok(())
}

/// SIGTERM and SIGINT, caught from the moment this is made: before the server is ready, so that no stop goes the hard way.
#[derive(Debug)]
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Catches the signals.
    ///
    /// # Errors
    /// The operating system's.
    pub fn catch() -> anyhow::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! { _ = self.terminate.recv() => "SIGTERM", _ = self.interrupt.recv() => "SIGINT" }
    }

    /// Returns when one comes. From then on a second one ends the process at once.
    pub async fn wait(mut self) {
        let signal = self.next().await;
        tracing::info!(signal, "draining");
        tokio::spawn(async move {
            let signal = self.next().await;
            tracing::warn!(signal, "stopping without draining");
            std::process::exit(1);
        });
    }
}

/// A server that answers.
#[derive(Debug)]
pub struct Running {
    engine: Arc<Engine>,
    tls: Option<Arc<Tls>>,
    pg_addr: SocketAddr,
    http_addr: SocketAddr,
    stop: watch::Sender<bool>,
    front_ends: JoinSet<anyhow::Result<()>>,
}

impl Running {
    /// Opens the folder and listens. One a process: the metrics recorder is the process's.
    ///
    /// # Errors
    /// The folder is in use, damaged or cannot be written; a port is taken.
    pub async fn start(config: &Config) -> anyhow::Result<Self> {
        // Ports first: a second server on the same ports must not replay a log for nothing.
        let pg = bind("pg_addr", config.pg_addr).await?;
        let http = bind("http_addr", config.http_addr).await?;
        let (pg_addr, http_addr) = (pg.local_addr()?, http.local_addr()?);
        let tls = config.tls().map(Tls::load).transpose()?.map(Arc::new);
        let metrics = PrometheusBuilder::new().install_recorder().context("cannot install the metrics recorder")?;
        let components = Components::new(strata_connectors::component::all());
        let (config_store, rules) = (config_store(config)?, config.rules()?);
        let engine = Engine::open_folder(EngineConfig { components, config_store, ..config.engine() })
            .await
            .with_context(|| format!("cannot open the data folder {}", absolute(&config.data_dir)))?;
        engine.users().set_rules(rules);
        for (name, address) in [("pg_addr", pg_addr), ("http_addr", http_addr)] {
            if !address.ip().is_loopback() && !engine.users().password_needed() {
                bail!(
                    "{name} = {address} is not a loopback address and user \"strata\" has no password; start on loopback and set one with \\password in psql"
                );
            }
        }

        let (stop, stopping) = watch::channel(false);
        let asked_to_stop = || {
            let mut stopping = stopping.clone();
            // An error means that the sender is gone, and with it the server.
            async move { drop(stopping.wait_for(|stop| *stop).await) }
        };
        let mut front_ends = JoinSet::new();
        let served =
            strata_pgwire::serve(pg, engine.clone(), PgOptions { tls: tls.clone(), ..PgOptions::default() }, asked_to_stop());
        front_ends.spawn(async move { Ok(served.await?) });
        let encryption = tls.clone().map(|tls| Encryption::new(move || tls.http_acceptor()));
        let options = HttpOptions { encryption, ..HttpOptions::new(metrics) };
        let served = http::serve(http, engine.clone(), options, asked_to_stop());
        front_ends.spawn(async move {
            served.await;
            Ok(())
        });
        tracing::info!(%pg_addr, %http_addr, data_dir = %absolute(&config.data_dir), memory_limit = %config.memory_limit, "ready");
        Ok(Self { engine, tls, pg_addr, http_addr, stop, front_ends })
    }

    /// Reads certificate, key and rules again, as SIGHUP asks for. What cannot be used leaves the old ones in place.
    pub fn reload(&self, config: &Config) {
        match self.tls.as_ref().map(|tls| tls.reload()) {
            None => {}
            Some(Ok(())) => tracing::info!("SIGHUP: certificate and key were read again"),
            Some(Err(error)) => tracing::error!(%error, "SIGHUP: the old certificate stays in use"),
        }
        match config.rules() {
            Ok(None) => {}
            Ok(rules) => {
                self.engine.users().set_rules(rules);
                tracing::info!("SIGHUP: the rules of hba_file were read again");
            }
            Err(error) => tracing::error!(error = format!("{error:#}"), "SIGHUP: the old rules stay in force"),
        }
    }

    /// Address of the PostgreSQL protocol.
    pub fn pg_addr(&self) -> SocketAddr {
        self.pg_addr
    }

    /// Address of HTTP.
    pub fn http_addr(&self) -> SocketAddr {
        self.http_addr
    }

    /// What a person needs to connect; programs may read it, too.
    pub fn ready_lines(&self) -> String {
        let (pg, http) = (self.pg_addr, self.http_addr);
        format!(
            "strata {} is ready\n  psql -h {} -p {} -U strata strata\n  http http://{http}\n",
            env!("CARGO_PKG_VERSION"),
            pg.ip(),
            pg.port()
        )
    }

    /// Ends the connections, then seals and closes what is open.
    ///
    /// # Errors
    /// The engine could not drain. The log keeps every acknowledged record.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        let ended = async {
            while let Some(ended) = self.front_ends.join_next().await {
                ended.context("a front end panicked")?.context("a front end failed")?;
            }
            anyhow::Ok(())
        };
        match tokio::time::timeout(FRONT_ENDS_WITHIN, ended).await {
            Ok(ended) => ended?,
            Err(_) => tracing::warn!(within = ?FRONT_ENDS_WITHIN, "connections did not end in time and are cut"),
        }
        self.front_ends.shutdown().await;
        self.engine.drain().await.context("cannot drain")?;
        tracing::info!("stopped");
        Ok(())
    }
}

/// The etcd that is to be used; `None` for the catalog. It need not be there yet.
fn config_store(config: &Config) -> anyhow::Result<Option<Arc<dyn ConfigStore>>> {
    if config.etcd.is_empty() {
        return Ok(None);
    }
    let store = EtcdStore::new(&config.etcd).context("etcd")?;
    Ok(Some(Arc::new(store)))
}

async fn bind(key: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {key} = {address}"))
}

/// The path as a person can find it from anywhere.
fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
