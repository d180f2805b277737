//! Messages on the connection: bytes in, bytes out.
//!
//! The frames that a client sends are taken apart here, because every length in them is checked before it is believed.
//! What goes back is encoded by the `pgwire` crate's message types; rows are written straight into the buffer.

pub mod frontend;
pub mod reader;
pub mod startup;
pub mod writer;

pub use frontend::{Frontend, Target};
pub use reader::Reader;
pub use startup::StartupPacket;
pub use writer::Writer;

/// What comes from a client, whatever it comes over.
pub type Incoming = Reader<Box<dyn tokio::io::AsyncRead + Send + Sync + Unpin>>;
/// What goes to a client, whatever it goes over.
pub type Outgoing = Writer<Box<dyn tokio::io::AsyncWrite + Send + Sync + Unpin>>;
