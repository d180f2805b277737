//! `quote_ident`, `quote_literal`, `quote_nullable`.

use datafusion::sql::sqlparser::keywords::{ALL_KEYWORDS, ALL_KEYWORDS_INDEX, RESERVED_FOR_IDENTIFIER};

use super::{Definition, Returns};

/// The functions.
pub(super) const ALL: &[Definition] = &[
    Definition {
        name: "quote_ident",
        arguments: 1..=1,
        returns: Returns::Text,
        evaluate: |call| Ok(call.text(0).map(ident).into()),
    },
    Definition {
        name: "quote_literal",
        arguments: 1..=1,
        returns: Returns::Text,
        evaluate: |call| Ok(call.text(0).map(literal).into()),
    },
    Definition {
        name: "quote_nullable",
        arguments: 1..=1,
        returns: Returns::Text,
        evaluate: |call| Ok(call.text(0).map_or_else(|| "NULL".to_owned(), literal).into()),
    },
];

/// Words that are no names without quotes, beyond those that the parser reserves.
const MORE_RESERVED: &[&str] =
    &["select", "from", "where", "table", "user", "order", "group", "create", "grant", "limit", "union"];

/// A name as SQL reads it: in quotes unless it is lower case and no keyword.
pub(crate) fn ident(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain && !is_reserved(name) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

fn is_reserved(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let keyword = ALL_KEYWORDS.binary_search(&upper.as_str()).ok().map(|at| ALL_KEYWORDS_INDEX[at]);
    keyword.is_some_and(|keyword| RESERVED_FOR_IDENTIFIER.contains(&keyword)) || MORE_RESERVED.contains(&name)
}

/// A text as SQL reads it.
pub(crate) fn literal(text: &str) -> String {
    let escaped = text.replace('\'', "''").replace('\\', "\\\\");
    if text.contains('\\') { format!("E'{escaped}'") } else { format!("'{escaped}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_where_needed() {
        assert_eq!(ident("app_log2"), "app_log2");
        assert_eq!(ident("App"), "\"App\"");
        assert_eq!(ident("a\"b"), "\"a\"\"b\"");
        assert_eq!(ident("select"), "\"select\"");
        assert_eq!(ident(""), "\"\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\b"), "E'a\\\\b'");
    }
}
