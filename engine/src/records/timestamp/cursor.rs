//! A place in the bytes of a text that may be a time.

/// Reads forward; what does not fit is left unread.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    /// Moves on by `count` bytes, which the caller has seen.
    pub(super) fn skip(&mut self, count: usize) {
        self.at = (self.at + count).min(self.bytes.len());
    }

    pub(super) fn skip_spaces(&mut self) {
        while let Some(b' ' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Reads `byte` if it is next.
    pub(super) fn accept(&mut self, byte: u8) -> bool {
        let next = self.peek() == Some(byte);
        self.at += usize::from(next);
        next
    }

    /// Reads the next byte if it is one of `bytes`.
    pub(super) fn byte_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let byte = self.peek().filter(|byte| bytes.contains(byte))?;
        self.at += 1;
        Some(byte)
    }

    /// Reads one digit.
    pub(super) fn digit(&mut self) -> Option<i64> {
        let digit = self.peek().filter(u8::is_ascii_digit)?;
        self.at += 1;
        Some(i64::from(digit - b'0'))
    }

    /// Reads exactly `count` digits, or none if there are fewer. More may follow.
    pub(super) fn digits(&mut self, count: usize) -> Option<i64> {
        let digits = self.rest().get(..count)?;
        let mut value = 0;
        for byte in digits {
            if !byte.is_ascii_digit() {
                return None;
            }
            value = value * 10 + i64::from(byte - b'0');
        }
        self.at += count;
        Some(value)
    }

    /// Reads one to `most` digits.
    pub(super) fn digits_up_to(&mut self, most: usize) -> Option<i64> {
        let count = self.digit_run().min(most);
        if count == 0 { None } else { self.digits(count) }
    }

    /// How many digits come next.
    pub(super) fn digit_run(&self) -> usize {
        self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count()
    }

    /// Reads letters, lower-cased; at most nine, which is `september`.
    pub(super) fn word(&mut self) -> Option<String> {
        let length = self.rest().iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        if length == 0 || length > 9 {
            return None;
        }
        let word = self.rest()[..length].iter().map(|byte| char::from(byte.to_ascii_lowercase())).collect();
        self.at += length;
        Some(word)
    }

    /// Whether a time may end here: nothing that would make it part of a longer word follows.
    pub(super) fn at_boundary(&self) -> bool {
        !self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80)
    }
}
