//! A server, and psql as somebody.

use std::process::Command;

use strata_harness::psql::Said;
use strata_harness::{Psql, Server, ServerOptions};
use tempfile::TempDir;

/// The first user's password in these tests.
pub const PASSWORD: &str = "first password";

pub struct World {
    pub server: Server,
    pub folder: TempDir,
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

    /// The same after a kill.
    pub fn restarted(self) -> Self {
        let Self { server, folder } = self;
        server.kill().unwrap();
        let options = ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder.path());
        Self { server: Server::start(&options).unwrap(), folder }
    }

    /// Has the server read its files again.
    pub fn hang_up(&self) {
        let signal = Command::new("kill").args(["-HUP", &self.server.pid().to_string()]).status().unwrap();
        assert!(signal.success());
    }

    /// Gives the first user his password.
    pub fn guard(&self) {
        self.run("user=strata", &format!("ALTER USER strata PASSWORD '{PASSWORD}'"));
    }

    /// psql with a connection string and a password, and this on its standard input.
    pub fn psql(&self, connection: &str, password: Option<&str>, input: &str) -> Said {
        let address = self.server.pg_addr();
        let target = format!("host=127.0.0.1 port={} dbname=strata {connection}", address.port());
        let psql = Psql::to(&target).stopping().args(["-At"]);
        let psql = match password {
            Some(password) => psql.password(password),
            None => psql,
        };
        psql.run(input)
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
