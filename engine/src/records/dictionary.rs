//! Different values of a text column, each with a small number.
//!
//! An open hash table over the first and last eight bytes of a value, which are kept beside its length, so that most
//! look-ups end without touching the value. Values that collide on purpose end the search early and the dictionary with it.

use arrow::array::StringArray;

/// Values at most. It stays far below what a `u16` counts.
const VALUES_MAX: usize = 4_096;
/// Slots of the table: twice as many as values.
const SLOTS: usize = 2 * VALUES_MAX;
/// Slots that a look-up visits at most.
const PROBES_MAX: usize = 64;

/// A dictionary that is being filled.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    /// Code plus one by hash; 0 is free. Empty until the first value comes.
    slots: Vec<u16>,
    entries: Vec<Entry>,
    text: String,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    ends: Ends,
    /// Where the value lies in `text`.
    start: usize,
    slot: usize,
}

/// Length, first and last bytes of a value: all of it, if it is no longer than 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ends {
    first: u64,
    last: u64,
    length: usize,
}

impl Ends {
    #[inline(always)]
    fn of(bytes: &[u8]) -> Self {
        let length = bytes.len();
        let (first, last) = if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
        } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into())
        } else {
            (bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0)
        };
        Self { first, last, length }
    }

    #[inline(always)]
    fn slot(self) -> usize {
        let mixed =
            (self.first ^ self.length as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ self.last.wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        (mixed ^ (mixed >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) as usize >> (usize::BITS - SLOTS.ilog2())
    }
}

impl Dictionary {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The number of `text`, a new one if it was not seen; `None` if there is no room.
    #[inline]
    pub(super) fn code(&mut self, text: &str) -> Option<u16> {
        let ends = Ends::of(text.as_bytes());
        let mut slot = ends.slot();
        if self.slots.is_empty() {
            self.slots = vec![0; SLOTS];
        }
        for _ in 0..PROBES_MAX {
            let Some(code) = self.slots[slot].checked_sub(1) else {
                return self.insert(text, ends, slot);
            };
            let entry = &self.entries[usize::from(code)];
            if entry.ends == ends && (ends.length <= 16 || self.value(code) == text) {
                return Some(code);
            }
            slot = (slot + 1) % SLOTS;
        }
        None
    }

    #[cold]
    fn insert(&mut self, text: &str, ends: Ends, slot: usize) -> Option<u16> {
        if self.entries.len() == VALUES_MAX {
            return None;
        }
        let code = self.entries.len() as u16;
        self.entries.push(Entry { ends, start: self.text.len(), slot });
        self.text.push_str(text);
        self.slots[slot] = code + 1;
        Some(code)
    }

    /// The value with this number.
    pub(super) fn value(&self, code: u16) -> &str {
        let entry = &self.entries[usize::from(code)];
        &self.text[entry.start..entry.start + entry.ends.length]
    }

    /// Forgets all values.
    pub(super) fn clear(&mut self) {
        for entry in self.entries.drain(..) {
            self.slots[entry.slot] = 0;
        }
        self.text.clear();
    }

    /// Takes the values in the order of their numbers.
    pub(super) fn finish(&mut self) -> StringArray {
        let values = StringArray::from_iter_values((0..self.entries.len()).map(|code| self.value(code as u16)));
        self.clear();
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_values() {
        let mut dictionary = Dictionary::default();
        for round in 0..2 {
            let values: Vec<String> = (0..VALUES_MAX).map(|i| "x".repeat(i % 40) + &i.to_string()).collect();
            for (code, value) in values.iter().enumerate() {
                assert_eq!(dictionary.code(value).map(usize::from), Some(code), "round {round}");
            }
            for (code, value) in values.iter().enumerate() {
                assert_eq!(dictionary.code(value).map(usize::from), Some(code));
            }
            assert_eq!(dictionary.code("one too many"), None);
            let array = dictionary.finish();
            assert!(array.iter().flatten().eq(values.iter().map(String::as_str)));
        }
    }

    #[test]
    fn short_values_differ() {
        let mut dictionary = Dictionary::default();
        let values = ["", "\0", "a", "aa", "aaa", "aaaa", "aaaaa", "a\0", "\0a", "abcdabcd", "abcdabcdabcd", "abcd"];
        let codes: Vec<_> = values.iter().map(|value| dictionary.code(value)).collect();
        let expected: Vec<_> = (0..values.len()).map(|code| Some(code as u16)).collect();
        assert_eq!(codes, expected);
    }
}
