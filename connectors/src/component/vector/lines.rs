//! Places in a text: bytes and characters to lines and columns.

use super::tree::Place;

/// Where the lines of a text begin.
#[derive(Debug)]
pub struct Lines<'t> {
    text: &'t str,
    /// In bytes; the first is 0.
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    /// Of this text.
    #[must_use]
    pub fn of(text: &'t str) -> Lines<'t> {
        let mut starts = vec![0];
        starts.extend(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1));
        Lines { text, starts }
    }

    /// The place of a byte; one behind the end is at the end.
    #[must_use]
    pub fn place(&self, byte: usize) -> Place {
        let byte = byte.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= byte) - 1;
        let before = &self.text.as_bytes()[self.starts[line]..byte];
        // Bytes that do not continue a character begin one.
        let characters = before.iter().filter(|byte| (**byte & 0xC0) != 0x80).count();
        Place { line: count(line + 1), column: count(characters + 1) }
    }

    /// What stands on the line of a byte in front of it.
    #[must_use]
    pub fn before(&self, byte: usize) -> &'t str {
        let line = self.starts.partition_point(|start| *start <= byte) - 1;
        &self.text[self.starts[line]..byte]
    }
}

/// A text is smaller than 4 GiB.
pub fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters() {
        let lines = Lines::of("aé\n云b");
        for (byte, expected) in [(0, (1, 1)), (1, (1, 2)), (3, (1, 3)), (4, (2, 1)), (7, (2, 2)), (8, (2, 3)), (99, (2, 3))] {
            assert_eq!(lines.place(byte), Place { line: expected.0, column: expected.1 }, "{byte}");
        }
        assert_eq!(lines.before(7), "云");
    }
}
