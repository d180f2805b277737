//! `grok(text, pattern)`: the named parts of a text as jsonb, NULL where the pattern does not match.
//!
//! `%{NAME:field}` stands for a named pattern whose match becomes a member; `%{NAME}` matches and keeps nothing;
//! `%{NAME:field:int}` and `:float` make it a number. Everything else is a regular expression, in which `(?<field>...)` keeps
//! a part too. A part that took no part in the match has no member.

mod patterns;

use std::cell::RefCell;
use std::rc::Rc;

use datafusion::common::Result;
use regex::Regex;

use crate::error::DataFault;

use super::canonical::Canonicalizer;
use super::function::{Argument, Body, Call, Definition, data_error};
use super::lexer;
use super::quoted::quote;
use patterns::pattern;

pub(super) static DEFINITION: Definition =
    Definition { name: "grok", arguments: &[Argument::Text, Argument::Text], variadic: false, body: Body::Jsonb(row) };

/// Patterns inside patterns, and bytes that they may grow to.
const NESTING_MAX: usize = 16;
const EXPANDED_BYTES_MAX: usize = 1 << 16;
/// Groups of fields get names of their own, because a field may be called anything.
const GROUP: &str = "grok_field_";

thread_local! {
    /// The last pattern and what it compiled to: a statement has one pattern, and a row is no place to compile it.
    static LAST: RefCell<Option<(String, Rc<Grok>)>> = const { RefCell::new(None) };
}

fn row(call: &Call, row: usize, out: &mut String) -> Result<bool> {
    let (Some(text), Some(pattern)) = (call.text(0, row), call.text(1, row)) else { return Ok(false) };
    let grok = LAST.with_borrow_mut(|last| match last {
        Some((known, grok)) if known == pattern => Ok(Rc::clone(grok)),
        _ => {
            let grok = Rc::new(Grok::compile(pattern).map_err(|message| data_error(DataFault::InvalidRegex, message))?);
            *last = Some((pattern.to_owned(), Rc::clone(&grok)));
            Ok::<_, datafusion::common::DataFusionError>(grok)
        }
    })?;
    Ok(grok.write(text, out))
}

/// What a part becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Integer,
    Float,
}

/// A pattern that was compiled.
#[derive(Debug)]
struct Grok {
    regex: Regex,
    /// Field and kind of each group, by the number of the group; `None` keeps nothing.
    groups: Vec<Option<(String, Kind)>>,
}

impl Grok {
    fn compile(text: &str) -> std::result::Result<Self, String> {
        let (mut expanded, mut fields) = (String::new(), Vec::new());
        expand(text, 0, &mut expanded, &mut fields)?;
        let regex = Regex::new(&expanded).map_err(|error| format!("invalid grok pattern: {error}"))?;
        let groups = regex
            .capture_names()
            .map(|name| match name?.strip_prefix(GROUP).and_then(|number| number.parse::<usize>().ok()) {
                Some(number) => fields.get(number).cloned(),
                None => name.map(|name| (name.to_owned(), Kind::Text)),
            })
            .collect();
        Ok(Self { regex, groups })
    }

    /// Appends the object; false if the text does not match.
    fn write(&self, text: &str, out: &mut String) -> bool {
        let Some(captures) = self.regex.captures(text) else { return false };
        let mut canonical = Canonicalizer::default();
        let open = canonical.open_object(out);
        for (group, matched) in self.groups.iter().zip(captures.iter()) {
            if let (Some((field, kind)), Some(matched)) = (group, matched) {
                let written: std::result::Result<(), ()> = canonical.member(field, out, |_, out| {
                    value(matched.as_str(), *kind, out);
                    Ok(())
                });
                debug_assert!(written.is_ok(), "printing a string does not fail");
            }
        }
        canonical.close_object(open, out);
        true
    }
}

fn value(text: &str, kind: Kind, out: &mut String) {
    let number = kind != Kind::Text && lexer::number(text.as_bytes(), 0) == Ok(text.len());
    if number && (kind == Kind::Float || !text.contains(['.', 'e', 'E'])) { out.push_str(text) } else { quote(text, out) }
}

/// Appends `text` with every `%{...}` replaced by its pattern in a group.
fn expand(text: &str, nesting: usize, out: &mut String, fields: &mut Vec<(String, Kind)>) -> std::result::Result<(), String> {
    if nesting > NESTING_MAX || out.len() > EXPANDED_BYTES_MAX {
        return Err("grok pattern is too large".to_owned());
    }
    let mut rest = text;
    while let Some(at) = rest.find("%{") {
        out.push_str(&rest[..at]);
        let (inner, behind) = rest[at + 2..].split_once('}').ok_or("grok pattern has a %{ that is not closed")?;
        let mut parts = inner.splitn(3, ':');
        let name = parts.next().unwrap_or_default();
        let body = pattern(name).ok_or_else(|| format!("grok pattern %{{{name}}} is not known"))?;
        match parts.next().filter(|field| !field.is_empty()) {
            Some(field) => {
                let kind = match parts.next() {
                    None | Some("string") => Kind::Text,
                    Some("int") => Kind::Integer,
                    Some("float") => Kind::Float,
                    Some(other) => return Err(format!("grok knows int and float, not {other}")),
                };
                out.push_str(&format!("(?<{GROUP}{}>", fields.len()));
                fields.push((field.to_owned(), kind));
            }
            None => out.push_str("(?:"),
        }
        expand(body, nesting + 1, out, fields)?;
        out.push(')');
        rest = behind;
    }
    out.push_str(rest);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: &str, expected: Option<&str>) {
        let mut out = String::new();
        let found = Grok::compile(pattern).unwrap().write(text, &mut out);
        assert_eq!(found.then_some(out.as_str()), expected, "{pattern} on {text}");
    }

    #[test]
    fn fields() {
        check(
            "%{IP:client} %{WORD:method} %{URIPATHPARAM:request} %{NUMBER:bytes:int} %{NUMBER:duration:float}",
            "55.3.244.1 GET /index.html?a=1 15824 0.043",
            Some(r#"{"bytes": 15824, "client": "55.3.244.1", "method": "GET", "request": "/index.html?a=1", "duration": 0.043}"#),
        );
        check("%{WORD:a} (?<b>[0-9]+)", "x 12", Some(r#"{"a": "x", "b": "12"}"#));
        check("%{WORD}", "x", Some("{}"));
        check("^%{INT:n:int}$", "x", None);
        check("(?:%{INT:n:int}|%{WORD:w})", "abc", Some(r#"{"w": "abc"}"#));
        check("%{GREEDYDATA:[a][b]}", "q\"", Some(r#"{"[a][b]": "q\""}"#));
    }

    #[test]
    fn lines_of_real_programs() {
        check(
            "%{SYSLOGTIMESTAMP:time} %{SYSLOGHOST:host} %{PROG:program}(?:\\[%{POSINT:pid:int}\\])?: %{GREEDYDATA:text}",
            "Dec 10 06:55:46 LabSZ sshd[24200]: Invalid user webmaster from 173.234.31.186",
            Some(
                r#"{"pid": 24200, "host": "LabSZ", "text": "Invalid user webmaster from 173.234.31.186", "time": "Dec 10 06:55:46", "program": "sshd"}"#,
            ),
        );
        check(
            "%{TIMESTAMP_ISO8601:time} %{LOGLEVEL:level}",
            "2015-10-18 18:01:47,978 INFO [main] started",
            Some(r#"{"time": "2015-10-18 18:01:47,978", "level": "INFO"}"#),
        );
        check(
            "%{COMMONAPACHELOG}",
            "127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] \"GET /a.gif HTTP/1.0\" 200 2326",
            Some(
                r#"{"auth": "frank", "verb": "GET", "bytes": "2326", "ident": "-", "request": "/a.gif", "clientip": "127.0.0.1", "response": "200", "timestamp": "10/Oct/2000:13:55:36 -0700", "httpversion": "1.0"}"#,
            ),
        );
    }

    #[test]
    fn every_pattern_compiles() {
        for (name, _) in patterns::ALL {
            Grok::compile(&format!("%{{{name}:x}}")).unwrap();
        }
        for bad in ["%{NOPE:x}", "%{WORD:x", "(", "%{WORD:x:date}"] {
            assert!(Grok::compile(bad).is_err(), "{bad}");
        }
    }
}
