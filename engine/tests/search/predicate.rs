//! Conditions that can be pushed into a scan, as SQL and as an obvious function of one row.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use strata_storage::words::{Tokenizer, WordQuery};

use super::rows::{Row, WORDS};

/// A condition.
#[derive(Debug, Clone)]
pub enum Predicate {
    And(Vec<Predicate>),
    Or(Vec<Predicate>),
    Not(Box<Predicate>),
    Words { tokenizer: Tokenizer, query: WordQuery },
    Like { pattern: String, any_case: bool, negated: bool },
    Regex { pattern: String, any_case: bool, negated: bool },
    MessageIn(Vec<String>),
    IdIn(Vec<String>),
    NumberIn(Vec<i64>),
    StartsWith(String),
    MessageIsNull,
}

impl Predicate {
    /// One that has a chance to find some of the rows; at most `depth` operators deep.
    pub fn random(random: &mut StdRng, rows: &[Row], depth: u32) -> Self {
        if depth > 0 && random.random_bool(0.4) {
            let mut parts = || (0..2).map(|_| Self::random(random, rows, depth - 1)).collect::<Vec<_>>();
            let two = parts();
            return match random.random_range(0..3) {
                0 => Self::And(two),
                1 => Self::Or(two),
                _ => Self::Not(Box::new(two.into_iter().next().unwrap())),
            };
        }
        let negated = random.random_bool(0.2);
        let any_case = random.random_bool(0.4);
        match random.random_range(0..12) {
            0..4 => {
                let tokenizer = if random.random_bool(0.8) { Tokenizer::Simple } else { *Tokenizer::ALL.choose(random).unwrap() };
                Self::Words { tokenizer, query: query(random, rows, tokenizer, 2) }
            }
            4..6 => Self::Like { pattern: like(random, rows), any_case, negated },
            6 | 7 => Self::Regex { pattern: regex(random, rows), any_case, negated },
            8 => Self::MessageIn(several(random, |random| piece(random, rows, true))),
            9 => Self::IdIn(several(random, |random| {
                let known = rows.choose(random).and_then(|row| row.id.clone());
                known.unwrap_or_else(|| "00000000deadbeef".to_owned())
            })),
            10 => Self::NumberIn(several(random, |random| random.random_range(-60..60))),
            _ if negated => Self::MessageIsNull,
            _ => Self::StartsWith(piece(random, rows, true).chars().take(8).collect()),
        }
    }

    /// As SQL.
    pub fn sql(&self) -> String {
        let join = |parts: &[Self], operator: &str| {
            parts.iter().map(|part| format!("({})", part.sql())).collect::<Vec<_>>().join(operator)
        };
        let list = |texts: &[String]| texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ");
        match self {
            Self::And(parts) => join(parts, " AND "),
            Self::Or(parts) => join(parts, " OR "),
            Self::Not(part) => format!("NOT ({})", part.sql()),
            Self::Words { tokenizer: Tokenizer::Simple, query } => format!("message @@ {}::tsquery", quoted(&query.to_string())),
            Self::Words { tokenizer, query } => {
                format!("to_tsvector('{}', message) @@ {}::tsquery", tokenizer.name(), quoted(&query.to_string()))
            }
            Self::Like { pattern, any_case, negated } => {
                format!(
                    "message {}{} {}",
                    if *negated { "NOT " } else { "" },
                    if *any_case { "ILIKE" } else { "LIKE" },
                    quoted(pattern)
                )
            }
            Self::Regex { pattern, any_case, negated } => {
                format!("message {}~{} {}", if *negated { "!" } else { "" }, if *any_case { "*" } else { "" }, quoted(pattern))
            }
            Self::MessageIn(texts) => format!("message IN ({})", list(texts)),
            Self::IdIn(texts) => format!("id IN ({})", list(texts)),
            Self::NumberIn(numbers) => {
                format!("n IN ({})", numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
            }
            Self::StartsWith(prefix) => format!("starts_with(message, {})", quoted(prefix)),
            Self::MessageIsNull => "message IS NULL".to_owned(),
        }
    }

    /// As SQL sees it: TRUE, FALSE or NULL.
    pub fn holds(&self, row: &Row) -> Option<bool> {
        let message = row.message.as_deref();
        match self {
            Self::And(parts) => parts
                .iter()
                .try_fold(Some(true), |all, part| match (all, part.holds(row)) {
                    (_, Some(false)) => Err(()),
                    (Some(true), truth) => Ok(truth),
                    (all, _) => Ok(all),
                })
                .unwrap_or(Some(false)),
            Self::Or(parts) => parts
                .iter()
                .try_fold(Some(false), |any, part| match (any, part.holds(row)) {
                    (_, Some(true)) => Err(()),
                    (Some(false), truth) => Ok(truth),
                    (any, _) => Ok(any),
                })
                .unwrap_or(Some(true)),
            Self::Not(part) => part.holds(row).map(|truth| !truth),
            Self::Words { tokenizer, query } => message.map(|text| query.matches(*tokenizer, text)),
            Self::Like { pattern, any_case, negated } => {
                let regex = format!("(?s){}^{}$", if *any_case { "(?i)" } else { "" }, like_as_regex(pattern));
                message.map(|text| regex::Regex::new(&regex).unwrap().is_match(text) != *negated)
            }
            Self::Regex { pattern, any_case, negated } => {
                let regex = format!("{}{pattern}", if *any_case { "(?i)" } else { "" });
                message.map(|text| regex::Regex::new(&regex).unwrap().is_match(text) != *negated)
            }
            Self::MessageIn(texts) => message.map(|text| texts.iter().any(|other| other == text)),
            Self::IdIn(texts) => row.id.as_ref().map(|id| texts.contains(id)),
            Self::NumberIn(numbers) => row.n.map(|n| numbers.contains(&n)),
            Self::StartsWith(prefix) => message.map(|text| text.starts_with(prefix)),
            Self::MessageIsNull => Some(message.is_none()),
        }
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn several<T>(random: &mut StdRng, mut one: impl FnMut(&mut StdRng) -> T) -> Vec<T> {
    (0..random.random_range(1..4)).map(|_| one(random)).collect()
}

/// A piece of one of the messages, or with `whole` perhaps all of it.
fn piece(random: &mut StdRng, rows: &[Row], whole: bool) -> String {
    let message = rows.choose(random).and_then(|row| row.message.clone()).unwrap_or_default();
    if whole && random.random_bool(0.7) {
        return message;
    }
    let characters: Vec<char> = message.chars().collect();
    if characters.is_empty() || random.random_bool(0.1) {
        return (*WORDS.choose(random).unwrap()).to_owned();
    }
    let start = random.random_range(0..characters.len());
    let end = (start + random.random_range(1..14)).min(characters.len());
    characters[start..end].iter().collect()
}

fn query(random: &mut StdRng, rows: &[Row], tokenizer: Tokenizer, depth: u32) -> WordQuery {
    if depth > 0 && random.random_bool(0.5) {
        let parts: Vec<WordQuery> = (0..2).map(|_| query(random, rows, tokenizer, depth - 1)).collect();
        let [left, right] = <[WordQuery; 2]>::try_from(parts).unwrap();
        return match random.random_range(0..5) {
            0 => WordQuery::all([left, right]),
            1 => WordQuery::any([left, right]),
            2 => WordQuery::not(left),
            _ => WordQuery::phrase(left, right, random.random_range(1..3)),
        };
    }
    let mut words = Vec::new();
    tokenizer.split(&piece(random, rows, true), |word, _, _| words.push(word.to_owned()));
    let Some(word) = words.choose(random) else { return WordQuery::word("error") };
    if random.random_bool(0.2) { WordQuery::prefix(word.chars().take(3).collect::<String>()) } else { WordQuery::word(word) }
}

fn like(random: &mut StdRng, rows: &[Row]) -> String {
    let mut pattern = String::new();
    for _ in 0..random.random_range(1..3) {
        pattern.push_str(["%", "%", "", "_"].choose(random).unwrap());
        for character in piece(random, rows, false).chars() {
            if matches!(character, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(character);
        }
    }
    pattern.push_str(["%", "%", "", "_"].choose(random).unwrap());
    pattern
}

fn like_as_regex(pattern: &str) -> String {
    let mut regex = String::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '%' => regex.push_str(".*"),
            '_' => regex.push('.'),
            '\\' => regex.push_str(&regex::escape(&characters.next().unwrap().to_string())),
            other => regex.push_str(&regex::escape(&other.to_string())),
        }
    }
    regex
}

fn regex(random: &mut StdRng, rows: &[Row]) -> String {
    let mut pattern = String::new();
    for _ in 0..random.random_range(1..3) {
        pattern.push_str(&regex::escape(&piece(random, rows, false)));
        pattern.push_str([".*", "[0-9]+", "", ".", "( |_)?"].choose(random).unwrap());
    }
    match random.random_range(0..6) {
        0 => format!("^{pattern}"),
        1 => format!("{pattern}$"),
        2 => format!("({pattern}|zzz)"),
        _ => pattern,
    }
}
