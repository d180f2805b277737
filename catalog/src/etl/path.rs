//! Which field of an object a patch touches: a column, and within `settings` the keys down to the value.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A column's name and, below it, keys of JSON objects. The empty path means the whole object.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldPath(pub Vec<String>);

impl FieldPath {
    /// The path of a whole column.
    pub fn of(field: &str) -> Self {
        Self(vec![field.to_owned()])
    }

    /// The column; `None` for the path of a whole object.
    pub fn field(&self) -> Option<&str> {
        self.0.first().map(String::as_str)
    }

    /// Whether one of the two lies within the other, so that setting one says something about the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(mine, theirs)| mine == theirs)
    }

    /// This path and one more key.
    #[must_use]
    pub fn below(&self, key: &str) -> Self {
        Self(self.0.iter().cloned().chain([key.to_owned()]).collect())
    }
}

impl fmt::Display for FieldPath {
    /// `settings.port`, `settings."a.b".c`; nothing for a whole object.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, key) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            if key.is_empty() || key.contains(['.', '"']) {
                write!(f, "\"{}\"", key.replace('"', "\"\""))?;
            } else {
                f.write_str(key)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(keys: &[&str]) -> FieldPath {
        FieldPath(keys.iter().map(|key| (*key).to_owned()).collect())
    }

    #[test]
    fn text_is_readable_and_unambiguous() {
        for (keys, expected) in [
            (vec![], ""),
            (vec!["name"], "name"),
            (vec!["settings", "port"], "settings.port"),
            (vec!["settings", "a.b", "", "q\""], "settings.\"a.b\".\"\".\"q\"\"\""),
        ] {
            assert_eq!(path(&keys).to_string(), expected);
        }
    }

    #[test]
    fn paths_overlap_when_one_holds_the_other() {
        for (one, other, expected) in [
            (vec!["name"], vec!["name"], true),
            (vec!["name"], vec!["comment"], false),
            (vec!["settings", "a"], vec!["settings", "a", "b"], true),
            (vec!["settings", "a", "b"], vec!["settings", "a"], true),
            (vec!["settings", "a", "b"], vec!["settings", "a", "c"], false),
            (vec![], vec!["settings"], true),
        ] {
            assert_eq!(path(&one).overlaps(&path(&other)), expected, "{one:?} {other:?}");
        }
    }
}
