//! The real psql, with what it runs on its standard input.

use std::ffi::OsStr;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// A psql that has not begun; it reads no file of its user's, shows times in UTC and asks for no password.
#[derive(Debug)]
pub struct Psql {
    command: Command,
}

/// What psql said.
#[derive(Debug)]
pub struct Said {
    /// How it ended; `None` for a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Psql {
    /// psql for a server, given as a connection string or a URI.
    pub fn to(server: &str) -> Self {
        let mut command = Command::new("psql");
        command.args(["-X", "-w", "-P", "pager=off", "-d", server]).env("PGTZ", "UTC").env_remove("PGPASSWORD");
        Self { command }
    }

    /// More arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Ends at the first error, as a script should.
    #[must_use]
    pub fn stopping(self) -> Self {
        self.args(["-v", "ON_ERROR_STOP=1"])
    }

    /// Gives a password to a server that asks for one.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.command.env("PGPASSWORD", password);
        self
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// If there is no psql, or it writes what is not UTF-8.
    pub fn run(mut self, input: &str) -> Said {
        let streams = self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = streams.spawn().expect("psql is installed (make setup)");
        // A psql that is not let in does not read.
        let _ = child.stdin.take().expect("a pipe was asked for").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("psql ends");
        let text = |bytes| String::from_utf8(bytes).expect("psql writes UTF-8");
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}
