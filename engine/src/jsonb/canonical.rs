//! Canonical text of jsonb: the form PostgreSQL prints.
//!
//! Keys are sorted by length and then by bytes, the last of equal keys wins, `: ` and `, ` are the only spaces, strings
//! carry no escapes but the needed ones. Numbers keep the digits they came with: `1.10` and `1e400` stay as they are.
//!
//! **Invariant:** two texts of the same value, numbers written alike, have the same canonical text, and canonical text is
//! its own canonical text.

use super::fault::{JsonFault, JsonFaultReason};
use super::lexer::{self, DEPTH_MAX, Quoted, skip_space};
use super::quoted::{quote, unescape};

/// Writes canonical text. Keep one and use it again: it owns the memory that sorting keys takes.
#[derive(Debug, Default)]
pub struct Canonicalizer {
    /// Keys of the objects that are open, decoded.
    keys: String,
    /// Members of the objects that are open.
    members: Vec<Member>,
    /// Where a reordered object is put together.
    sorted: String,
    decoded: String,
}

/// A member of an object: where its key lies in `keys`, and where `"key": value` lies in the output.
#[derive(Debug, Clone, Copy)]
struct Member {
    key: (usize, usize),
    printed: (usize, usize),
}

impl Canonicalizer {
    /// Appends the canonical form of all of `text`, which may have spaces around it.
    ///
    /// # Errors
    /// `text` is not one JSON value, nests deeper than [`DEPTH_MAX`] or holds `\u0000`. `out` may then end in a partial
    /// value.
    pub fn text(&mut self, text: &str, out: &mut String) -> Result<(), JsonFault> {
        let end = skip_space(text.as_bytes(), self.value(text, skip_space(text.as_bytes(), 0), 0, out)?);
        if end < text.len() { Err(JsonFault::new(JsonFaultReason::Trailing, end)) } else { Ok(()) }
    }

    /// Appends the canonical form of the value that starts at byte `at` with `depth` levels open around it; returns the
    /// byte behind it.
    ///
    /// # Errors
    /// As [`Canonicalizer::text`].
    pub fn value(&mut self, text: &str, at: usize, depth: usize, out: &mut String) -> Result<usize, JsonFault> {
        let bytes = text.as_bytes();
        match bytes.get(at) {
            Some(b'"') => {
                let quoted = lexer::string(bytes, at)?;
                self.string(text, quoted, out);
                Ok(quoted.end + 1)
            }
            Some(b'{' | b'[') if depth >= DEPTH_MAX => Err(JsonFault::new(JsonFaultReason::Deep, at)),
            Some(b'{') => {
                let open = self.open_object(out);
                let end = self.object_members(text, at, depth + 1, out);
                match end {
                    Ok(_) => self.close_object(open, out),
                    Err(_) => self.abandon(open),
                }
                end
            }
            Some(b'[') => self.array(text, at, depth + 1, out),
            Some(b'-' | b'0'..=b'9') => {
                let end = lexer::number(bytes, at)?;
                out.push_str(&text[at..end]);
                Ok(end)
            }
            _ => {
                let end = lexer::literal(bytes, at)?;
                out.push_str(&text[at..end]);
                Ok(end)
            }
        }
    }

    fn string(&mut self, text: &str, quoted: Quoted, out: &mut String) {
        if quoted.escaped {
            self.decoded.clear();
            unescape(&text[quoted.start..quoted.end], &mut self.decoded);
            quote(&self.decoded, out);
        } else {
            out.push_str(&text[quoted.start - 1..=quoted.end]);
        }
    }

    fn array(&mut self, text: &str, at: usize, depth: usize, out: &mut String) -> Result<usize, JsonFault> {
        let bytes = text.as_bytes();
        out.push('[');
        let mut at = skip_space(bytes, at + 1);
        if bytes.get(at) == Some(&b']') {
            out.push(']');
            return Ok(at + 1);
        }
        loop {
            at = skip_space(bytes, self.value(text, at, depth, out)?);
            match bytes.get(at) {
                Some(b',') => out.push_str(", "),
                Some(b']') => {
                    out.push(']');
                    return Ok(at + 1);
                }
                _ => return Err(JsonFault::expected("a comma or ]", at)),
            }
            at = skip_space(bytes, at + 1);
        }
    }

    /// Appends the members of the object at byte `at` to the object that is open. `depth` counts that object.
    ///
    /// # Errors
    /// As [`Canonicalizer::text`].
    pub(crate) fn object_members(&mut self, text: &str, at: usize, depth: usize, out: &mut String) -> Result<usize, JsonFault> {
        let bytes = text.as_bytes();
        let mut at = skip_space(bytes, at + 1);
        if bytes.get(at) == Some(&b'}') {
            return Ok(at + 1);
        }
        loop {
            let quoted = lexer::string(bytes, at)?;
            at = skip_space(bytes, quoted.end + 1);
            if bytes.get(at) != Some(&b':') {
                return Err(JsonFault::expected("a colon", at));
            }
            let member = self.open_raw_member(text, quoted, out);
            at = skip_space(bytes, self.value(text, skip_space(bytes, at + 1), depth, out)?);
            self.close_member(member, out);
            match bytes.get(at) {
                Some(b',') => at = skip_space(bytes, at + 1),
                Some(b'}') => return Ok(at + 1),
                _ => return Err(JsonFault::expected("a comma or }", at)),
            }
        }
    }

    /// Opens an object. Members are added with [`Canonicalizer::member`] or [`Canonicalizer::object_members`], until
    /// [`Canonicalizer::close_object`] or, after an error, [`Canonicalizer::abandon`].
    pub(crate) fn open_object(&mut self, out: &mut String) -> OpenObject {
        let open = OpenObject { start: out.len(), members: self.members.len(), keys: self.keys.len() };
        out.push('{');
        open
    }

    /// Adds a member whose key is known as text; what `print` appends is its value in canonical form.
    ///
    /// # Errors
    /// What `print` returns.
    pub(crate) fn member<E>(
        &mut self,
        key: &str,
        out: &mut String,
        print: impl FnOnce(&mut Self, &mut String) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.keys.len();
        self.keys.push_str(key);
        separate(out);
        let printed = out.len();
        quote(key, out);
        out.push_str(": ");
        let member = Member { key: (start, self.keys.len()), printed: (printed, 0) };
        print(self, out)?;
        self.close_member(member, out);
        Ok(())
    }

    fn open_raw_member(&mut self, text: &str, quoted: Quoted, out: &mut String) -> Member {
        let start = self.keys.len();
        separate(out);
        let printed = out.len();
        if quoted.escaped {
            unescape(&text[quoted.start..quoted.end], &mut self.keys);
            quote(&self.keys[start..], out);
        } else {
            self.keys.push_str(&text[quoted.start..quoted.end]);
            out.push_str(&text[quoted.start - 1..=quoted.end]);
        }
        out.push_str(": ");
        Member { key: (start, self.keys.len()), printed: (printed, 0) }
    }

    fn close_member(&mut self, mut member: Member, out: &str) {
        member.printed.1 = out.len();
        self.members.push(member);
    }

    /// Gives up an object that is open, after an error.
    pub(crate) fn abandon(&mut self, open: OpenObject) {
        self.members.truncate(open.members);
        self.keys.truncate(open.keys);
    }

    /// Closes an object; where its members did not come in order, prints them again in order.
    pub(crate) fn close_object(&mut self, open: OpenObject, out: &mut String) {
        let Self { keys, members, sorted, .. } = self;
        let key = |member: &Member| &keys[member.key.0..member.key.1];
        let order = |a: &Member, b: &Member| key(a).len().cmp(&key(b).len()).then_with(|| key(a).cmp(key(b)));
        let object = &mut members[open.members..];
        if !object.is_sorted_by(|a, b| order(a, b).is_lt()) {
            // Stable, so that of equal keys the last one sent stays last, and that one wins.
            object.sort_by(order);
            sorted.clear();
            sorted.push('{');
            for (i, member) in object.iter().enumerate() {
                if object.get(i + 1).is_some_and(|next| key(next) == key(member)) {
                    continue;
                }
                separate(sorted);
                sorted.push_str(&out[member.printed.0..member.printed.1]);
            }
            out.truncate(open.start);
            out.push_str(sorted);
        }
        out.push('}');
        self.abandon(open);
    }
}

/// A comma between members. No member ends in an opening brace, so a brace at the end is the object's own.
fn separate(out: &mut String) {
    if !out.ends_with('{') {
        out.push_str(", ");
    }
}

/// An object that is being written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenObject {
    /// Its opening brace in the output.
    start: usize,
    members: usize,
    keys: usize,
}

/// The canonical form of `text`.
///
/// # Errors
/// As [`Canonicalizer::text`].
pub fn canonical(text: &str) -> Result<String, JsonFault> {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    Canonicalizer::default().text(text, &mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, printed: &str) {
        assert_eq!(canonical(text).as_deref(), Ok(printed));
        assert_eq!(canonical(printed).as_deref(), Ok(printed), "canonical text is its own canonical text");
    }

    #[test]
    fn prints_as_postgresql() {
        check(r#"{"b":[1,2],"a":1}"#, r#"{"a": 1, "b": [1, 2]}"#);
        check(r#" {"bb":1 , "a":{ } , "":[ ],"aa":null } "#, r#"{"": [], "a": {}, "aa": null, "bb": 1}"#);
        check(r#"{"a":1,"b":2,"a":{"z":1,"y":2}}"#, r#"{"a": {"y": 2, "z": 1}, "b": 2}"#);
        check(r#"{"a":1,"\u0061":2}"#, r#"{"a": 2}"#);
        check(r#"{"梦":1,"ab":2,"abcd":3}"#, r#"{"ab": 2, "梦": 1, "abcd": 3}"#);
        check("[1.10,1e400,-0,0.5E-3]", "[1.10, 1e400, -0, 0.5E-3]");
        check(r#""\u002f\u0009""#, r#""/\t""#);
        check("true", "true");
    }

    #[test]
    fn refuses_what_is_no_json() {
        for bad in ["", "{", "{a:1}", "[1,]", "{\"a\":1,}", "1 2", "NaN", "tru", "nulls", "{\"a\" 1}", "\"\\u0000\""] {
            assert!(canonical(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_error_leaves_no_trace() {
        let mut writer = Canonicalizer::default();
        let mut out = String::new();
        assert!(writer.text(r#"{"a":{"b":1,"c":[{"d":1}, x]}}"#, &mut out).is_err());
        out.clear();
        writer.text(r#"{"z":1}"#, &mut out).unwrap();
        assert_eq!(out, r#"{"z": 1}"#);
    }
}
