//! `ALTER TABLE name SET (option = value, ...)` and `RESET (option, ...)`.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{Command, is_keyword, word};

/// Whether the tokens begin such a statement.
pub(super) fn is_one(tokens: &[TokenWithSpan]) -> bool {
    if word(tokens, 1) != Some("TABLE") {
        return false;
    }
    let solid: Vec<_> = tokens.iter().map(|token| &token.token).filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    solid
        .windows(2)
        .any(|pair| (is_keyword(pair[0], Keyword::SET) || is_keyword(pair[0], Keyword::RESET)) && *pair[1] == Token::LParen)
}

/// Parses it whole.
pub(super) fn parse(parser: &mut Parser<'_>) -> Result<Command, ParserError> {
    parser.expect_keyword(Keyword::ALTER)?;
    parser.expect_keyword(Keyword::TABLE)?;
    let if_exists = parser.parse_keywords(&[Keyword::IF, Keyword::EXISTS]);
    let _only = parser.parse_keyword(Keyword::ONLY);
    let name = parser.parse_object_name(false)?;
    let (mut set, mut reset) = (Vec::new(), Vec::new());
    loop {
        let sets = parser.expect_one_of_keywords(&[Keyword::SET, Keyword::RESET])? == Keyword::SET;
        parser.expect_token(&Token::LParen)?;
        if sets {
            set.extend(parser.parse_comma_separated(Parser::parse_sql_option)?);
        } else {
            reset.extend(parser.parse_comma_separated(Parser::parse_identifier)?);
        }
        parser.expect_token(&Token::RParen)?;
        if !parser.consume_token(&Token::Comma) {
            return Ok(Command::StorageOptions { name, if_exists, set, reset });
        }
    }
}
