//! `like_escape`: a pattern with another escape character than the backslash, said with the backslash.

use strata_engine::EngineError;
use strata_engine::error::Refusal;

use super::{Definition, Returns};

/// The functions.
pub(super) const ALL: &[Definition] = &[Definition {
    name: "like_escape",
    arguments: 2..=2,
    returns: Returns::Text,
    evaluate: |call| match (call.text(0), call.text(1)) {
        (Some(pattern), Some(escape)) => Ok(like_escape(pattern, escape)?.into()),
        _ => Ok(super::Value::Null),
    },
}];

fn like_escape(pattern: &str, escape: &str) -> strata_engine::Result<String> {
    let mut characters = escape.chars();
    let character = characters.next();
    if characters.next().is_some() {
        return Err(EngineError::Refused {
            reason: Refusal::InvalidParameter,
            message: "invalid escape string".to_owned(),
            hint: Some("Escape string must be empty or one character.".to_owned()),
        });
    }
    let mut said = String::with_capacity(pattern.len());
    let mut rest = pattern.chars();
    while let Some(next) = rest.next() {
        if Some(next) == character {
            said.push('\\');
            said.extend(rest.next());
        } else {
            if next == '\\' {
                said.push('\\');
            }
            said.push(next);
        }
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_character_moves_to_the_backslash() {
        let check = |pattern: &str, escape: &str, expected: &str| assert_eq!(like_escape(pattern, escape).unwrap(), expected);
        check("pg/_%", "/", "pg\\_%");
        check("a//b", "/", "a\\/b");
        check("a\\_b", "/", "a\\\\_b");
        check("a/_b", "", "a/_b");
        check("a\\%", "\\", "a\\%");
        assert!(like_escape("a", "//").is_err());
    }
}
