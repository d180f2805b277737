//! Keys of records: what each means for the topic, and which one is expected next.

use hashbrown::HashMap;

use crate::jsonb::quoted::unescape;

/// Names remembered at most. A stream with more different keys than this starts over.
const NAMES_MAX: usize = 1 << 16;
/// Bytes of a key that are remembered at most.
const NAME_BYTES_MAX: usize = 1 << 10;
/// Keys of one line that are predicted at most.
const EXPECTED_MAX: usize = 64;
/// Length of a prediction, punctuation included, that can be compared in one step.
const LITERAL_BYTES_MAX: usize = 32;

/// Where a field's value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// A cell that the topic has a use for: a declared column, another name of one, or `attrs`.
    Slot(usize),
    /// A field that nobody declared, under the name of this number.
    Undeclared(u32),
}

/// All keys seen, by their spelling in the line.
#[derive(Debug)]
pub(super) struct Keys {
    slots: HashMap<Box<str>, usize>,
    by_spelling: HashMap<Box<str>, Target>,
    names: Vec<Box<str>>,
    /// Keys too long or too many to remember; they live until the line ends.
    long_names: Vec<Box<str>>,
    expected: Vec<Expected>,
}

/// A key together with the punctuation around it, such as `,"host":`, as it stood in an earlier line.
#[derive(Debug, Clone)]
struct Expected {
    literal: [u128; 2],
    mask: [u128; 2],
    length: usize,
    /// Whether it starts a line, with a brace where the others have a comma.
    opens: bool,
    target: Target,
}

impl Expected {
    fn new(literal: &[u8], opens: bool, target: Target) -> Option<Self> {
        let mut bytes = [0; LITERAL_BYTES_MAX];
        let mut mask = [0; LITERAL_BYTES_MAX];
        bytes.get_mut(..literal.len())?.copy_from_slice(literal);
        mask[..literal.len()].fill(0xff);
        Some(Self { literal: halves(&bytes), mask: halves(&mask), length: literal.len(), opens, target })
    }

    #[inline(always)]
    fn matches(&self, text: [u128; 2], opens: bool) -> bool {
        let difference = ((text[0] ^ self.literal[0]) & self.mask[0]) | ((text[1] ^ self.literal[1]) & self.mask[1]);
        difference == 0 && self.opens == opens
    }
}

#[inline(always)]
fn halves(bytes: &[u8; LITERAL_BYTES_MAX]) -> [u128; 2] {
    let (low, high) = bytes.split_at(16);
    let half = |bytes: &[u8]| bytes.first_chunk::<16>().map_or(0, |bytes| u128::from_le_bytes(*bytes));
    [half(low), half(high)]
}

impl Keys {
    /// Keys of a topic whose slots have these names.
    pub(super) fn new(slots: impl Iterator<Item = (String, usize)>) -> Self {
        Self {
            slots: slots.map(|(name, slot)| (name.into_boxed_str(), slot)).collect(),
            by_spelling: HashMap::new(),
            names: Vec::new(),
            long_names: Vec::new(),
            expected: Vec::new(),
        }
    }

    /// Called before each line.
    #[inline]
    pub(super) fn begin_line(&mut self) {
        self.long_names.clear();
        if self.names.len() >= NAMES_MAX {
            self.names.clear();
            self.by_spelling.clear();
            self.expected.clear();
        }
    }

    /// The key that was expected as number `next` of the line, or the one after it, if the text at `at` is that key with
    /// its punctuation. Returns its target, the byte behind the colon, and the number of the key to expect then.
    #[inline(always)]
    pub(super) fn predicted(&self, bytes: &[u8], at: usize, next: usize) -> Option<(Target, usize, usize)> {
        let text = halves(bytes.get(at..)?.first_chunk::<LITERAL_BYTES_MAX>()?);
        let hit = |number: usize| {
            let expected = self.expected.get(number)?;
            expected.matches(text, next == 0).then(|| (expected.target, at + expected.length, number + 1))
        };
        hit(next).or_else(|| hit(next + 1))
    }

    /// Remembers that `literal` was key number `next` of a line.
    pub(super) fn expect(&mut self, next: usize, literal: &[u8], target: Target) {
        if next > self.expected.len() || next >= EXPECTED_MAX || matches!(target, Target::Undeclared(n) if n >= LONG_NAMES) {
            return;
        }
        if let Some(expected) = Expected::new(literal, next == 0, target) {
            self.expected.insert(next, expected);
            self.expected.truncate(EXPECTED_MAX);
        }
    }

    /// What the key spelled `raw` in the line means.
    pub(super) fn target(&mut self, raw: &str, escaped: bool) -> Target {
        if let Some(target) = self.by_spelling.get(raw) {
            return *target;
        }
        let mut name = String::with_capacity(raw.len());
        if escaped {
            unescape(raw, &mut name);
        } else {
            name.push_str(raw);
        }
        let slot = self.slots.get(name.as_str()).map(|slot| Target::Slot(*slot));
        if raw.len() > NAME_BYTES_MAX || self.names.len() >= NAMES_MAX {
            return slot.unwrap_or_else(|| {
                self.long_names.push(name.into_boxed_str());
                Target::Undeclared(LONG_NAMES + self.long_names.len() as u32 - 1)
            });
        }
        let target = slot.unwrap_or_else(|| {
            self.names.push(name.into_boxed_str());
            Target::Undeclared(self.names.len() as u32 - 1)
        });
        self.by_spelling.insert(raw.into(), target);
        target
    }

    /// The text of an undeclared key.
    pub(super) fn name(&self, number: u32) -> &str {
        match number.checked_sub(LONG_NAMES) {
            Some(long) => &self.long_names[long as usize],
            None => &self.names[number as usize],
        }
    }
}

/// Numbers of names from here on are names of this line only. A line has fewer keys than this, because a chunk has fewer
/// bytes.
const LONG_NAMES: u32 = 1 << 31;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predictions_are_of_the_whole_literal() {
        let mut keys = Keys::new([("host".to_owned(), 0)].into_iter());
        assert_eq!(keys.target("host", false), Target::Slot(0));
        assert_eq!(keys.target(r"h\u006fst", true), Target::Slot(0));
        let target = keys.target("x", false);
        assert_eq!(target, Target::Undeclared(0));
        assert_eq!(keys.target("x", false), target);
        assert_eq!(keys.name(0), "x");
        keys.expect(0, br#"{"host":"#, Target::Slot(0));
        keys.expect(1, br#","x":"#, target);
        let line = br#"{"host":"a","x":1} and some padding behind it"#;
        assert_eq!(keys.predicted(line, 0, 0), Some((Target::Slot(0), 8, 1)));
        assert_eq!(keys.predicted(line, 11, 1), Some((target, 16, 2)));
        keys.expect(1, br#","left out":"#, target);
        assert_eq!(keys.predicted(line, 11, 1), Some((target, 16, 3)), "one key may be left out");
        assert_eq!(keys.predicted(line, 11, 0), None, "a comma does not start a line");
        assert_eq!(keys.predicted(line, 11, 3), None);
        assert_eq!(keys.predicted(br#"{"x":1,"host":2} and some padding behind it"#, 6, 1), None);
        assert_eq!(keys.predicted(br#"{"x":1{"host":2} and some padding behind it"#, 6, 1), None);
        assert_eq!(keys.predicted(br#"{"hosts":"a"} and some padding behind it"#, 0, 0), None);
    }
}
