//! What the binary may choose about the PostgreSQL front end.

use std::sync::Arc;
use std::time::Duration;

use crate::tls::Tls;

/// Limits of the front end.
#[derive(Debug, Clone)]
pub struct PgOptions {
    /// Connections at the same time; one more is refused with 53300.
    pub connections_max: usize,
    /// A message larger than this ends its connection, bytes.
    pub message_bytes_max: usize,
    /// How long a client may take to say who it is.
    pub startup_timeout: Duration,
    /// How long a connection may take to end when the server stops; then it is cut.
    pub shutdown_grace: Duration,
    /// Encryption, where there is a certificate.
    pub tls: Option<Arc<Tls>>,
}

impl Default for PgOptions {
    fn default() -> Self {
        Self {
            connections_max: 1000,
            message_bytes_max: 256 << 20,
            startup_timeout: Duration::from_secs(60),
            shutdown_grace: Duration::from_secs(5),
            tls: None,
        }
    }
}
