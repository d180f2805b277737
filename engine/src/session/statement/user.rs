//! Statements about users, and about who is a member of whom. The parser knows parts of them, for other systems.
//!
//! ```text
//! CREATE USER|ROLE|GROUP name [WITH] option ...      ALTER USER|ROLE|GROUP name [WITH] option ... | RENAME TO name
//! DROP USER|ROLE|GROUP [IF EXISTS] name, ...
//! GRANT name, ... TO name, ... [WITH ADMIN OPTION]   REVOKE [ADMIN OPTION FOR] name, ... FROM name, ...
//! option: [NO]SUPERUSER, [NO]LOGIN, [ENCRYPTED] PASSWORD 'text' | NULL, VALID UNTIL 'time', CONNECTION LIMIT n, IN ROLE name, ...
//! ```
//!
//! **Invariant:** an error never quotes a text, for it may be a password.

use std::fmt;

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::split::Lines;
use crate::Result;
use crate::error::EngineError;

/// A password as it was typed. Does not show itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// What a statement says of a user; `None` where it says nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UserOptions {
    /// `[NO]LOGIN`.
    pub login: Option<bool>,
    /// `[NO]SUPERUSER`.
    pub superuser: Option<bool>,
    /// `PASSWORD`; the inner `None` is NULL.
    pub password: Option<Option<Password>>,
    /// `VALID UNTIL`, as text.
    pub valid_until: Option<String>,
    /// `CONNECTION LIMIT`; -1 is none.
    pub connection_limit: Option<i64>,
    /// `IN ROLE`.
    pub member_of: Vec<String>,
    /// Rights that PostgreSQL has and Strata has not: `CREATEDB`, `REPLICATION` ...
    pub not_offered: Option<&'static str>,
}

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub enum UserStatement {
    /// `CREATE USER`; `login` is what the word stands for.
    Create {
        /// Name.
        name: String,
        /// The rest.
        options: UserOptions,
        /// Whether `USER` was written, which logs in unless it is said otherwise.
        login: bool,
    },
    /// `ALTER USER`.
    Alter {
        /// Name, or what stands for one: see [`UserName`].
        name: UserName,
        /// What changes.
        options: UserOptions,
    },
    /// `ALTER USER name RENAME TO name`.
    Rename {
        /// Old name.
        name: String,
        /// New name.
        to: String,
    },
    /// `DROP USER`.
    Drop {
        /// Names.
        names: Vec<String>,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `GRANT user TO member`.
    Grant {
        /// Whose place is taken.
        users: Vec<String>,
        /// Who takes it.
        members: Vec<UserName>,
        /// `WITH ADMIN OPTION`.
        admin: bool,
    },
    /// `REVOKE user FROM member`.
    Revoke {
        /// Whose place is taken.
        users: Vec<String>,
        /// Who takes it no longer.
        members: Vec<UserName>,
        /// `ADMIN OPTION FOR`.
        admin_only: bool,
    },
}

/// Who is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserName {
    /// That one.
    Named(String),
    /// `CURRENT_USER`, `CURRENT_ROLE`.
    Current,
    /// `SESSION_USER`.
    Session,
}

impl UserStatement {
    /// Its command tag.
    pub fn tag(&self) -> &'static str {
        match self {
            Self::Create { .. } => "CREATE ROLE",
            Self::Alter { .. } | Self::Rename { .. } => "ALTER ROLE",
            Self::Drop { .. } => "DROP ROLE",
            Self::Grant { .. } => "GRANT ROLE",
            Self::Revoke { .. } => "REVOKE ROLE",
        }
    }
}

fn solid(tokens: &[TokenWithSpan]) -> impl Iterator<Item = &TokenWithSpan> {
    tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF))
}

fn is(token: &Token, expected: &str) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(expected))
}

/// Whether the tokens begin such a statement. `GRANT` and `REVOKE` with `ON` are about rights.
pub(super) fn is_one(tokens: &[TokenWithSpan]) -> bool {
    let mut words = solid(tokens).map(|token| &token.token);
    let (Some(first), Some(second)) = (words.next(), words.next()) else { return false };
    if ["CREATE", "ALTER", "DROP"].iter().any(|verb| is(first, verb)) {
        return ["USER", "ROLE", "GROUP"].iter().any(|noun| is(second, noun));
    }
    (is(first, "GRANT") || is(first, "REVOKE")) && !words.any(|word| is(word, "ON"))
}

/// Parses it whole.
pub(super) fn parse(tokens: &[TokenWithSpan], sql: &str) -> Result<UserStatement> {
    let mut reader = Reader { tokens: solid(tokens).collect(), at: 0, sql };
    let statement = reader.statement()?;
    if reader.at < reader.tokens.len() { Err(reader.unexpected()) } else { Ok(statement) }
}

struct Reader<'a> {
    tokens: Vec<&'a TokenWithSpan>,
    at: usize,
    sql: &'a str,
}

impl Reader<'_> {
    fn statement(&mut self) -> Result<UserStatement> {
        if self.takes("GRANT") {
            let users = self.names()?;
            self.expect("TO")?;
            let members = self.members()?;
            let admin = self.takes_all(&["WITH", "ADMIN", "OPTION"]);
            return Ok(UserStatement::Grant { users, members, admin });
        }
        if self.takes("REVOKE") {
            let admin_only = self.takes_all(&["ADMIN", "OPTION", "FOR"]);
            let users = self.names()?;
            self.expect("FROM")?;
            let members = self.members()?;
            let _ = self.takes("CASCADE") || self.takes("RESTRICT");
            return Ok(UserStatement::Revoke { users, members, admin_only });
        }
        if self.takes("DROP") {
            self.at += 1;
            let if_exists = self.takes_all(&["IF", "EXISTS"]);
            return Ok(UserStatement::Drop { names: self.names()?, if_exists });
        }
        let create = self.takes("CREATE");
        let login = create && self.tokens.get(1).is_some_and(|noun| is(&noun.token, "USER"));
        self.at = 2;
        if create {
            let name = self.name()?;
            return Ok(UserStatement::Create { name, options: self.options()?, login });
        }
        let name = self.member()?;
        if self.takes_all(&["RENAME", "TO"]) {
            let to = self.name()?;
            return match name {
                UserName::Named(name) => Ok(UserStatement::Rename { name, to }),
                _ => Err(self.unexpected()),
            };
        }
        Ok(UserStatement::Alter { name, options: self.options()? })
    }

    fn options(&mut self) -> Result<UserOptions> {
        const NOT_OFFERED: &[&str] =
            &["CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS", "NOINHERIT", "SET", "RESET", "ADMIN"];
        const TAKEN: &[&str] = &["NOCREATEDB", "NOCREATEROLE", "NOREPLICATION", "NOBYPASSRLS", "INHERIT", "ENCRYPTED"];
        let mut options = UserOptions::default();
        let _ = self.takes("WITH");
        while self.at < self.tokens.len() {
            if self.takes("SUPERUSER") {
                options.superuser = Some(true);
            } else if self.takes("NOSUPERUSER") {
                options.superuser = Some(false);
            } else if self.takes("LOGIN") {
                options.login = Some(true);
            } else if self.takes("NOLOGIN") {
                options.login = Some(false);
            } else if self.takes("PASSWORD") {
                options.password = Some(if self.takes("NULL") { None } else { Some(Password(self.text()?)) });
            } else if self.takes_all(&["VALID", "UNTIL"]) {
                options.valid_until = Some(self.text()?);
            } else if self.takes_all(&["CONNECTION", "LIMIT"]) {
                options.connection_limit = Some(self.number()?);
            } else if self.takes_all(&["IN", "ROLE"]) || self.takes_all(&["IN", "GROUP"]) {
                options.member_of.extend(self.names()?);
            } else if let Some(word) = NOT_OFFERED.iter().find(|word| self.takes(word)) {
                options.not_offered = Some(word);
                // What belongs to it is not read.
                self.at = self.tokens.len();
            } else if !TAKEN.iter().any(|word| self.takes(word)) {
                return Err(self.unexpected());
            }
        }
        Ok(options)
    }

    fn takes(&mut self, expected: &str) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|token| is(&token.token, expected));
        self.at += usize::from(found);
        found
    }

    fn takes_all(&mut self, expected: &[&str]) -> bool {
        let start = self.at;
        let found = expected.iter().all(|word| self.takes(word));
        if !found {
            self.at = start;
        }
        found
    }

    fn expect(&mut self, expected: &str) -> Result<()> {
        if self.takes(expected) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn name(&mut self) -> Result<String> {
        let Some(Token::Word(word)) = self.tokens.get(self.at).map(|token| &token.token) else { return Err(self.unexpected()) };
        let name = if word.quote_style.is_some() { word.value.clone() } else { word.value.to_lowercase() };
        self.at += 1;
        Ok(name)
    }

    fn names(&mut self) -> Result<Vec<String>> {
        let mut names = vec![self.name()?];
        while self.comma() {
            names.push(self.name()?);
        }
        Ok(names)
    }

    fn member(&mut self) -> Result<UserName> {
        let _ = self.takes("GROUP");
        if self.takes("CURRENT_USER") || self.takes("CURRENT_ROLE") {
            return Ok(UserName::Current);
        }
        if self.takes("SESSION_USER") {
            return Ok(UserName::Session);
        }
        Ok(UserName::Named(self.name()?))
    }

    fn members(&mut self) -> Result<Vec<UserName>> {
        let mut members = vec![self.member()?];
        while self.comma() {
            members.push(self.member()?);
        }
        Ok(members)
    }

    fn comma(&mut self) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|token| token.token == Token::Comma);
        self.at += usize::from(found);
        found
    }

    fn text(&mut self) -> Result<String> {
        let text = match self.tokens.get(self.at).map(|token| &token.token) {
            Some(Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text)) => text.clone(),
            Some(Token::DollarQuotedString(text)) => text.value.clone(),
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        Ok(text)
    }

    fn number(&mut self) -> Result<i64> {
        let minus = self.tokens.get(self.at).is_some_and(|token| token.token == Token::Minus);
        let Some(Token::Number(digits, _)) = self.tokens.get(self.at + usize::from(minus)).map(|token| &token.token) else {
            return Err(self.unexpected());
        };
        let number: i64 = digits.parse().map_err(|_| self.unexpected())?;
        self.at += 1 + usize::from(minus);
        Ok(if minus { -number } else { number })
    }

    /// An error at the token that was not expected, named only if it is one of the words of these statements.
    fn unexpected(&self) -> EngineError {
        let Some(token) = self.tokens.get(self.at) else {
            let end = self.tokens.last().map_or(0, |token| Lines::of(self.sql).byte(self.sql, token.span.end));
            let position = Some(self.sql[..end].chars().count() + 1);
            return EngineError::Syntax { message: "syntax error at end of input".into(), position };
        };
        let byte = Lines::of(self.sql).byte(self.sql, token.span.start);
        EngineError::Syntax {
            message: "syntax error in a statement about users".into(),
            position: Some(self.sql[..byte].chars().count() + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Command, parse};
    use super::*;

    fn read(sql: &str) -> UserStatement {
        match parse(sql).unwrap().remove(0).command.as_deref() {
            Some(Command::User(statement)) => statement.clone(),
            other => panic!("{sql}: {other:?}"),
        }
    }

    #[test]
    fn statements() {
        let UserStatement::Create { name, options, login } = read(
            "CREATE USER Ann WITH SUPERUSER ENCRYPTED PASSWORD 'x' VALID UNTIL '2030-01-01' CONNECTION LIMIT 3 IN ROLE a, \"B\"",
        ) else {
            panic!("no CREATE")
        };
        assert_eq!((name.as_str(), login), ("ann", true));
        let expected = UserOptions {
            superuser: Some(true),
            password: Some(Some(Password("x".to_owned()))),
            valid_until: Some("2030-01-01".to_owned()),
            connection_limit: Some(3),
            member_of: vec!["a".to_owned(), "B".to_owned()],
            ..UserOptions::default()
        };
        assert_eq!(options, expected);
        assert!(matches!(read("create role r"), UserStatement::Create { login: false, .. }));
        assert!(matches!(
            read("ALTER USER CURRENT_USER PASSWORD NULL"),
            UserStatement::Alter { name: UserName::Current, options: UserOptions { password: Some(None), .. } }
        ));
        assert!(matches!(
            read("ALTER ROLE a CONNECTION LIMIT -1"),
            UserStatement::Alter { options: UserOptions { connection_limit: Some(-1), .. }, .. }
        ));
        assert!(
            matches!(read("CREATE USER a CREATEDB"), UserStatement::Create { options, .. } if options.not_offered == Some("CREATEDB"))
        );
        assert_eq!(read("ALTER USER a RENAME TO b"), UserStatement::Rename { name: "a".into(), to: "b".into() });
        assert_eq!(
            read("DROP USER IF EXISTS a, b"),
            UserStatement::Drop { names: vec!["a".into(), "b".into()], if_exists: true }
        );
        let named = |name: &str| UserName::Named(name.to_owned());
        assert_eq!(
            read("GRANT a, b TO c, SESSION_USER WITH ADMIN OPTION"),
            UserStatement::Grant {
                users: vec!["a".into(), "b".into()],
                members: vec![named("c"), UserName::Session],
                admin: true
            }
        );
        assert_eq!(
            read("REVOKE ADMIN OPTION FOR a FROM b CASCADE"),
            UserStatement::Revoke { users: vec!["a".into()], members: vec![named("b")], admin_only: true }
        );
    }

    #[test]
    fn mistakes_are_pointed_at() {
        for (sql, at) in [("CREATE USER", 12), ("CREATE USER a LOGIN 'x'", 21), ("GRANT a TO", 11), ("DROP USER a b", 13)] {
            match parse(sql) {
                Err(EngineError::Syntax { position, .. }) => assert_eq!(position, Some(at), "{sql}"),
                other => panic!("{sql}: {other:?}"),
            }
        }
        assert!(!matches!(parse("GRANT SELECT ON t TO a").unwrap()[0].command.as_deref(), Some(Command::User(_))));
    }
}
