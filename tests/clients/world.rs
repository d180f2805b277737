//! A server, and the clients that are installed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use strata_harness::{Server, ServerOptions, Sql};
use tempfile::TempDir;

/// Where the drivers of Debian's Java packages are.
const JDBC: &str = "/usr/share/java/postgresql.jar";

/// A server of its own for one test.
pub struct World {
    pub server: Server,
    pub folder: TempDir,
}

impl World {
    /// Starts it.
    pub fn start() -> Self {
        Self::with(|_, options| options)
    }

    /// Starts it with these options. `STRATA_BINARY` names the binary if it is not the test's own: a release build for millions of
    /// rows.
    pub fn with(options: impl FnOnce(&Path, ServerOptions) -> ServerOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let binary = std::env::var_os("STRATA_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_strata").into());
        let given = options(folder.path(), ServerOptions::in_folder(binary, folder.path()));
        let server = Server::start(&given).unwrap();
        Self { server, folder }
    }

    /// Its address as libpq and its relatives take it.
    pub fn address(&self) -> String {
        format!("postgresql://strata@{}/strata", self.server.pg_addr())
    }

    /// Its address as Java's drivers take it.
    pub fn jdbc(&self) -> String {
        format!("jdbc:postgresql://{}/strata?user=strata", self.server.pg_addr())
    }

    /// A connection of the test itself.
    pub fn sql(&self) -> Sql {
        self.server.sql().unwrap()
    }
}

/// Runs a client's program; what it printed.
#[track_caller]
pub fn run(program: &mut Command) -> String {
    let Output { status, stdout, stderr } = program.env("PGTZ", "UTC").output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{program:?}: {status}\n{stdout}\n{stderr}");
    stdout.into_owned()
}

/// Runs a program that checks by itself. So many parts of it must have passed.
#[track_caller]
pub fn check(program: &mut Command, parts: usize) {
    let printed = run(program);
    let passed = printed.lines().filter(|line| line.starts_with("passed: ")).count();
    assert_eq!(passed, parts, "{program:?} printed\n{printed}");
}

/// Whether clients that are large, or read millions of rows, are wanted: `STRATA_HEAVY_CLIENTS` is set.
pub fn is_heavy_wanted() -> bool {
    let wanted = std::env::var_os("STRATA_HEAVY_CLIENTS").is_some();
    if !wanted {
        println!("skipped: make heavy-clients runs it");
    }
    wanted
}

/// A file beside this one.
pub fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

/// A program of the Python clients' own environment; `None`, and a word about it, if they are not installed.
pub fn python(program: &str) -> Option<Command> {
    python_of("python", program)
}

/// The same of another environment: a tool that is installed alone.
pub fn python_of(environment: &str, program: &str) -> Option<Command> {
    let mut command = Command::new(installed(&clients()?.join(environment).join("bin").join(program))?);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    Some(command)
}

/// Node with the clients that are installed for it.
pub fn node() -> Option<Command> {
    let modules = installed(&clients()?.join("node/node_modules"))?;
    let mut command = Command::new("node");
    command.env("NODE_PATH", modules);
    Some(command)
}

/// The JDBC driver, if there is a JDK to use it.
pub fn driver() -> Option<PathBuf> {
    if Command::new("javac").arg("-version").output().is_err() {
        println!("skipped: there is no JDK");
        return None;
    }
    installed(Path::new(JDBC))
}

fn clients() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    Some(cache.join("strata-tools/clients"))
}

fn installed(path: &Path) -> Option<PathBuf> {
    if path.exists() {
        return Some(path.to_owned());
    }
    println!("skipped: {} is not there (make setup)", path.display());
    None
}
