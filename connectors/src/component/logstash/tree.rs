//! The syntax tree of a pipeline file: what the grammar makes of a text, and what is written again.
//!
//! It keeps all that has a meaning or was written by a person: order, kinds of quotes, numbers as they were typed,
//! repeated keys, comments. It does not keep positions, indentation and blank lines.
//!
//! ```text
//! File -> Section* -> Block -> Node* -> Plugin -> Entry* -> Value
//!                                '----> Arm+ (if, else if, else) -> Block
//! ```
//!
//! A comment belongs to what follows it, or to the end of what it stands in. One that stands in an odd place (between a
//! name and its `=>`) moves in front of the whole entry; comments never change their order. Those inside a condition stay
//! in its text.

use super::quoting::Text;

/// How deep blocks, values and conditions may stand in each other. Real files stay below 20.
pub const DEPTH_MAX: usize = 100;

/// A whole file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct File {
    /// In the order of the text. A stage may come more than once; Logstash joins them.
    pub sections: Vec<Section>,
    /// Comments after the last section.
    pub end: Vec<Comment>,
}

/// The three parts of a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Where events come from.
    Input,
    /// What is done to them.
    Filter,
    /// Where they go.
    Output,
}

impl Stage {
    /// In the order of the flow.
    pub const ALL: [Stage; 3] = [Stage::Input, Stage::Filter, Stage::Output];

    /// As the file and `etl.rules.stage` write it.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        match self {
            Stage::Input => "input",
            Stage::Filter => "filter",
            Stage::Output => "output",
        }
    }

    /// The stage of that keyword.
    #[must_use]
    pub fn from_keyword(keyword: &str) -> Option<Stage> {
        Stage::ALL.into_iter().find(|stage| stage.keyword() == keyword)
    }
}

/// `input { ... }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// In front of it.
    pub comments: Vec<Comment>,
    /// Which one.
    pub stage: Stage,
    /// What is in it.
    pub block: Block,
}

/// What stands between the braces of a section or an arm.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Block {
    /// In order.
    pub nodes: Vec<Node>,
    /// Comments after the last node.
    pub end: Vec<Comment>,
}

/// A plugin, or a chain of `if`, `else if` and `else`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// `grok { ... }`
    Plugin {
        /// In front of it.
        comments: Vec<Comment>,
        /// It.
        plugin: Plugin,
    },
    /// The first arm is an `if`, an `else` can only be the last.
    Branch(Vec<Arm>),
}

/// One `if`, `else if` or `else` with its block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arm {
    /// In front of it.
    pub comments: Vec<Comment>,
    /// When the block is entered.
    pub test: Test,
    /// What is done then.
    pub block: Block,
}

/// The head of an arm. A condition is kept as it was written, comments inside it included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// `if CONDITION`
    If(String),
    /// `else if CONDITION`
    ElseIf(String),
    /// `else`
    Else,
}

/// A name with settings: a node of a block, or a value such as a codec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plugin {
    /// `grok`; letters, digits, `_` and `-` unless quoted.
    pub name: Name,
    /// Its settings, in order; a name may come more than once.
    pub entries: Vec<Entry>,
    /// Comments after the last entry.
    pub end: Vec<Comment>,
}

/// `name => value`, in a plugin or in a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// In front of it.
    pub comments: Vec<Comment>,
    /// The key. Bare keys of a hash are numbers or barewords.
    pub name: Name,
    /// The value.
    pub value: Value,
}

/// A name without quotes, or with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// As written.
    Bare(String),
    /// In quotes.
    Quoted(Text),
}

impl Name {
    /// Without quotes.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Name::Bare(word) => word,
            Name::Quoted(text) => text.as_str(),
        }
    }
}

/// What stands behind `=>`, or in an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `json { charset => "UTF-8" }`
    Plugin(Plugin),
    /// `true`, `json`: a letter or `_`, then one or more letters, digits, `_`.
    Bareword(String),
    /// `"text"`
    Text(Text),
    /// As written: `-1`, `1.`, `007`.
    Number(String),
    /// `[1, 2]`
    Array(Array),
    /// `{ "a" => 1 "b" => 2 }`
    Hash(Hash),
}

/// `[ ... ]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Array {
    /// In order.
    pub items: Vec<Item>,
    /// Comments after the last item.
    pub end: Vec<Comment>,
}

/// An element of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// In front of it.
    pub comments: Vec<Comment>,
    /// The value.
    pub value: Value,
}

/// `{ ... }`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hash {
    /// In order; a key may come more than once.
    pub entries: Vec<Entry>,
    /// Comments after the last entry.
    pub end: Vec<Comment>,
}

/// From `#` to the end of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// What follows the `#`, spaces included. Holds no line break.
    pub text: String,
    /// It stands on the line of what comes before it. Only the first of a run of comments can.
    pub same_line: bool,
}

/// The same comments, none of them on the line of what comes before.
pub(super) fn on_own_lines(mut comments: Vec<Comment>) -> Vec<Comment> {
    for comment in &mut comments {
        comment.same_line = false;
    }
    comments
}

/// `later` behind `earlier`, where only the first comment of all may share a line.
pub(super) fn joined(mut earlier: Vec<Comment>, later: Vec<Comment>) -> Vec<Comment> {
    if earlier.is_empty() {
        return later;
    }
    earlier.extend(on_own_lines(later));
    earlier
}
