//! `boolean`: `t` and `f` in text, one byte in binary.

use strata_engine::Result;

use super::{invalid_binary, invalid_text};

/// Text form.
pub fn text(value: bool) -> &'static [u8] {
    if value { b"t" } else { b"f" }
}

/// Reads any prefix of `true`, `false`, `yes`, `no`, and `on`, `off`, `1`, `0`, in any case.
///
/// # Errors
/// Anything else.
pub fn parse(text: &str) -> Result<bool> {
    let word = text.trim().to_ascii_lowercase();
    let abbreviates = |full: &str, at_least: usize| word.len() >= at_least && full.starts_with(&word);
    if word == "1" || word == "on" || abbreviates("true", 1) || abbreviates("yes", 1) {
        Ok(true)
    } else if word == "0" || abbreviates("false", 1) || abbreviates("no", 1) || abbreviates("off", 2) {
        Ok(false)
    } else {
        Err(invalid_text("boolean", text))
    }
}

/// Reads the binary form.
///
/// # Errors
/// More or less than one byte.
pub fn from_binary(bytes: &[u8]) -> Result<bool> {
    match bytes {
        [byte] => Ok(*byte != 0),
        _ => Err(invalid_binary("boolean")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_their_prefixes() {
        for word in ["t", "tru", "TRUE", " y ", "yes", "on", "1"] {
            assert!(parse(word).unwrap(), "{word}");
        }
        for word in ["f", "fals", "FALSE", "n", "no", "of", "off", "0"] {
            assert!(!parse(word).unwrap(), "{word}");
        }
        for word in ["", "o", "2", "truer", "yesno"] {
            assert!(parse(word).is_err(), "{word}");
        }
    }
}
