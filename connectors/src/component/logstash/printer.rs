//! A syntax tree as text: two blanks a level, one setting a line, a blank line between plugins.
//!
//! **Invariant:** the grammar reads the text back as the same tree, provided the tree could come from the grammar at all.

use super::tree::{Arm, Array, Block, Comment, Entry, File, Hash, Name, Node, Plugin, Section, Test, Value};

/// Blanks a level.
const INDENT: usize = 2;
/// An array of plain values that is shorter than this stays on one line. In bytes.
const ARRAY_LINE_BYTES_MAX: usize = 80;

/// Writes a whole file. A text that is not empty ends in a line break.
#[must_use]
pub fn print(file: &File) -> String {
    let mut printer = Printer { out: String::new(), level: 0 };
    for section in &file.sections {
        printer.section(section);
    }
    let has_own_lines = file.end.iter().any(|comment| !comment.same_line);
    printer.lead(&file.end, has_own_lines);
    let mut text = printer.out;
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// Writes name and settings of one plugin, without a line break at the end.
#[must_use]
pub fn print_plugin(plugin: &Plugin) -> String {
    let mut printer = Printer { out: String::new(), level: 0 };
    printer.plugin(plugin);
    printer.out
}

struct Printer {
    out: String,
    level: usize,
}

impl Printer {
    /// Begins a line.
    fn line(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out.extend(std::iter::repeat_n(' ', self.level * INDENT));
    }

    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Comments in front of something: one that shares a line goes onto this one, then perhaps a blank line, then the rest.
    fn lead(&mut self, comments: &[Comment], blank_line: bool) {
        let mut comments = comments.iter().peekable();
        if let Some(comment) = comments.next_if(|comment| comment.same_line && !self.out.is_empty()) {
            self.push(" #");
            self.push(&comment.text);
        }
        if blank_line && !self.out.is_empty() {
            self.push("\n");
        }
        for comment in comments {
            self.line();
            self.push("#");
            self.push(&comment.text);
        }
    }

    /// `{`, what `inside` writes one level deeper, `}` on a line of its own.
    fn braces(&mut self, signs: [&str; 2], inside: impl FnOnce(&mut Self)) {
        self.push(signs[0]);
        self.level += 1;
        inside(self);
        self.level -= 1;
        self.line();
        self.push(signs[1]);
    }

    fn section(&mut self, section: &Section) {
        self.lead(&section.comments, true);
        self.line();
        self.push(section.stage.keyword());
        self.push(" ");
        self.block(&section.block);
    }

    fn block(&mut self, block: &Block) {
        self.braces(["{", "}"], |printer| {
            for (i, node) in block.nodes.iter().enumerate() {
                printer.node(node, i > 0);
            }
            printer.lead(&block.end, false);
        });
    }

    fn node(&mut self, node: &Node, blank_line: bool) {
        match node {
            Node::Plugin { comments, plugin } => {
                self.lead(comments, blank_line);
                self.line();
                self.plugin(plugin);
            }
            Node::Branch(arms) => {
                for (i, arm) in arms.iter().enumerate() {
                    self.arm(arm, i, blank_line);
                }
            }
        }
    }

    fn arm(&mut self, arm: &Arm, place: usize, blank_line: bool) {
        self.lead(&arm.comments, place == 0 && blank_line);
        if place > 0 && arm.comments.is_empty() {
            self.push(" ");
        } else {
            self.line();
        }
        match &arm.test {
            Test::If(condition) => {
                self.push("if ");
                self.push(condition);
            }
            Test::ElseIf(condition) => {
                self.push("else if ");
                self.push(condition);
            }
            Test::Else => self.push("else"),
        }
        self.push(" ");
        self.block(&arm.block);
    }

    fn plugin(&mut self, plugin: &Plugin) {
        self.name(&plugin.name);
        self.push(" ");
        self.entries(&plugin.entries, &plugin.end);
    }

    fn name(&mut self, name: &Name) {
        match name {
            Name::Bare(word) => self.push(word),
            Name::Quoted(text) => self.push(&text.to_string()),
        }
    }

    fn entries(&mut self, entries: &[Entry], end: &[Comment]) {
        if entries.is_empty() && end.is_empty() {
            return self.push("{}");
        }
        self.braces(["{", "}"], |printer| {
            for entry in entries {
                printer.lead(&entry.comments, false);
                printer.line();
                printer.name(&entry.name);
                printer.push(" => ");
                printer.value(&entry.value);
            }
            printer.lead(end, false);
        });
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Plugin(plugin) => self.plugin(plugin),
            Value::Bareword(word) | Value::Number(word) => self.push(word),
            Value::Text(text) => self.push(&text.to_string()),
            Value::Array(array) => self.array(array),
            Value::Hash(Hash { entries, end }) => self.entries(entries, end),
        }
    }

    fn array(&mut self, array: &Array) {
        if let Some(line) = on_one_line(array) {
            return self.push(&line);
        }
        self.braces(["[", "]"], |printer| {
            for (i, item) in array.items.iter().enumerate() {
                if i > 0 {
                    printer.push(",");
                }
                printer.lead(&item.comments, false);
                printer.line();
                printer.value(&item.value);
            }
            printer.lead(&array.end, false);
        });
    }
}

/// The array in one line, if it is short and holds nothing but plain values.
fn on_one_line(array: &Array) -> Option<String> {
    let mut line = "[".to_owned();
    for (i, item) in array.items.iter().enumerate() {
        let value = match &item.value {
            Value::Bareword(word) | Value::Number(word) => word.clone(),
            Value::Text(text) => text.to_string(),
            Value::Plugin(_) | Value::Array(_) | Value::Hash(_) => return None,
        };
        if i > 0 {
            line.push_str(", ");
        }
        line.push_str(&value);
        let too_long = array.items.len() > 1 && line.len() > ARRAY_LINE_BYTES_MAX;
        if !item.comments.is_empty() || too_long || value.contains('\n') {
            return None;
        }
    }
    line.push(']');
    array.end.is_empty().then_some(line)
}
