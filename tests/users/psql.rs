//! A server, and psql as somebody.

use std::io::Write as _;
use std::process::{Command, Stdio};

use strata_harness::{Server, ServerOptions};
use tempfile::TempDir;

/// The first user's password in these tests.
pub const PASSWORD: &str = "first password";

pub struct World {
    pub server: Server,
    pub folder: TempDir,
}

/// What psql said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl World {
    /// A server as it is on its first day.
    pub fn fresh() -> Self {
        Self::with(|_, options| options)
    }

    pub fn with(options: impl FnOnce(&TempDir, ServerOptions) -> ServerOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let given = options(&folder, ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder.path()));
        let server = Server::start(&given).unwrap();
        Self { server, folder }
    }

    /// A server whose first user has a password.
    pub fn guarded() -> Self {
        let world = Self::fresh();
        world.guard();
        world
    }

    /// Gives the first user his password.
    pub fn guard(&self) {
        self.run("user=strata", &format!("ALTER USER strata PASSWORD '{PASSWORD}'"));
    }

    /// psql with a connection string and a password, and this on its standard input.
    pub fn psql(&self, connection: &str, password: Option<&str>, input: &str) -> Said {
        let address = self.server.pg_addr();
        let target = format!("host=127.0.0.1 port={} dbname=strata {connection}", address.port());
        let mut command = Command::new("psql");
        command.args(["-X", "-w", "-At", "-v", "ON_ERROR_STOP=1", "-P", "pager=off", &target]).env_remove("PGPASSWORD");
        if let Some(password) = password {
            command.env("PGPASSWORD", password);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("psql is installed (make setup)");
        // A psql that is not let in does not read.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// What psql prints for input that must succeed.
    #[track_caller]
    pub fn run(&self, connection: &str, input: &str) -> String {
        let said = self.psql(connection, Some(PASSWORD), input);
        assert_eq!(said.code, Some(0), "{input}\n{said:?}");
        said.out
    }

    /// What psql prints of an error.
    #[track_caller]
    pub fn fails(&self, connection: &str, password: Option<&str>, input: &str) -> String {
        let said = self.psql(connection, password, &format!("\\set VERBOSITY verbose\n{input}"));
        assert_ne!(said.code, Some(0), "{input}\n{said:?}");
        said.err
    }
}
