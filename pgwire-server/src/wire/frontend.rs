//! What a client says once the session stands.

use bytes::{Buf, Bytes};

use crate::error::{Error, Result};
use crate::types::string;

/// What `Describe` and `Close` are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A prepared statement.
    Statement,
    /// A portal.
    Portal,
}

/// A message from the client.
#[derive(Debug, PartialEq, Eq)]
pub enum Frontend {
    /// Statements in the simple protocol.
    Query(String),
    /// Makes a prepared statement.
    Parse {
        /// Empty: the unnamed one.
        name: String,
        /// One statement.
        sql: String,
        /// Types of parameters; 0 leaves one open.
        types: Vec<u32>,
    },
    /// Makes a portal of a prepared statement and values.
    Bind {
        /// Empty: the unnamed one.
        portal: String,
        /// Empty: the unnamed one.
        statement: String,
        /// Formats of values: none (all text), one for all, or one each.
        formats: Vec<i16>,
        /// Values; `None` is NULL.
        values: Vec<Option<Bytes>>,
        /// Formats of the answer's columns, counted as above.
        result_formats: Vec<i16>,
    },
    /// Asks for parameters and columns.
    Describe(Target, String),
    /// Runs a portal, or goes on with it.
    Execute {
        /// Empty: the unnamed one.
        portal: String,
        /// Rows at most; 0 for all.
        rows_max: usize,
    },
    /// Drops a prepared statement or portal.
    Close(Target, String),
    /// Asks for what is waiting.
    Flush,
    /// Ends a run of messages; errors are forgotten.
    Sync,
    /// COPY data.
    CopyData(Bytes),
    /// COPY data end here.
    CopyDone,
    /// COPY is given up, and why.
    CopyFail(String),
    /// A password or the like: what it says depends on what was asked for.
    Password(Bytes),
    /// The client leaves.
    Terminate,
}

impl Frontend {
    /// Reads a message of type `kind`.
    ///
    /// # Errors
    /// [`Error::Protocol`]; text that is no UTF-8.
    pub fn parse(kind: u8, body: Bytes) -> Result<Self> {
        let mut body = Body(body);
        let message = match kind {
            b'Q' => Self::Query(body.string()?),
            b'P' => {
                let (name, sql) = (body.string()?, body.string()?);
                let types = (0..body.count()?).map(|_| body.u32()).collect::<Result<_>>()?;
                Self::Parse { name, sql, types }
            }
            b'B' => {
                let (portal, statement) = (body.string()?, body.string()?);
                let formats = (0..body.count()?).map(|_| body.i16()).collect::<Result<_>>()?;
                let values = (0..body.count()?).map(|_| body.value()).collect::<Result<_>>()?;
                let result_formats = (0..body.count()?).map(|_| body.i16()).collect::<Result<_>>()?;
                Self::Bind { portal, statement, formats, values, result_formats }
            }
            b'D' => Self::Describe(body.target()?, body.string()?),
            b'C' => Self::Close(body.target()?, body.string()?),
            b'E' => {
                let portal = body.string()?;
                let rows = body.u32()?;
                // Negative counts mean all, as zero does.
                Self::Execute { portal, rows_max: usize::try_from(rows.cast_signed()).unwrap_or_default() }
            }
            b'H' => Self::Flush,
            b'S' => Self::Sync,
            b'd' => return Ok(Self::CopyData(body.0)),
            b'c' => Self::CopyDone,
            b'f' => Self::CopyFail(body.string()?),
            b'p' => return Ok(Self::Password(body.0)),
            b'X' => Self::Terminate,
            other => return Err(Error::Protocol(format!("invalid frontend message type {other}"))),
        };
        if body.0.is_empty() { Ok(message) } else { Err(Error::Protocol("invalid message format".to_owned())) }
    }

    /// Whether the message is part of the extended protocol, where an error makes the server wait for Sync.
    pub fn is_extended(kind: u8) -> bool {
        matches!(kind, b'P' | b'B' | b'D' | b'E' | b'C' | b'H')
    }
}

/// A message's body, read from the front.
struct Body(Bytes);

impl Body {
    fn short() -> Error {
        Error::Protocol("insufficient data left in message".to_owned())
    }

    fn string(&mut self) -> Result<String> {
        let end = memchr::memchr(0, &self.0).ok_or_else(|| Error::Protocol("invalid string in message".to_owned()))?;
        let text = string::check(&self.0[..end])?.to_owned();
        self.0.advance(end + 1);
        Ok(text)
    }

    fn take(&mut self, count: usize) -> Result<Bytes> {
        if self.0.len() < count { Err(Self::short()) } else { Ok(self.0.split_to(count)) }
    }

    fn i16(&mut self) -> Result<i16> {
        Ok(self.take(2)?.get_i16())
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(self.take(4)?.get_u32())
    }

    fn count(&mut self) -> Result<u16> {
        Ok(self.take(2)?.get_u16())
    }

    fn value(&mut self) -> Result<Option<Bytes>> {
        match self.take(4)?.get_i32() {
            -1 => Ok(None),
            length => Ok(Some(self.take(usize::try_from(length).map_err(|_| Self::short())?)?)),
        }
    }

    fn target(&mut self) -> Result<Target> {
        match self.take(1)?.get_u8() {
            b'S' => Ok(Target::Statement),
            b'P' => Ok(Target::Portal),
            other => Err(Error::Protocol(format!("invalid message subtype {other}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(kind: u8, body: &[u8]) -> Result<Frontend> {
        Frontend::parse(kind, Bytes::copy_from_slice(body))
    }

    #[test]
    fn whole_messages() {
        assert_eq!(parse(b'Q', b"SELECT 1\0").unwrap(), Frontend::Query("SELECT 1".into()));
        assert_eq!(
            parse(b'B', b"\0s\0\0\x01\0\x01\0\x02\xff\xff\xff\xff\0\0\0\x01x\0\0").unwrap(),
            Frontend::Bind {
                portal: String::new(),
                statement: "s".into(),
                formats: vec![1],
                values: vec![None, Some(Bytes::from_static(b"x"))],
                result_formats: vec![],
            }
        );
        assert_eq!(parse(b'E', b"p\0\xff\xff\xff\xff").unwrap(), Frontend::Execute { portal: "p".into(), rows_max: 0 });
    }

    #[test]
    fn broken_messages() {
        assert!(parse(b'Q', b"SELECT 1").is_err());
        assert!(parse(b'Q', b"SELECT \xff\0").unwrap_err().to_string().contains("0xff"));
        assert!(parse(b'Q', b"a\0b\0").is_err());
        assert!(parse(b'B', b"\0\0\0\0\xff\xff").is_err());
        assert!(parse(b'D', b"Xname\0").is_err());
        assert!(parse(b'!', b"").is_err());
    }

    proptest! {
        #[test]
        fn never_panics(kind in prop::sample::select(b"QPBDCEHSdcfpX".to_vec()), body: Vec<u8>) {
            let _ = parse(kind, &body);
        }
    }
}
