//! Blocks of whole lines, large enough that a request costs nothing beside them.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use memchr::{memchr_iter, memrchr};

/// A block is cut at the last line feed before this size: just under what the server parses at once.
const BLOCK_BYTES: usize = 4_000_000;
/// Longest line in bytes. The server rejects lines long before that, but must see their end to count on.
const LINE_BYTES_MAX: usize = 1 << 30;

/// Whole lines and their place in the file.
#[derive(Debug)]
pub struct Block {
    /// The lines; the last one of the file may lack its line feed.
    pub bytes: Vec<u8>,
    /// Number of the first line, from 0.
    pub first_line: u64,
    /// How many lines.
    pub lines: u64,
}

/// Cuts a reader into blocks, using buffers again.
pub struct Blocks {
    reader: Box<dyn Read>,
    spent: mpsc::Receiver<Vec<u8>>,
    /// The beginning of a line whose end has not been read.
    carried: Vec<u8>,
    next_line: u64,
    block_bytes: usize,
}

impl Blocks {
    /// Buffers for blocks come from `spent`.
    pub fn new(reader: Box<dyn Read>, spent: mpsc::Receiver<Vec<u8>>) -> Self {
        Self { reader, spent, carried: Vec::new(), next_line: 0, block_bytes: BLOCK_BYTES }
    }

    /// Reads to the end, or until nobody takes blocks any more.
    pub fn send_all(mut self, full: &mpsc::SyncSender<Block>, stop: &AtomicBool) -> io::Result<()> {
        while !stop.load(Ordering::Relaxed) {
            let Some(block) = self.next()? else { return Ok(()) };
            if full.send(block).is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The next block; `None` at the end of the file, or when no buffer comes back because every sender has stopped.
    fn next(&mut self) -> io::Result<Option<Block>> {
        let Ok(mut bytes) = self.spent.recv() else { return Ok(None) };
        bytes.clear();
        bytes.append(&mut self.carried);
        let mut wanted = self.block_bytes;
        let end = loop {
            let missing = wanted.saturating_sub(bytes.len());
            bytes.reserve(missing);
            let searched = bytes.len();
            let read = self.reader.by_ref().take(missing as u64).read_to_end(&mut bytes)?;
            if read < missing {
                break bytes.len();
            }
            if let Some(end) = memrchr(b'\n', &bytes[searched..]) {
                break searched + end + 1;
            }
            if bytes.len() >= LINE_BYTES_MAX {
                return Err(io::Error::other(format!("a line is longer than {LINE_BYTES_MAX} bytes")));
            }
            wanted = bytes.len() * 2;
        };
        if end == 0 {
            return Ok(None);
        }
        self.carried.extend_from_slice(&bytes[end..]);
        bytes.truncate(end);
        let lines = memchr_iter(b'\n', &bytes).count() as u64 + u64::from(bytes.last() != Some(&b'\n'));
        let first_line = self.next_line;
        self.next_line += lines;
        Ok(Some(Block { bytes, first_line, lines }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(content: &[u8], block_bytes: usize) -> Vec<Block> {
        let (empty, spent) = mpsc::channel();
        let mut blocks = Blocks::new(Box::new(io::Cursor::new(content.to_vec())), spent);
        blocks.block_bytes = block_bytes;
        let mut all = Vec::new();
        loop {
            empty.send(Vec::new()).unwrap();
            match blocks.next().unwrap() {
                Some(block) => all.push(block),
                None => return all,
            }
        }
    }

    #[test]
    fn blocks_put_together_are_the_file() {
        let contents: [&[u8]; 8] =
            [b"", b"a", b"a\n", b"\n\n\n", b"a\nbb\nccc", b"a\nbb\nccc\n", b"0123456789\n0\n", b"\n0123456789012345"];
        for content in contents {
            for block_bytes in 1..20 {
                let blocks = cut(content, block_bytes);
                let together: Vec<u8> = blocks.iter().flat_map(|block| block.bytes.clone()).collect();
                assert_eq!(together, content);
                let mut next = 0;
                for block in &blocks {
                    assert_eq!(block.first_line, next);
                    next += block.lines;
                }
                assert_eq!(next, String::from_utf8_lossy(content).lines().count() as u64, "{content:?}");
                let whole = blocks.iter().rev().skip(1).all(|block| block.bytes.ends_with(b"\n"));
                assert!(whole, "only the last line of the file may lack its line feed");
            }
        }
    }
}
