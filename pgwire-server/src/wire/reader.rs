//! Frames from the client.
//!
//! Every method may be cancelled: bytes that were read stay in the buffer.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::frontend::Frontend;
use crate::error::{Error, Result};

/// Bytes that are read ahead while a statement runs, at most.
const AHEAD_BYTES_MAX: usize = 64 << 10;
/// Type and length of a frame.
const HEADER_BYTES: usize = 5;
/// Bytes asked for at once.
const READ_BYTES: usize = 16 << 10;

/// The incoming side of a connection.
pub struct Reader<R> {
    io: R,
    buffer: BytesMut,
    message_bytes_max: usize,
}

/// A frame: its type, and what it says or why it cannot be read.
pub struct Frame {
    /// Type byte.
    pub kind: u8,
    /// The message.
    pub message: Result<Frontend>,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    /// Reads from `io`; a message larger than `message_bytes_max` ends the connection.
    pub fn new(io: R, message_bytes_max: usize) -> Self {
        Self { io, buffer: BytesMut::with_capacity(READ_BYTES), message_bytes_max }
    }

    /// From now on a message may be this long: more, once it is known who sends it.
    pub fn allow(&mut self, message_bytes_max: usize) {
        self.message_bytes_max = message_bytes_max;
    }

    /// The next frame; `None` if the client is gone.
    ///
    /// # Errors
    /// The connection broke, or a length that cannot be one, after which nothing can be read.
    pub async fn next(&mut self) -> Result<Option<Frame>> {
        let Some(length) = self.length(self.message_bytes_max).await? else { return Ok(None) };
        let kind = self.buffer[0];
        let Some(body) = self.body(length).await? else { return Ok(None) };
        Ok(Some(Frame { kind, message: Frontend::parse(kind, body) }))
    }

    /// Returns when the client is gone. Reads ahead a little while it waits.
    pub async fn gone(&mut self) {
        loop {
            if self.buffer.len() >= AHEAD_BYTES_MAX {
                return std::future::pending().await;
            }
            match self.fill().await {
                Ok(true) => {}
                Ok(false) | Err(_) => return,
            }
        }
    }

    /// The length that a frame says it has, its own four bytes included; it stays in the buffer.
    async fn length(&mut self, max: usize) -> Result<Option<usize>> {
        while self.buffer.len() < HEADER_BYTES {
            if !self.fill().await? {
                return Ok(None);
            }
        }
        let length = u32::from_be_bytes(*self.buffer[1..].first_chunk::<4>().ok_or_else(too_short)?);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length < 4 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "invalid message length").into());
        }
        if length > max {
            let what = format!("message of {length} bytes is longer than {max} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, what).into());
        }
        Ok(Some(length))
    }

    async fn body(&mut self, length: usize) -> Result<Option<Bytes>> {
        while self.buffer.len() < 1 + length {
            if !self.fill().await? {
                return Ok(None);
            }
        }
        self.buffer.advance(HEADER_BYTES);
        Ok(Some(self.buffer.split_to(length - 4).freeze()))
    }

    /// Reads more; false at the end.
    async fn fill(&mut self) -> io::Result<bool> {
        self.buffer.reserve(READ_BYTES);
        Ok(self.io.read_buf(&mut self.buffer).await? > 0)
    }
}

fn too_short() -> Error {
    Error::Protocol("insufficient data left in message".to_owned())
}
