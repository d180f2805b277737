//! What each tokenizer makes of a text.

use proptest::prelude::*;

use crate::words::Tokenizer;

fn words(tokenizer: Tokenizer, text: &str) -> Vec<(String, u32)> {
    let mut words = Vec::new();
    tokenizer.split(text, |word, _, position| words.push((word.to_owned(), position)));
    words
}

/// `expected` as `word word`; positions are those of their order.
fn check(tokenizer: Tokenizer, text: &str, expected: &[&str]) {
    let expected: Vec<_> = expected.iter().zip(1..).map(|(word, position)| ((*word).to_owned(), position)).collect();
    assert_eq!(words(tokenizer, text), expected, "{} of {text:?}", tokenizer.name());
}

#[test]
fn simple() {
    use Tokenizer::Simple;
    check(Simple, "", &[]);
    check(Simple, " .-_ ", &[]);
    check(Simple, "Connection refused: 10.0.0.7", &["connection", "refused", "10", "0", "0", "7"]);
    check(Simple, "user_id=42a", &["user", "id", "42a"]);
    check(Simple, "Größe ÄRGER Ωmega", &["größe", "ärger", "ωmega"]);
    check(Simple, "云", &["云"]);
    check(Simple, "云梦泽", &["云梦", "梦泽"]);
    check(Simple, "节点A断开，重试3次", &["节点", "a", "断开", "重试", "3", "次"]);
    check(Simple, "ディスク 디스크", &["ディ", "ィス", "スク", "디스", "스크"]);
    check(Simple, "𠀀𠀁x", &["𠀀𠀁", "x"]);
}

#[test]
fn whitespace() {
    check(Tokenizer::Whitespace, "  GET\t/a?b=1\u{3000}云梦 x ", &["GET", "/a?b=1", "云梦", "x"]);
}

#[test]
fn ngram() {
    check(Tokenizer::Ngram, "", &[]);
    check(Tokenizer::Ngram, "aB", &["ab"]);
    check(Tokenizer::Ngram, "Ab c", &["ab ", "b c"]);
    check(Tokenizer::Ngram, "云梦", &["云梦"]);
    check(Tokenizer::Ngram, "A云梦!", &["a云梦", "云梦!"]);
}

#[test]
fn cjk_cuts_chinese_at_words() {
    check(Tokenizer::Cjk, "Disk sda1 磁盘不足", &["disk", "sda1", "磁盘", "不足"]);
    check(Tokenizer::Cjk, "サーバ", &["サー", "ーバ"]);
}

#[test]
fn cjk_finds_shorter_words_at_the_position_of_the_longer_one() {
    let found = words(Tokenizer::Cjk, "数据库管理系统启动");
    let position = |word: &str| found.iter().find(|(found, _)| found == word).map(|(_, position)| *position);
    assert_eq!(position("数据库"), Some(1), "{found:?}");
    assert_eq!(position("数据"), position("数据库"));
    assert_eq!(position("启动"), found.last().map(|(_, position)| *position));
}

/// The table of `docs/full-text.md`.
#[test]
fn one_text_four_ways() {
    let check = |tokenizer, expected: &[&str]| {
        let found: Vec<String> = words(tokenizer, "Disk-7 数据库满").into_iter().map(|(word, _)| word).collect();
        assert_eq!(found[..expected.len()], *expected, "{tokenizer:?}");
    };
    check(Tokenizer::Simple, &["disk", "7", "数据", "据库", "库满"]);
    check(Tokenizer::Whitespace, &["Disk-7", "数据库满"]);
    check(Tokenizer::Cjk, &["disk", "7", "数据", "数据库", "据库", "满"]);
    check(Tokenizer::Ngram, &["dis", "isk", "sk-", "k-7"]);
}

#[test]
fn names() {
    for tokenizer in Tokenizer::ALL {
        assert_eq!(Tokenizer::of_name(tokenizer.name()), Some(tokenizer));
        assert_eq!(serde_json::to_value(tokenizer).unwrap(), tokenizer.name());
    }
    assert_eq!(Tokenizer::of_name("Simple"), None);
    assert_eq!(Tokenizer::of_name("english"), None);
}

proptest! {
    #[test]
    fn words_stand_where_they_are_said_to(text in "[a-cÄİß0 .云梦泽数据库アイ가\u{301}𠀀]{0,24}") {
        for tokenizer in Tokenizer::ALL {
            let (mut before, mut start) = (0, 0);
            tokenizer.split(&text, |word, range, position| {
                let written = &text[range.clone()];
                let lowered: String = written.chars().flat_map(char::to_lowercase).collect();
                // A character that is several in lower case may be cut between pieces.
                assert!(if tokenizer == Tokenizer::Ngram { lowered.contains(word) } else { written == word || lowered == word });
                assert!(!word.is_empty());
                assert!(position == before + 1 || (position == before && tokenizer == Tokenizer::Cjk));
                assert!(range.start >= start);
                (before, start) = (position, range.start);
            });
        }
    }
}
