//! The configuration of the control plane in the engine: its state in memory, and schema `etl`.
//!
//! ```text
//! etl.roles, etl.rules <--- fold <--- layers <--- commit <--- statements (session/configure.rs)
//! etl.layers, etl.changes ... <--'
//! ```
//!
//! What a layer means is decided in [`strata_catalog::etl`]; here it becomes rows and columns. Nothing here knows a kind of
//! component: those come from the binary as [`Components`].

mod attempts;
mod changes;
pub(crate) mod columns;
pub mod components;
pub mod configuration;
pub mod fleet;
pub(crate) mod function;
pub(crate) mod graph;
mod graphs;
mod instances;
pub mod judge;
mod layers;
mod relation_table;
pub(crate) mod rollout;
pub(crate) mod schema;
mod tasks;

pub use components::Components;
pub use configuration::Configuration;
pub use fleet::Fleet;
pub use judge::Judge;
pub(crate) use relation_table::RelationTable;
pub use rollout::Rollouts;
pub(crate) use schema::EtlSchema;
