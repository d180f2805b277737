//! Why a text is not JSON, and where.

use std::fmt;

/// What is wrong at a byte of a text that should be JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonFault {
    /// What.
    pub reason: JsonFaultReason,
    /// Byte in the text, from 0.
    pub at: usize,
}

/// The kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonFaultReason {
    /// Something else was expected here.
    Expected(&'static str),
    /// A control character inside a string that must be escaped.
    Control,
    /// A backslash that starts no escape.
    Escape,
    /// Half of a surrogate pair.
    Surrogate,
    /// `\u0000`, which text cannot hold.
    Nul,
    /// Not a number as JSON writes numbers.
    Number,
    /// Nested deeper than [`super::lexer::DEPTH_MAX`].
    Deep,
    /// More text behind the value.
    Trailing,
}

impl JsonFault {
    /// A fault of `reason` at byte `at`.
    pub fn new(reason: JsonFaultReason, at: usize) -> Self {
        Self { reason, at }
    }

    /// `what` was expected at byte `at`.
    pub fn expected(what: &'static str, at: usize) -> Self {
        Self::new(JsonFaultReason::Expected(what), at)
    }
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            JsonFaultReason::Expected(what) => write!(f, "expected {what}")?,
            JsonFaultReason::Control => f.write_str("unescaped control character")?,
            JsonFaultReason::Escape => f.write_str("invalid escape")?,
            JsonFaultReason::Surrogate => f.write_str("unpaired surrogate")?,
            JsonFaultReason::Nul => f.write_str("\\u0000 cannot be converted to text")?,
            JsonFaultReason::Number => f.write_str("invalid number")?,
            JsonFaultReason::Deep => write!(f, "nested deeper than {} levels", super::lexer::DEPTH_MAX)?,
            JsonFaultReason::Trailing => f.write_str("unexpected text after the value")?,
        }
        write!(f, " at byte {}", self.at + 1)
    }
}
