//! The packets that come before the protocol proper; they have no type byte.

use std::collections::BTreeMap;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::error::{Error, Result};

/// A packet is this long at most.
pub const PACKET_BYTES_MAX: usize = 10_000;

const CANCEL_CODE: u32 = 80_877_102;
const SSL_CODE: u32 = 80_877_103;
const GSS_CODE: u32 = 80_877_104;

/// What the first packets of a connection ask for.
#[derive(Debug, PartialEq, Eq)]
pub enum StartupPacket {
    /// Encryption by TLS.
    Ssl,
    /// Encryption by GSSAPI.
    Gss,
    /// To stop what another connection runs.
    Cancel {
        /// The other connection's number.
        process: i32,
        /// Its secret.
        secret: Vec<u8>,
    },
    /// A session.
    Session {
        /// Minor version of protocol 3.
        minor: u16,
        /// `user`, `database`, settings.
        parameters: BTreeMap<String, String>,
    },
}

impl StartupPacket {
    /// Reads the next packet and not a byte more, for what follows may be encrypted; `None` if the client is gone.
    ///
    /// # Errors
    /// A packet that cannot be one.
    pub async fn read(io: &mut (impl AsyncRead + Unpin)) -> Result<Option<Self>> {
        let mut length = [0; 4];
        match io.read_exact(&mut length).await {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if !(4..=PACKET_BYTES_MAX).contains(&length) {
            return Err(Error::Protocol("invalid length of startup packet".to_owned()));
        }
        let mut body = vec![0; length - 4];
        io.read_exact(&mut body).await?;
        Self::parse(&body).map(Some)
    }

    /// Reads a packet's body, which follows its length.
    ///
    /// # Errors
    /// [`Error::Protocol`]; another major version.
    pub fn parse(body: &[u8]) -> Result<Self> {
        let bad = || Error::Protocol("invalid length of startup packet".to_owned());
        let code = u32::from_be_bytes(*body.first_chunk::<4>().ok_or_else(bad)?);
        let rest = &body[4..];
        match code {
            SSL_CODE => Ok(Self::Ssl),
            GSS_CODE => Ok(Self::Gss),
            CANCEL_CODE => {
                let process = i32::from_be_bytes(*rest.first_chunk::<4>().ok_or_else(bad)?);
                Ok(Self::Cancel { process, secret: rest[4..].to_vec() })
            }
            _ => {
                let [a, b, c, d] = code.to_be_bytes();
                let (major, minor) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
                if major != 3 {
                    return Err(Error::UnsupportedProtocol { major, minor });
                }
                Ok(Self::Session { minor, parameters: parameters(rest)? })
            }
        }
    }
}

/// Pairs of NUL-terminated strings up to an empty one.
fn parameters(bytes: &[u8]) -> Result<BTreeMap<String, String>> {
    let bad = || Error::Protocol("invalid startup packet layout: expected terminator as last byte".to_owned());
    let mut parts = bytes.split(|byte| *byte == 0);
    let mut parameters = BTreeMap::new();
    loop {
        let name = parts.next().ok_or_else(bad)?;
        if name.is_empty() {
            return Ok(parameters);
        }
        let value = parts.next().ok_or_else(bad)?;
        let text = |bytes: &[u8]| crate::types::string::check(bytes).map(str::to_owned);
        parameters.insert(text(name)?, text(value)?);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets() {
        assert_eq!(StartupPacket::parse(&SSL_CODE.to_be_bytes()).unwrap(), StartupPacket::Ssl);
        let body = [&[0, 3, 0, 0][..], b"user\0me\0database\0\0\0"].concat();
        let parameters = BTreeMap::from([("user".to_owned(), "me".to_owned()), ("database".to_owned(), String::new())]);
        assert_eq!(StartupPacket::parse(&body).unwrap(), StartupPacket::Session { minor: 0, parameters });
        assert!(StartupPacket::parse(&[0, 2, 0, 0]).is_err());
        assert!(StartupPacket::parse(&[0, 3]).is_err());
        assert!(StartupPacket::parse(b"\0\x03\0\0user").is_err());
        assert!(StartupPacket::parse(&CANCEL_CODE.to_be_bytes()).is_err());
    }
}
