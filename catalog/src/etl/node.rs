//! A JSON value in which every part knows the layer that set it.
//!
//! Objects are branches, so that their keys can be set by different layers; everything else, arrays included, is a leaf.
//! Keys keep the order in which they came.

use hashbrown::DefaultHashBuilder;
use indexmap::IndexMap;
use serde_json::Value;

use super::{FieldPath, LayerId};

/// See the module. Two nodes are equal if values and layers are; the order of keys does not count.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A value that is set as a whole.
    Leaf {
        /// The value, never an object.
        value: Value,
        /// Who set it.
        by: LayerId,
    },
    /// A JSON object.
    Branch {
        /// Its keys.
        children: IndexMap<String, Node, DefaultHashBuilder>,
        /// Who made an object of it.
        by: LayerId,
    },
}

impl Node {
    /// A value, all of it set by one layer.
    pub fn new(value: Value, by: LayerId) -> Self {
        match value {
            Value::Object(map) => {
                Self::Branch { children: map.into_iter().map(|(key, value)| (key, Self::new(value, by))).collect(), by }
            }
            value => Self::Leaf { value, by },
        }
    }

    /// The value.
    pub fn value(&self) -> Value {
        match self {
            Self::Leaf { value, .. } => value.clone(),
            Self::Branch { children, .. } => {
                Value::Object(children.iter().map(|(key, child)| (key.clone(), child.value())).collect())
            }
        }
    }

    /// The layer that set it; of a branch, the one that made it.
    pub fn by(&self) -> LayerId {
        match self {
            Self::Leaf { by, .. } | Self::Branch { by, .. } => *by,
        }
    }

    /// What lies at a path.
    pub fn get(&self, path: &[String]) -> Option<&Self> {
        match (path, self) {
            ([], _) => Some(self),
            ([key, rest @ ..], Self::Branch { children, .. }) => children.get(key)?.get(rest),
            (_, Self::Leaf { .. }) => None,
        }
    }

    /// Sets what lies at a path. What is on the way and no object becomes one.
    pub fn set(&mut self, path: &[String], value: Value, by: LayerId) {
        let [key, rest @ ..] = path else {
            *self = Self::new(value, by);
            return;
        };
        if matches!(self, Self::Leaf { .. }) {
            *self = Self::Branch { children: IndexMap::default(), by };
        }
        if let Self::Branch { children, .. } = self {
            match children.get_mut(key) {
                Some(child) => child.set(rest, value, by),
                None => {
                    let mut child = Self::Branch { children: IndexMap::default(), by };
                    child.set(rest, value, by);
                    children.insert(key.clone(), child);
                }
            }
        }
    }

    /// Removes a key. Nothing happens if it is not there; the object that held it stays, even when it is empty now.
    pub fn unset(&mut self, path: &[String]) {
        if let (Self::Branch { children, .. }, [key, rest @ ..]) = (self, path) {
            if rest.is_empty() {
                children.shift_remove(key);
            } else if let Some(child) = children.get_mut(key) {
                child.unset(rest);
            }
        }
    }

    /// Visits every leaf, and every object without keys, with its path.
    pub fn leaves<'a>(&'a self, path: &FieldPath, visit: &mut impl FnMut(&FieldPath, &'a Self)) {
        match self {
            Self::Branch { children, .. } if !children.is_empty() => {
                for (key, child) in children {
                    child.leaves(&path.below(key), visit);
                }
            }
            _ => visit(path, self),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn keys_are_set_and_removed_one_by_one() {
        let mut node = Node::new(json!({"a": 1, "b": {"c": [1, 2]}}), LayerId(1));
        node.set(&path("b.d"), json!("x"), LayerId(2));
        node.set(&path("a.e.f"), json!(null), LayerId(3));
        node.unset(&path("b.c"));
        node.unset(&path("b.c"));
        node.unset(&path("z.z"));
        assert_eq!(node.value(), json!({"a": {"e": {"f": null}}, "b": {"d": "x"}}));
        let mut leaves = Vec::new();
        node.leaves(&FieldPath::default(), &mut |path, leaf| leaves.push((path.to_string(), leaf.by().0)));
        assert_eq!(leaves, [("a.e.f".to_owned(), 3), ("b.d".to_owned(), 2)]);
        node.unset(&path("b.d"));
        assert_eq!(node.get(&path("b")).unwrap().value(), json!({}));
        assert_eq!(node.get(&path("b")).unwrap().by(), LayerId(1));
    }

    #[test]
    fn keys_keep_their_order() {
        let mut node = Node::new(json!({"z": 1, "y": 2, "x": 3}), LayerId(1));
        node.set(&path("y"), json!(4), LayerId(2));
        node.unset(&path("z"));
        node.set(&path("a"), json!(5), LayerId(2));
        assert_eq!(node.value().to_string(), r#"{"y":4,"x":3,"a":5}"#);
    }
}
