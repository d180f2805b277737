//! `text` and its relatives: UTF-8 without NUL bytes, the same in both forms.

use strata_engine::error::DataFault;
use strata_engine::{EngineError, Result};

/// Checks bytes from the client.
///
/// # Errors
/// Bytes that are no UTF-8, or a NUL byte; the message names the first bad bytes.
pub fn check(bytes: &[u8]) -> Result<&str> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let start = error.valid_up_to();
        let end = (start + error.error_len().unwrap_or(4)).min(bytes.len());
        invalid_bytes(&bytes[start..end])
    })?;
    if bytes.contains(&0) { Err(invalid_bytes(&[0])) } else { Ok(text) }
}

fn invalid_bytes(bytes: &[u8]) -> EngineError {
    let shown: Vec<String> = bytes.iter().map(|byte| format!("0x{byte:02x}")).collect();
    EngineError::Data {
        reason: DataFault::InvalidEncoding,
        message: format!("invalid byte sequence for encoding \"UTF8\": {}", shown.join(" ")),
        hint: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_bad_bytes() {
        assert_eq!(check("zwölf 云".as_bytes()).unwrap(), "zwölf 云");
        assert_eq!(check(b"ab\xffcd").unwrap_err().to_string(), "invalid byte sequence for encoding \"UTF8\": 0xff");
        assert_eq!(check(b"ab\xe4").unwrap_err().to_string(), "invalid byte sequence for encoding \"UTF8\": 0xe4");
        assert_eq!(check(b"a\0b").unwrap_err().to_string(), "invalid byte sequence for encoding \"UTF8\": 0x00");
    }
}
