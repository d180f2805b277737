//! `json` and `jsonb`: text that must parse; the binary form of `jsonb` is a version byte and the text.

use strata_engine::error::DataFault;
use strata_engine::{EngineError, Result};

/// The only version of `jsonb`'s binary form.
pub const JSONB_VERSION: u8 = 1;

/// Checks that `text` is one JSON value; it is kept as it was sent.
///
/// # Errors
/// With the parser's own reason.
pub fn check(text: &str) -> Result<()> {
    match serde_json::from_str::<&serde_json::value::RawValue>(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(EngineError::Data {
            reason: DataFault::InvalidText,
            message: "invalid input syntax for type json".to_owned(),
            hint: Some(format!("The parser said: {error}.")),
        }),
    }
}

/// Takes the version byte off `jsonb`'s binary form.
///
/// # Errors
/// Another version.
pub fn jsonb_from_binary(bytes: &[u8]) -> Result<&[u8]> {
    match bytes {
        [JSONB_VERSION, text @ ..] => Ok(text),
        _ => Err(super::invalid_binary("jsonb")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_and_not() {
        for text in ["1", " {\"a\": [1, null]} ", "\"x\""] {
            check(text).unwrap();
        }
        for text in ["", "{", "{\"a\":}", "nul", "1 2"] {
            assert_eq!(check(text).unwrap_err().to_string(), "invalid input syntax for type json", "{text}");
        }
        assert_eq!(jsonb_from_binary(b"\x01{}").unwrap(), b"{}");
        assert!(jsonb_from_binary(b"\x02{}").is_err());
        assert!(jsonb_from_binary(b"").is_err());
    }
}
