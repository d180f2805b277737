//! Which layer set each field of a role and its rules as they are now: the rows of `etl.blame`.

use serde_json::Value;

use super::{FieldPath, Fold, LayerError, LayerId, Object, Relation, change};

/// One field.
#[derive(Debug, Clone, PartialEq)]
pub struct Blame {
    /// The object's relation.
    pub relation: Relation,
    /// What it is called.
    pub key: String,
    /// The field, down to the key within `settings`.
    pub path: FieldPath,
    /// What it is; references are names, secrets are masked.
    pub value: Value,
    /// The layer that set it.
    pub layer: LayerId,
}

/// The fields of a role, then those of its rules in the order in which they were made.
///
/// # Errors
/// [`LayerError::NoObject`].
pub fn of_role(fold: &Fold, role: &str) -> Result<Vec<Blame>, LayerError> {
    let missing = || LayerError::NoObject { relation: Relation::Roles, name: role.to_owned() };
    let role = fold.role(role).ok_or_else(missing)?;
    let rules = fold.of_relation(Relation::Rules).filter(|rule| rule.reference("role") == Some(role.uid));
    Ok([role].into_iter().chain(rules).flat_map(|object| of_object(fold, object)).collect())
}

fn of_object(fold: &Fold, object: &Object) -> Vec<Blame> {
    let key = fold.key(object.uid).unwrap_or_default();
    let mut found = Vec::new();
    object.node().leaves(&FieldPath::default(), &mut |path, node| {
        let value = change::shown(fold, object.relation, path, node.value());
        found.push(Blame { relation: object.relation, key: key.clone(), path: path.clone(), value, layer: node.by() });
    });
    found
}
