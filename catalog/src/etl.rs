//! The configuration of the control plane as layers, as plain values.
//!
//! ```text
//! rows of etl.roles, etl.rules --staging--> patches --commit--> layer --fold--> rows
//!                                                                 ^
//!                         plan (drop, restore, rollback) ---------'
//! ```
//!
//! A layer is what one transaction changed. What is configured is the fold of all layers that stand, in their order, and
//! the later one wins. Because layers are patches of single fields and not snapshots, any of them can be taken away, and
//! only what it set goes.
//!
//! Except [`catalog`] and [`config_store`], which say what a store must do, nothing in this module reads a clock, a file or the network. What a role's kind means is known to its
//! [`component::Component`] alone.
//!
//! **Invariant:** a layer's patches never change once it is stored; dropping and restoring are layers of their own.

pub mod blame;
pub mod broken;
pub mod catalog;
pub mod change;
pub mod component;
pub mod component_row;
pub mod config_store;
pub mod conflict;
pub mod delta;
pub mod error;
pub mod fold;
pub mod id;
pub mod layer;
pub mod made;
pub mod node;
pub mod object;
pub mod patch;
pub mod path;
pub mod plan;
pub mod position;
pub mod record;
pub mod relation;
pub mod secret;
pub mod stack;
pub mod staging;
pub mod standing;
#[cfg(test)]
mod tests;

pub use blame::Blame;
pub use broken::{Break, BreakKind};
pub use catalog::{EtlCatalog, Revision};
pub use change::{Change, Operation};
pub use config_store::ConfigStore;
pub use conflict::Conflict;
pub use delta::Delta;
pub use error::LayerError;
pub use fold::Fold;
pub use id::{LayerId, Place, Uid, UidCounter};
pub use layer::{Keep, Layer, LayerState, NewLayer, Origin};
pub use node::Node;
pub use object::Object;
pub use patch::{Patch, PatchOp};
pub use path::FieldPath;
pub use plan::{Base, Orphans, Plan, PlanKind, PlanRow};
pub use position::Position;
pub use relation::{Field, FieldKind, Relation};
pub use stack::LayerStack;
pub use staging::Staging;

/// A row of a relation: field to value, in the relation's order of fields.
pub type Row = serde_json::Map<String, serde_json::Value>;
