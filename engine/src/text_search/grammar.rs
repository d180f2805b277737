//! The operators of a `tsquery`: `|`, `&`, `<->` and `<N>`, `!`, from the weakest to the strongest, and parentheses.
//!
//! ```text
//! query   = [ part { operator part } ]
//! part    = "!" part | "(" query ")" | word [ ":" { "*" } ]
//! word    = "'" any text, ' and \ doubled "'" | what stands before a space or one of ! & | ( ) < : '
//! ```
//!
//! What a word becomes is the caller's business. Words of which nothing is left (`...`) leave the query; within a phrase they
//! widen the distance of their neighbours, as in PostgreSQL.

use strata_storage::words::{DISTANCE_MAX, QUERY_DEPTH_MAX, QueryTooLarge, WordQuery};

use super::operand::too_large;
use crate::Result;
use crate::error::{DataFault, EngineError, Refusal};

/// Makes a query of a word and whether more may follow it.
pub(super) type Operand<'a> = &'a mut dyn FnMut(&str, bool) -> Result<WordQuery>;

/// Reads a query; without any words it is empty.
///
/// # Errors
/// Text that is no query, weights, a query past its bounds, and what `operand` says.
pub(super) fn parse(text: &str, operand: Operand<'_>) -> Result<WordQuery> {
    let mut parser = Parser { text, rest: text, depth: 0, operand };
    parser.skip_spaces();
    if parser.rest.is_empty() {
        return Ok(WordQuery::Empty);
    }
    let part = parser.parts(0)?;
    if parser.rest.is_empty() { Ok(part.query) } else { Err(parser.fault()) }
}

struct Parser<'a, 'b> {
    text: &'a str,
    rest: &'a str,
    /// Parentheses and `!` that are open.
    depth: usize,
    operand: Operand<'b>,
}

#[derive(Debug, Clone, Copy)]
enum Operator {
    Or,
    And,
    Phrase(u32),
}

impl Operator {
    fn binding(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Phrase(_) => 3,
        }
    }
}

impl<'a> Parser<'a, '_> {
    /// Parts joined by operators that bind at least as strongly as `binding`; stops before what follows them.
    fn parts(&mut self, binding: u8) -> Result<Part> {
        let mut left = self.part()?;
        loop {
            self.skip_spaces();
            let Some((operator, rest)) = self.operator()? else { return Ok(left) };
            if operator.binding() < binding {
                return Ok(left);
            }
            self.rest = rest;
            let right = self.parts(operator.binding() + 1)?;
            left = Part::joined(left, operator, right);
            left.query.check().map_err(too_large)?;
        }
    }

    /// The operator that stands here and what follows it; `None` if there is none.
    fn operator(&self) -> Result<Option<(Operator, &'a str)>> {
        let mut rest = self.rest.chars();
        Ok(match rest.next() {
            Some('|') => Some((Operator::Or, rest.as_str())),
            Some('&') => Some((Operator::And, rest.as_str())),
            Some('<') => {
                let (distance, rest) = rest.as_str().split_once('>').ok_or_else(|| self.fault())?;
                Some((Operator::Phrase(self.distance(distance)?), rest))
            }
            _ => None,
        })
    }

    fn distance(&self, text: &str) -> Result<u32> {
        if text == "-" {
            return Ok(1);
        }
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.fault());
        }
        text.parse().ok().filter(|distance| *distance <= DISTANCE_MAX).ok_or_else(|| EngineError::Refused {
            reason: Refusal::InvalidParameter,
            message: format!("distance in phrase operator must be an integer value between zero and {DISTANCE_MAX} inclusive"),
            hint: None,
        })
    }

    fn part(&mut self) -> Result<Part> {
        self.skip_spaces();
        let mut rest = self.rest.chars();
        match rest.next() {
            Some('!') => {
                self.rest = rest.as_str();
                let part = self.within(Self::part)?;
                Ok(Part { query: WordQuery::not(part.query), ..part })
            }
            Some('(') => {
                self.rest = rest.as_str();
                let part = self.within(|parser| parser.parts(0))?;
                self.rest = self.rest.strip_prefix(')').ok_or_else(|| self.fault())?;
                Ok(part)
            }
            Some('\'') => {
                self.rest = rest.as_str();
                let word = self.quoted()?;
                self.word(&word)
            }
            _ => {
                let word = self.bare()?;
                self.word(&word)
            }
        }
    }

    /// One operator or parenthesis deeper.
    fn within(&mut self, inner: impl FnOnce(&mut Self) -> Result<Part>) -> Result<Part> {
        self.depth += 1;
        if self.depth > QUERY_DEPTH_MAX {
            return Err(too_large(QueryTooLarge { what: "operators within one another", max: QUERY_DEPTH_MAX }));
        }
        let part = inner(self)?;
        self.depth -= 1;
        Ok(part)
    }

    /// What stands between quotes, the first of which was taken.
    fn quoted(&mut self) -> Result<String> {
        let mut word = String::new();
        let mut rest = self.rest.chars();
        while let Some(letter) = rest.next() {
            match letter {
                '\'' if rest.as_str().starts_with('\'') => word.extend(rest.next()),
                '\'' => {
                    self.rest = rest.as_str();
                    return Ok(word);
                }
                '\\' => word.extend(rest.next()),
                _ => word.push(letter),
            }
        }
        Err(self.fault())
    }

    fn bare(&mut self) -> Result<String> {
        let mut word = String::new();
        let mut rest = self.rest.chars();
        while let Some(letter) = rest.next() {
            match letter {
                '\\' => word.push(rest.next().ok_or_else(|| self.fault())?),
                '!' | '&' | '|' | '(' | ')' | '<' | ':' | '\'' => break,
                _ if letter.is_whitespace() => break,
                _ => word.push(letter),
            }
            self.rest = rest.as_str();
        }
        if word.is_empty() { Err(self.fault()) } else { Ok(word) }
    }

    /// A word whose text was taken, with what stands behind its colon.
    fn word(&mut self, word: &str) -> Result<Part> {
        let mut prefix = false;
        if let Some(rest) = self.rest.strip_prefix(':') {
            let end = rest.find(|letter| !matches!(letter, '*' | 'a'..='d' | 'A'..='D')).unwrap_or(rest.len());
            let marks = &rest[..end];
            prefix = marks.contains('*');
            if marks.contains(|mark| mark != '*') {
                return Err(weights());
            }
            self.rest = &rest[end..];
        }
        Ok(Part { query: (self.operand)(word, prefix)?, before: 0, behind: 0 })
    }

    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn fault(&self) -> EngineError {
        let at = self.text.chars().count() - self.rest.chars().count() + 1;
        EngineError::Data {
            reason: DataFault::InvalidTextQuery,
            message: format!("syntax error in tsquery: \"{}\"", self.text),
            hint: Some(format!(
                "At character {at}. Words are joined with & (and), | (or), ! (not), <-> (followed by); plainto_tsquery and \
                 websearch_to_tsquery take any text."
            )),
        }
    }
}

/// The error of a word or a position with a weight.
pub(super) fn weights() -> EngineError {
    EngineError::Unsupported {
        message: "weights of words are not supported".into(),
        hint: Some("Leave out the letters behind the colon.".into()),
    }
}

/// A part of a query, and by how much words that were left out move what stands before and behind it.
#[derive(Debug)]
struct Part {
    query: WordQuery,
    before: u32,
    behind: u32,
}

impl Part {
    fn joined(left: Self, operator: Operator, right: Self) -> Self {
        let Operator::Phrase(distance) = operator else {
            return match (left.query, right.query) {
                (WordQuery::Empty, WordQuery::Empty) => {
                    let gap = left.before.max(right.before);
                    Self { query: WordQuery::Empty, before: gap, behind: gap }
                }
                (WordQuery::Empty, query) => Self { query, ..right },
                (query, WordQuery::Empty) => Self { query, ..left },
                (one, other) if matches!(operator, Operator::And) => Self::whole(WordQuery::all([one, other])),
                (one, other) => Self::whole(WordQuery::any([one, other])),
            };
        };
        match (left.query, right.query) {
            (WordQuery::Empty, WordQuery::Empty) => {
                let gap = left.before + distance + right.before;
                Self { query: WordQuery::Empty, before: gap, behind: gap }
            }
            (WordQuery::Empty, query) => Self { query, before: left.before + distance + right.before, behind: right.behind },
            (query, WordQuery::Empty) => Self { query, before: left.before, behind: left.behind + distance + right.behind },
            (one, other) => Self {
                query: WordQuery::phrase(one, other, distance + left.behind + right.before),
                before: left.before,
                behind: right.behind,
            },
        }
    }

    fn whole(query: WordQuery) -> Self {
        Self { query, before: 0, behind: 0 }
    }
}
