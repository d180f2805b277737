//! Text into statements: splitting, parsing, and the few statements that the parser does not know.
//!
//! The whole text is parsed before anything of it runs, as PostgreSQL does, so a mistake in the second statement keeps
//! the first from running.

mod fault;
mod grammar;
mod maintenance;
mod own;
mod secrecy;
mod split;
mod storage_options;
pub mod user;

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{Ident, ObjectName, SqlOption, Statement};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

pub(super) use self::own::is_sessions_own;
use self::user::UserStatement;
use crate::Result;

/// How deep expressions and subqueries may be nested.
const DEPTH_MAX: usize = 100;

/// A statement of any kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// One that the parser knows.
    Sql(Box<Statement>),
    /// `MOVE`: a `FETCH` that shows nothing.
    Move(Box<Statement>),
    /// `ALTER TABLE name SET (...)` and `RESET (...)`.
    StorageOptions {
        /// The topic.
        name: ObjectName,
        /// `ALTER TABLE IF EXISTS`.
        if_exists: bool,
        /// Options to set.
        set: Vec<SqlOption>,
        /// Options to take back.
        reset: Vec<Ident>,
    },
    /// `VACUUM`, `ANALYZE`, `REINDEX`, `CLUSTER`, `CHECKPOINT`: nothing to do here.
    Maintenance {
        /// The first word, which is also the command tag.
        verb: &'static str,
    },
    /// `CREATE`, `ALTER`, `DROP` of users, `GRANT` and `REVOKE` of membership.
    User(UserStatement),
}

/// One statement of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The statement; `None` for empty text.
    pub command: Option<Arc<Command>>,
    /// Its text, without the semicolon and with asterisks in the place of a password.
    pub sql: Arc<str>,
}

/// Splits and parses. Empty statements are left out; a text of nothing else gives none.
///
/// # Errors
/// [`crate::EngineError::Syntax`] with the position in `sql`, in characters from 1.
pub fn parse(sql: &str) -> Result<Vec<Parsed>> {
    let pieces = split::split(sql)?;
    pieces.into_iter().map(|piece| parse_piece(sql, piece)).collect()
}

fn parse_piece(sql: &str, piece: split::Piece) -> Result<Parsed> {
    let text = &sql[piece.bytes.clone()];
    let end = text.chars().count() + sql[..piece.bytes.start].chars().count();
    let mut parser = Parser::new(&PostgreSqlDialect {}).with_recursion_limit(DEPTH_MAX).with_tokens_with_locations(
        match fold_move(&piece.tokens) {
            Some(tokens) => tokens,
            None => grammar::reworded(&piece.tokens, sql, end)?.unwrap_or_else(|| piece.tokens.clone()),
        },
    );
    let command = match word(&piece.tokens, 0) {
        Some(verb) if maintenance::verb(verb).is_some() => Command::Maintenance { verb: maintenance::parse(&piece.tokens, sql)? },
        Some("MOVE") => Command::Move(Box::new(parser.parse_statement().map_err(|error| fault::syntax(error, sql, end))?)),
        Some("ALTER") if storage_options::is_one(&piece.tokens) => {
            storage_options::parse(&mut parser).map_err(|error| fault::syntax(error, sql, end))?
        }
        _ if user::is_one(&piece.tokens) => Command::User(user::parse(&piece.tokens, sql)?),
        _ => Command::Sql(Box::new(parser.parse_statement().map_err(|error| fault::syntax(error, sql, end))?)),
    };
    let read_here = matches!(command, Command::Maintenance { .. } | Command::User(_));
    if !read_here && parser.peek_token_ref().token != Token::EOF {
        return Err(fault::unexpected(parser.peek_token_ref(), sql, end));
    }
    let sql = secrecy::masked(sql, &piece).unwrap_or_else(|| text.into());
    Ok(Parsed { command: Some(Arc::new(command)), sql })
}

/// `MOVE` has the grammar of `FETCH`.
fn fold_move(tokens: &[TokenWithSpan]) -> Option<Vec<TokenWithSpan>> {
    if word(tokens, 0) != Some("MOVE") {
        return None;
    }
    let mut tokens = tokens.to_vec();
    let first = tokens.iter_mut().find(|token| matches!(token.token, Token::Word(_)))?;
    first.token = Token::make_keyword("FETCH");
    Some(tokens)
}

/// The n-th token but white space, as an upper-case keyword; `None` if it is none.
fn word(tokens: &[TokenWithSpan], n: usize) -> Option<&'static str> {
    const KNOWN: &[&str] = &[
        "MOVE",
        "ALTER",
        "TABLE",
        "IF",
        "EXISTS",
        "ONLY",
        "SET",
        "RESET",
        "VACUUM",
        "ANALYZE",
        "ANALYSE",
        "REINDEX",
        "CLUSTER",
        "CHECKPOINT",
    ];
    match &tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).nth(n)?.token {
        Token::Word(word) if word.quote_style.is_none() => {
            KNOWN.iter().find(|known| word.value.eq_ignore_ascii_case(known)).copied()
        }
        _ => None,
    }
}

/// A keyword that the parser may not know as one.
fn is_keyword(token: &Token, keyword: Keyword) -> bool {
    matches!(token, Token::Word(word) if word.keyword == keyword)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EngineError;

    fn texts(sql: &str) -> Vec<String> {
        parse(sql).unwrap().iter().map(|parsed| parsed.sql.to_string()).collect()
    }

    #[test]
    fn splits_at_semicolons_outside_of_quotes() {
        assert_eq!(texts(" SELECT 1 ; ;SELECT ';' -- a;b\n; "), ["SELECT 1", "SELECT ';'"]);
        assert_eq!(texts("SELECT $$a;b$$; SELECT \"x;y\" FROM t"), ["SELECT $$a;b$$", "SELECT \"x;y\" FROM t"]);
        assert!(texts("  /* nothing */ ;").is_empty());
        assert_eq!(texts("COPY t FROM STDIN; SELECT 1"), ["COPY t FROM STDIN", "SELECT 1"]);
    }

    #[test]
    fn statements_beside_the_parser() {
        let command = |sql: &str| Command::clone(parse(sql).unwrap()[0].command.as_ref().unwrap());
        assert!(matches!(command("MOVE 5 FROM c"), Command::Move(_)));
        assert!(matches!(command("VACUUM (ANALYZE, VERBOSE) logs.app"), Command::Maintenance { verb: "VACUUM" }));
        assert!(matches!(command("analyze"), Command::Maintenance { verb: "ANALYZE" }));
        let Command::StorageOptions { name, set, .. } = command("ALTER TABLE logs.app SET (retention = '7 days')") else {
            panic!("not recognised")
        };
        assert_eq!((name.to_string(), set.len()), ("logs.app".to_owned(), 1));
        let Command::StorageOptions { if_exists, reset, .. } = command("alter table if exists app reset (retention, sort_by)")
        else {
            panic!("not recognised")
        };
        assert_eq!((if_exists, reset.len()), (true, 2));
        assert!(matches!(command("ALTER TABLE app ADD COLUMN set int"), Command::Sql(_)));
    }

    fn check(sql: &str, expected: &str, at: Option<usize>) {
        match parse(sql) {
            Err(EngineError::Syntax { message, position }) => assert_eq!((message.as_str(), position), (expected, at), "{sql}"),
            other => panic!("{sql}: {other:?}"),
        }
    }

    #[test]
    fn grammar_is_postgresqls() {
        let same = |sql: &str, other: &str| {
            let command = |sql: &str| Command::clone(parse(sql).unwrap()[0].command.as_ref().unwrap());
            let (Command::Sql(a), Command::Sql(b)) = (command(sql), command(other)) else { panic!("{sql}") };
            assert_eq!(a.to_string(), b.to_string(), "{sql}");
        };
        same("TABLE owners", "SELECT * FROM owners");
        same("SELECT a ISNULL, (b) NOTNULL FROM t", "SELECT a IS NULL, (b) IS NOT NULL FROM t");
        same("SELECT trim(leading from a), trim(both 'x' from b)", "SELECT trim(leading ' ' from a), trim(both 'x' from b)");
        same(
            "SELECT pg_catalog.substring(a, 'b'), PG_CATALOG . /* x */ FLOOR (1.5), pg_catalog.lower(a), x.substring",
            "SELECT substring(a, 'b'), FLOOR (1.5), pg_catalog.lower(a), x.substring",
        );
        same("SELECT 'a'\n 'b' -- and\n 'c', 'd'", "SELECT 'abc', 'd'");
        same("SELECT X'1f', B'10'", "SELECT '00011111', '10'");
        same("SELECT (ARRAY[1, 2])[1], a[1][2], ARRAY[[1], [2]]", "SELECT (ARRAY[1, 2])[1], a[1][2], ARRAY[[1], [2]]");
        same("SELECT a AS year, b.day FROM t month, u", "SELECT a AS year, b.day FROM t month, u");
        same(
            "SELECT extract(year from a), interval '1' day, max((SELECT 1))",
            "SELECT extract(year from a), interval '1' day, max((SELECT 1))",
        );
    }

    #[test]
    fn mistakes_are_pointed_at() {
        check("SELEC 1", "syntax error at or near \"SELEC\"", Some(1));
        check("SELECT 1;\nSELECT * FORM t", "syntax error at or near \"t\"", Some(25));
        check("SELECT (1", "syntax error at end of input", Some(10));
        check("SELECT 'abc", "unterminated quoted string at or near \"'abc\"", Some(8));
        check("SELECT 'a' 'b'", "syntax error at or near \"'b'\"", Some(12));
        check("SELECT 0x1F", "syntax error at or near \"0x1F\"", Some(8));
        check("SELECT 1_000", "syntax error at or near \"1_000\"", Some(8));
        check("SELECT ARRAY[1, 2][1]", "syntax error at or near \"[\"", Some(19));
        check("SELECT id year FROM t", "syntax error at or near \"year\"", Some(11));
        check("SELECT select FROM t", "syntax error at or near \"select\"", Some(8));
        check("SELECT max(select) FROM t", "syntax error at or near \"select\"", Some(12));
        check("SELECT FROM WHERE", "syntax error at or near \"WHERE\"", Some(13));
        check("SELECT 1 2", "syntax error at or near \"2\"", Some(10));
    }
}
