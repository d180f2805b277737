//! Settings of a plugin: entries of the syntax tree on one side, the JSON of `etl.rules.settings` on the other.
//!
//! ```text
//! port => 5044                       {"port": 5044}
//! codec => json { charset => "X" }   {"codec": {"$plugin": "json", "charset": "X"}}
//! add_tag => "a"  add_tag => "b"     {"add_tag": {"$repeat": ["a", "b"]}}
//! "$x" => 1   (in a hash)            {"$$x": 1}
//! ```
//!
//! **Invariant:** entries -> JSON -> entries gives the same entries, whatever order the JSON's keys are kept in.

pub mod from_json;
pub mod to_json;

pub use from_json::{Problem, plugin_from_json};
pub use to_json::plugin_to_json;

use super::form::Spelling;
use super::quoting::{is_bareword, is_number, is_plain_name};

/// Marks an object as a plugin, and names it.
pub const PLUGIN_KEY: &str = "$plugin";
/// Marks an object as the values of a key that is written more than once.
pub const REPEAT_KEY: &str = "$repeat";

/// Where a name stands, which decides how it may be spelled and how it usually is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NamePlace {
    /// The plugin's own name in a block. What begins like `if` or `else` goes into quotes, lest it be read as one.
    Node,
    /// The name of a plugin that is a value.
    Value,
    /// The name of a setting.
    Setting,
    /// A key of a hash.
    Key,
}

impl NamePlace {
    /// Whether it can stand without quotes.
    fn takes_bare(self, name: &str) -> bool {
        match self {
            NamePlace::Key => is_bareword(name) || is_number(name),
            NamePlace::Node | NamePlace::Value | NamePlace::Setting => is_plain_name(name),
        }
    }

    /// How it is spelled when nothing else is said.
    fn usual(self, name: &str) -> Spelling {
        let bare = match self {
            NamePlace::Key => false,
            NamePlace::Node => self.takes_bare(name) && !name.starts_with("if") && !name.starts_with("else"),
            NamePlace::Value | NamePlace::Setting => self.takes_bare(name),
        };
        if bare { Spelling::Bare } else { Spelling::Quoted(super::quoting::Quote::Double) }
    }
}

/// A key of a hash or a setting as JSON has it: a first `$` is doubled, so that it marks nothing.
fn key_to_json(name: &str) -> String {
    if name.starts_with('$') { format!("${name}") } else { name.to_owned() }
}

/// The name that a JSON key stands for; `None` for a mark.
fn key_from_json(key: &str) -> Option<&str> {
    match key.strip_prefix('$') {
        None => Some(key),
        Some(name) if name.starts_with('$') => Some(name),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests;
