//! Frames to the client, gathered in one buffer and sent when it is full or somebody waits.

use bytes::{BufMut, BytesMut};
use pgwire::messages::PgWireBackendMessage;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::error::{Error, Result};
use crate::types::Style;
use crate::types::encode::Column;

/// Bytes gathered before they are sent.
const FULL_BYTES: usize = 32 << 10;
/// A buffer that grew beyond this for one huge row is given back.
const KEPT_BYTES_MAX: usize = 1 << 20;

/// The outgoing side of a connection.
pub struct Writer<W> {
    io: W,
    buffer: BytesMut,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    /// Writes to `io`.
    pub fn new(io: W) -> Self {
        Self { io, buffer: BytesMut::with_capacity(FULL_BYTES) }
    }

    /// Adds a message.
    ///
    /// # Errors
    /// A message that is too long for the protocol.
    pub fn message(&mut self, message: PgWireBackendMessage) -> Result<()> {
        message.encode(&mut self.buffer).map_err(|error| Error::Limit(error.to_string()))
    }

    /// Adds a row. `binary` has one entry a column.
    ///
    /// # Errors
    /// A value that its type cannot hold; nothing of the row is added then.
    pub fn row(&mut self, columns: &[Column], binary: &[bool], row: usize, style: Style) -> Result<()> {
        self.framed(b'D', |out| {
            out.put_i16(i16::try_from(columns.len()).unwrap_or(i16::MAX));
            for (column, binary) in columns.iter().zip(binary) {
                column.write_sized(row, *binary, style, out)?;
            }
            Ok(())
        })
    }

    /// Adds a frame of COPY data that `fill` writes; an empty one is left out.
    ///
    /// # Errors
    /// Those of `fill`; nothing is added then.
    pub fn copy_data(&mut self, fill: impl FnOnce(&mut BytesMut) -> Result<()>) -> Result<()> {
        let start = self.buffer.len();
        self.framed(b'd', fill)?;
        if self.buffer.len() == start + 5 {
            self.buffer.truncate(start);
        }
        Ok(())
    }

    fn framed(&mut self, kind: u8, fill: impl FnOnce(&mut BytesMut) -> Result<()>) -> Result<()> {
        let start = self.buffer.len();
        self.buffer.put_u8(kind);
        self.buffer.put_u32(0);
        let filled = fill(&mut self.buffer).and_then(|()| {
            i32::try_from(self.buffer.len() - start - 1).map_err(|_| Error::Limit("a row is longer than 2 GiB".to_owned()))
        });
        match filled {
            Ok(length) => {
                self.buffer[start + 1..start + 5].copy_from_slice(&length.to_be_bytes());
                Ok(())
            }
            Err(error) => {
                self.buffer.truncate(start);
                Err(error)
            }
        }
    }

    /// Whether it is time to send.
    pub fn is_full(&self) -> bool {
        self.buffer.len() >= FULL_BYTES
    }

    /// Sends what was gathered.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn flush(&mut self) -> Result<()> {
        self.io.write_all(&self.buffer).await?;
        self.io.flush().await?;
        self.buffer.clear();
        if self.buffer.capacity() > KEPT_BYTES_MAX {
            self.buffer = BytesMut::with_capacity(FULL_BYTES);
        }
        Ok(())
    }
}
