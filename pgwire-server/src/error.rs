//! What can go wrong between a client and the engine.

use std::io;
use std::net::IpAddr;

use strata_engine::EngineError;
use strata_engine::users::{Barred, Denied};

/// An error of this crate. `sqlstate.rs` gives each its SQLSTATE.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine said no.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The engine or a type said no at a place in the client's data.
    #[error("{source}")]
    At {
        /// Where, as PostgreSQL's CONTEXT lines say it: `COPY app, line 3, column status: "abc"`.
        context: String,
        /// What.
        source: EngineError,
    },
    /// The engine said no to a name at a place in the statement.
    #[error("{source}")]
    InText {
        /// Character of the text, from 1.
        position: usize,
        /// What.
        source: EngineError,
    },
    /// The client sent what the protocol does not allow.
    #[error("{0}")]
    Protocol(String),
    /// The client speaks a protocol that is not spoken here.
    #[error("unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.2")]
    UnsupportedProtocol {
        /// Major version.
        major: u16,
        /// Minor version.
        minor: u16,
    },
    /// Every connection is taken.
    #[error("sorry, too many clients already")]
    TooManyConnections,
    /// Start-up took too long.
    #[error("canceling authentication due to timeout")]
    StartupTimeout,
    /// A database that is not there.
    #[error("database \"{0}\" does not exist")]
    UndefinedDatabase(String),
    /// Somebody who is not let in.
    #[error("{}", denial(user, *denied))]
    Denied {
        /// Who he says he is.
        user: String,
        /// Why.
        denied: Denied,
    },
    /// Somebody whom the rules do not let in.
    #[error(transparent)]
    Barred(#[from] Barred),
    /// Somebody far away who does not encrypt.
    #[error("no encryption from {0}: beyond loopback TLS is needed")]
    NoEncryption(IpAddr),
    /// Somebody far away while there are no passwords.
    #[error("no connection from {0}: user \"strata\" has no password yet")]
    NoPassword(IpAddr),
    /// Files of TLS that cannot be used.
    #[error("{0}")]
    Tls(String),
    /// A start-up packet without a user.
    #[error("no PostgreSQL user name specified in startup packet")]
    NoUser,
    /// The client ended its COPY with a failure of its own.
    #[error("COPY from stdin failed: {0}")]
    CopyFailed(String),
    /// The server stops.
    #[error("terminating connection due to administrator command")]
    Terminated,
    /// The client was silent for too long, outside of a transaction.
    #[error("terminating connection due to idle-session timeout")]
    IdleSession,
    /// The client was silent for too long, and holds a transaction open.
    #[error("terminating connection due to idle-in-transaction timeout")]
    IdleInTransaction,
    /// More of something than is allowed.
    #[error("{0}")]
    Limit(String),
    /// The connection broke. Nobody is there to be told.
    #[error("connection to client lost: {0}")]
    Io(#[from] io::Error),
}

/// What every fallible function of this crate returns, but for `types`, which speaks the engine's errors.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Adds where it happened.
    pub fn at(source: EngineError, context: impl Into<String>) -> Self {
        Self::At { context: context.into(), source }
    }

    /// Adds where in the client's text it is, if the planner told.
    #[must_use]
    pub fn in_text(self, text: &str) -> Self {
        match self {
            Self::Engine(EngineError::Placed { line, column, source }) => match position(text, line, column) {
                Some(position) => Self::InText { position, source: *source },
                None => Self::Engine(*source),
            },
            other => other,
        }
    }

    /// Whether the connection cannot go on.
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::UnsupportedProtocol { .. }
            | Self::TooManyConnections
            | Self::StartupTimeout
            | Self::UndefinedDatabase(_)
            | Self::NoUser
            | Self::Denied { .. }
            | Self::Barred(_)
            | Self::NoEncryption(_)
            | Self::NoPassword(_)
            | Self::Tls(_)
            | Self::Terminated
            | Self::IdleSession
            | Self::IdleInTransaction
            | Self::Io(_) => true,
            Self::Engine(error) => matches!(error, EngineError::ShuttingDown),
            Self::At { .. } | Self::InText { .. } | Self::Protocol(_) | Self::CopyFailed(_) | Self::Limit(_) => false,
        }
    }
}

/// The character at a line and a column, all counted from 1; `None` beyond the text.
fn position(text: &str, line: u64, column: u64) -> Option<usize> {
    let before = usize::try_from(line.checked_sub(1)?).ok()?;
    let mut lines = text.split('\n');
    let above: usize = lines.by_ref().take(before).map(|line| line.chars().count() + 1).sum();
    let column = usize::try_from(column).ok()?;
    let line = lines.next()?;
    (1..=line.chars().count()).contains(&column).then_some(above + column)
}

/// PostgreSQL's words.
fn denial(user: &str, denied: Denied) -> String {
    match denied {
        Denied::Password => format!("password authentication failed for user \"{user}\""),
        Denied::NoLogin => format!("role \"{user}\" is not permitted to log in"),
        Denied::Connections => format!("too many connections for role \"{user}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_in_characters_of_the_text() {
        assert_eq!(position("SELECT x", 1, 8), Some(8));
        assert_eq!(position("SELECT 'ż',\n  x", 2, 3), Some(15));
        assert_eq!(position("SELECT x", 2, 1), None);
        assert_eq!(position("SELECT x", 1, 9), None);
        assert_eq!(position("SELECT x", 0, 0), None);
    }
}
