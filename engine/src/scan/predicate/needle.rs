//! A piece of text that is looked for in many texts at once, with regard to case or without.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use memchr::memmem::Finder;

/// What is looked for.
#[derive(Debug)]
pub(crate) enum Needle {
    /// These bytes.
    Exact(Box<Finder<'static>>),
    /// These letters of ASCII, large or small; finds nothing more in text of ASCII.
    AnyCase {
        /// Of one pattern, `length` bytes long.
        automaton: AhoCorasick,
        /// Bytes of a hit.
        length: usize,
    },
}

impl Needle {
    /// Looks for these bytes.
    pub(crate) fn exact(needle: &[u8]) -> Self {
        Self::Exact(Box::new(Finder::new(needle).into_owned()))
    }

    /// Looks for a text of ASCII in any case; `None` for an empty text or one that is not of ASCII.
    pub(crate) fn any_case(needle: &str) -> Option<Self> {
        if needle.is_empty() || !needle.is_ascii() {
            return None;
        }
        if !needle.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            return Some(Self::exact(needle.as_bytes()));
        }
        // The smallest automaton: building it takes microseconds, and it searches with SIMD for rare bytes of the pattern.
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::NoncontiguousNFA))
            .build([needle])
            .ok()?;
        Some(Self::AnyCase { automaton, length: needle.len() })
    }

    /// Whether only text of ASCII can be searched.
    pub(crate) fn is_for_ascii(&self) -> bool {
        matches!(self, Self::AnyCase { .. })
    }

    /// The first byte of the first hit.
    pub(crate) fn find(&self, text: &[u8]) -> Option<usize> {
        match self {
            Self::Exact(finder) => finder.find(text),
            Self::AnyCase { automaton, .. } => automaton.find(text).map(|hit| hit.start()),
        }
    }

    /// Bytes of a hit.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Exact(finder) => finder.needle().len(),
            Self::AnyCase { length, .. } => *length,
        }
    }
}
