//! Settings of a server: one typed struct, defaults in code, a file `strata.toml`, and a flag for every key.
//!
//! A flag wins over the file, the file over the default. Unknown keys are refused. The reference that
//! `strata serve --print-config` shows is made from the comments below, so it cannot say anything else than the code.

mod byte_size;
mod period;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use strata_engine::EngineConfig;
use strata_engine::audit::Class;
use strata_engine::users::rules::{RULES_BYTES_MAX, Rules};
use strata_pgwire::TlsFiles;

pub use byte_size::ByteSize;
pub use period::Period;

/// Declares each setting once: comment, name, type, default. From it come the struct, the flags and the reference.
macro_rules! settings {
    ($( $(#[doc = $doc:literal])+ $key:ident: $type:ty = $default:expr; )+) => {
        /// Settings of a server.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Config {
            $( $(#[doc = $doc])+ pub $key: $type, )+
        }

        impl Default for Config {
            fn default() -> Self {
                Self { $( $key: $default, )+ }
            }
        }

        /// The same settings as flags; what is given replaces what the file says.
        #[derive(Debug, Clone, Default, clap::Args)]
        pub struct Flags {
            $( $(#[doc = $doc])+ #[arg(long)] pub $key: Option<$type>, )+
        }

        impl Config {
            /// Replaces what `flags` gives.
            fn apply(&mut self, flags: &Flags) {
                $( if let Some(value) = &flags.$key { self.$key = value.clone(); } )+
            }

            /// Every key with its meaning and its value, as a `strata.toml`.
            fn entries(&self) -> anyhow::Result<Vec<(&'static str, Vec<&'static str>, toml::Value)>> {
                Ok(vec![ $( (stringify!($key), vec![$($doc),+], toml::Value::try_from(&self.$key)?), )+ ])
            }
        }
    };
}

settings! {
    /// Folder of everything that Strata stores. One server at a time.
    data_dir: PathBuf = PathBuf::from("strata-data");
    /// Address of the PostgreSQL protocol; port 0 picks a free one. Beyond loopback only with TLS and a password of `strata`.
    pg_addr: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 7432));
    /// Address of HTTP: ingest, health, metrics; TLS on the same port. Port 0 picks a free one. Beyond loopback as `pg_addr`.
    http_addr: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 7433));
    /// Certificate for TLS on both ports, and those between it and its CA (PEM). Read again on SIGHUP. Empty: no TLS.
    tls_cert: PathBuf = PathBuf::new();
    /// Private key of the certificate (PEM).
    tls_key: PathBuf = PathBuf::new();
    /// CAs of which a client must show a certificate, beside its password (PEM). Empty: clients need none.
    tls_client_ca: PathBuf = PathBuf::new();
    /// Rules about who may come from where, in the form of a pg_hba.conf. Read again on SIGHUP. Empty: whoever has a password.
    hba_file: PathBuf = PathBuf::new();
    /// What is recorded in topic `audit.events` before it is done: any of `login`, `change`, `write`, `read`, between commas.
    audit: String = String::new();
    /// Memory of the whole process. Past it writers wait and queries spill. Default: a quarter of the machine.
    memory_limit: ByteSize = ByteSize(machine_memory_bytes() / 4);
    /// Threads that run queries. Default: the machine's cores.
    threads: usize = std::thread::available_parallelism().map_or(2, usize::from);
    /// Size of a file of the write-ahead log, reserved when it is created.
    wal_file_size: ByteSize = ByteSize(64 << 20);
    /// Size of the write-ahead log past which the oldest buffers are sealed.
    wal_size_max: ByteSize = ByteSize(1 << 30);
    /// Free space on disk below which writes are refused. Reading goes on.
    free_space_min: ByteSize = ByteSize(256 << 20);
    /// Rows at which a topic's buffer is sealed.
    seal_rows: u64 = 1 << 20;
    /// Memory at which a topic's buffer is sealed.
    seal_size: ByteSize = ByteSize(512 << 20);
    /// Age at which a buffer of at least `seal_age_rows_min` rows is sealed.
    seal_age: Period = Period::seconds(60);
    /// Smaller buffers wait for pressure and not for age, so that quiet topics make no storm of tiny files.
    seal_age_rows_min: u64 = 10_000;
    /// Rows of a merged segment, at most.
    merge_rows_max: u64 = 1 << 20;
    /// Largest record that is accepted.
    record_size_max: ByteSize = ByteSize(16 << 20);
    /// Members of an etcd that keeps the files of roles, such as `http://127.0.0.1:2379`. Without any, the server itself does.
    etcd: Vec<String> = Vec::new();
    /// What is written to stderr: a level, or levels by module, such as `info,strata_storage=debug`.
    log_filter: String = "info".to_owned();
}

impl Config {
    /// Reads `file` if one is given, lets `flags` win, and checks the result.
    ///
    /// # Errors
    /// A file that is not there or does not parse, an unknown key, an address beyond loopback, a bound that cannot work.
    pub fn load(file: Option<&Path>, flags: &Flags) -> anyhow::Result<Self> {
        let mut config = match file {
            Some(path) => {
                let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
                toml::from_str(&text).with_context(|| format!("{} is not a valid configuration", path.display()))?
            }
            None => Self::default(),
        };
        config.apply(flags);
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> anyhow::Result<()> {
        for (name, address) in [("pg_addr", self.pg_addr), ("http_addr", self.http_addr)] {
            if !address.ip().is_loopback() && self.tls().is_none() {
                bail!("{name} = {address} is not a loopback address and needs TLS: give tls_cert and tls_key");
            }
        }
        let empty = |path: &Path| path.as_os_str().is_empty();
        if empty(&self.tls_cert) != empty(&self.tls_key) {
            bail!("tls_cert and tls_key go together");
        }
        if empty(&self.tls_cert) && !empty(&self.tls_client_ca) {
            bail!("tls_client_ca needs tls_cert and tls_key");
        }
        self.audited()?;
        let least = ByteSize(64 << 20);
        if self.memory_limit < least {
            bail!("memory_limit = {} is too small; give at least {least}", self.memory_limit);
        }
        if self.wal_file_size < ByteSize(1 << 20) || self.wal_size_max.0 < 2 * self.wal_file_size.0 {
            bail!(
                "wal_file_size = {} and wal_size_max = {} do not go together; a file has at least 1MB and the log at least two files",
                self.wal_file_size,
                self.wal_size_max
            );
        }
        if self.threads == 0 || self.seal_rows == 0 || self.merge_rows_max == 0 {
            bail!("threads, seal_rows and merge_rows_max must be at least 1");
        }
        Ok(())
    }

    /// Every key with its meaning and its value: a `strata.toml` that says what is in force.
    ///
    /// # Errors
    /// A path that is no UTF-8.
    pub fn reference(&self) -> anyhow::Result<String> {
        let mut text = String::from("# Settings of `strata serve`. Each has a flag of the same name: --memory-limit 2GB.\n");
        for (key, meaning, value) in self.entries()? {
            text.push('\n');
            for line in meaning {
                writeln!(text, "#{line}")?;
            }
            writeln!(text, "{key} = {value}")?;
        }
        Ok(text)
    }

    /// The files of TLS; `None` without it.
    pub fn tls(&self) -> Option<TlsFiles> {
        let given = |path: &PathBuf| (!path.as_os_str().is_empty()).then(|| path.clone());
        Some(TlsFiles { certificate: given(&self.tls_cert)?, key: given(&self.tls_key)?, client_ca: given(&self.tls_client_ca) })
    }

    /// The rules about who may come from where; `None` without a file.
    ///
    /// # Errors
    /// A file that cannot be read, is too long, or holds what is no rule.
    pub fn rules(&self) -> anyhow::Result<Option<Rules>> {
        let path = &self.hba_file;
        if path.as_os_str().is_empty() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        if text.len() > RULES_BYTES_MAX {
            bail!("{} is longer than {}", path.display(), ByteSize(RULES_BYTES_MAX as u64));
        }
        Rules::parse(&text).map(Some).with_context(|| path.display().to_string())
    }

    fn audited(&self) -> anyhow::Result<Vec<Class>> {
        let named = |name: &str| {
            let class = Class::ALL.into_iter().find(|class| class.name() == name);
            class.with_context(|| format!("audit: there is no \"{name}\"; use login, change, write and read"))
        };
        self.audit.split(',').map(str::trim).filter(|name| !name.is_empty()).map(named).collect()
    }

    /// What the engine needs of it.
    pub fn engine(&self) -> EngineConfig {
        EngineConfig {
            threads: self.threads,
            wal_file_bytes: self.wal_file_size.0,
            wal_bytes_max: self.wal_size_max.0,
            free_bytes_min: self.free_space_min.0,
            seal_rows: self.seal_rows,
            seal_bytes: self.seal_size.0,
            seal_age_us: self.seal_age.us,
            seal_age_rows_min: self.seal_age_rows_min,
            merge_rows_max: self.merge_rows_max,
            record_bytes_max: self.record_size_max.as_usize(),
            audit: self.audited().unwrap_or_default(),
            ..EngineConfig::for_folder(&self.data_dir, self.memory_limit.as_usize())
        }
    }
}

/// Memory of the machine, or of the smallest machine that is supported where it cannot be told.
fn machine_memory_bytes() -> u64 {
    let info = rustix::system::sysinfo();
    u64::from(info.mem_unit).saturating_mul(info.totalram).max(1 << 30)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> anyhow::Result<Config> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("strata.toml");
        std::fs::write(&file, text)?;
        Config::load(Some(&file), &Flags::default())
    }

    fn message(result: anyhow::Result<Config>) -> String {
        result.map_or_else(|error| format!("{error:#}"), |config| format!("accepted: {config:?}"))
    }

    #[test]
    fn the_reference_is_a_file_that_reads_back() {
        let config = Config { seal_rows: 7, seal_age: Period::seconds(90), ..Config::default() };
        let reference = config.reference().unwrap();
        assert_eq!(parse(&reference).unwrap(), config);
        assert!(reference.contains("# Memory of the whole process."), "{reference}");
    }

    #[test]
    fn flags_win_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("strata.toml");
        std::fs::write(&file, "memory_limit = \"1GB\"\nseal_rows = 5\n").unwrap();
        let flags = Flags { memory_limit: Some(ByteSize(2 << 30)), ..Flags::default() };
        let config = Config::load(Some(&file), &flags).unwrap();
        assert_eq!((config.memory_limit, config.seal_rows), (ByteSize(2 << 30), 5));
    }

    #[test]
    fn what_cannot_work_is_refused_with_its_name() {
        for (text, part) in [
            ("memory = \"1GB\"", "unknown field `memory`"),
            ("memory_limit = \"lots\"", "\"lots\" is not a size"),
            ("memory_limit = \"1MB\"", "too small"),
            ("pg_addr = \"0.0.0.0:7432\"", "pg_addr = 0.0.0.0:7432 is not a loopback address"),
            ("http_addr = \"192.0.2.1:7433\"", "http_addr = 192.0.2.1:7433 is not a loopback address"),
            ("seal_age = \"soon\"", "not a length of time"),
            ("wal_size_max = \"64MB\"", "do not go together"),
            ("threads = 0", "at least 1"),
            ("audit = \"change, all\"", "there is no \"all\""),
        ] {
            let message = message(parse(text));
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
