//! A stream of bits, lowest first, with Rice codes on top.
//!
//! Rice coding (R. F. Rice, 1979): `value >> k` ones and a zero, then the low `k` bits. It is within half a bit of the best
//! code for gaps between things that lie at random.

/// Bytes of zeros behind a finished stream, so that a reader may look 8 bytes ahead.
const PADDING_BYTES: usize = 16;
/// Ones of a quotient that are written one by one; a larger value follows as plain 32 bits.
const QUOTIENT_MAX: u32 = 48;

/// Writes bits.
#[derive(Debug, Default)]
pub struct BitWriter {
    bytes: Vec<u8>,
    current: u64,
    filled: u32,
}

impl BitWriter {
    /// Appends the low `count` bits of `value`; the others must be zero. At most 57 at once.
    pub fn put(&mut self, value: u64, count: u32) {
        debug_assert!(count <= 57 && value >> count == 0, "bits beyond the count must be zero");
        self.current |= value << self.filled;
        self.filled += count;
        while self.filled >= 8 {
            self.bytes.push(self.current as u8);
            self.current >>= 8;
            self.filled -= 8;
        }
    }

    /// Appends a Rice code with parameter `k`, at most 32.
    pub fn put_rice(&mut self, value: u32, k: u32) {
        let quotient = if k < 32 { value >> k } else { 0 };
        if quotient >= QUOTIENT_MAX {
            self.put((1 << QUOTIENT_MAX) - 1, QUOTIENT_MAX);
            self.put(u64::from(value), 32);
            return;
        }
        self.put((1 << quotient) - 1, quotient + 1);
        self.put(u64::from(value) & ((1 << k) - 1), k);
    }

    /// Bits so far.
    pub fn position(&self) -> u64 {
        self.bytes.len() as u64 * 8 + u64::from(self.filled)
    }

    /// The bytes, padded.
    pub fn finish(mut self) -> Vec<u8> {
        if self.filled > 0 {
            self.bytes.push(self.current as u8);
        }
        self.bytes.resize(self.bytes.len() + PADDING_BYTES, 0);
        self.bytes
    }
}

/// Reads bits. Beyond the end it reads zeros.
#[derive(Debug)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    position: u64,
}

impl<'a> BitReader<'a> {
    /// From bit `position` of `bytes` on.
    pub fn new(bytes: &'a [u8], position: u64) -> Self {
        Self { bytes, position }
    }

    /// Bit that is read next.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next 57 bits at least, and whatever lies behind them.
    fn peek(&self) -> u64 {
        let at = (self.position / 8) as usize;
        let word = self.bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()).map_or(0, |bytes| u64::from_le_bytes(*bytes));
        word >> (self.position % 8)
    }

    /// The next `count` bits, at most 57.
    pub fn get(&mut self, count: u32) -> u64 {
        let value = self.peek() & ((1 << count) - 1);
        self.position += u64::from(count);
        value
    }

    /// A Rice code with parameter `k`.
    pub fn get_rice(&mut self, k: u32) -> u32 {
        let quotient = self.peek().trailing_ones().min(QUOTIENT_MAX);
        if quotient == QUOTIENT_MAX {
            self.position += u64::from(QUOTIENT_MAX);
            return self.get(32) as u32;
        }
        self.position += u64::from(quotient) + 1;
        (u64::from(quotient) << k) as u32 | self.get(k) as u32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_put_is_read(values in proptest::collection::vec((any::<u32>(), 0_u32..=32, any::<bool>()), 0..200)) {
            let mut writer = BitWriter::default();
            for (value, k, rice) in &values {
                if *rice {
                    writer.put_rice(*value, *k);
                } else {
                    writer.put(u64::from(*value) & ((1 << k) - 1), *k);
                }
            }
            let bits = writer.position();
            let bytes = writer.finish();
            let mut reader = BitReader::new(&bytes, 0);
            for (value, k, rice) in &values {
                if *rice {
                    prop_assert_eq!(reader.get_rice(*k), *value);
                } else {
                    prop_assert_eq!(reader.get(*k), u64::from(*value) & ((1 << k) - 1));
                }
            }
            prop_assert_eq!(reader.position(), bits);
        }
    }

    #[test]
    fn beyond_the_end_there_are_zeros() {
        let mut reader = BitReader::new(&[0xff], 400);
        assert_eq!(reader.get(57), 0);
        assert_eq!(reader.get_rice(3), 0);
    }
}
