//! A tree to YAML: blocks of two blanks, texts of several lines as literal blocks, quotes only where they are needed.

use super::tree::{Entry, Item, Table, Value};
use super::yaml_reader::plain;

/// Blanks a level.
const STEP: usize = 2;

/// The text.
#[must_use]
pub fn print(root: &Table) -> String {
    let mut printer = Printer { text: String::new() };
    printer.table(root, 0, false);
    printer.text
}

/// What readers of YAML 1.1 take for `true` and `false`.
const TAKEN_FOR_FLAGS: [&str; 6] = ["yes", "no", "on", "off", "y", "n"];

struct Printer {
    text: String,
}

impl Printer {
    /// `follows` says that the first key stands on the line that has been begun.
    fn table(&mut self, table: &Table, indent: usize, follows: bool) {
        for (i, entry) in table.entries.iter().enumerate() {
            if i > 0 || !follows {
                // An empty line behind a block that keeps its empty lines would be one of them.
                if indent == 0 && !self.text.is_empty() && !self.text.ends_with("\n\n") {
                    self.text.push('\n');
                }
                self.comments(&entry.comments, indent);
                self.indent(indent);
            }
            self.text.push_str(&key(&entry.key));
            self.text.push(':');
            self.entry(entry, indent);
        }
        self.comments(&table.end, indent);
    }

    /// What follows the colon.
    fn entry(&mut self, entry: &Entry, indent: usize) {
        match &entry.value {
            Value::Table(table) if !table.entries.is_empty() => {
                self.line_end(entry.beside.as_ref());
                self.table(table, indent + STEP, false);
            }
            Value::Array(array) if !array.items.is_empty() => {
                self.line_end(entry.beside.as_ref());
                for item in &array.items {
                    self.item(item, indent + STEP);
                }
                self.comments(&array.end, indent + STEP);
            }
            value => self.plain(value, entry.beside.as_ref(), indent),
        }
    }

    fn item(&mut self, item: &Item, indent: usize) {
        self.comments(&item.comments, indent);
        self.indent(indent);
        self.text.push('-');
        match &item.value {
            Value::Table(table) if !table.entries.is_empty() => {
                self.text.push(' ');
                self.table(table, indent + STEP, true);
            }
            Value::Array(array) if !array.items.is_empty() => {
                self.text.push('\n');
                for item in &array.items {
                    self.item(item, indent + STEP);
                }
                self.comments(&array.end, indent + STEP);
            }
            value => self.plain(value, item.beside.as_ref(), indent),
        }
    }

    /// A value that is no block, after a colon or a dash.
    fn plain(&mut self, value: &Value, beside: Option<&String>, indent: usize) {
        self.text.push(' ');
        match value {
            Value::Text(text) => match block_header(text) {
                Some(header) => {
                    self.text.push_str(&header);
                    self.line_end(beside);
                    for line in text.split_inclusive('\n') {
                        if line != "\n" {
                            self.indent(indent + STEP);
                        }
                        self.text.push_str(line);
                    }
                    if !text.ends_with('\n') {
                        self.text.push('\n');
                    }
                    return;
                }
                None => self.text.push_str(&scalar(text)),
            },
            Value::Number(number) => self.text.push_str(&number.to_string()),
            Value::Bool(flag) => self.text.push_str(&flag.to_string()),
            Value::Null => self.text.push_str("null"),
            Value::Bare(bare) => self.text.push_str(&match bare.as_str() {
                "inf" | "nan" => format!(".{bare}"),
                "-inf" => "-.inf".to_owned(),
                moment => scalar(moment),
            }),
            Value::Array(_) => self.text.push_str("[]"),
            Value::Table(_) => self.text.push_str("{}"),
        }
        self.line_end(beside);
    }

    fn comments(&mut self, comments: &[String], indent: usize) {
        for comment in comments {
            self.indent(indent);
            self.text.push('#');
            self.text.push_str(comment);
            self.text.push('\n');
        }
    }

    fn line_end(&mut self, beside: Option<&String>) {
        if let Some(comment) = beside {
            self.text.push_str(" #");
            self.text.push_str(comment);
        }
        self.text.push('\n');
    }

    fn indent(&mut self, indent: usize) {
        self.text.extend(std::iter::repeat_n(' ', indent));
    }
}

fn key(name: &str) -> String {
    scalar(name)
}

/// How a literal block with this text begins; `None` if it cannot or need not be one.
fn block_header(text: &str) -> Option<String> {
    let is_printable = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    let fits = text.contains('\n') && text.trim_end_matches('\n').contains(|c: char| !c.is_whitespace());
    if !fits || !text.chars().all(|c| is_printable(c) && !matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}')) {
        return None;
    }
    let last = text.rsplit('\n').next().unwrap_or_default();
    if !last.is_empty() && last.trim().is_empty() {
        return None;
    }
    let step = if text.starts_with([' ', '\t', '\n']) { STEP.to_string() } else { String::new() };
    let chomping = match (text.ends_with('\n'), text.ends_with("\n\n")) {
        (false, _) => "-",
        (true, false) => "",
        (true, true) => "+",
    };
    Some(format!("|{step}{chomping}"))
}

/// A text on one line.
fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// Whether a text means itself without quotes.
fn is_plain(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '_' | '$' | '.' | '(' | '^'));
    let is_safe = |c: char| !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}');
    begins
        && !TAKEN_FOR_FLAGS.contains(&text.to_ascii_lowercase().as_str())
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.starts_with("---")
        && !text.starts_with("...")
        && text.chars().all(is_safe)
        && matches!(plain(text), Value::Text(_))
}

fn quoted(text: &str) -> String {
    let mut found = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => found.push_str("\\\""),
            '\\' => found.push_str("\\\\"),
            '\n' => found.push_str("\\n"),
            '\t' => found.push_str("\\t"),
            '\r' => found.push_str("\\r"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}') => {
                found.push_str(&format!("\\u{:04X}", u32::from(c)));
            }
            c => found.push(c),
        }
    }
    found.push('"');
    found
}
