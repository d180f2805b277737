//! Parser errors in PostgreSQL's words.

use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, TokenizerError};

use super::split::Lines;
use crate::error::EngineError;

/// An error of the parser. `end` is the number of characters up to the end of the statement.
pub(super) fn syntax(error: ParserError, sql: &str, end: usize) -> EngineError {
    let text = match error {
        ParserError::RecursionLimitExceeded => {
            return EngineError::Refused {
                reason: crate::error::Refusal::StatementTooComplex,
                message: "statement is nested too deeply".into(),
                hint: Some("Split it, or use WITH.".into()),
            };
        }
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
    };
    match location(&text) {
        Some(at) => near(at, sql, end),
        None if text.contains("found: EOF") => at_end(end),
        None => EngineError::Syntax { message: format!("syntax error: {text}"), position: None },
    }
}

/// A token that should not be there.
pub(super) fn unexpected(token: &TokenWithSpan, sql: &str, end: usize) -> EngineError {
    if token.token == Token::EOF { at_end(end) } else { near(token.span.start, sql, end) }
}

/// A text that does not even consist of tokens.
pub(super) fn unreadable(error: &TokenizerError, sql: &str) -> EngineError {
    let byte = Lines::of(sql).byte(sql, error.location);
    let message = error.message.to_ascii_lowercase();
    let what = if message.contains("unterminated") && message.contains("comment") {
        "unterminated /* comment"
    } else if message.contains("dollar") {
        "unterminated dollar-quoted string"
    } else if message.contains("identifier") || message.contains("close delimiter") {
        "unterminated quoted identifier"
    } else if message.contains("unterminated") {
        "unterminated quoted string"
    } else {
        "syntax error"
    };
    // A text without its end may be a password.
    if super::secrecy::may_hold_password(sql) {
        return EngineError::Syntax { message: what.to_owned(), position: Some(chars(sql, byte) + 1) };
    }
    EngineError::Syntax { message: format!("{what} at or near \"{}\"", &sql[byte..]), position: Some(chars(sql, byte) + 1) }
}

fn near(at: Location, sql: &str, end: usize) -> EngineError {
    let byte = Lines::of(sql).byte(sql, at);
    let word = first_token(&sql[byte..]);
    if word.is_empty() {
        return at_end(end);
    }
    EngineError::Syntax { message: format!("syntax error at or near \"{word}\""), position: Some(chars(sql, byte) + 1) }
}

fn at_end(end: usize) -> EngineError {
    EngineError::Syntax { message: "syntax error at end of input".into(), position: Some(end + 1) }
}

fn chars(sql: &str, byte: usize) -> usize {
    sql[..byte].chars().count()
}

fn first_token(rest: &str) -> &str {
    let mut chars = rest.char_indices();
    let end = match chars.next() {
        Some((_, quote @ ('\'' | '"'))) => chars.find(|(_, c)| *c == quote).map_or(rest.len(), |(i, _)| i + 1),
        Some((_, c)) if c.is_alphanumeric() || c == '_' => {
            chars.find(|(_, c)| !c.is_alphanumeric() && *c != '_').map_or(rest.len(), |(i, _)| i)
        }
        Some((_, c)) => c.len_utf8(),
        None => 0,
    };
    &rest[..end]
}

/// `... at Line: 1, Column: 8`, which is all that the parser says of a position.
fn location(text: &str) -> Option<Location> {
    let (_, rest) = text.rsplit_once("at Line: ")?;
    let (line, column) = rest.split_once(", Column: ")?;
    let digits = column.find(|c: char| !c.is_ascii_digit()).unwrap_or(column.len());
    Some(Location { line: line.parse().ok()?, column: column[..digits].parse().ok()? })
}
