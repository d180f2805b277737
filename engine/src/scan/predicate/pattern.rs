//! A pattern of LIKE, taken apart.

use strata_storage::index::Literal;

/// One element of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Element {
    /// `%`: anything.
    Any,
    /// `_`: one character.
    One,
    /// These characters.
    Text(String),
}

/// The elements of a pattern; `None` if it ends within an escape.
pub(super) fn elements(pattern: &str) -> Option<Vec<Element>> {
    let mut elements = Vec::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        let literal = match character {
            '%' => {
                if elements.last() != Some(&Element::Any) {
                    elements.push(Element::Any);
                }
                continue;
            }
            '_' => {
                elements.push(Element::One);
                continue;
            }
            '\\' => characters.next()?,
            other => other,
        };
        match elements.last_mut() {
            Some(Element::Text(text)) => text.push(literal),
            _ => elements.push(Element::Text(literal.to_string())),
        }
    }
    Some(elements)
}

/// The regular expression of the same meaning.
pub(super) fn regex(elements: &[Element]) -> String {
    let mut regex = String::from("(?s)");
    let last = elements.len().saturating_sub(1);
    if !matches!(elements.first(), Some(Element::Any)) {
        regex.push_str(r"\A");
    }
    for (at, element) in elements.iter().enumerate() {
        match element {
            Element::Any if at == 0 || at == last => {}
            Element::Any => regex.push_str(".*"),
            Element::One => regex.push('.'),
            Element::Text(text) => regex.push_str(&regex::escape(text)),
        }
    }
    if !matches!(elements.last(), Some(Element::Any)) {
        regex.push_str(r"\z");
    }
    regex
}

/// Texts that every match contains.
pub(super) fn literals(elements: &[Element]) -> Vec<Literal> {
    let last = elements.len().saturating_sub(1);
    let literal = |(at, element): (usize, &Element)| match element {
        Element::Text(text) => Some(Literal { text: text.clone(), begins: at == 0, ends: at == last }),
        Element::Any | Element::One => None,
    };
    elements.iter().enumerate().filter_map(literal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, expected: &str) {
        assert_eq!(elements(pattern).map(|elements| regex(&elements)).as_deref(), Some(expected), "{pattern}");
    }

    #[test]
    fn patterns_become_expressions() {
        check("%a.b%", r"(?s)a\.b");
        check("a%%b_", r"(?s)\Aa.*b.\z");
        check(r"100\%", r"(?s)\A100%\z");
        check("", r"(?s)\A\z");
        check("%", "(?s)");
        assert_eq!(elements("a\\"), None);
    }

    #[test]
    fn literals_know_their_ends() {
        let found = literals(&elements("ab%cd_ef").unwrap());
        let literal = |text: &str, begins, ends| Literal { text: text.to_owned(), begins, ends };
        assert_eq!(found, [literal("ab", true, false), literal("cd", false, false), literal("ef", false, true)]);
    }
}
