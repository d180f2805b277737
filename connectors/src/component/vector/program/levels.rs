//! How deep a program's expressions stand in each other, told without the compiler.
//!
//! The compiler of VRL calls itself for every level and looks at an expression again for every level above it. Ten thousand
//! brackets, or a sum of a thousand terms, would take minutes or its whole stack.
//!
//! **Invariant:** a program is never deeper than what is said here.

/// An upper bound: brackets that are open, with the operators and `else` before them in their statements.
#[must_use]
pub fn levels(program: &str) -> usize {
    let mut scan = Scan { rest: program, open: Vec::new(), below: 0, chain: 0, deepest: 0, after_operator: false };
    while let Some(sign) = scan.rest.chars().next() {
        scan.step(sign);
        scan.deepest = scan.deepest.max(scan.below + scan.chain);
    }
    scan.deepest
}

struct Scan<'p> {
    rest: &'p str,
    /// Operators in front of each open bracket, in its statement.
    open: Vec<usize>,
    /// All of them, and the brackets.
    below: usize,
    /// Operators in this statement so far.
    chain: usize,
    deepest: usize,
    after_operator: bool,
}

impl Scan<'_> {
    fn step(&mut self, sign: char) {
        match sign {
            '#' => return self.skip(self.rest.find('\n').unwrap_or(self.rest.len())),
            '"' => return self.skip_text(1, '"'),
            'r' | 's' | 't' if self.rest[1..].starts_with('\'') => return self.skip_text(2, '\''),
            '(' | '[' | '{' => {
                self.below += self.chain + 1;
                self.open.push(std::mem::take(&mut self.chain));
                self.after_operator = false;
            }
            ')' | ']' | '}' => {
                if let Some(chain) = self.open.pop() {
                    self.below -= chain + 1;
                    self.chain = chain;
                }
                self.after_operator = false;
            }
            '\n' | ';' => {
                let rest = self.rest[1..].trim_start();
                if !self.after_operator && !continues(rest) {
                    self.chain = 0;
                }
                return self.skip(self.rest.len() - rest.len());
            }
            ',' => self.chain = 0,
            '!' => self.operator(),
            sign if is_operator(sign) => {
                if !self.after_operator {
                    self.operator();
                }
            }
            sign if sign.is_whitespace() => {}
            sign if sign.is_alphanumeric() || sign == '_' => {
                let end = self.rest.find(|sign: char| !sign.is_alphanumeric() && sign != '_').unwrap_or(self.rest.len());
                if &self.rest[..end] == "else" {
                    self.operator();
                }
                self.after_operator = false;
                return self.skip(end);
            }
            _ => self.after_operator = false,
        }
        self.skip(sign.len_utf8());
    }

    fn operator(&mut self) {
        self.chain += 1;
        self.after_operator = true;
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    /// A text that begins with so many bytes and ends with that sign.
    fn skip_text(&mut self, begin: usize, quote: char) {
        self.after_operator = false;
        let mut is_escaped = false;
        for (at, sign) in self.rest.char_indices().skip(begin) {
            if sign == quote && !is_escaped {
                return self.skip(at + 1);
            }
            is_escaped = sign == '\\' && !is_escaped;
        }
        self.skip(self.rest.len());
    }
}

fn is_operator(sign: char) -> bool {
    matches!(sign, '+' | '-' | '*' | '/' | '%' | '|' | '&' | '?' | '=' | '<' | '>' | '^')
}

/// Whether what follows line breaks goes on with the same expression.
fn continues(rest: &str) -> bool {
    rest.starts_with("else") || rest.starts_with(|sign| is_operator(sign) || sign == '!')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_counted() {
        for (program, expected) in [
            ("", 0),
            (".a = 1", 1),
            (".a = 1\n.b = 2\n.c = 3", 1),
            ("f(g(h(1)))", 3),
            ("f([1, 2], {\"a\": 1}, 2)", 2),
            ("1 + 2 + 3", 2),
            ("1 +\n2 +\n3", 2),
            ("1 == 2", 1),
            ("!!!true", 3),
            ("if a { 1 } else if b { 2 } else { 3 }", 3),
            ("if a {\n  1\n}\nelse {\n  2\n}", 2),
            (".a = \"((((\" # ((((\n.b = r'\\'(((' + s'((('", 2),
            ("a; b", 0),
        ] {
            assert_eq!(levels(program), expected, "{program}");
        }
    }

    #[test]
    fn a_deep_program_is_deep() {
        for deep in ["!", "(", "[", "{", "1+", "1 +\n", "if true {", "{} else if x ", ".a ?? ", "-", "\"a\" + "] {
            assert!(levels(&deep.repeat(1000)) >= 900 || deep == "-", "{deep}");
        }
    }
}
