//! Reads an rsyslog configuration just far enough: objects with their parameters, and what is not closed.
//!
//! ```text
//! module(load="imtcp")               object
//! if $msg contains "x" then { ... }  words up to then, then statements
//! set $.a = b;                       words up to ;
//! $WorkDirectory /var/spool          directive: the whole line, also when it ends in a backslash and goes on
//! *.info;mail.none  /var/log/x       selector: the whole line
//! ```
//!
//! **Invariant:** every text is read to its end, in time that grows with its length; places are counted in characters from 1.

/// Objects: a name, then parameters in parentheses.
const OBJECTS: [&str; 15] = [
    "action",
    "constant",
    "dyn_stats",
    "global",
    "include",
    "input",
    "lookup_table",
    "main_queue",
    "module",
    "parser",
    "percentile_stats",
    "property",
    "ratelimit",
    "ruleset",
    "template",
];
/// `timezone` is an object, too; statements that look like calls of one.
const CALLS: [&str; 3] = ["timezone", "reload_lookup_table", "percentile_observe"];
/// Statements that are followed by an expression.
const EXPRESSIONS: [&str; 7] = ["if", "set", "unset", "reset", "foreach", "call", "call_indirect"];
/// How alike an unknown name must be to a known one to be suggested.
const ALIKE_MIN: f64 = 0.8;

/// An object with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// `module`, `input`, `action` ...; in lower case.
    pub name: String,
    /// Names in lower case, with the values that are texts.
    pub parameters: Vec<(String, String)>,
}

impl Object {
    /// A parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Something wrong at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// What.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// Something is not closed, so that nothing behind it can be read.
    pub is_open: bool,
}

/// What was found in a text.
#[derive(Debug, Default)]
pub struct Scan {
    /// Objects, in their order.
    pub objects: Vec<Object>,
    /// Directives and selectors, one a line, without what is around.
    pub lines: Vec<String>,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

/// Reads a text.
#[must_use]
pub fn scan(text: &str) -> Scan {
    let mut scanner =
        Scanner { text: text.chars().collect(), at: 0, line: 1, column: 1, open: Vec::new(), scan: Scan::default() };
    scanner.statements();
    scanner.scan
}

struct Scanner {
    text: Vec<char>,
    at: usize,
    line: u32,
    column: u32,
    /// Brackets that wait for their end, with their places.
    open: Vec<(char, u32, u32)>,
    scan: Scan,
}

impl Scanner {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn begins(&self, with: &str) -> bool {
        with.chars().enumerate().all(|(i, c)| self.text.get(self.at + i) == Some(&c))
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += 1;
        (self.line, self.column) = if character == '\n' { (self.line + 1, 1) } else { (self.line, self.column + 1) };
        Some(character)
    }

    fn fault(&mut self, (line, column): (u32, u32), message: String, hint: Option<String>, is_open: bool) {
        self.scan.faults.push(Fault { line, column, message, hint, is_open });
    }

    /// All statements up to the end of the text.
    fn statements(&mut self) {
        let mut begins = true;
        while let Some(character) = self.peek() {
            match character {
                _ if character.is_whitespace() => drop(self.next()),
                '#' => drop(self.rest_of_line()),
                '/' if self.begins("/*") => self.block_comment(),
                '"' | '\'' if !begins => drop(self.string(character)),
                '(' | '[' | '{' => {
                    self.open.push((character, self.line, self.column));
                    self.next();
                    begins = character == '{';
                }
                ')' | ']' | '}' => {
                    self.close(character);
                    begins = character == '}';
                }
                ';' => {
                    self.next();
                    begins = true;
                }
                _ if begins => begins = self.statement(),
                _ => {
                    let word = self.word();
                    if word.is_empty() {
                        self.next();
                    }
                    begins = matches!(word.as_str(), "then" | "else" | "do");
                }
            }
        }
        for (bracket, line, column) in std::mem::take(&mut self.open) {
            self.fault((line, column), format!("\"{bracket}\" is never closed"), None, true);
        }
    }

    fn close(&mut self, bracket: char) {
        let place = (self.line, self.column);
        self.next();
        let opening = match bracket {
            ')' => '(',
            ']' => '[',
            _ => '{',
        };
        match self.open.pop() {
            Some((open, ..)) if open == opening => {}
            Some((open, line, column)) => {
                let message = format!("\"{bracket}\" closes the \"{open}\" of line {line}, column {column}");
                self.fault(place, message, None, true);
            }
            None => self.fault(place, format!("\"{bracket}\" closes nothing"), None, true),
        }
    }

    /// What stands where a statement begins; whether another one begins behind it.
    fn statement(&mut self) -> bool {
        let place = (self.line, self.column);
        let (at, line, column) = (self.at, self.line, self.column);
        let word = self.word().to_ascii_lowercase();
        if word == "else" || word == "then" || word == "stop" || word == "continue" {
            return true;
        }
        if EXPRESSIONS.contains(&word.as_str()) {
            return false;
        }
        let after_name = (self.at, self.line, self.column);
        while self.peek().is_some_and(char::is_whitespace) {
            self.next();
        }
        if !word.is_empty() && self.peek() == Some('(') {
            let known = OBJECTS.contains(&word.as_str()) || CALLS.contains(&word.as_str());
            if !known {
                let hint = nearest(&word).map(|name| format!("Perhaps \"{name}\" was meant."));
                self.fault(place, format!("there is no object or statement \"{word}\""), hint, false);
            }
            self.object(word);
            return true;
        }
        // `ruleset(...) { }` aside, what is left is a directive, a selector or an action of the old kind: a line.
        (self.at, self.line, self.column) = after_name;
        if self.at == at {
            (self.line, self.column) = (line, column);
        }
        let head: String = self.text[at..self.at].iter().collect();
        let line = format!("{head}{}", self.rest_of_line());
        self.scan.lines.push(line.trim().to_owned());
        true
    }

    /// From the opening parenthesis to the closing one.
    fn object(&mut self, name: String) {
        let place = (self.line, self.column);
        self.next();
        let mut object = Object { name, parameters: Vec::new() };
        let mut key = String::new();
        let mut lists: u32 = 0;
        loop {
            match self.peek() {
                None => return self.fault(place, "\"(\" is never closed".to_owned(), None, true),
                Some(')') if lists == 0 => {
                    self.next();
                    self.scan.objects.push(object);
                    return;
                }
                Some('[') => {
                    lists += 1;
                    self.next();
                }
                Some(']') if lists > 0 => {
                    lists -= 1;
                    self.next();
                }
                Some('#') => drop(self.rest_of_line()),
                Some('/') if self.begins("/*") => self.block_comment(),
                Some(quote @ ('"' | '\'' | '`')) => {
                    let Some(value) = self.string(quote) else { return };
                    object.parameters.push((key.clone(), value));
                }
                Some(character @ (')' | '(' | '{' | '}')) => {
                    let place = (self.line, self.column);
                    self.next();
                    self.fault(place, format!("\"{character}\" among the parameters of \"{}\"", object.name), None, true);
                    return;
                }
                Some(_) => {
                    let word = self.word();
                    if word.is_empty() {
                        self.next();
                    } else {
                        key = word.to_ascii_lowercase();
                    }
                }
            }
        }
    }

    /// A text in quotes, without them; `None` if it does not end.
    fn string(&mut self, quote: char) -> Option<String> {
        let place = (self.line, self.column);
        self.next();
        let mut text = String::new();
        while let Some(character) = self.next() {
            match character {
                '\\' => text.extend(self.next()),
                _ if character == quote => return Some(text),
                _ => text.push(character),
            }
        }
        self.fault(place, "the string is never closed".to_owned(), None, true);
        None
    }

    fn block_comment(&mut self) {
        let place = (self.line, self.column);
        self.next();
        self.next();
        while self.peek().is_some() {
            if self.begins("*/") {
                self.next();
                self.next();
                return;
            }
            self.next();
        }
        self.fault(place, "the comment is never closed".to_owned(), None, true);
    }

    /// Up to the end of the line, and of the next one after a backslash. In a block it stops before a `}`.
    fn rest_of_line(&mut self) -> String {
        let in_block = self.open.last().is_some_and(|(open, ..)| *open == '{');
        let mut line = String::new();
        while let Some(character) = self.peek() {
            let goes_on = line.ends_with('\\');
            if (character == '\n' && !goes_on) || (character == '}' && in_block && !line.starts_with('#')) {
                break;
            }
            line.push(character);
            self.next();
        }
        line
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(character) = self.peek().filter(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) {
            word.push(character);
            self.next();
        }
        word
    }
}

fn nearest(name: &str) -> Option<&'static str> {
    let known = OBJECTS.iter().chain(&CALLS).copied();
    let scored = known.map(|known| (strsim::jaro_winkler(name, known), known));
    scored.filter(|(score, _)| *score >= ALIKE_MIN).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn fine(text: &str, objects: &[&str], lines: &[&str]) {
        let scan = scan(text);
        assert_eq!(scan.faults, [], "{text}");
        let found: Vec<&str> = scan.objects.iter().map(|object| object.name.as_str()).collect();
        assert_eq!(found, objects, "{text}");
        assert_eq!(scan.lines, lines, "{text}");
    }

    #[track_caller]
    fn faulty(text: &str, expected: &[(u32, u32, &str)]) {
        let scan = scan(text);
        let found: Vec<(u32, u32, &str)> =
            scan.faults.iter().map(|fault| (fault.line, fault.column, fault.message.as_str())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn both_dialects_are_read() {
        fine("", &[], &[]);
        fine("module(load=\"imtcp\") # in\ninput(type=\"imtcp\"\n  port=\"514\")\n", &["module", "input"], &[]);
        fine(
            "$WorkDirectory /x(\n*.info;mail.none -/var/log/m[\n& stop\n",
            &[],
            &["$WorkDirectory /x(", "*.info;mail.none -/var/log/m[", "& stop"],
        );
        fine("$template t,\"%msg%\\\n\\n\"\n", &[], &["$template t,\"%msg%\\\n\\n\""]);
        fine(":msg, contains, \"(\" /var/log/x\n", &[], &[":msg, contains, \"(\" /var/log/x"]);
        fine(
            "if ($msg contains 'a)') and re_match($msg, \"{\") then {\n action(type=\"omfile\" file=\"/x\")\n} else stop\n",
            &["action"],
            &[],
        );
        fine("set $.x = field($msg, 44, 2);\ncall remote\n", &[], &[]);
        fine(
            "ruleset(name=\"r\") {\n  action(type=\"omfwd\" target=[\"a\", \"b\"])\n}\n/* ( */ template(name=\"t\" type=\"list\") { constant(value=\"x\") }",
            &["ruleset", "action", "template", "constant"],
            &[],
        );
    }

    #[test]
    fn parameters_are_read() {
        let scan = scan("INPUT(Type=\"imtcp\" port='5\\'14' # x\n list=[\"a\"])");
        assert_eq!(scan.objects[0].get("type"), Some("imtcp"));
        assert_eq!(scan.objects[0].get("port"), Some("5'14"));
        assert_eq!(scan.objects[0].get("nothing"), None);
    }

    #[test]
    fn what_is_not_closed_is_found_where_it_begins() {
        faulty("x\naction(type=\"omfile\"", &[(2, 7, "\"(\" is never closed")]);
        faulty("action(type=\"omfile)\n", &[(1, 13, "the string is never closed")]);
        faulty("/* a\n b", &[(1, 1, "the comment is never closed")]);
        faulty("if $a then {\n stop\n}\n}\n", &[(4, 1, "\"}\" closes nothing")]);
        faulty(
            "if ($a == [1) then stop",
            &[(1, 13, "\")\" closes the \"[\" of line 1, column 11"), (1, 4, "\"(\" is never closed")],
        );
        faulty("actoin(type=\"x\")\n", &[(1, 1, "there is no object or statement \"actoin\"")]);
        assert_eq!(scan("actoin()").faults[0].hint.as_deref(), Some("Perhaps \"action\" was meant."));
    }

    #[test]
    fn any_text_is_read_to_its_end() {
        let pieces =
            ["(", ")", "{", "}", "[", "]", "\"", "'", "\\", "#", "/*", "*/", "if ", "then ", "a", "\n", ";", "$x ", "*.* "];
        let mut state: u64 = 7;
        for _ in 0..2000 {
            let mut text = String::new();
            for _ in 0..12 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
            }
            let lines = u32::try_from(text.lines().count()).unwrap() + 1;
            assert!(scan(&text).faults.iter().all(|fault| (1..=lines).contains(&fault.line)), "{text}");
        }
    }
}
