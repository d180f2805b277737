//! A patch: the smallest change. It touches one field of one object, or makes or deletes an object.
//!
//! A patch says what a field becomes and not what it was, so that it keeps its meaning when an earlier layer goes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{FieldPath, Relation, Row, Uid};

/// See the module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Patch {
    /// The relation of the object.
    pub relation: Relation,
    /// The object.
    pub uid: Uid,
    /// What happens to it.
    pub op: PatchOp,
}

/// What a patch does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum PatchOp {
    /// Makes the object. Every field of the relation is there, defaults included; references are uids.
    Create {
        /// All fields.
        fields: Row,
    },
    /// Sets one field, or one key within a JSON object. Objects on the way are made if they are not there.
    Set {
        /// Which.
        path: FieldPath,
        /// Its value from now on. An array is one value.
        value: Value,
    },
    /// Removes a key of a JSON object, which is not the same as setting it to null.
    Unset {
        /// Which; never a whole column.
        path: FieldPath,
    },
    /// Deletes the object. Another one of the same name is another object.
    Delete,
}

impl PatchOp {
    /// `create`, `set`, `unset`, `delete`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Set { .. } => "set",
            Self::Unset { .. } => "unset",
            Self::Delete => "delete",
        }
    }

    /// The field that it touches; `None` when it makes or deletes the object.
    pub fn path(&self) -> Option<&FieldPath> {
        match self {
            Self::Set { path, .. } | Self::Unset { path } => Some(path),
            Self::Create { .. } | Self::Delete => None,
        }
    }
}
