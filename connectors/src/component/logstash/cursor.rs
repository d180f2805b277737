//! A place in a text, the terminals of the grammar read from it, and the furthest place where reading failed.
//!
//! The grammar tries one alternative after the other and goes back when one fails. What went wrong is then told best by
//! the furthest place that any of them reached: that is where Logstash's own parser reports an error, too.
//!
//! **Invariant:** a method that returns `None` may have moved; only [`Cursor::attempt`] goes back.

use strata_catalog::etl::component::Refusal;

use super::quoting::{Quote, Text, quoted_length};
use super::tree::{Comment, DEPTH_MAX};

/// A reader of one text.
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    furthest: usize,
    expected: Vec<&'static str>,
    depth: usize,
    too_deep_at: Option<usize>,
    /// The last backslash that keeps a quote from closing its string although the string seems to end there.
    swallowed_quote: Option<usize>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Cursor<'a> {
        Cursor { text, at: 0, furthest: 0, expected: Vec::new(), depth: 0, too_deep_at: None, swallowed_quote: None }
    }

    /// In bytes, from 0.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What was read since `from`.
    pub(super) fn since(&self, from: usize) -> &'a str {
        &self.text[from..self.at]
    }

    /// Goes back to a place that was passed.
    pub(super) fn back_to(&mut self, at: usize) {
        debug_assert!(at <= self.at, "a cursor goes forward by reading");
        self.at = at;
    }

    /// Reads with `parse`, or stays here.
    pub(super) fn attempt<T>(&mut self, parse: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let (at, depth) = (self.at, self.depth);
        let parsed = parse(self);
        self.depth = depth;
        if parsed.is_none() {
            self.at = at;
        }
        parsed
    }

    /// Reads something that can stand inside itself, at most [`DEPTH_MAX`] deep.
    pub(super) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth == DEPTH_MAX {
            self.too_deep_at.get_or_insert(self.at);
            return None;
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// The text must end here.
    pub(super) fn end(&mut self) -> Option<()> {
        if self.at == self.text.len() {
            return Some(());
        }
        self.miss("the end")
    }

    /// Why reading failed. Also to be asked when it did not: a text that is nested too deep is refused whatever came of it.
    pub(super) fn refusal(&self, failed: bool) -> Option<Refusal> {
        if let Some(at) = self.too_deep_at {
            return Some(self.refuse(at, format!("nested deeper than {DEPTH_MAX} levels"), None));
        }
        if !failed {
            return None;
        }
        let found = match self.text[self.furthest..].chars().next() {
            None => "the text ends".to_owned(),
            Some(character) => format!("found {character:?}"),
        };
        let message = format!("expected {}, {found}", self.expected.join(" or "));
        let hint = self.swallowed_quote.map(|at| {
            let (line, _) = self.place(at);
            format!("A backslash keeps the quote after it from closing a string, and there is one on line {line}: no string can end in a backslash.")
        });
        Some(self.refuse(self.furthest, message, hint))
    }

    fn refuse(&self, at: usize, message: String, hint: Option<String>) -> Refusal {
        let (line, column) = self.place(at);
        Refusal { line, column, message, hint }
    }

    fn place(&self, at: usize) -> (u32, u32) {
        let before = &self.text[..at];
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.chars().rev().take_while(|character| *character != '\n').count() + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }

    /// A terminal was not found here.
    pub(super) fn miss<T>(&mut self, expected: &'static str) -> Option<T> {
        if self.at > self.furthest {
            self.furthest = self.at;
            self.expected.clear();
        }
        if self.at == self.furthest && !self.expected.contains(&expected) {
            self.expected.push(expected);
        }
        None
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Whether the next character is that one, without reading it.
    pub(super) fn sees(&self, byte: u8) -> bool {
        self.text.as_bytes().get(self.at) == Some(&byte)
    }

    /// Exactly `terminal`; `shown` is what an error calls it.
    pub(super) fn literal(&mut self, terminal: &'static str, shown: &'static str) -> Option<()> {
        if self.rest().starts_with(terminal) {
            self.at += terminal.len();
            return Some(());
        }
        self.miss(shown)
    }

    /// One or more bytes of a class of ASCII.
    fn run(&mut self, shown: &'static str, class: impl Fn(u8) -> bool) -> Option<&'a str> {
        let length = self.rest().bytes().take_while(|byte| class(*byte)).count();
        if length == 0 {
            return self.miss(shown);
        }
        let from = self.at;
        self.at += length;
        Some(self.since(from))
    }

    /// Blanks, tabs and line breaks: at least one.
    pub(super) fn whitespace(&mut self) -> Option<()> {
        self.run("a space", |byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).map(|_| ())
    }

    /// Whitespace and comments, or nothing.
    pub(super) fn space(&mut self) -> Vec<Comment> {
        let mut comments = Vec::new();
        let mut own_line = self.at == 0;
        loop {
            let from = self.at;
            if self.rest().starts_with([' ', '\t', '\r', '\n']) {
                self.whitespace();
            }
            own_line |= self.since(from).contains('\n');
            let Some(text) = self.attempt(Self::comment) else { return comments };
            comments.push(Comment { text: text.to_owned(), same_line: !own_line });
            own_line = true;
        }
    }

    /// `#` to the end of the line or of the text. A carriage return is allowed only right before the line feed.
    fn comment(&mut self) -> Option<&'a str> {
        self.literal("#", "a comment")?;
        let from = self.at;
        self.at += self.rest().find(['\r', '\n']).unwrap_or(self.rest().len());
        let text = self.since(from);
        if self.rest().is_empty() {
            return Some(text);
        }
        if self.sees(b'\r') {
            self.at += 1;
        }
        self.literal("\n", "a line break")?;
        Some(text)
    }

    /// `[A-Za-z0-9_-]+`
    pub(super) fn plain_name(&mut self) -> Option<&'a str> {
        self.run("a name", |byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    }

    /// `[A-Za-z_] [A-Za-z0-9_]+`
    pub(super) fn bareword(&mut self) -> Option<&'a str> {
        let from = self.at;
        if !self.rest().starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return self.miss("a word");
        }
        self.at += 1;
        self.run("a word of two letters or more", |byte| byte.is_ascii_alphanumeric() || byte == b'_')?;
        Some(self.since(from))
    }

    /// `-? [0-9]+ ( . [0-9]* )?`
    pub(super) fn number(&mut self) -> Option<&'a str> {
        let from = self.at;
        if self.sees(b'-') {
            self.at += 1;
        }
        self.run("a number", |byte| byte.is_ascii_digit())?;
        if self.sees(b'.') {
            self.at += 1;
            self.at += self.rest().bytes().take_while(u8::is_ascii_digit).count();
        }
        Some(self.since(from))
    }

    /// A string in either kind of quotes.
    pub(super) fn string(&mut self) -> Option<Text> {
        let from = self.at;
        let quote = if self.sees(b'"') { Quote::Double } else { Quote::Single };
        match quoted_length(self.rest()) {
            None => self.miss("a string"),
            Some(Err(length)) => {
                self.note_swallowed_quote(from, from + length);
                self.at += length;
                self.miss("the end of a string")
            }
            Some(Ok(length)) => {
                self.note_swallowed_quote(from, from + length - 1);
                self.at += length;
                let text = &self.text[from + 1..self.at - 1];
                Some(Text::new(text, quote).unwrap_or_else(|_| unreachable!("it stood between these quotes")))
            }
        }
    }

    fn note_swallowed_quote(&mut self, from: usize, to: usize) {
        let bytes = self.text.as_bytes();
        let sign = bytes[from];
        for at in from + 1..to.saturating_sub(1) {
            let seems_to_end = bytes.get(at + 2).is_none_or(|after| b" \t\r\n,]})".contains(after));
            if bytes[at] == b'\\' && bytes[at + 1] == sign && seems_to_end {
                self.swallowed_quote = Some(at);
            }
        }
    }

    /// `/regular expression/`
    pub(super) fn regexp(&mut self) -> Option<()> {
        self.literal("/", "a regular expression")?;
        loop {
            let step = self.rest().find(['/', '\\']).unwrap_or(self.rest().len());
            self.at += step;
            if self.rest().starts_with("\\/") {
                self.at += 2;
            } else if self.sees(b'\\') {
                self.at += 1;
            } else {
                return self.literal("/", "the end of a regular expression");
            }
        }
    }

    /// `[field]`, one or more of them.
    pub(super) fn selector(&mut self) -> Option<()> {
        self.attempt(Self::selector_element)?;
        while self.attempt(Self::selector_element).is_some() {}
        Some(())
    }

    fn selector_element(&mut self) -> Option<()> {
        self.literal("[", "a field")?;
        let length = self.rest().find([']', '[', ',']).unwrap_or(self.rest().len());
        if length == 0 {
            return self.miss("the name of a field");
        }
        self.at += length;
        self.literal("]", "\"]\"")
    }
}
