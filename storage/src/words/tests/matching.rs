//! The matcher against PostgreSQL's answers, and against predicates over every position.

use proptest::prelude::*;

use crate::words::{Matcher, QUERY_DEPTH_MAX, QUERY_WORDS_MAX, Tokenizer, WordQuery};

fn w(word: &str) -> WordQuery {
    WordQuery::word(word)
}

fn then(left: WordQuery, right: WordQuery) -> WordQuery {
    WordQuery::phrase(left, right, 1)
}

fn any(left: WordQuery, right: WordQuery) -> WordQuery {
    WordQuery::any([left, right])
}

fn not(part: WordQuery) -> WordQuery {
    WordQuery::not(part)
}

#[test]
fn answers_as_postgresql_does() {
    let check = |text: &str, query: WordQuery, expected: bool| {
        assert_eq!(query.matches(Tokenizer::Simple, text), expected, "{text:?} @@ {query}");
    };
    check("", not(w("foo")), true);
    check("a", WordQuery::Empty, false);
    check("supernova", w("super"), false);
    check("supernova", WordQuery::prefix("super"), true);
    check("1 2 3 1", then(w("1"), w("2")), true);
    check("1 2 1 2", WordQuery::phrase(w("1"), w("2"), 3), true);
    check("1 2 11 3", then(w("1"), w("3")), false);
    check("1 2 11 3", then(WordQuery::prefix("1"), w("3")), true);
    check("1 2 3 4", then(then(w("1"), w("2")), w("3")), true);
    check("1 2 3 4", then(w("1"), then(w("2"), w("3"))), true);
    check("1 2 3 4", WordQuery::phrase(w("1"), then(w("2"), w("3")), 2), false);
    check("1 2 1 2 3 4", then(then(w("1"), w("2")), w("3")), true);
    check("q x q y", then(w("q"), WordQuery::all([w("x"), w("y")])), false);
    check("a", WordQuery::phrase(w("a"), WordQuery::prefix("a"), 0), true);

    let x_or_yz = || any(w("x"), then(w("y"), w("z")));
    for (text, expected) in [("q x", true), ("q y", false), ("q y z", true), ("q y x", false), ("q x y", true)] {
        check(text, then(w("q"), x_or_yz()), expected);
    }
    for (text, expected) in
        [("q x", false), ("x q", true), ("x y q", false), ("x y z", false), ("x y z q", true), ("y z q", true), ("y y q", false)]
    {
        check(text, then(x_or_yz(), w("q")), expected);
    }
    check("y y q", then(any(not(w("x")), then(w("y"), w("z"))), w("q")), true);
    check("x y q", then(any(not(w("x")), then(w("y"), w("z"))), w("q")), true);
    check("y y q", then(any(w("x"), then(w("y"), not(w("z")))), w("q")), true);
    check("x q", then(any(w("x"), then(w("y"), not(w("z")))), w("q")), true);
    check("x y q y", then(not(w("x")), w("y")), true);
    check("x y q", then(not(w("x")), w("y")), false);
    check("y", then(not(w("x")), w("y")), true);
    check("x y q y", then(not(w("x")), not(not(w("y")))), true);
    check("x y q y", not(then(w("x"), w("y"))), false);
    check("x y q y", not(WordQuery::phrase(w("x"), w("y"), 2)), true);
}

#[test]
fn builders_leave_out_what_is_empty() {
    let empty = || WordQuery::Empty;
    assert_eq!(WordQuery::all([]), empty());
    assert_eq!(WordQuery::any([empty(), w("a"), empty()]), w("a"));
    assert_eq!(not(empty()), empty());
    assert_eq!(then(empty(), w("a")), w("a"));
    let flat = WordQuery::all([w("a"), WordQuery::all([w("b"), w("c")])]);
    assert_eq!(flat, WordQuery::And(vec![w("a"), w("b"), w("c")]));
}

#[test]
fn is_written_as_postgresql_writes_it() {
    let check = |query: WordQuery, expected: &str| assert_eq!(query.to_string(), expected);
    check(
        WordQuery::all([w("error"), any(w("disk"), w("net")), not(w("test")), WordQuery::prefix("conn")]),
        "'error' & ( 'disk' | 'net' ) & !'test' & 'conn':*",
    );
    check(then(then(w("a"), w("b")), w("c")), "'a' <-> 'b' <-> 'c'");
    check(WordQuery::phrase(w("a"), then(w("b"), w("c")), 3), "'a' <3> ( 'b' <-> 'c' )");
    check(not(not(then(not(w("a")), any(w("b"), w("c"))))), "!!( !'a' <-> ( 'b' | 'c' ) )");
    check(w("it's\\"), "'it''s\\\\'");
    check(WordQuery::Empty, "");
}

#[test]
fn queries_have_bounds() {
    let words = |count| WordQuery::all((0..count).map(|n| w(&n.to_string())));
    assert_eq!(words(QUERY_WORDS_MAX).check(), Ok(()));
    assert!(words(QUERY_WORDS_MAX + 1).check().unwrap_err().to_string().contains("too many words"));
    let deep = |depth| (0..depth).fold(w("a"), |query, _| not(query));
    assert_eq!(deep(QUERY_DEPTH_MAX).check(), Ok(()));
    assert!(deep(QUERY_DEPTH_MAX + 1).check().is_err());
}

/// Positions the model looks at, to both sides: further than words and the widest query reach.
const FAR: i64 = 80;

/// Where matches of a part end, said for every position, and how wide they are.
struct Ends {
    at: Vec<bool>,
    width: i64,
}

impl Ends {
    fn of(width: i64, holds: impl Fn(i64) -> bool) -> Self {
        Self { at: (-FAR..=FAR).map(holds).collect(), width }
    }

    /// Far out nothing changes any more.
    fn holds(&self, at: i64) -> bool {
        self.at[usize::try_from(at.clamp(-FAR, FAR) + FAR).unwrap()]
    }

    fn nowhere(&self) -> bool {
        !self.at.contains(&true)
    }
}

fn ends(query: &WordQuery, words: &[String]) -> Ends {
    let all = |parts: &[WordQuery]| parts.iter().map(|part| ends(part, words)).collect::<Vec<_>>();
    let widest = |parts: &[Ends]| parts.iter().map(|part| part.width).max().unwrap_or(0);
    let nowhere = || Ends::of(0, |_| false);
    match query {
        WordQuery::Word { word, prefix } => Ends::of(0, |at| {
            let here = usize::try_from(at - 1).ok().and_then(|at| words.get(at));
            here.is_some_and(|here| if *prefix { here.starts_with(word) } else { here == word })
        }),
        WordQuery::And(parts) => {
            let parts = all(parts);
            if parts.iter().any(Ends::nowhere) {
                return nowhere();
            }
            let width = widest(&parts);
            Ends::of(width, |at| parts.iter().all(|part| part.holds(at - width + part.width)))
        }
        WordQuery::Or(parts) => {
            let parts: Vec<_> = all(parts).into_iter().filter(|part| !part.nowhere()).collect();
            let width = widest(&parts);
            Ends::of(width, |at| parts.iter().any(|part| part.holds(at - width + part.width)))
        }
        WordQuery::Not(part) => {
            let part = ends(part, words);
            Ends::of(part.width, |at| !part.holds(at))
        }
        WordQuery::Phrase { left, right, distance } => {
            let (left, right) = (ends(left, words), ends(right, words));
            if left.nowhere() || right.nowhere() {
                return nowhere();
            }
            let gap = i64::from(*distance) + right.width;
            Ends::of(left.width + gap, |at| right.holds(at) && left.holds(at - gap))
        }
        WordQuery::Empty => nowhere(),
    }
}

/// Whether `words` match, the model's way.
fn model(query: &WordQuery, words: &[String]) -> bool {
    match query {
        WordQuery::Word { .. } | WordQuery::Phrase { .. } => !ends(query, words).nowhere(),
        WordQuery::And(parts) => parts.iter().all(|part| model(part, words)),
        WordQuery::Or(parts) => parts.iter().any(|part| model(part, words)),
        WordQuery::Not(part) => !model(part, words),
        WordQuery::Empty => false,
    }
}

fn queries() -> impl Strategy<Value = WordQuery> {
    let word = ("[ab]{1,2}", prop::bool::weighted(0.2)).prop_map(|(word, prefix)| WordQuery::Word { word, prefix });
    word.prop_recursive(3, 7, 3, |part| {
        prop_oneof![
            prop::collection::vec(part.clone(), 2..4).prop_map(WordQuery::all),
            prop::collection::vec(part.clone(), 2..4).prop_map(WordQuery::any),
            part.clone().prop_map(WordQuery::not),
            (part.clone(), part, 0..4_u32).prop_map(|(left, right, distance)| WordQuery::phrase(left, right, distance)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn equals_the_model(query in queries(), words in prop::collection::vec("[ab]{1,2}", 0..7)) {
        prop_assert_eq!(Matcher::new(&query).matches(Tokenizer::Simple, &words.join(" ")), model(&query, &words), "{}", query);
    }
}
