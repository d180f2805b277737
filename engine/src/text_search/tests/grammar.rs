//! The grammars of queries.

use proptest::prelude::*;
use strata_storage::words::{QUERY_DEPTH_MAX, QUERY_WORDS_MAX, Tokenizer, WordQuery};

use super::super::vector::WordVector;
use super::super::{grammar, operand, parse_canonical, websearch};

fn to_tsquery(text: &str) -> crate::Result<WordQuery> {
    grammar::parse(text, &mut |word, prefix| operand::phrase(Tokenizer::Simple, word, prefix))
}

#[test]
fn to_tsquery_as_postgresql() {
    let check = |text: &str, expected: &str| assert_eq!(to_tsquery(text).unwrap().to_string(), expected, "{text}");
    check("error & (disk | net) & !test & conn:*", "'error' & ( 'disk' | 'net' ) & !'test' & 'conn':*");
    check("1|2&3", "'1' | '2' & '3'");
    check("(1|2)&3", "( '1' | '2' ) & '3'");
    check("!1|2", "!'1' | '2'");
    check("a<->b<3>c", "'a' <-> 'b' <3> 'c'");
    check("a <-> (b <-> c)", "'a' <-> ( 'b' <-> 'c' )");
    check("'Fat Cat' | rat", "'fat' <-> 'cat' | 'rat'");
    check("user_id:*", "'user':* <-> 'id':*");
    check("foo:**", "'foo':*");
    check("O\\'Neil", "'o' <-> 'neil'");
    check("云梦泽", "'云梦' <-> '梦泽'");
    // Words of which nothing is left.
    check("", "");
    check(" ... ", "");
    check("a & -- & b", "'a' & 'b'");
    check("a <-> -- <-> b", "'a' <2> 'b'");
    check("a <-> (-- <-> b)", "'a' <2> 'b'");
    check("-- <-> a", "'a'");
    check("(a & --) <-> b", "'a' <-> 'b'");
    check("!-- | a", "'a'");
}

#[test]
fn what_is_no_query() {
    for text in ["a b", "a &", "& a", "(a", "a)", "a & | b", "!", "a < b", "a <x> b", "a <> b", "'a", "a : b", "()"] {
        let error = to_tsquery(text).unwrap_err().to_string();
        assert_eq!(error, format!("syntax error in tsquery: \"{text}\""));
    }
    let check = |text: &str, part: &str| {
        let error = to_tsquery(text).unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    };
    check("a:A", "weights");
    check("a <16385> b", "between zero and 16384");
    check("a <99999999999> b", "between zero and 16384");
    check(&"x".repeat(2047), "too long");
    check(&"(".repeat(QUERY_DEPTH_MAX + 1), "too many operators within one another");
    check(&"!".repeat(100_000), "too many operators within one another");
    check(&vec!["a"; QUERY_WORDS_MAX + 1].join("&"), "too many words");
    check(&vec!["a"; QUERY_DEPTH_MAX + 2].join("<->"), "too many operators within one another");
    check(&"a ".repeat(100_000).replace(' ', "-"), "too many words");
    assert!(parse_canonical("'' & 'a'").is_err());
}

#[test]
fn websearch_as_postgresql() {
    let check = |text: &str, expected: &str| {
        assert_eq!(websearch::parse(Tokenizer::Simple, text).unwrap().to_string(), expected, "{text}");
    };
    check("\"exact phrase\" -debug or timeout", "'exact' <-> 'phrase' & !'debug' | 'timeout'");
    check("cat OR rat", "'cat' | 'rat'");
    check("cat \"OR\" rat", "'cat' & 'or' & 'rat'");
    check("cat OR", "'cat' & 'or'");
    check("OR rat", "'or' & 'rat'");
    check("\"fat cat OR rat\"", "'fat' <-> 'cat' <-> 'or' <-> 'rat'");
    check("fat (cat OR rat", "'fat' & 'cat' | 'rat'");
    check("or OR or", "'or' | 'or'");
    check("\"fat cat\"or\"fat rat\"", "'fat' <-> 'cat' | 'fat' <-> 'rat'");
    check("fat or(rat", "'fat' | 'rat'");
    check("fat or!rat", "'fat' | 'rat'");
    check("fat or ", "'fat' & 'or'");
    check("abc OR1234", "'abc' & 'or1234'");
    check("abc OR_abc", "'abc' & 'or' <-> 'abc'");
    check("abc \"def", "'abc' & 'def'");
    check("fat*rat", "'fat' <-> 'rat'");
    check("abc : def", "'abc' & 'def'");
    check(":", "");
    check("-a -\"b c\"", "!'a' & !( 'b' <-> 'c' )");
    check("My brand \"new -smartphone\"", "'my' & 'brand' & 'new' <-> 'smartphone'");
    check("- a", "'a'");
}

#[test]
fn vectors_as_postgresql() {
    let check = |text: &str, expected: &str| assert_eq!(WordVector::parse(text).unwrap().to_string(), expected, "{text}");
    check("", "");
    check("a fat cat a", "'a' 'cat' 'fat'");
    check("'it''s':3,1 b:2 b:1", "'b':1,2 'it''s':1,3");
    check("'a b' c\\ d", "'a b' 'c d'");
    assert_eq!(WordVector::of(Tokenizer::Simple, "a fat cat, a rat").to_string(), "'a':1,4 'cat':3 'fat':2 'rat':5");
    for text in ["'a", "a:", "a:x", "a:0", "a:1A", "''", "'a'b", ":1"] {
        assert!(WordVector::parse(text).is_err(), "{text}");
    }
}

fn queries() -> impl Strategy<Value = WordQuery> {
    let word = ("[a'\\\\ :&云]{1,3}", any::<bool>()).prop_map(|(word, prefix)| WordQuery::Word { word, prefix });
    word.prop_recursive(4, 12, 3, |part| {
        prop_oneof![
            prop::collection::vec(part.clone(), 2..4).prop_map(WordQuery::all),
            prop::collection::vec(part.clone(), 2..4).prop_map(WordQuery::any),
            part.clone().prop_map(WordQuery::not),
            (part.clone(), part, 0..4_u32).prop_map(|(left, right, distance)| WordQuery::phrase(left, right, distance)),
        ]
    })
}

proptest! {
    #[test]
    fn the_canonical_form_is_read_back(query in queries()) {
        prop_assert_eq!(parse_canonical(&query.to_string()).unwrap(), query);
    }

    #[test]
    fn vectors_are_read_back(words in prop::collection::btree_map("[a'\\\\ :,云]{1,3}", prop::collection::btree_set(1..9_u32, 0..3), 0..4)) {
        let vector = WordVector(words.into_iter().map(|(word, positions)| (word, positions.into_iter().collect())).collect());
        prop_assert_eq!(WordVector::parse(&vector.to_string()).unwrap(), vector);
    }

    #[test]
    fn no_text_breaks_a_grammar(text in "[a'\\\\\" :&|!<>()*-]{0,12}") {
        let _ = parse_canonical(&text);
        let _ = to_tsquery(&text);
        let _ = WordVector::parse(&text);
        websearch::parse(Tokenizer::Simple, &text).unwrap();
    }

    #[test]
    fn a_vector_matches_as_its_text_does(words in prop::collection::vec("[ab]{1,2}", 0..6), query in "[ab]{1,2}(( & | \\| |<->|<2>)!?[ab]{1,2}(:\\*)?){0,3}") {
        let query = to_tsquery(&query).unwrap();
        let text = words.join(" ");
        let vector = WordVector::parse(&WordVector::of(Tokenizer::Simple, &text).to_string()).unwrap();
        let mut matcher = strata_storage::words::Matcher::new(&query);
        prop_assert_eq!(vector.matches(&mut matcher), query.matches(Tokenizer::Simple, &text));
    }
}
