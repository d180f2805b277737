//! Names for imported rules: readable, unique in the role, and the same for the same text.
//!
//! ```text
//! grok { id => "parse_nginx" }      parse_nginx
//! grok { }                          filter_grok, filter_grok_2, ...
//! if [type] == "nginx" { }          filter_if_type_nginx
//! else if [type] == "apache" { }    filter_else_if_type_apache
//! else { }                          filter_if_type_nginx_else
//! ```

use std::collections::{HashMap, HashSet};

use super::tree::{Name, Plugin, Stage, Value};

/// Where the part of a name that comes from a condition is cut. In bytes.
const CONDITION_BYTES_MAX: usize = 40;

/// The names that were given.
#[derive(Debug, Default)]
pub struct Names {
    taken: HashSet<String>,
    /// The number that was last put behind a name.
    last: HashMap<String, u32>,
}

impl Names {
    /// The name itself, or with the first number behind it that is free.
    pub fn unique(&mut self, name: String) -> String {
        if self.taken.insert(name.clone()) {
            return name;
        }
        let last = self.last.entry(name.clone()).or_insert(1);
        loop {
            *last += 1;
            let numbered = format!("{name}_{last}");
            if self.taken.insert(numbered.clone()) {
                return numbered;
            }
        }
    }

    /// For a plugin in a block.
    pub fn plugin(&mut self, stage: Stage, plugin: &Plugin) -> String {
        let id = plugin.entries.iter().rev().find(|entry| matches!(&entry.name, Name::Bare(name) if name == "id"));
        let id = match id.map(|entry| &entry.value) {
            Some(Value::Text(text)) => text.as_str(),
            Some(Value::Bareword(word)) => word,
            _ => "",
        };
        let is_name = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        if is_name {
            return self.unique(id.to_owned());
        }
        self.unique(joined(&[stage.keyword(), &words(plugin.name.text())]))
    }

    /// For an `if` or, with `prefix` `else_if`, an `else if`.
    pub fn conditional(&mut self, stage: Stage, prefix: &str, condition: &str) -> String {
        self.unique(joined(&[stage.keyword(), prefix, &words(condition)]))
    }
}

fn joined(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    parts.join("_")
}

/// The letters and digits of a text, in lower case, one `_` for everything between, cut between words.
fn words(text: &str) -> String {
    let mut found = String::new();
    let words = text.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    for word in words {
        let word: String = word.chars().flat_map(char::to_lowercase).take(CONDITION_BYTES_MAX / 4).collect();
        if found.len() + word.len() + 1 > CONDITION_BYTES_MAX {
            break;
        }
        if !found.is_empty() {
            found.push('_');
        }
        found.push_str(&word);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_becomes_words() {
        for (condition, expected) in [
            ("[type] == \"nginx\"", "type_nginx"),
            ("!([a][b] =~ /^x+$/)", "a_b_x"),
            ("[\"\"]", ""),
            ("[名字] == \"云\"", "名字_云"),
            ("[aaaaaaaaaaaaaaaaaaaa]", "aaaaaaaaaa"),
            ("[one] and [two] and [three] and [four] and [five] and [six]", "one_and_two_and_three_and_four_and_five"),
        ] {
            assert_eq!(words(condition), expected, "{condition}");
        }
    }

    #[test]
    fn a_name_is_given_once() {
        let mut names = Names::default();
        let given: Vec<String> = ["a", "a_2", "a", "a", "b"].map(|name| names.unique(name.to_owned())).to_vec();
        assert_eq!(given, ["a", "a_2", "a_3", "a_4", "b"]);
    }
}
