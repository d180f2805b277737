//! Takes passwords out of a statement's text, before anybody but the statement itself sees it.
//!
//! Whatever stands behind the word PASSWORD as a text is one, in whatever statement: one that is refused is listed as well.

use std::sync::Arc;

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::split::{Lines, Piece};

/// What is shown in the place of a password.
const MASK: &str = "'********'";

/// The statement's text with passwords masked; `None` if there are none.
pub(super) fn masked(sql: &str, piece: &Piece) -> Option<Arc<str>> {
    let solid: Vec<&TokenWithSpan> = piece.tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    let behind = solid.windows(2).filter(|pair| is_password(&pair[0].token) && is_text(&pair[1].token)).map(|pair| pair[1]);
    let secrets: Vec<&TokenWithSpan> = behind.collect();
    if secrets.is_empty() {
        return None;
    }
    let lines = Lines::of(sql);
    let mut text = String::with_capacity(piece.bytes.len());
    let mut at = piece.bytes.start;
    for secret in secrets {
        text.push_str(&sql[at..lines.byte(sql, secret.span.start)]);
        text.push_str(MASK);
        at = lines.byte(sql, secret.span.end);
    }
    text.push_str(&sql[at..piece.bytes.end]);
    Some(text.into())
}

/// Whether the text names a password at all: what cannot be taken apart into tokens must not be quoted then.
pub(super) fn may_hold_password(sql: &str) -> bool {
    let word = b"password";
    sql.as_bytes().windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

fn is_password(token: &Token) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("password"))
}

fn is_text(token: &Token) -> bool {
    matches!(
        token,
        Token::SingleQuotedString(_)
            | Token::EscapedStringLiteral(_)
            | Token::UnicodeStringLiteral(_)
            | Token::NationalStringLiteral(_)
            | Token::DollarQuotedString(_)
    )
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    #[test]
    fn passwords_leave_no_trace() {
        let check = |sql: &str, expected: &str| {
            let parsed = parse(sql).unwrap();
            assert_eq!(parsed[0].sql.as_ref(), expected);
        };
        check("CREATE USER ann PASSWORD 'it''s' ; SELECT 1", "CREATE USER ann PASSWORD '********'");
        check("alter role ann\n with password $$x y$$ login", "alter role ann\n with password '********' login");
        check("ALTER USER \"é\" PASSWORD E'a\\'b' SUPERUSER", "ALTER USER \"é\" PASSWORD '********' SUPERUSER");
        check("ALTER USER ann PASSWORD NULL", "ALTER USER ann PASSWORD NULL");
        check("SELECT 'secret', password FROM t", "SELECT 'secret', password FROM t");
    }

    #[test]
    fn mistakes_do_not_quote_passwords() {
        for sql in [
            "CREATE USER ann PASSWORD 'secret",
            "CREATE USER ann PASSWORD $q$secret",
            "CREATE USER ann PASSWORD 'secret' LOGIN 'secret'",
            "CREATE USER ann 'secret'",
            "CREATE USER ann PASSWORD secret",
            "ALTER USER ann WITH ENCRYPTED 'secret' PASSWORD",
            "DROP USER 'secret' PASSWORD",
        ] {
            let error = parse(sql).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("secret"), "{sql}: {error}");
        }
    }
}
