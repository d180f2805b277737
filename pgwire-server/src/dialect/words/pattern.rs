//! Patterns: `LIKE` with an escape of its own, and `SIMILAR TO`.

use datafusion::sql::sqlparser::ast::{Expr, ValueWithSpan};

use super::{parsed, quoted, text_of};

/// The other words for an expression; `None` if it stays.
pub(super) fn reword(expr: &mut Expr) -> Option<Expr> {
    match expr {
        Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. } => {
            let escape = escape(escape_char.as_ref()?)?;
            let other = parsed(&quoted(&with_backslash(text_of(pattern)?, escape)))?;
            **pattern = other;
            *escape_char = None;
            None
        }
        Expr::SimilarTo { negated, expr: operand, pattern, escape_char } => {
            let escape = match escape_char {
                Some(given) => escape(given)?,
                None => Some('\\'),
            };
            let regex = regex(text_of(pattern)?, escape);
            parsed(&format!("({operand}) {} {}", if *negated { "!~" } else { "~" }, quoted(&regex)))
        }
        _ => None,
    }
}

/// The character behind ESCAPE; `Some(None)` for none.
#[allow(clippy::option_option, reason = "no literal, no character, one character")]
fn escape(given: &ValueWithSpan) -> Option<Option<char>> {
    let text = text_of(&Expr::Value(given.clone()))?.to_owned();
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (first, None) => Some(first),
        _ => None,
    }
}

/// The pattern with a backslash in the place of its escape.
fn with_backslash(pattern: &str, escape: Option<char>) -> String {
    let mut out = String::with_capacity(pattern.len() + 2);
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        if Some(character) == escape {
            out.push('\\');
            out.extend(characters.next());
        } else if character == '\\' {
            out.push_str("\\\\");
        } else {
            out.push(character);
        }
    }
    out
}

/// The regular expression that matches what a pattern of SQL matches.
fn regex(pattern: &str, escape: Option<char>) -> String {
    let mut out = String::from("^(?:");
    let mut in_brackets = false;
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        if Some(character) == escape {
            out.push('\\');
            out.extend(characters.next());
            continue;
        }
        match character {
            ']' => in_brackets = false,
            '[' => in_brackets = true,
            _ => {}
        }
        match character {
            '%' if !in_brackets => out.push_str(".*"),
            '_' if !in_brackets => out.push('.'),
            '.' | '^' | '$' if !in_brackets => out.extend(['\\', character]),
            '\\' => out.push_str("\\\\"),
            other => out.push(other),
        }
    }
    out.push_str(")$");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_translated() {
        assert_eq!(with_backslash("100!%\\", Some('!')), "100\\%\\\\");
        assert_eq!(with_backslash("a!", Some('!')), "a\\");
        assert_eq!(regex("%(b|d)_", Some('\\')), "^(?:.*(b|d).)$");
        assert_eq!(regex("a.b[%_]!%", Some('!')), "^(?:a\\.b[%_]\\%)$");
    }
}
