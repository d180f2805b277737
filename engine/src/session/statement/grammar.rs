//! What PostgreSQL's grammar reads otherwise than the parser, said in tokens.
//!
//! | written | parsed |
//! |---|---|
//! | `TABLE t` | `SELECT * FROM t` |
//! | `x ISNULL`, `x NOTNULL` | `x IS NULL`, `x IS NOT NULL` |
//! | `trim(leading from x)` | `trim(leading ' ' from x)` |
//! | `'a'`, a line break, `'b'` | `'ab'` |
//! | `pg_catalog.substring(x, y)` | `substring(x, y)`: the parser knows some functions by keywords, and these without a schema |
//! | `B'101'`, `X'1F'` | `'101'`, `'00011111'`: a string of bits is a text |
//!
//! What the parser reads and PostgreSQL refuses is an error: two texts on a line, `0x1F`, `1_000`, an element of `ARRAY[...]` without
//! brackets around it, a keyword in the place of a column, and `SELECT x year`, where AS is missing.
//!
//! Tokens are looked at once; they are copied only where one changes.

use std::fmt::Write as _;

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace, Word};

use super::fault;
use crate::Result;

/// Keywords that a value follows, or nothing that ends one.
const BEFORE_VALUE: [Keyword; 37] = [
    Keyword::SELECT,
    Keyword::DISTINCT,
    Keyword::ALL,
    Keyword::AS,
    Keyword::AND,
    Keyword::OR,
    Keyword::NOT,
    Keyword::IN,
    Keyword::IS,
    Keyword::LIKE,
    Keyword::ILIKE,
    Keyword::SIMILAR,
    Keyword::BETWEEN,
    Keyword::CASE,
    Keyword::WHEN,
    Keyword::THEN,
    Keyword::ELSE,
    Keyword::BY,
    Keyword::FROM,
    Keyword::ON,
    Keyword::WHERE,
    Keyword::HAVING,
    Keyword::TO,
    Keyword::INTERVAL,
    Keyword::LIMIT,
    Keyword::OFFSET,
    Keyword::USING,
    Keyword::ANY,
    Keyword::SOME,
    Keyword::ESCAPE,
    Keyword::COLLATE,
    Keyword::RETURNING,
    Keyword::SET,
    Keyword::VALUES,
    Keyword::WITH,
    Keyword::FOR,
    Keyword::ARRAY,
];

/// The schema that functions are in, as far as they are in one.
const CATALOG: &str = "pg_catalog";

/// The tokens to parse, where they are others than those that were written.
///
/// # Errors
/// A token that PostgreSQL's grammar does not have there.
pub(super) fn reworded(tokens: &[TokenWithSpan], sql: &str, end: usize) -> Result<Option<Vec<TokenWithSpan>>> {
    let mut read = Reader {
        tokens,
        sql,
        end,
        written: None,
        last: None,
        before_last: None,
        brackets: Brackets::default(),
        closed_array: false,
    };
    for at in 0..tokens.len() {
        read.token(at)?;
    }
    Ok(read.written)
}

/// Brackets that are open, innermost last: a bit for each. Those deeper than [`Brackets::DEPTH_MAX`], where the parser gives up
/// too, are nothing special.
#[derive(Debug, Default)]
struct Brackets {
    depth: u32,
    /// Between SELECT and FROM.
    lists: u128,
    /// `ARRAY[`.
    arrays: u128,
    /// `trim(`.
    trims: u128,
}

impl Brackets {
    const DEPTH_MAX: u32 = u128::BITS - 1;

    fn bit(&self) -> u128 {
        if self.depth > Self::DEPTH_MAX { 0 } else { 1 << self.depth }
    }

    fn open(&mut self, array: bool, trim: bool) {
        self.depth += 1;
        let bit = self.bit();
        self.lists &= !bit;
        self.arrays = if array { self.arrays | bit } else { self.arrays & !bit };
        self.trims = if trim { self.trims | bit } else { self.trims & !bit };
    }

    /// Whether it was one of `ARRAY[`.
    fn close(&mut self) -> bool {
        let array = self.in_array();
        self.depth = self.depth.saturating_sub(1);
        array
    }

    fn in_list(&self) -> bool {
        self.lists & self.bit() != 0
    }

    fn in_array(&self) -> bool {
        self.arrays & self.bit() != 0
    }

    fn in_trim(&self) -> bool {
        self.trims & self.bit() != 0
    }

    fn set_list(&mut self, list: bool) {
        let bit = self.bit();
        self.lists = if list { self.lists | bit } else { self.lists & !bit };
    }
}

struct Reader<'a> {
    tokens: &'a [TokenWithSpan],
    sql: &'a str,
    end: usize,
    /// The new tokens, from the first that changed on.
    written: Option<Vec<TokenWithSpan>>,
    /// The last tokens but white space.
    last: Option<usize>,
    before_last: Option<usize>,
    brackets: Brackets,
    /// Whether the last token closed `ARRAY[...]`.
    closed_array: bool,
}

impl Reader<'_> {
    fn token(&mut self, at: usize) -> Result<()> {
        let token = &self.tokens[at];
        if matches!(token.token, Token::Whitespace(_) | Token::EOF) {
            self.keep(at);
            return Ok(());
        }
        let closed_array = std::mem::take(&mut self.closed_array);
        match &token.token {
            Token::Word(word) if word.quote_style.is_none() => return self.word(at, word.keyword, &word.value),
            Token::SingleQuotedString(text) => return self.text(at, text),
            Token::HexStringLiteral(digits) if self.width(at) == digits.len() + "0x".len() => return Err(self.refused(at)),
            Token::HexStringLiteral(digits) => match bits(digits) {
                Some(bits) => self.replace(at, [Token::SingleQuotedString(bits)]),
                None => return Err(self.refused(at)),
            },
            Token::SingleQuotedByteStringLiteral(bits) => self.replace(at, [Token::SingleQuotedString(bits.clone())]),
            Token::Number(digits, _) if digits.contains('_') => return Err(self.refused(at)),
            Token::LParen | Token::LBracket => {
                let array = token.token == Token::LBracket;
                if array && closed_array {
                    return Err(self.refused(at));
                }
                let after = |keyword: Keyword| self.last.is_some_and(|last| self.is(last, keyword));
                let inner = self.brackets.in_array() && !self.after_operand();
                self.brackets.open(array && (after(Keyword::ARRAY) || inner), !array && after(Keyword::TRIM));
                self.keep(at);
            }
            Token::RParen | Token::RBracket => {
                self.closed_array = self.brackets.close();
                self.keep(at);
            }
            _ => self.keep(at),
        }
        self.passed(at);
        Ok(())
    }

    fn word(&mut self, at: usize, keyword: Keyword, value: &str) -> Result<()> {
        let first = self.last.is_none();
        match keyword {
            Keyword::TABLE if first => {
                let keyword = |keyword: &str| Token::make_keyword(keyword);
                self.replace(at, [keyword("SELECT"), Token::Mul, keyword("FROM")]);
                self.passed(at);
                return Ok(());
            }
            Keyword::SELECT => {
                if self.last.is_some_and(|last| self.is(last, Keyword::SELECT)) || self.is_only_argument(at) {
                    return Err(self.refused(at));
                }
                self.brackets.set_list(true);
            }
            Keyword::FROM if self.last.is_some_and(|last| self.is_trim_side(last)) && self.brackets.in_trim() => {
                self.insert(at, Token::SingleQuotedString(" ".into()));
            }
            Keyword::WHERE if self.last.is_some_and(|last| self.is(last, Keyword::FROM)) => return Err(self.refused(at)),
            Keyword::FROM | Keyword::WHERE | Keyword::GROUP | Keyword::ORDER | Keyword::UNION | Keyword::INTO => {
                self.brackets.set_list(false);
            }
            Keyword::YEAR | Keyword::MONTH | Keyword::DAY | Keyword::HOUR | Keyword::MINUTE | Keyword::SECOND => {
                let ends =
                    self.next(at).is_none_or(|next| matches!(next, Token::Comma | Token::EOF) || is_keyword(next, Keyword::FROM));
                if self.brackets.in_list() && ends && self.after_value() {
                    return Err(self.refused(at));
                }
            }
            Keyword::SUBSTRING | Keyword::SUBSTR | Keyword::CEIL | Keyword::FLOOR
                if matches!(self.next(at), Some(Token::LParen)) && self.after_catalog_schema() =>
            {
                self.without_schema(at);
            }
            _ if self.after_operand() && !matches!(self.next(at), Some(Token::LParen)) => {
                let not = value.eq_ignore_ascii_case("notnull");
                if not || value.eq_ignore_ascii_case("isnull") {
                    let is = ["IS", "NOT", "NULL"].into_iter().filter(|word| not || *word != "NOT").map(Token::make_keyword);
                    self.replace(at, is);
                    self.passed(at);
                    return Ok(());
                }
            }
            _ => {}
        }
        self.keep(at);
        self.passed(at);
        Ok(())
    }

    /// A text behind a text: they are one if a line break parts them.
    fn text(&mut self, at: usize, text: &str) -> Result<()> {
        let Some(last) = self.last.filter(|last| is_text(&self.tokens[*last].token)) else {
            self.keep(at);
            self.passed(at);
            return Ok(());
        };
        let between = &self.tokens[last + 1..at];
        let breaks = |token: &TokenWithSpan| {
            matches!(token.token, Token::Whitespace(Whitespace::Newline | Whitespace::SingleLineComment { .. }))
        };
        if !between.iter().any(breaks) {
            return Err(self.refused(at));
        }
        self.copy(at);
        let written = self.written.iter_mut().flatten().rev();
        for token in written {
            if let Token::SingleQuotedString(first) | Token::EscapedStringLiteral(first) = &mut token.token {
                first.push_str(text);
                break;
            }
        }
        self.passed(at);
        Ok(())
    }

    fn is(&self, at: usize, keyword: Keyword) -> bool {
        is_keyword(&self.tokens[at].token, keyword)
    }

    fn is_trim_side(&self, at: usize) -> bool {
        [Keyword::LEADING, Keyword::TRAILING, Keyword::BOTH].into_iter().any(|side| self.is(at, side))
    }

    /// Whether the last tokens are `pg_catalog.`, and nothing stands before these that they belong to.
    fn after_catalog_schema(&self) -> bool {
        let (Some(period), Some(schema)) = (self.last, self.before_last) else { return false };
        let is_catalog = |word: &Word| match word.quote_style {
            Some(_) => word.value == CATALOG,
            None => word.value.eq_ignore_ascii_case(CATALOG),
        };
        let of_database = self.tokens[..schema].last().is_some_and(|before| before.token == Token::Period);
        self.tokens[period].token == Token::Period
            && matches!(&self.tokens[schema].token, Token::Word(word) if is_catalog(word))
            && !of_database
    }

    /// Takes the schema away again.
    fn without_schema(&mut self, at: usize) {
        let schema = self.before_last.map(|schema| self.tokens[schema].token.clone());
        let written = self.copy(at);
        while let Some(token) = written.pop() {
            if Some(&token.token) == schema.as_ref() {
                break;
            }
        }
    }

    /// Whether the last token ends a value.
    fn after_operand(&self) -> bool {
        self.last.is_some_and(|last| match &self.tokens[last].token {
            Token::Word(word) => word.quote_style.is_some() || !BEFORE_VALUE.contains(&word.keyword),
            token => matches!(token, Token::Number(..) | Token::RParen | Token::RBracket) || is_text(token),
        })
    }

    /// Whether the last token ends a value that no unit may follow.
    fn after_value(&self) -> bool {
        self.after_operand() && self.last.is_some_and(|last| !is_text(&self.tokens[last].token))
    }

    /// `f(SELECT)`: the keyword in the place of a column.
    fn is_only_argument(&self, at: usize) -> bool {
        let (Some(last), Some(before)) = (self.last, self.before_last) else { return false };
        let takes_query = [Keyword::EXISTS, Keyword::IN, Keyword::ANY, Keyword::SOME, Keyword::ALL, Keyword::ARRAY, Keyword::AS];
        self.tokens[last].token == Token::LParen
            && matches!(self.next(at), Some(Token::RParen))
            && matches!(&self.tokens[before].token, Token::Word(word) if word.quote_style.is_none())
            && !takes_query.into_iter().any(|keyword| self.is(before, keyword))
    }

    fn next(&self, at: usize) -> Option<&Token> {
        self.tokens[at + 1..].iter().map(|token| &token.token).find(|token| !matches!(token, Token::Whitespace(_)))
    }

    fn passed(&mut self, at: usize) {
        self.before_last = self.last.replace(at);
    }

    fn keep(&mut self, at: usize) {
        if let Some(written) = &mut self.written {
            written.push(self.tokens[at].clone());
        }
    }

    /// The tokens before one, to be followed by others.
    fn copy(&mut self, at: usize) -> &mut Vec<TokenWithSpan> {
        self.written.get_or_insert_with(|| self.tokens[..at].to_vec())
    }

    fn replace(&mut self, at: usize, by: impl IntoIterator<Item = Token>) {
        for token in by {
            self.insert(at, token);
        }
    }

    fn insert(&mut self, at: usize, token: Token) {
        let span = self.tokens[at].span;
        self.copy(at).push(TokenWithSpan { token, span });
    }

    /// Characters of a token on its line.
    fn width(&self, at: usize) -> usize {
        let span = self.tokens[at].span;
        usize::try_from(span.end.column.saturating_sub(span.start.column)).unwrap_or(usize::MAX)
    }

    fn refused(&self, at: usize) -> crate::EngineError {
        fault::unexpected(&self.tokens[at], self.sql, self.end)
    }
}

fn is_keyword(token: &Token, keyword: Keyword) -> bool {
    matches!(token, Token::Word(word) if word.keyword == keyword && word.quote_style.is_none())
}

fn is_text(token: &Token) -> bool {
    matches!(token, Token::SingleQuotedString(_) | Token::EscapedStringLiteral(_))
}

/// Four bits a digit; `None` if a digit is none.
fn bits(digits: &str) -> Option<String> {
    let mut out = String::with_capacity(digits.len() * 4);
    for digit in digits.chars() {
        let _ = write!(out, "{:04b}", digit.to_digit(16)?);
    }
    Some(out)
}
