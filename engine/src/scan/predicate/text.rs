//! Search over the bytes of many texts at once.
//!
//! The texts of a chunk lie one after the other. A literal is looked for in all of them in one sweep of SIMD search; the
//! row of a hit is found through the offsets, and a hit that reaches over the end of its row is none. What a literal
//! cannot decide alone, the rest of the pattern decides on the rows with a hit.

use arrow::array::StringArray;
use memchr::memmem::Finder;
use regex::{Regex, RegexBuilder};
use strata_storage::index::{Literal, Question};

use super::super::selection::Selection;
use super::literals;
use super::needle::Needle;
use super::pattern::{self, Element};
use super::sweep::{Hit, Judgement, finish, one_by_one, sweep};

/// A condition on a text that can be decided from its bytes. Never TRUE for NULL.
#[derive(Debug)]
pub(crate) struct TextSearch {
    /// Is in every text that matches.
    needle: Option<Needle>,
    verify: Verify,
    negated: bool,
    /// Are in every text that matches.
    literals: Vec<Literal>,
}

#[derive(Debug)]
enum Verify {
    /// A hit of the sweep is a match.
    Nothing,
    /// Parts of a LIKE pattern between its `%`.
    Parts { first: Vec<u8>, middle: Vec<Finder<'static>>, last: Vec<u8> },
    /// Literals in their order, then the expression.
    Regex { literals: Vec<Finder<'static>>, regex: Regex },
}

impl TextSearch {
    /// `contains(column, needle)`; `None` if a plain evaluation is as good.
    pub(crate) fn contains(needle: &str) -> Option<Self> {
        let literal = Literal { text: needle.to_owned(), begins: false, ends: false };
        (!needle.is_empty()).then(|| Self {
            needle: Some(Needle::exact(needle.as_bytes())),
            verify: Verify::Nothing,
            negated: false,
            literals: vec![literal],
        })
    }

    /// `column [NOT] LIKE pattern` or `ILIKE`; `None` if a plain evaluation is as good, and for patterns that end within an
    /// escape.
    pub(crate) fn like(pattern: &str, any_case: bool, negated: bool) -> Option<Self> {
        let elements = pattern::elements(pattern)?;
        let literals = pattern::literals(&elements);
        let longest = literals.iter().map(|literal| literal.text.as_str()).max_by_key(|text| text.len());
        if any_case {
            let regex = RegexBuilder::new(&pattern::regex(&elements)).case_insensitive(true).build().ok()?;
            let verify = Verify::Regex { literals: Vec::new(), regex };
            return Some(Self { needle: longest.and_then(Needle::any_case), verify, negated, literals: Vec::new() });
        }
        let needle = Some(Needle::exact(longest?.as_bytes()));
        let verify = match elements.as_slice() {
            // Equality.
            [Element::Text(_)] => return None,
            [Element::Any, Element::Text(_), Element::Any] => Verify::Nothing,
            elements if elements.contains(&Element::One) => {
                Verify::Regex { literals: Vec::new(), regex: Regex::new(&pattern::regex(elements)).ok()? }
            }
            _ => parts(&literals),
        };
        Some(Self { needle, verify, negated, literals })
    }

    /// `column ~ pattern` and its relatives; `None` if the pattern does not compile, so that the expression complains.
    pub(crate) fn regex(pattern: &str, any_case: bool, negated: bool) -> Option<Self> {
        let regex = RegexBuilder::new(pattern).case_insensitive(any_case).build().ok()?;
        let required = literals::required(pattern);
        let longest = required.iter().max_by_key(|literal| literal.len());
        if any_case {
            let needle = longest.and_then(|literal| Needle::any_case(std::str::from_utf8(literal).ok()?));
            let verify = Verify::Regex { literals: Vec::new(), regex };
            return Some(Self { needle, verify, negated, literals: Vec::new() });
        }
        let needle = longest.map(|literal| Needle::exact(literal));
        let finders = required.iter().map(|literal| Finder::new(literal).into_owned()).collect();
        let inner =
            |literal: &Vec<u8>| Some(Literal { text: String::from_utf8(literal.clone()).ok()?, begins: false, ends: false });
        let literals = required.iter().filter_map(inner).collect();
        Some(Self { needle, verify: Verify::Regex { literals: finders, regex }, negated, literals })
    }

    /// Rough cost a row, comparable with other conditions.
    pub(crate) fn cost(&self) -> u32 {
        match (&self.verify, &self.needle) {
            (Verify::Nothing, _) => 6,
            (Verify::Parts { .. }, _) => 7,
            (Verify::Regex { .. }, Some(_)) => 9,
            (Verify::Regex { .. }, None) => 60,
        }
    }

    /// What an index can be asked.
    pub(crate) fn question(&self) -> Option<Question> {
        (!self.negated && !self.literals.is_empty()).then(|| Question::Contains(self.literals.clone()))
    }

    /// The rows of `among` that match.
    pub(crate) fn select(&self, texts: &StringArray, among: &Selection) -> Selection {
        let matches = |text: &str| self.verified(text);
        let judge = |hit: &Hit<'_>| if self.verified(hit.text) { Judgement::Match } else { Judgement::NoMatch };
        let hits = match &self.needle {
            Some(needle) => sweep(needle, texts, among, judge, matches),
            None => one_by_one(texts, among, matches),
        };
        finish(hits, self.negated, texts, among)
    }

    /// Whether a text that has the needle matches, negation apart.
    fn verified(&self, text: &str) -> bool {
        match &self.verify {
            Verify::Nothing => true,
            Verify::Parts { first, middle, last } => parts_match(text.as_bytes(), first, middle, last),
            Verify::Regex { literals, regex } => in_order(text.as_bytes(), literals) && regex.is_match(text),
        }
    }
}

fn parts(literals: &[Literal]) -> Verify {
    let edge = |is_edge: fn(&&Literal) -> bool| {
        literals.iter().find(is_edge).map(|literal| literal.text.as_bytes().to_vec()).unwrap_or_default()
    };
    let middle = literals.iter().filter(|literal| !literal.begins && !literal.ends);
    Verify::Parts {
        first: edge(|literal| literal.begins),
        middle: middle.map(|literal| Finder::new(literal.text.as_bytes()).into_owned()).collect(),
        last: edge(|literal| literal.ends),
    }
}

fn in_order(text: &[u8], literals: &[Finder<'_>]) -> bool {
    let mut at = 0;
    literals.iter().all(|literal| match literal.find(&text[at..]) {
        Some(found) => {
            at += found + literal.needle().len();
            true
        }
        None => false,
    })
}

fn parts_match(text: &[u8], first: &[u8], middle: &[Finder<'_>], last: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(first) else { return false };
    let Some(rest) = rest.strip_suffix(last) else { return false };
    in_order(rest, middle)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, BooleanArray, Scalar};
    use arrow::compute::kernels::comparison::{ilike, like, nilike, nlike, regexp_is_match_scalar};
    use proptest::prelude::*;

    use super::super::super::selection::truth_mask;
    use super::*;

    fn texts() -> impl Strategy<Value = Vec<Option<String>>> {
        proptest::collection::vec(proptest::option::weighted(0.9, "[abAK\u{212a}云\n]{0,6}"), 0..80)
    }

    fn check(search: &TextSearch, texts: &StringArray, among: &Selection, expected: &BooleanArray) {
        let wanted = Selection::from_mask(truth_mask(expected)).and(among);
        assert_eq!(search.select(texts, among).mask(), wanted.mask(), "{search:?} over {texts:?}");
    }

    proptest! {
        #[test]
        fn finds_what_the_kernels_find(texts in texts(), pattern in r"[abk云%_]{1,5}|a\\%b?", regex in prop_oneof!["[ab云.*]{1,4}", Just("^a.b".to_owned()), Just("(ab)+".to_owned())], keep in any::<u64>()) {
            let array = StringArray::from(texts);
            // A slice, so that offsets do not begin at zero.
            let array = array.slice(array.len().min(2), array.len() - array.len().min(2));
            let some = Selection::from_mask((0..array.len()).map(|row| keep >> (row % 64) & 1 == 1).collect());
            for among in [Selection::all(array.len()), some] {
                let scalar = Scalar::new(StringArray::from(vec![pattern.as_str()]));
                for negated in [false, true] {
                    if let Some(search) = TextSearch::like(&pattern, true, negated) {
                        let expected = if negated { nilike(&array, &scalar) } else { ilike(&array, &scalar) }.unwrap();
                        check(&search, &array, &among, &expected);
                    }
                    if let Some(search) = TextSearch::like(&pattern, false, negated) {
                        let expected = if negated { nlike(&array, &scalar) } else { like(&array, &scalar) }.unwrap();
                        check(&search, &array, &among, &expected);
                    }
                }
                for (any_case, flags) in [(false, None), (true, Some("i"))] {
                    let search = TextSearch::regex(&regex, any_case, false);
                    if let (Some(search), Ok(expected)) = (search, regexp_is_match_scalar(&array, &regex, flags)) {
                        check(&search, &array, &among, &expected);
                    }
                }
            }
        }
    }

    #[test]
    fn a_hit_over_the_end_of_a_row_is_none() {
        let array = StringArray::from(vec!["xa", "bx", "ab", "", "aab"]);
        let search = TextSearch::contains("ab").unwrap();
        assert_eq!(search.select(&array, &Selection::all(5)).indices(), [2, 4]);
    }
}
