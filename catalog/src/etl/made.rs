//! The objects that a layer makes, made once however many folds hold them.
//!
//! Folds share them, so that two folds of the same layers differ nowhere where a comparison would have to look, and making one
//! copies no field of an object that no later layer edits.

use std::sync::{Arc, OnceLock};

use super::{LayerId, Object, Patch, PatchOp};

/// See the module. It follows from the layer's id and patches and says nothing of its own: all are equal.
#[derive(Debug, Clone, Default)]
pub struct Made(OnceLock<Vec<Option<Arc<Object>>>>);

impl PartialEq for Made {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Made {
    /// The objects by the numbers of the patches that make them. The patches of a layer never change once it was asked.
    pub(super) fn of(&self, layer: LayerId, patches: &[Patch]) -> &[Option<Arc<Object>>] {
        let object = |patch: &Patch| match &patch.op {
            PatchOp::Create { fields } => Some(Arc::new(Object::new(patch.relation, patch.uid, fields.clone(), layer))),
            _ => None,
        };
        self.0.get_or_init(|| patches.iter().map(object).collect())
    }
}
