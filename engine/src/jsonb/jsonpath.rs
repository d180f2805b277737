//! A part of SQL/JSON paths: `$`, `.key`, `."key"`, `.*`, `[n]`, `[last]`, `[*]`, with `lax` or `strict` before them.
//!
//! Filters and methods are refused with an error, never ignored.

use strata_storage::json::{elements, members, unescape};

use super::path::{element, member};

/// A path that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JsonPath {
    steps: Vec<Step>,
    strict: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    AnyMember,
    Element(i64),
    AnyElement,
}

impl JsonPath {
    /// Reads a path; the error says what is not understood.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let (strict, rest) = match trimmed.split_once(char::is_whitespace) {
            Some(("strict", rest)) => (true, rest),
            Some(("lax", rest)) => (false, rest),
            _ => (false, trimmed),
        };
        let fault = |rest: &str| format!("jsonpath \"{text}\" is not understood at \"{rest}\"");
        let mut rest = rest.trim_start().strip_prefix('$').ok_or_else(|| fault(rest))?.trim_start();
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, behind) = step(rest).ok_or_else(|| fault(rest))?;
            steps.push(step);
            rest = behind.trim_start();
        }
        Ok(Self { steps, strict })
    }

    /// The values that the path leads to.
    pub(super) fn find<'a>(&self, value: &'a str) -> Vec<&'a str> {
        let mut found = vec![value];
        for step in &self.steps {
            found = found.into_iter().flat_map(|value| self.follow(step, value)).collect();
        }
        found
    }

    /// One step. Lax paths take a scalar for an array of one, and look for members inside the elements of an array.
    fn follow<'a>(&self, step: &Step, value: &'a str) -> Vec<&'a str> {
        let is_array = value.starts_with('[');
        match step {
            Step::Member(_) | Step::AnyMember if is_array && !self.strict => elements(value)
                .filter(|element| !element.starts_with('['))
                .flat_map(|element| self.follow(step, element))
                .collect(),
            Step::Member(key) => member(value, key).into_iter().collect(),
            Step::AnyMember => members(value).map(|(_, member)| member).collect(),
            Step::Element(0 | -1) | Step::AnyElement if !is_array && !self.strict => vec![value],
            Step::Element(index) => element(value, *index).into_iter().collect(),
            Step::AnyElement => elements(value).collect(),
        }
    }
}

fn step(text: &str) -> Option<(Step, &str)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (inner, rest) = rest.split_once(']')?;
        let step = match inner.trim() {
            "*" => Step::AnyElement,
            "last" => Step::Element(-1),
            number => Step::Element(number.parse().ok().filter(|index| *index >= 0)?),
        };
        return Some((step, rest));
    }
    let rest = text.strip_prefix('.')?.trim_start();
    if let Some(rest) = rest.strip_prefix('*') {
        return (!rest.starts_with('*')).then_some((Step::AnyMember, rest));
    }
    if rest.starts_with('"') {
        let quoted = super::lexer::string(rest.as_bytes(), 0).ok()?;
        let key = unescape(&rest[quoted.start..quoted.end]).into_owned();
        return Some((Step::Member(key), &rest[quoted.end + 1..]));
    }
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
    // A parenthesis makes it a method.
    (end > 0 && !rest[end..].trim_start().starts_with('(')).then(|| (Step::Member(rest[..end].to_owned()), &rest[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let value = r#"{"a": [{"b": 1}, {"b": 2}], "k": "v", "c d": {"x": null}}"#;
        for (path, expected) in [
            ("$", vec![value]),
            ("$.a[*].b", vec!["1", "2"]),
            ("$.a.b", vec!["1", "2"]),
            ("strict $.a.b", vec![]),
            ("lax $ . a [last] . b", vec!["2"]),
            ("$.a[0]", vec![r#"{"b": 1}"#]),
            (r#"$."c d".x"#, vec!["null"]),
            ("$.k[0]", vec!["\"v\""]),
            ("$.*", vec![r#"[{"b": 1}, {"b": 2}]"#, "\"v\"", r#"{"x": null}"#]),
            ("$.none", vec![]),
        ] {
            let mut found = JsonPath::parse(path).unwrap().find(value);
            let mut expected = expected;
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected, "{path}");
        }
        for bad in ["", "a", "$.", "$[", "$[x]", "$.a ? (@ > 1)", "$.a.size()", "$[-1]", "$.**", "$a"] {
            assert!(JsonPath::parse(bad).is_err(), "{bad}");
        }
    }
}
