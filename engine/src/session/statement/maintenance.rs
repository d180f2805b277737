//! Statements by which PostgreSQL is kept in shape. Strata keeps itself in shape, so they are read and do nothing.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{fault, word};
use crate::Result;

/// The command tag of a maintenance statement.
pub(super) fn verb(first: &str) -> Option<&'static str> {
    match first {
        "VACUUM" => Some("VACUUM"),
        "ANALYZE" | "ANALYSE" => Some("ANALYZE"),
        "REINDEX" => Some("REINDEX"),
        "CLUSTER" => Some("CLUSTER"),
        "CHECKPOINT" => Some("CHECKPOINT"),
        _ => None,
    }
}

/// Checks that only options and names follow.
pub(super) fn parse(tokens: &[TokenWithSpan], sql: &str) -> Result<&'static str> {
    let end = sql.chars().count();
    for token in tokens {
        match &token.token {
            Token::Whitespace(_) | Token::Word(_) | Token::Comma | Token::Period | Token::LParen | Token::RParen => {}
            Token::Number(..) | Token::EOF => {}
            _ => return Err(fault::unexpected(token, sql, end)),
        }
    }
    Ok(word(tokens, 0).and_then(verb).unwrap_or("VACUUM"))
}
