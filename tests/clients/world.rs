//! A server, and the clients that are installed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use strata_harness::{Server, ServerOptions};
use tempfile::TempDir;

/// Where the drivers of Debian's Java packages are.
const JDBC: &str = "/usr/share/java/postgresql.jar";

/// A server of its own for one test.
pub struct World {
    server: Server,
    _folder: TempDir,
}

impl World {
    /// Starts it.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder.path())).unwrap();
        Self { server, _folder: folder }
    }

    /// Its address as libpq and its relatives take it.
    pub fn address(&self) -> String {
        format!("postgresql://strata@{}/strata", self.server.pg_addr())
    }

    /// Runs a client's program; what it printed.
    #[track_caller]
    pub fn run(&self, mut program: Command) -> String {
        let Output { status, stdout, stderr } = program.arg(self.address()).env("PGTZ", "UTC").output().unwrap();
        let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        assert!(status.success(), "{program:?}: {status}\n{stdout}\n{stderr}");
        stdout.into_owned()
    }
}

/// A file beside this one.
pub fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

/// A program of the Python clients' own environment; `None`, and a word about it, if they are not installed.
pub fn python(program: &str) -> Option<Command> {
    installed(&clients()?.join("python/bin").join(program)).map(|path| {
        let mut command = Command::new(path);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    })
}

/// Node with the clients that are installed for it.
pub fn node() -> Option<Command> {
    let modules = installed(&clients()?.join("node/node_modules"))?;
    let mut command = Command::new("node");
    command.env("NODE_PATH", modules);
    Some(command)
}

/// A Java that runs source files, with the driver on its path.
pub fn java() -> Option<Command> {
    if Command::new("javac").arg("-version").output().is_err() {
        println!("skipped: there is no JDK");
        return None;
    }
    let driver = installed(Path::new(JDBC))?;
    let mut command = Command::new("java");
    command.arg("-cp").arg(driver);
    Some(command)
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
