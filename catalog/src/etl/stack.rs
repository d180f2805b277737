//! The stack: all layers that were ever made, and the folds that can be made of them.
//!
//! Layers are added and change their state; what they say never changes. Several folds can be asked for:
//!
//! | fold | layers |
//! |---|---|
//! | [`LayerStack::fold`] | queued, applying, active: what `etl.roles` and `etl.rules` show |
//! | [`LayerStack::fold_at`] | those of them up to one layer: what was configured then |
//! | [`LayerStack::fold_rendered`] | active and the one being applied: what instances get |
//!
//! **Invariant:** ids and places are unique, and a layer names only layers with smaller ids.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::standing::Standing;
use super::{Base, Fold, Layer, LayerError, LayerId, LayerState, NewLayer, PatchOp, Place, Uid};

/// See the module. Cheap to clone: layers are shared.
#[derive(Debug, Clone, Default)]
pub struct LayerStack {
    layers: BTreeMap<LayerId, Arc<Layer>>,
    order: BTreeMap<Place, LayerId>,
    /// What is configured, once somebody asked.
    fold: OnceLock<Arc<Fold>>,
}

impl LayerStack {
    /// A stack of stored layers.
    ///
    /// # Errors
    /// [`LayerError::Inconsistent`] if they break the module's invariant.
    pub fn new(layers: impl IntoIterator<Item = Layer>) -> Result<Self, LayerError> {
        let mut stack = Self::default();
        for layer in layers {
            stack.insert(layer)?;
        }
        Ok(stack)
    }

    /// Adds a stored layer.
    ///
    /// # Errors
    /// [`LayerError::Inconsistent`], and nothing is added, if it breaks the module's invariant.
    pub fn insert(&mut self, layer: Layer) -> Result<(), LayerError> {
        let inconsistent = |reason: String| Err(LayerError::Inconsistent { reason });
        let id = layer.id;
        if self.layers.contains_key(&id) {
            return inconsistent(format!("layer {id} is there twice"));
        }
        if layer.drops.iter().chain(&layer.restores).any(|named| *named >= id) {
            return inconsistent(format!("layer {id} names a layer that is not older"));
        }
        match layer.place {
            Some(place) if self.order.contains_key(&place) => return inconsistent(format!("place {} is taken", place.0)),
            None if layer.state.folds() => return inconsistent(format!("layer {id} is {} and has no place", layer.state)),
            Some(_) | None => {}
        }
        if let Some(place) = layer.place {
            let on_top = self.order.keys().next_back().is_none_or(|last| *last < place);
            self.order.insert(place, id);
            match self.fold.take() {
                // A layer on top that says nothing of others changes only what it patches.
                Some(mut fold) if on_top && layer.state.folds() && !layer.judges() && layer.keeps.is_empty() => {
                    Arc::make_mut(&mut fold).lay(&layer);
                    self.fold = OnceLock::from(fold);
                }
                _ => {}
            }
        }
        self.layers.insert(id, Arc::new(layer));
        Ok(())
    }

    /// Gives a new layer its id and its place, and adds it.
    ///
    /// # Errors
    /// As [`Self::insert`].
    pub fn push(&mut self, new: NewLayer) -> Result<LayerId, LayerError> {
        let id = LayerId(self.last().0 + 1);
        let place = new.state.folds().then(|| self.next_place());
        self.insert(Layer::stored(id, place, new))?;
        Ok(id)
    }

    /// Moves a layer to another state. One that becomes queued gets its place at the end of the order.
    ///
    /// # Errors
    /// [`LayerError::NoLayer`], [`LayerError::Transition`].
    pub fn set_state(&mut self, id: LayerId, to: LayerState) -> Result<(), LayerError> {
        let mut layer = Layer::clone(self.layer(id)?);
        if !layer.state.may_become(to) {
            return Err(LayerError::Transition { layer: id, from: layer.state, to });
        }
        if layer.state.folds() != to.folds() {
            self.fold.take();
        }
        if to == LayerState::Queued {
            if let Some(place) = layer.place {
                self.order.remove(&place);
            }
            let place = self.next_place();
            layer.place = Some(place);
            self.order.insert(place, id);
        }
        layer.state = to;
        self.layers.insert(id, Arc::new(layer));
        Ok(())
    }

    /// A layer.
    ///
    /// # Errors
    /// [`LayerError::NoLayer`].
    pub fn layer(&self, id: LayerId) -> Result<&Arc<Layer>, LayerError> {
        self.layers.get(&id).ok_or(LayerError::NoLayer { layer: id })
    }

    /// All layers by id.
    pub fn layers(&self) -> impl DoubleEndedIterator<Item = &Arc<Layer>> {
        self.layers.values()
    }

    /// All layers that have a place, in their order, failed and dropped ones included.
    pub fn placed(&self) -> impl DoubleEndedIterator<Item = &Arc<Layer>> {
        self.order.values().filter_map(|id| self.layers.get(id))
    }

    /// The newest layer; [`LayerId::NONE`] if there is none.
    pub fn last(&self) -> LayerId {
        self.layers.keys().next_back().copied().unwrap_or(LayerId::NONE)
    }

    /// The place behind all others.
    pub fn next_place(&self) -> Place {
        Place(self.order.keys().next_back().map_or(0, |place| place.0) + 1)
    }

    /// A uid above all that were ever given to an object of a stored layer.
    pub fn next_uid(&self) -> Uid {
        let patches = self.layers.values().flat_map(|layer| &layer.patches);
        let made = patches.filter(|patch| matches!(patch.op, PatchOp::Create { .. })).map(|patch| patch.uid.0);
        Uid(made.max().unwrap_or(0) + 1)
    }

    /// Layers in the states of the fold, in their order; dropped ones are among them.
    pub fn folding(&self) -> impl DoubleEndedIterator<Item = &Layer> {
        self.placed().filter(|layer| layer.state.folds()).map(|layer| &**layer)
    }

    /// Which of them count.
    pub fn standing(&self) -> Standing {
        Standing::of(self.folding())
    }

    /// What is configured. Shared: made once for each change of the stack.
    pub fn fold(&self) -> Arc<Fold> {
        Arc::clone(self.fold.get_or_init(|| Arc::new(Fold::of(self.folding()))))
    }

    /// What was configured once layer `id` was made, as far as its predecessors did not fail; for a draft, what would be
    /// configured if it were applied. [`LayerId::NONE`] is the empty configuration.
    ///
    /// # Errors
    /// [`LayerError::NoLayer`].
    pub fn fold_at(&self, id: LayerId) -> Result<Fold, LayerError> {
        if id == LayerId::NONE {
            return Ok(Fold::default());
        }
        let layer = self.layer(id)?;
        let before = self.folding().filter(|other| other.id != id && layer.place.is_none_or(|place| other.place < Some(place)));
        Ok(Fold::of(before.chain([&**layer])))
    }

    /// What instances get while layer `id` is applied: the active layers and this one.
    ///
    /// # Errors
    /// [`LayerError::NoLayer`].
    pub fn fold_rendered(&self, id: Option<LayerId>) -> Result<Fold, LayerError> {
        if let Some(id) = id {
            self.layer(id)?;
        }
        Ok(Fold::of(self.folding().filter(|layer| layer.state == LayerState::Active || Some(layer.id) == id)))
    }

    /// The state that people see of a layer, and who dropped it.
    ///
    /// # Errors
    /// [`LayerError::NoLayer`].
    pub fn state(&self, id: LayerId) -> Result<(LayerState, Option<LayerId>), LayerError> {
        Ok(self.state_in(self.layer(id)?, &self.standing()))
    }

    /// [`Self::state`] for many layers, with [`Self::standing`] asked for once.
    pub fn state_in(&self, layer: &Layer, standing: &Standing) -> (LayerState, Option<LayerId>) {
        match standing.dropped_by(layer.id) {
            Some(by) => (LayerState::Dropped, Some(by)),
            None => (layer.state, None),
        }
    }

    /// What a plan rests on.
    pub fn base(&self) -> Base {
        Base::of(self.folding())
    }
}
