//! Whether words match a query, by looking at every word.
//!
//! The reference for every index. Phrases follow PostgreSQL: within one, a part is the set of positions at which its matches
//! end, or all positions but those, and how many positions a match spans.
//!
//! **Invariant:** positions are kept only for words within a phrase; for all others it is enough that they occurred.

use hashbrown::HashMap;

use super::{Tokenizer, WordQuery};

/// A query, prepared to be asked of many texts.
#[derive(Debug, Clone)]
pub struct Matcher {
    root: Node,
    /// Whole words, to their place in `terms`.
    words: HashMap<Box<str>, usize>,
    /// Bit n: there is a whole word of n bytes; the last bit stands for all that are longer.
    lengths: u64,
    /// Beginnings of words, with their place in `terms`.
    prefixes: Vec<(Box<str>, usize)>,
    terms: Vec<Term>,
}

/// A distinct word of the query, and what was seen of it in the present text.
#[derive(Debug, Clone, Default)]
struct Term {
    in_phrase: bool,
    seen: bool,
    positions: Vec<u32>,
}

#[derive(Debug, Clone)]
enum Node {
    Term(usize),
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Phrase { left: Box<Node>, right: Box<Node>, distance: u32 },
    Nothing,
}

impl Matcher {
    /// Prepares `query`.
    pub fn new(query: &WordQuery) -> Self {
        let root = Node::Nothing;
        let mut matcher = Self { root, words: HashMap::new(), lengths: 0, prefixes: Vec::new(), terms: Vec::new() };
        matcher.root = matcher.node(query, false);
        matcher
    }

    fn node(&mut self, query: &WordQuery, in_phrase: bool) -> Node {
        let mut nodes = |parts: &[WordQuery]| parts.iter().map(|part| self.node(part, in_phrase)).collect();
        match query {
            WordQuery::Word { word, prefix } => Node::Term(self.term(word, *prefix, in_phrase)),
            WordQuery::And(parts) => Node::All(nodes(parts)),
            WordQuery::Or(parts) => Node::Any(nodes(parts)),
            WordQuery::Not(part) => Node::Not(Box::new(self.node(part, in_phrase))),
            WordQuery::Phrase { left, right, distance } => Node::Phrase {
                left: Box::new(self.node(left, true)),
                right: Box::new(self.node(right, true)),
                distance: *distance,
            },
            WordQuery::Empty => Node::Nothing,
        }
    }

    fn term(&mut self, word: &str, prefix: bool, in_phrase: bool) -> usize {
        let next = self.terms.len();
        let term = if prefix {
            match self.prefixes.iter().find(|(known, _)| **known == *word) {
                Some((_, term)) => *term,
                None => {
                    self.prefixes.push((word.into(), next));
                    next
                }
            }
        } else {
            self.lengths |= length_bit(word);
            *self.words.entry(word.into()).or_insert(next)
        };
        if term == next {
            self.terms.push(Term::default());
        }
        self.terms[term].in_phrase |= in_phrase;
        term
    }

    /// Whether `text` matches.
    pub fn matches(&mut self, tokenizer: Tokenizer, text: &str) -> bool {
        self.matches_words(|see| tokenizer.split(text, |word, _, position| see(word, position)))
    }

    /// Whether the words match that `each` tells, with their positions from 1 on, in any order. A word told at 0 occurs, but
    /// nowhere in particular, and so in no phrase.
    pub fn matches_words(&mut self, each: impl FnOnce(&mut dyn FnMut(&str, u32))) -> bool {
        for term in &mut self.terms {
            term.seen = false;
            term.positions.clear();
        }
        each(&mut |word, position| self.see(word, position));
        for term in self.terms.iter_mut().filter(|term| term.in_phrase) {
            term.positions.sort_unstable();
            term.positions.dedup();
        }
        self.root.holds(&self.terms)
    }

    fn see(&mut self, word: &str, position: u32) {
        if self.lengths & length_bit(word) != 0
            && let Some(term) = self.words.get(word)
        {
            self.terms[*term].see(position);
        }
        for (prefix, term) in &self.prefixes {
            if word.starts_with(&**prefix) {
                self.terms[*term].see(position);
            }
        }
    }
}

fn length_bit(word: &str) -> u64 {
    1 << word.len().min(63)
}

impl Term {
    fn see(&mut self, position: u32) {
        self.seen = true;
        if self.in_phrase && position > 0 {
            self.positions.push(position);
        }
    }
}

impl Node {
    /// Whether the text as a whole matches.
    fn holds(&self, terms: &[Term]) -> bool {
        match self {
            Self::Term(term) => terms[*term].seen,
            Self::All(parts) => parts.iter().all(|part| part.holds(terms)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(terms)),
            Self::Not(part) => !part.holds(terms),
            Self::Phrase { .. } => !self.places(terms).is_nowhere(),
            Self::Nothing => false,
        }
    }

    /// Where in a phrase this matches.
    fn places(&self, terms: &[Term]) -> Places {
        match self {
            Self::Term(term) => Places { ends: terms[*term].positions.clone(), ..Places::default() },
            Self::All(parts) => fold(parts, terms, Places::and),
            Self::Any(parts) => fold(parts, terms, Places::or),
            Self::Not(part) => {
                let places = part.places(terms);
                Places { all_but: !places.all_but, ..places }
            }
            Self::Phrase { left, right, distance } => left.places(terms).then(&right.places(terms), *distance),
            Self::Nothing => Places::default(),
        }
    }
}

fn fold(parts: &[Node], terms: &[Term], merge: fn(&Places, &Places) -> Places) -> Places {
    let places = parts.iter().map(|part| part.places(terms));
    places.reduce(|left, right| merge(&left, &right)).unwrap_or_default()
}

/// Where the matches of a part of a phrase end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Places {
    /// Everywhere but at `ends`.
    all_but: bool,
    /// Positions, rising.
    ends: Vec<u32>,
    /// Positions from the beginning of a match to its end; 0 for a word.
    width: u32,
}

impl Places {
    fn is_nowhere(&self) -> bool {
        !self.all_but && self.ends.is_empty()
    }

    /// `right` begins `distance` behind where `self` ends.
    fn then(&self, right: &Self, distance: u32) -> Self {
        if self.is_nowhere() || right.is_nowhere() {
            return Self::default();
        }
        self.both(distance + right.width, right, 0, self.width + distance + right.width)
    }

    /// Both begin at the same place.
    fn and(&self, right: &Self) -> Self {
        if self.is_nowhere() || right.is_nowhere() {
            return Self::default();
        }
        let width = self.width.max(right.width);
        self.both(width - self.width, right, width - right.width, width)
    }

    /// One of them, filled up to the width of the wider one. What matches nowhere has no width, as in PostgreSQL.
    fn or(&self, right: &Self) -> Self {
        let width_of = |places: &Self| if places.is_nowhere() { 0 } else { places.width };
        let width = width_of(self).max(width_of(right));
        let (left_by, right_by) = (width - width_of(self), width - width_of(right));
        let merged = |keep| merge(&self.ends, left_by, &right.ends, right_by, keep);
        let (all_but, ends) = match (self.all_but, right.all_but) {
            (false, false) => (false, merged(Keep { left: true, both: true, right: true })),
            (true, true) => (true, merged(Keep { left: false, both: true, right: false })),
            (true, false) => (true, merged(Keep { left: true, both: false, right: false })),
            (false, true) => (true, merged(Keep { left: false, both: false, right: true })),
        };
        Self { all_but, ends, width }
    }

    /// Where the ends of `self`, moved on by `left_by`, meet those of `right`, moved on by `right_by`.
    fn both(&self, left_by: u32, right: &Self, right_by: u32, width: u32) -> Self {
        let merged = |keep| merge(&self.ends, left_by, &right.ends, right_by, keep);
        let (all_but, ends) = match (self.all_but, right.all_but) {
            (false, false) => (false, merged(Keep { left: false, both: true, right: false })),
            (true, true) => (true, merged(Keep { left: true, both: true, right: true })),
            (true, false) => (false, merged(Keep { left: false, both: false, right: true })),
            (false, true) => (false, merged(Keep { left: true, both: false, right: false })),
        };
        Self { all_but, ends, width }
    }
}

/// Which positions of two lists to keep: those of the left one alone, of both, of the right one alone.
#[derive(Clone, Copy)]
struct Keep {
    left: bool,
    both: bool,
    right: bool,
}

fn merge(left: &[u32], left_by: u32, right: &[u32], right_by: u32, keep: Keep) -> Vec<u32> {
    let mut merged = Vec::new();
    let (mut left, mut right) = (left.iter().map(|at| at + left_by).peekable(), right.iter().map(|at| at + right_by).peekable());
    loop {
        let next = match (left.peek(), right.peek()) {
            (None, None) => return merged,
            (Some(&one), None) | (None, Some(&one)) => one,
            (Some(&left), Some(&right)) => left.min(right),
        };
        let kept = match (left.next_if_eq(&next), right.next_if_eq(&next)) {
            (Some(_), Some(_)) => keep.both,
            (Some(_), None) => keep.left,
            (None, _) => keep.right,
        };
        if kept {
            merged.push(next);
        }
    }
}
