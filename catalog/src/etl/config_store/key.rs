//! Keys of the config store, made in such a way that a wrong one cannot be made.
//!
//! ```text
//! /strata/roles/<role>/manifest            hash, layer and files of the role
//! /strata/roles/<role>/files/<path>        content of a file
//! /strata/roles/<role>/instances/<id>      what the instance says of itself
//! ```
//!
//! Roles and ids are any text; what is not a letter, a digit, `.`, `_` or `-` of ASCII is written as `%` and two hexadecimal
//! digits a byte. Paths keep their `/`.

use std::fmt::{self, Write as _};

use crate::etl::component::RenderedFile;

/// What every key begins with.
const ROOT: &str = "/strata/roles/";
/// Longest role, path or id, in bytes before escaping.
pub const PART_BYTES_MAX: usize = 1024;

/// A text that can be no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} \"{text}\" {problem}")]
pub struct BadKey {
    /// `role`, `path`, `instance`.
    pub what: &'static str,
    /// What was given.
    pub text: String,
    /// Why it is refused.
    pub problem: &'static str,
}

/// What a key is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part<'a> {
    /// The content of the file at this path, relative to the sidecar's root.
    File(&'a str),
    /// What the instance of this id says.
    Instance(&'a str),
    /// Which files there are.
    Manifest,
}

/// A key. Keys are ordered as their texts are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    role: String,
    part: OwnedPart,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum OwnedPart {
    File(String),
    Instance(String),
    Manifest,
}

impl Key {
    /// The key of a role's manifest.
    ///
    /// # Errors
    /// A name that is empty, too long or holds a NUL.
    pub fn manifest(role: &str) -> Result<Key, BadKey> {
        Ok(Key { role: part("role", role)?, part: OwnedPart::Manifest })
    }

    /// The key of a file.
    ///
    /// # Errors
    /// As [`Key::manifest`]; a path that [`RenderedFile::new`] refuses.
    pub fn file(role: &str, path: &str) -> Result<Key, BadKey> {
        let bad = |problem| BadKey { what: "path", text: path.to_owned(), problem };
        RenderedFile::new(path, String::new()).map_err(|error| bad(error.problem))?;
        Ok(Key { role: part("role", role)?, part: OwnedPart::File(part("path", path)?) })
    }

    /// The key under which an instance reports.
    ///
    /// # Errors
    /// As [`Key::manifest`].
    pub fn instance(role: &str, id: &str) -> Result<Key, BadKey> {
        Ok(Key { role: part("role", role)?, part: OwnedPart::Instance(part("instance", id)?) })
    }

    /// The role that it belongs to.
    pub fn role(&self) -> &str {
        &self.role
    }

    /// What it is about.
    pub fn part(&self) -> Part<'_> {
        match &self.part {
            OwnedPart::File(path) => Part::File(path),
            OwnedPart::Instance(id) => Part::Instance(id),
            OwnedPart::Manifest => Part::Manifest,
        }
    }

    /// The key of this text; `None` if no key is written so.
    pub fn parse(text: &str) -> Option<Key> {
        let (role, rest) = text.strip_prefix(ROOT)?.split_once('/')?;
        let role = unescape(role)?;
        let key = match rest.split_once('/') {
            None if rest == "manifest" => Key::manifest(&role),
            Some(("files", path)) => Key::file(&role, &path.split('/').map(unescape).collect::<Option<Vec<_>>>()?.join("/")),
            Some(("instances", id)) => Key::instance(&role, &unescape(id)?),
            _ => return None,
        };
        // What unescapes to the same but is written in another way is somebody else's.
        key.ok().filter(|key| key.to_string() == text)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ROOT}{}/", escape(&self.role))?;
        match self.part() {
            Part::Manifest => f.write_str("manifest"),
            Part::Instance(id) => write!(f, "instances/{}", escape(id)),
            Part::File(path) => {
                write!(f, "files/{}", path.split('/').map(escape).collect::<Vec<_>>().join("/"))
            }
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.to_string().cmp(&other.to_string())
    }
}

/// Some of the keys: those that begin alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All keys.
    Everything,
    /// All keys of a role.
    Role(String),
    /// The instances of a role.
    Instances(String),
}

impl Scope {
    /// What the texts of its keys, and of no other keys, begin with.
    pub fn prefix(&self) -> String {
        match self {
            Scope::Everything => ROOT.to_owned(),
            Scope::Role(role) => format!("{ROOT}{}/", escape(role)),
            Scope::Instances(role) => format!("{ROOT}{}/instances/", escape(role)),
        }
    }

    /// Whether a key is one of them.
    pub fn holds(&self, key: &Key) -> bool {
        match self {
            Scope::Everything => true,
            Scope::Role(role) => key.role == *role,
            Scope::Instances(role) => key.role == *role && matches!(key.part, OwnedPart::Instance(_)),
        }
    }
}

fn part(what: &'static str, text: &str) -> Result<String, BadKey> {
    let problem = match text {
        "" => "is empty",
        text if text.len() > PART_BYTES_MAX => "is too long",
        text if text.contains('\0') => "holds a NUL",
        text => return Ok(text.to_owned()),
    };
    Err(BadKey { what, text: text.chars().take(PART_BYTES_MAX).collect(), problem })
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-') {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        (bytes, rest) = match (first, tail) {
            (b'%', [high, low, tail @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                bytes.push(u8::try_from(digit(high)? * 16 + digit(low)?).ok()?);
                (bytes, tail)
            }
            (b'%', _) => return None,
            (byte, tail) => {
                bytes.push(*byte);
                (bytes, tail)
            }
        };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_written_as_the_design_says() {
        for (key, text) in [
            (Key::manifest("web"), "/strata/roles/web/manifest"),
            (Key::file("web", "conf.d/10 in.conf"), "/strata/roles/web/files/conf.d/10%20in.conf"),
            (Key::instance("a/b", "hôte"), "/strata/roles/a%2Fb/instances/h%C3%B4te"),
        ] {
            let key = key.unwrap();
            assert_eq!(key.to_string(), text);
            assert_eq!(Key::parse(text), Some(key));
        }
    }

    #[test]
    fn what_is_no_key_is_not_made_and_not_read() {
        for bad in [Key::manifest(""), Key::instance("web", ""), Key::file("web", "../x"), Key::file("web", "/etc/passwd")] {
            bad.unwrap_err();
        }
        Key::instance("web", &"x".repeat(PART_BYTES_MAX + 1)).unwrap_err();
        for text in [
            "",
            "/strata/roles/web",
            "/strata/roles//manifest",
            "/strata/roles/web/manifest/x",
            "/strata/roles/web/files/../x",
            "/strata/roles/web/files/%2e%2e/x",
            "/strata/roles/web/instances/a/b",
            "/strata/roles/w%65b/manifest",
            "/strata/roles/web%2/manifest",
            "/other/roles/web/manifest",
        ] {
            assert_eq!(Key::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_scope_does_not_hold_the_role_whose_name_goes_on() {
        let web2 = Key::manifest("web2").unwrap();
        assert!(!Scope::Role("web".to_owned()).holds(&web2));
        assert!(!web2.to_string().starts_with(&Scope::Role("web".to_owned()).prefix()));
    }

    proptest! {
        #[test]
        fn every_key_is_read_back(role in "\\PC{1,12}", id in "[^\0]{1,12}") {
            for key in [Key::manifest(&role).unwrap(), Key::instance(&role, &id).unwrap()] {
                prop_assert_eq!(Key::parse(&key.to_string()), Some(key.clone()));
                for scope in [Scope::Everything, Scope::Role(role.clone()), Scope::Instances(role.clone())] {
                    prop_assert_eq!(scope.holds(&key), key.to_string().starts_with(&scope.prefix()));
                }
            }
        }
    }
}
