//! Covers: the shortest stretches of a text that match a query on their own.

use strata_storage::words::{Matcher, WordQuery};

/// Words of a text that are looked at, at most: those that occur in the query, from the beginning of the text.
pub(super) const OCCURRENCES_MAX: usize = 256;

/// First and last of the occurrences, whose positions and words are given in the order of the text, of every stretch that
/// matches and contains no shorter one that does. They begin and end further right each.
pub(super) fn covers(query: &WordQuery, occurrences: &[(u32, &str)]) -> Vec<(usize, usize)> {
    let occurrences = &occurrences[..occurrences.len().min(OCCURRENCES_MAX)];
    let mut matcher = Matcher::new(query);
    let mut holds = |first: usize, last: usize| {
        matcher.matches_words(|see| occurrences[first..=last].iter().for_each(|(position, word)| see(word, *position)))
    };
    let mut covers = Vec::new();
    let mut first = 0;
    while let Some(last) = (first..occurrences.len()).find(|last| holds(first, *last)) {
        first = (first..=last).rev().find(|first| holds(*first, last)).unwrap_or(first);
        covers.push((first, last));
        first += 1;
    }
    covers
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse_canonical;
    use super::*;

    #[test]
    fn shortest_stretches() {
        let check = |query: &str, words: &[&'static str], expected: &[(usize, usize)]| {
            let occurrences: Vec<(u32, &str)> = (1..).zip(words.iter().copied()).collect();
            assert_eq!(covers(&parse_canonical(query).unwrap(), &occurrences), expected, "{query}");
        };
        check("'a'", &["a", "a"], &[(0, 0), (1, 1)]);
        check("'a' & 'b'", &["a", "a", "b", "a"], &[(1, 2), (2, 3)]);
        check("'a' <-> 'b'", &["b", "a", "b"], &[(1, 2)]);
        check("'a' & 'b'", &["a"], &[]);
        check("'a' | 'b'", &["a", "b"], &[(0, 0), (1, 1)]);
    }
}
