//! Cuts a stream of bytes into chunks of whole lines.
//!
//! ```text
//! bytes:  ....\n....\n......|..\n...        a chunk ends at the last line feed before `chunk_bytes`;
//!         └─── chunk ──┘└── carried over    a longer line grows up to `line_bytes_max`, then it is thrown away
//! ```
//!
//! **Invariant:** holds at most `max(chunk_bytes, line_bytes_max)` bytes, and every byte of an accepted line comes out
//! exactly once, in order.

use memchr::{memchr, memchr_iter, memrchr};

/// What was cut.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Whole lines. The last one may lack its line feed at the end of the body.
    Lines {
        /// The lines with their line feeds.
        bytes: Vec<u8>,
        /// How many.
        lines: u64,
    },
    /// One line that was longer than allowed. Its bytes are gone.
    TooLong,
}

impl Piece {
    /// Lines in it.
    pub fn lines(&self) -> u64 {
        match self {
            Self::Lines { lines, .. } => *lines,
            Self::TooLong => 1,
        }
    }

    /// Bytes it holds.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Lines { bytes, .. } => bytes.len(),
            Self::TooLong => 0,
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Chunker {
    chunk_bytes: usize,
    line_bytes_max: usize,
    buffer: Vec<u8>,
    /// Bytes at the start of the buffer that hold no line feed.
    searched: usize,
    /// In the middle of a line that is thrown away.
    skipping: bool,
}

impl Chunker {
    /// `line_bytes_max` counts without the line feed; `expected` is room for that many bytes from the start.
    pub fn new(chunk_bytes: usize, line_bytes_max: usize, expected: usize) -> Self {
        // Lines inside a chunk are then never longer than allowed, without a look at each.
        let chunk_bytes = chunk_bytes.min(line_bytes_max + 1);
        let buffer = Vec::with_capacity(expected.min(chunk_bytes));
        Self { chunk_bytes, line_bytes_max, buffer, searched: 0, skipping: false }
    }

    /// Bytes held now.
    pub fn held(&self) -> usize {
        self.buffer.len()
    }

    /// Takes bytes from the front of `input` until a piece is complete or `input` is used up.
    pub fn push(&mut self, input: &mut &[u8]) -> Option<Piece> {
        while !input.is_empty() {
            if self.skipping {
                match memchr(b'\n', input) {
                    Some(end) => {
                        *input = &input[end + 1..];
                        self.skipping = false;
                        return Some(Piece::TooLong);
                    }
                    None => *input = &[],
                }
                continue;
            }
            let limit = if self.buffer.len() < self.chunk_bytes { self.chunk_bytes } else { self.line_bytes_max + 1 };
            let (now, later) = input.split_at(input.len().min(limit - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            *input = later;
            if self.buffer.len() < self.chunk_bytes {
                continue;
            }
            match memrchr(b'\n', &self.buffer[self.searched..]) {
                Some(end) => return Some(self.cut(self.searched + end + 1)),
                None if self.buffer.len() > self.line_bytes_max => {
                    self.buffer = Vec::new();
                    self.searched = 0;
                    self.skipping = true;
                }
                None => self.searched = self.buffer.len(),
            }
        }
        None
    }

    /// The rest, when the body has ended as it should.
    pub fn finish(mut self) -> Option<Piece> {
        if self.skipping {
            return Some(Piece::TooLong);
        }
        let rest = self.buffer.len();
        (rest > 0).then(|| self.cut(rest))
    }

    fn cut(&mut self, end: usize) -> Piece {
        let mut carried = Vec::with_capacity(if end == self.buffer.len() { 0 } else { self.chunk_bytes });
        carried.extend_from_slice(&self.buffer[end..]);
        self.buffer.truncate(end);
        let bytes = std::mem::replace(&mut self.buffer, carried);
        self.searched = 0;
        let line_feeds = memchr_iter(b'\n', &bytes).count() as u64;
        let lines = line_feeds + u64::from(bytes.last() != Some(&b'\n'));
        Piece::Lines { bytes, lines }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All pieces of `body`, fed `step` bytes at a time.
    fn pieces(body: &[u8], step: usize, chunk_bytes: usize, line_bytes_max: usize) -> Vec<Piece> {
        let mut chunker = Chunker::new(chunk_bytes, line_bytes_max, 0);
        let mut pieces = Vec::new();
        for mut input in body.chunks(step) {
            while !input.is_empty() {
                pieces.extend(chunker.push(&mut input));
                assert!(chunker.held() <= chunk_bytes.max(line_bytes_max + 1));
            }
        }
        pieces.extend(chunker.finish());
        pieces
    }

    /// Lines in order; `None` is a line that was too long.
    fn lines(pieces: &[Piece]) -> Vec<Option<Vec<u8>>> {
        let mut lines = Vec::new();
        for piece in pieces {
            match piece {
                Piece::TooLong => lines.push(None),
                Piece::Lines { bytes, lines: count } => {
                    let ended = bytes.strip_suffix(b"\n").unwrap_or(bytes);
                    let before = lines.len();
                    lines.extend(ended.split(|&byte| byte == b'\n').map(|line| Some(line.to_vec())));
                    assert_eq!((lines.len() - before) as u64, *count);
                }
            }
        }
        lines
    }

    proptest! {
        #[test]
        fn equals_splitting_at_line_feeds(
            body in prop::collection::vec(prop_oneof![4 => Just(b'a'), 1 => Just(b'\n')], 0..200),
            step in 1usize..40, chunk_bytes in 1usize..50, line_bytes_max in 1usize..30,
        ) {
            let ended = body.strip_suffix(b"\n").unwrap_or(&body);
            let expected: Vec<_> = if body.is_empty() {
                Vec::new()
            } else {
                let whole = |line: &[u8]| (line.len() <= line_bytes_max).then(|| line.to_vec());
                ended.split(|&byte| byte == b'\n').map(whole).collect()
            };
            prop_assert_eq!(lines(&pieces(&body, step, chunk_bytes, line_bytes_max)), expected);
        }
    }

    #[test]
    fn chunks_are_as_large_as_they_may_be() {
        let body = b"0123456\n".repeat(100);
        let pieces = pieces(&body, 33, 64, 1000);
        assert!(pieces[..pieces.len() - 1].iter().all(|piece| piece.bytes() == 64), "{pieces:?}");
    }
}
