//! Answering a question from an index: constant words exactly, others by their blocks, operators by set arithmetic.

use std::sync::Arc;

use arrow::array::{ArrayRef, UInt8Array};
use async_trait::async_trait;
use futures::future::{BoxFuture, FutureExt};

use super::families::{PatternTable, decode_patterns, decode_rows};
use super::postings::{DIRECTORY_BYTES_MAX, Directory};
use super::tokens::hash_of;
use super::vocabulary::{VOCABULARY_BYTES_MAX, Vocabulary};
use super::{Facts, Layout, ROWS_SECTION, VOCABULARY_SECTION, WORDS_SECTION, decompress, section_array};
use crate::Result;
use crate::index::{Answer, Index, IndexFile, Literal, Question, Rows};
use crate::segment::BLOCK_ROWS;
use crate::words::{Tokenizer, WordQuery};

/// An open index.
#[derive(Debug)]
pub struct InvertedIndex {
    tokenizer: Tokenizer,
    facts: Facts,
    file: Arc<IndexFile>,
}

/// What one question needs in memory.
struct Asked<'a> {
    index: &'a InvertedIndex,
    vocabulary: UInt8Array,
    words: UInt8Array,
}

/// A set of rows that holds every match.
struct Found {
    rows: Rows,
    is_exact: bool,
}

impl InvertedIndex {
    /// Over a file with these facts.
    pub fn new(tokenizer: Tokenizer, facts: Facts, file: Arc<IndexFile>) -> Self {
        Self { tokenizer, facts, file }
    }

    async fn ask(&self) -> Result<Asked<'_>> {
        let vocabulary = self.file.array(VOCABULARY_SECTION, |bytes| {
            let bytes = decompress(&bytes, VOCABULARY_BYTES_MAX)?;
            Vocabulary::new(&bytes).ok_or("it is no vocabulary")?;
            Ok(section_array(bytes))
        });
        let (layout, rows) = (self.facts.layout.clone(), self.file.rows());
        let words = self.file.array(WORDS_SECTION, move |bytes| match layout {
            Layout::Families { families, .. } => {
                let bytes = decode_patterns(&bytes)?;
                PatternTable::new(&bytes, families).ok_or("it is no table of patterns")?;
                Ok(section_array(bytes))
            }
            Layout::Postings { words, nulls } => {
                let bytes = decompress(&bytes, DIRECTORY_BYTES_MAX)?;
                Directory::new(&bytes, rows, words, nulls > 0).ok_or("it is no directory of postings")?;
                Ok(section_array(bytes))
            }
        });
        let (vocabulary, words) = (vocabulary.await?, words.await?);
        Ok(Asked { index: self, vocabulary: bytes_of(&vocabulary), words: bytes_of(&words) })
    }
}

fn bytes_of(array: &ArrayRef) -> UInt8Array {
    use arrow::array::AsArray;
    array.as_primitive().clone()
}

#[async_trait]
impl Index for InvertedIndex {
    async fn probe(&self, question: &Question) -> Result<Answer> {
        match question {
            Question::Words { tokenizer, query } if *tokenizer == self.tokenizer => {
                let asked = self.ask().await?;
                let found = asked.query(query).await?;
                Ok(asked.answer(found))
            }
            Question::Contains(literals) => {
                let words = literals.iter().flat_map(|literal| certain_words(self.tokenizer, literal));
                let query = WordQuery::all(words.map(WordQuery::word));
                if query == WordQuery::Empty {
                    return Ok(Answer::unknown());
                }
                let asked = self.ask().await?;
                let found = asked.query(&query).await?;
                // No row without the words can match, and not every row with them does.
                let is_exact = matches!(found.rows, Rows::None);
                Ok(Answer { count: is_exact.then_some(0), rows: asked.with_blocks(found.rows), is_exact })
            }
            Question::Words { .. } | Question::Equals(_) => Ok(Answer::unknown()),
        }
    }

    fn will_probe(&self, question: &Question) {
        if let Question::Words { tokenizer, query } = question
            && *tokenizer == self.tokenizer
            && let (Some(vocabulary), Some(words)) = (self.file.cached(VOCABULARY_SECTION), self.file.cached(WORDS_SECTION))
        {
            let asked = Asked { index: self, vocabulary: bytes_of(&vocabulary), words: bytes_of(&words) };
            let mut sections = Vec::new();
            query.each_word(&mut |word, is_prefix| {
                if !is_prefix {
                    sections.extend(asked.section_of(word));
                }
            });
            self.file.will_need(sections);
        }
    }

    async fn warm_up(&self) -> Result<()> {
        self.ask().await.map(drop)
    }

    async fn count(&self, question: &Question) -> Result<Option<u64>> {
        match question {
            Question::Words { tokenizer, query } if *tokenizer == self.tokenizer => self.ask().await?.count(query).await,
            _ => Ok(None),
        }
    }

    async fn families(&self, chunk: usize) -> Result<ArrayRef> {
        self.file.array(ROWS_SECTION + chunk, |bytes| decode_rows(&bytes)).await
    }
}

impl Asked<'_> {
    fn vocabulary(&self) -> Result<Vocabulary<'_>> {
        Vocabulary::new(self.vocabulary.values()).ok_or_else(|| self.index.file.broken("it is no vocabulary".to_owned()))
    }

    fn patterns(&self, families: usize) -> Result<PatternTable<'_>> {
        PatternTable::new(self.words.values(), families)
            .ok_or_else(|| self.index.file.broken("it is no table of patterns".to_owned()))
    }

    fn directory(&self, words: usize, nulls: u64) -> Result<Directory<'_>> {
        Directory::new(self.words.values(), self.index.file.rows(), words, nulls > 0)
            .ok_or_else(|| self.index.file.broken("it is no directory of postings".to_owned()))
    }

    /// The section with the rows or the blocks of a word; `None` if neither is needed.
    fn section_of(&self, word: &str) -> Option<usize> {
        let facts = &self.index.facts;
        match (self.vocabulary().ok()?.find(word), &facts.layout) {
            (None, _) => Some(facts.fingerprint_section + facts.fingerprints.part_of(hash_of(word.as_bytes()))),
            (Some(number), Layout::Postings { words, nulls }) => {
                Some(ROWS_SECTION + self.directory(*words, *nulls).ok()?.posting(number)?.part)
            }
            (Some(_), Layout::Families { .. }) => None,
        }
    }

    /// How many rows match, if families or the directory of postings tell.
    async fn count(&self, query: &WordQuery) -> Result<Option<u64>> {
        let facts = &self.index.facts;
        if let (WordQuery::Word { word, prefix: false }, Layout::Postings { words, nulls }) = (query, &facts.layout) {
            let posting = |number| self.directory(*words, *nulls).map(|directory| directory.posting(number));
            let posting = self.vocabulary()?.find(word).map(posting).transpose()?.flatten();
            return Ok(posting.map(|posting| posting.rows() as u64));
        }
        Ok(match &facts.layout {
            Layout::Families { .. } => self.exact_count(&self.query(query).await?),
            Layout::Postings { .. } => None,
        })
    }

    fn answer(&self, found: Found) -> Answer {
        let count = self.exact_count(&found);
        Answer { rows: self.with_blocks(found.rows), is_exact: found.is_exact, count }
    }

    fn exact_count(&self, found: &Found) -> Option<u64> {
        match (&found.rows, &self.index.facts.layout) {
            _ if !found.is_exact => None,
            (Rows::None, _) => Some(0),
            (Rows::Each(rows), _) => Some(rows.count_set_bits() as u64),
            (Rows::Families(wanted), Layout::Families { families, .. }) => self.patterns(*families).ok().map(|table| {
                wanted.iter().enumerate().filter(|(_, wanted)| **wanted).map(|(family, _)| table.rows(family)).sum()
            }),
            _ => None,
        }
    }

    /// The same rows; where they are those of families, with the blocks that these are in.
    fn with_blocks(&self, rows: Rows) -> Rows {
        let all = |parts: Vec<Rows>| parts.into_iter().map(|part| self.with_blocks(part)).collect();
        match (rows, &self.index.facts.layout) {
            (Rows::And(parts), _) => Rows::And(all(parts)),
            (Rows::Or(parts), _) => Rows::Or(all(parts)),
            (Rows::Families(wanted), Layout::Families { families, .. }) => {
                let Ok(table) = self.patterns(*families) else { return Rows::Families(wanted) };
                let blocks = (0..wanted.len()).filter(|family| wanted[*family]).flat_map(|family| table.blocks_of(family));
                Rows::of_block_numbers(blocks, self.index.file.rows().div_ceil(BLOCK_ROWS)).and(Rows::Families(wanted))
            }
            (rows, _) => rows,
        }
    }

    fn query<'b>(&'b self, query: &'b WordQuery) -> BoxFuture<'b, Result<Found>> {
        async move {
            Ok(match query {
                WordQuery::Empty => Found { rows: Rows::None, is_exact: true },
                WordQuery::Word { word, prefix: false } => self.word(word).await?,
                WordQuery::Word { prefix: true, .. } => Found { rows: Rows::All, is_exact: false },
                WordQuery::And(parts) => {
                    let mut all = Found { rows: Rows::All, is_exact: true };
                    for part in parts {
                        let part = self.query(part).await?;
                        all.is_exact &= part.is_exact;
                        all.rows = all.rows.and(part.rows);
                        if matches!(all.rows, Rows::None) {
                            return Ok(Found { rows: Rows::None, is_exact: true });
                        }
                    }
                    all
                }
                WordQuery::Or(parts) => {
                    let mut any = Found { rows: Rows::None, is_exact: true };
                    for part in parts {
                        let part = self.query(part).await?;
                        any.is_exact &= part.is_exact;
                        any.rows = any.rows.or(part.rows);
                    }
                    any
                }
                WordQuery::Not(part) => {
                    let part = self.query(part).await?;
                    match part.is_exact {
                        true => self.complement(part.rows)?,
                        false => Found { rows: Rows::All, is_exact: false },
                    }
                }
                WordQuery::Phrase { .. } => self.phrase(query).await?,
            })
        }
        .boxed()
    }

    async fn word(&self, word: &str) -> Result<Found> {
        let rows = match self.vocabulary()?.find(word) {
            None => {
                let rows = self.blocks_of(word).await?;
                return Ok(Found { is_exact: matches!(rows, Rows::None), rows });
            }
            Some(number) => match &self.index.facts.layout {
                Layout::Families { families, .. } => {
                    let mut wanted = vec![false; *families];
                    for family in self.patterns(*families)?.families_of(number) {
                        if let Some(wanted) = wanted.get_mut(family) {
                            *wanted = true;
                        }
                    }
                    Rows::of_families(wanted.into())
                }
                Layout::Postings { words, nulls } => {
                    let broken = || self.index.file.broken(format!("it has no rows of word {number}"));
                    let posting = self.directory(*words, *nulls)?.posting(number).ok_or_else(broken)?;
                    let part = self.index.file.section(ROWS_SECTION + posting.part).await?;
                    Rows::Each(self.directory(*words, *nulls)?.rows(posting, part.values()))
                }
            },
        };
        Ok(Found { rows, is_exact: true })
    }

    async fn blocks_of(&self, word: &str) -> Result<Rows> {
        let facts = &self.index.facts;
        let hash = hash_of(word.as_bytes());
        let part = self.index.file.section(facts.fingerprint_section + facts.fingerprints.part_of(hash)).await?;
        let blocks = facts.fingerprints.blocks_of(hash, part.values()).into_iter().map(usize::from);
        Ok(Rows::of_block_numbers(blocks, self.index.file.rows().div_ceil(BLOCK_ROWS)))
    }

    /// Rows that are not NULL and not among `rows`, which are exact.
    fn complement(&self, rows: Rows) -> Result<Found> {
        let rows = match (&rows, &self.index.facts.layout) {
            (Rows::Families(_) | Rows::None | Rows::All, Layout::Families { families, null_family }) => {
                let is_in = |family: usize| match &rows {
                    Rows::Families(set) => set.get(family).copied().unwrap_or(false),
                    rows => matches!(rows, Rows::All),
                };
                let outside = |family: usize| !is_in(family) && null_family.map(usize::from) != Some(family);
                Rows::of_families((0..*families).map(outside).collect())
            }
            (Rows::Each(_) | Rows::None | Rows::All, Layout::Postings { words, nulls }) => {
                let valid = self.directory(*words, *nulls)?.valid();
                match &rows {
                    Rows::Each(set) => Rows::Each(&valid & &!set),
                    Rows::All => Rows::None,
                    _ => Rows::Each(valid),
                }
            }
            _ => return Ok(Found { rows: Rows::All, is_exact: false }),
        };
        Ok(Found { rows, is_exact: true })
    }

    /// Rows with all words of a phrase; exact if patterns tell their order.
    async fn phrase(&self, query: &WordQuery) -> Result<Found> {
        let mut words = Vec::new();
        let Some(_) = flatten(query, &mut words) else { return self.parts_of_phrase(query).await };
        let all = WordQuery::all(words.iter().map(|(word, _)| WordQuery::word(*word)));
        let found = self.query(&all).await?;
        // With a dictionary several words may stand at one position, which patterns do not tell.
        let (Rows::Families(with_words), Layout::Families { families, .. }, true) =
            (&found.rows, &self.index.facts.layout, found.is_exact && self.index.tokenizer != Tokenizer::Cjk)
        else {
            let is_exact = matches!(found.rows, Rows::None);
            return Ok(Found { rows: found.rows, is_exact });
        };
        let vocabulary = self.vocabulary()?;
        let numbers: Vec<(u32, usize)> =
            words.iter().filter_map(|(word, at)| Some((vocabulary.find(word)? as u32, *at))).collect();
        let table = self.patterns(*families)?;
        let in_order = |family: usize| {
            let pattern: Vec<u32> = table.pattern(family).collect();
            let stands = |start: usize| numbers.iter().all(|(word, at)| pattern.get(start + at) == Some(word));
            (0..pattern.len()).any(stands)
        };
        let wanted = with_words.iter().enumerate().map(|(family, with_words)| *with_words && in_order(family)).collect();
        Ok(Found { rows: Rows::of_families(wanted), is_exact: true })
    }

    /// Rows that have what stands on both sides; a part that is negated says nothing.
    async fn parts_of_phrase(&self, query: &WordQuery) -> Result<Found> {
        let WordQuery::Phrase { left, right, .. } = query else { return Ok(Found { rows: Rows::All, is_exact: false }) };
        let mut rows = Rows::All;
        for part in [left, right] {
            if has_not(part) {
                continue;
            }
            rows = rows.and(self.query(part).await?.rows);
        }
        Ok(Found { rows, is_exact: false })
    }
}

/// Words of a phrase with their positions from its start; `None` for anything but whole words.
fn flatten<'a>(query: &'a WordQuery, words: &mut Vec<(&'a str, usize)>) -> Option<usize> {
    match query {
        WordQuery::Word { word, prefix: false } => {
            words.push((word, 0));
            Some(0)
        }
        WordQuery::Phrase { left, right, distance } => {
            let end = flatten(left, words)?;
            let WordQuery::Word { word, prefix: false } = right.as_ref() else { return None };
            let at = end + *distance as usize;
            words.push((word, at));
            Some(at)
        }
        _ => None,
    }
}

fn has_not(query: &WordQuery) -> bool {
    match query {
        WordQuery::Not(_) => true,
        WordQuery::And(parts) | WordQuery::Or(parts) => parts.iter().any(has_not),
        WordQuery::Phrase { left, right, .. } => has_not(left) || has_not(right),
        WordQuery::Word { .. } | WordQuery::Empty => false,
    }
}

/// Words that every text has that contains the literal: those that do not touch an end where the text may go on.
fn certain_words(tokenizer: Tokenizer, literal: &Literal) -> Vec<String> {
    let mut words = Vec::new();
    let length = literal.text.len();
    match tokenizer {
        Tokenizer::Simple | Tokenizer::Whitespace => tokenizer.split(&literal.text, |word, at, _| {
            if (at.start > 0 || literal.begins) && (at.end < length || literal.ends) {
                words.push(word.to_owned());
            }
        }),
        Tokenizer::Ngram => tokenizer.split(&literal.text, |piece, _, _| {
            // A shorter piece is the whole of a short text.
            if piece.chars().nth(2).is_some() {
                words.push(piece.to_owned());
            }
        }),
        // Where a dictionary cuts depends on what stands around.
        Tokenizer::Cjk => {}
    }
    words
}
