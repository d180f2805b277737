//! Paths into jsonb: `text[]` in its text form, and the steps of `#>`.

use strata_storage::json::{Kind, elements, escape, members, needs_escape};

/// The elements of an array literal such as `{a,0,"b c"}`; `None` if it is none, or has parts inside.
pub(super) fn parse_path(text: &str) -> Option<Vec<String>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    if inner.trim().is_empty() {
        return Some(Vec::new());
    }
    let mut elements = Vec::new();
    let mut rest = inner;
    loop {
        rest = rest.trim_start();
        let mut element = String::new();
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut characters = quoted.chars();
            loop {
                match characters.next()? {
                    '"' => break,
                    '\\' => element.push(characters.next()?),
                    other => element.push(other),
                }
            }
            rest = characters.as_str().trim_start();
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            let bare = rest[..end].trim_end();
            if bare.is_empty() || bare.contains(['{', '}', '"', '\\']) {
                return None;
            }
            element.push_str(bare);
            rest = &rest[end..];
        }
        elements.push(element);
        match rest.strip_prefix(',') {
            Some(next) => rest = next,
            None if rest.is_empty() => return Some(elements),
            None => return None,
        }
    }
}

/// The member of an object with this key; nothing if `value` is no object.
pub(super) fn member<'a>(value: &'a str, key: &str) -> Option<&'a str> {
    if needs_escape(key) {
        let mut escaped = String::with_capacity(key.len() + 8);
        escape(key, &mut escaped);
        return members(value).find(|(name, _)| *name == escaped).map(|(_, member)| member);
    }
    for (name, member) in members(value) {
        if name == key {
            return Some(member);
        }
        // Keys come by length; one with escapes is shorter than it looks.
        if name.len() > key.len() && !name.contains('\\') {
            return None;
        }
    }
    None
}

/// The element of an array with this index, from the end if negative; nothing if `value` is no array.
pub(super) fn element(value: &str, index: i64) -> Option<&str> {
    let place = match usize::try_from(index) {
        Ok(place) => place,
        Err(_) => elements(value).count().checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?,
    };
    elements(value).nth(place)
}

/// What `value #> path` gives.
pub(super) fn follow<'a>(value: &'a str, path: &[String]) -> Option<&'a str> {
    path.iter().try_fold(value, |value, step| match Kind::of(value)? {
        Kind::Object => member(value, step),
        Kind::Array => element(value, step.trim().parse().ok()?),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn array_literals() {
        let check = |text: &str, expected: Option<&[&str]>| {
            let expected = expected.map(|elements| elements.iter().map(|element| (*element).to_owned()).collect::<Vec<_>>());
            assert_eq!(parse_path(text), expected, "{text}");
        };
        check("{}", Some(&[]));
        check("{a}", Some(&["a"]));
        check(" { a , 0,\"b \\\"c\" } ", Some(&["a", "0", "b \"c"]));
        check("{\"\"}", Some(&[""]));
        for bad in ["", "a", "{a", "{a,}", "{,a}", "{{a}}", "{\"a\"b}", "{\"a}"] {
            check(bad, None);
        }
    }

    #[test]
    fn steps() {
        let value = r#"{"a": [10, {"b": "x"}], "c\"d": 1, "long": {"0": true}}"#;
        let at = |path: &[&str]| follow(value, &path.iter().map(|step| (*step).to_owned()).collect::<Vec<_>>());
        assert_eq!(at(&["a", "1", "b"]), Some("\"x\""));
        assert_eq!(at(&["a", "-2"]), Some("10"));
        assert_eq!(at(&["a", "b"]), None);
        assert_eq!(at(&["c\"d"]), Some("1"));
        assert_eq!(at(&["long", "0"]), Some("true"));
        assert_eq!(at(&["b"]), None);
        assert_eq!(at(&[]), Some(value));
        assert_eq!(at(&["a", "0", "x"]), None);
    }
}
