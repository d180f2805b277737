//! Literals that every match of a regular expression contains.
//!
//! They are found before the expression itself is tried: searching bytes for a literal is an order of magnitude faster
//! than running an automaton over every row.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};

/// Shorter literals are in nearly every row and only cost time.
const LITERAL_BYTES_MIN: usize = 2;

/// The literals in the order in which a match contains them, without overlap; empty if none is known.
pub(super) fn required(pattern: &str) -> Vec<Vec<u8>> {
    // A pattern that does not parse here is left to the regex itself to complain about.
    let Ok(hir) = ParserBuilder::new().build().parse(pattern) else { return Vec::new() };
    let mut literals = Vec::new();
    collect(&hir, &mut literals);
    literals.retain(|literal: &Vec<u8>| literal.len() >= LITERAL_BYTES_MIN);
    literals
}

fn collect(hir: &Hir, literals: &mut Vec<Vec<u8>>) {
    match hir.kind() {
        HirKind::Literal(literal) => literals.push(literal.0.to_vec()),
        HirKind::Concat(parts) => parts.iter().for_each(|part| collect(part, literals)),
        HirKind::Capture(capture) => collect(&capture.sub, literals),
        // The first of at least one repetitions.
        HirKind::Repetition(repetition) if repetition.min > 0 => collect(&repetition.sub, literals),
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) | HirKind::Repetition(_) | HirKind::Alternation(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, expected: &[&str]) {
        let found: Vec<String> = required(pattern).into_iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect();
        assert_eq!(found, expected, "{pattern}");
    }

    #[test]
    fn only_what_every_match_contains() {
        check(r"blk_-?[0-9]{10,} .*10\.25[01]\.1[0-9]\.", &["blk_", "10.25", ".1"]);
        check("(error|warning)", &[]);
        check("(?:abc)+x?", &["abc"]);
        check("(?:abc)*", &[]);
        check("(?i)error", &[]);
        check("^连接.*失败$", &["连接", "失败"]);
        check("(", &[]);
    }
}
