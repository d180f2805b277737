//! Tokens of a text, cut at semicolons.

use std::ops::Range;

use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::fault;
use crate::Result;

/// One statement's part of a text.
pub(super) struct Piece {
    /// Bytes of the text from its first to its last token, comments at the ends left out.
    pub bytes: Range<usize>,
    /// Its tokens, located in the whole text.
    pub tokens: Vec<TokenWithSpan>,
}

/// Cuts `sql` at semicolons; pieces without a token are left out.
pub(super) fn split(sql: &str) -> Result<Vec<Piece>> {
    let tokens =
        Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location().map_err(|error| fault::unreadable(&error, sql))?;
    let lines = Lines::of(sql);
    let mut pieces = Vec::new();
    for tokens in tokens.split(|token| token.token == Token::SemiColon) {
        let solid = |token: &&TokenWithSpan| !matches!(token.token, Token::Whitespace(_) | Token::EOF);
        let (Some(first), Some(last)) = (tokens.iter().find(solid), tokens.iter().rfind(solid)) else { continue };
        let bytes = lines.byte(sql, first.span.start)..lines.byte(sql, last.span.end);
        pieces.push(Piece { bytes, tokens: tokens.to_vec() });
    }
    Ok(pieces)
}

/// Where lines begin, so that a location (line and column in characters) becomes a byte.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn of(sql: &str) -> Self {
        Self([0].into_iter().chain(sql.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(i, _)| i + 1)).collect())
    }

    /// The byte of a location; the end of the text if it lies behind it.
    #[allow(clippy::cast_possible_truncation, reason = "a text in memory has fewer lines and columns than usize")]
    pub(super) fn byte(&self, sql: &str, at: Location) -> usize {
        let Some(start) = self.0.get((at.line as usize).saturating_sub(1)) else { return sql.len() };
        let column = (at.column as usize).saturating_sub(1);
        sql[*start..].char_indices().nth(column).map_or(sql.len(), |(i, _)| start + i)
    }
}
