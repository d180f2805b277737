//! `ts_headline([config,] text, tsquery [, options])`: a piece of a text with the words of a query marked.
//!
//! A text of at most `MaxWords` words is shown as it is. Of a longer one the stretch is shown that has the most words of the
//! query, from the first of them on; with `MaxFragments`, stretches from the beginning on. Words of a query that must not
//! occur are not marked; other words are marked wherever they stand, within the query's phrases or not.

use std::collections::BTreeSet;
use std::ops::Range;

use strata_storage::words::{Tokenizer, WordQuery};

use super::function::{Argument, Body, Definition};
use super::headline_options::HeadlineOptions;
use super::rank::collect;

pub(super) static DEFINITION: Definition = Definition {
    name: "ts_headline",
    configured: true,
    arguments: &[Argument::Text, Argument::Query, Argument::Text],
    optional: 1,
    body: Body::Text(|call, row| {
        let options = HeadlineOptions::parse(call.text(2, row))?;
        Ok(headline(call.tokenizer, call.text(0, row), &*call.query(1, row)?, &options))
    }),
};

/// Where a word stands, and whether the query asks for it.
struct Placed {
    bytes: Range<usize>,
    asked: bool,
}

fn headline(tokenizer: Tokenizer, text: &str, query: &WordQuery, options: &HeadlineOptions) -> String {
    let mut terms = BTreeSet::new();
    wanted(query, &mut terms);
    let mut words = Vec::new();
    tokenizer.split(text, |word, bytes, _| {
        let asked = terms.iter().any(|(term, prefix)| if *prefix { word.starts_with(term) } else { word == *term });
        words.push(Placed { bytes, asked });
    });
    if options.all || (words.len() <= options.words_max && options.fragments_max == 0) {
        return marked(text, 0..text.len(), &words, options);
    }
    let pieces = if options.fragments_max == 0 { vec![best(&words, options)] } else { fragments(&words, options) };
    let shown = |piece: Range<usize>| {
        let Some((first, last)) = words[piece].split_first().map(|(first, rest)| (first, rest.last().unwrap_or(first))) else {
            return String::new();
        };
        marked(text, first.bytes.start..last.bytes.end, &words, options)
    };
    pieces.into_iter().map(shown).collect::<Vec<_>>().join(&options.delimiter)
}

/// The words that make a text match.
fn wanted<'a>(query: &'a WordQuery, terms: &mut BTreeSet<(&'a str, bool)>) {
    match query {
        WordQuery::And(parts) | WordQuery::Or(parts) => parts.iter().for_each(|part| wanted(part, terms)),
        WordQuery::Phrase { left, right, .. } => {
            wanted(left, terms);
            wanted(right, terms);
        }
        WordQuery::Not(_) | WordQuery::Empty => {}
        WordQuery::Word { .. } => collect(query, terms),
    }
}

/// The words from a found one on among which the most were found; the first words if none was.
fn best(words: &[Placed], options: &HeadlineOptions) -> Range<usize> {
    let mut best = (0, 0..0);
    // Words found among the last `words_max` that were looked at, from the right.
    let mut found = 0;
    for first in (0..words.len()).rev() {
        found += usize::from(words[first].asked);
        found -= words.get(first + options.words_max).map_or(0, |gone| usize::from(gone.asked));
        if words[first].asked && found >= best.0 {
            best = (found, first..words.len().min(first + options.words_max));
        }
    }
    let Range { start, end } = best.1;
    let end = words[start..end].iter().rposition(|word| word.asked).map_or(start, |last| start + last + 1);
    let end = words.len().min(end.max(start + options.words_min));
    start.min(end.saturating_sub(options.words_min))..end
}

/// Stretches that begin with a found word; the first words if none was found.
fn fragments(words: &[Placed], options: &HeadlineOptions) -> Vec<Range<usize>> {
    let mut fragments = Vec::new();
    let mut at = 0;
    while fragments.len() < options.fragments_max
        && let Some(next) = words[at..].iter().position(|word| word.asked)
    {
        let first = at + next;
        at = words.len().min(first + options.words_max);
        fragments.push(first..at);
    }
    if fragments.is_empty() {
        fragments.push(0..words.len().min(options.words_min));
    }
    fragments
}

/// The bytes `shown` of the text, found words between marks. Words that overlap, as pairs of characters do, are marked as one.
fn marked(text: &str, shown: Range<usize>, words: &[Placed], options: &HeadlineOptions) -> String {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let within = |word: &&Placed| word.asked && word.bytes.start >= shown.start && word.bytes.end <= shown.end;
    for word in words.iter().filter(within) {
        match ranges.last_mut() {
            Some(last) if word.bytes.start < last.end => last.end = last.end.max(word.bytes.end),
            _ => ranges.push(word.bytes.clone()),
        }
    }
    let mut out = String::with_capacity(shown.len());
    let mut at = shown.start;
    for range in ranges {
        out.push_str(&text[at..range.start]);
        out.push_str(&options.start);
        out.push_str(&text[range.clone()]);
        out.push_str(&options.stop);
        at = range.end;
    }
    out.push_str(&text[at..shown.end]);
    out
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse_canonical;
    use super::*;

    fn check(text: &str, query: &str, options: &str, expected: &str) {
        let query = parse_canonical(query).unwrap();
        let options = HeadlineOptions::parse(options).unwrap();
        assert_eq!(headline(Tokenizer::Simple, text, &query, &options), expected, "{text}");
    }

    #[test]
    fn marks_what_was_found() {
        check("Disk full on db-7", "'disk' & 'full' & !'db'", "", "<b>Disk</b> <b>full</b> on db-7");
        check("connection lost", "'conn':*", "StartSel=[, StopSel=]", "[connection] lost");
        check("云梦泽的水", "'云梦' & '梦泽'", "", "<b>云梦泽</b>的水");
        check("", "'a'", "", "");
    }

    #[test]
    fn shows_the_part_with_most_words() {
        let options = "MaxWords=4, MinWords=2";
        check("a x x x x b a x x x", "'a' & 'b'", options, "<b>b</b> <b>a</b>");
        check("x x x x x x x a", "'a'", options, "x <b>a</b>");
        check("v w x y z", "'a'", options, "v w");
        check("a w x y z b y", "'a' | 'b'", "MaxWords=2, MinWords=1, MaxFragments=2", "<b>a</b> w ... <b>b</b> y");
    }
}
