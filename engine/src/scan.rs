//! Topics as tables: what is read, what is left out, and in which order.
//!
//! ```text
//! TopicTable ── filters, columns ──> TopicScanExec ── per execution ──> Run: parts left, chunks waiting
//!                                        ▲                               │
//!   optimizer rules: projections,        │                               ▼
//!   limits and conditions move in ───────┘       Worker (one a partition): Unit = one chunk
//!                                                  1. bounds: blocks that cannot match, blocks that surely do
//!                                                  2. filters, cheapest first, on the rows that are left
//!                                                  3. the other columns, for the rows that match
//! ```
//!
//! A buffered batch and a sealed segment are both a [`part::Part`], so every record is found by the same code. Whatever
//! a filter is, its meaning is DataFusion's: shortcuts only find the same rows faster.
//!
//! **Invariant:** an answer never depends on bounds, on sort order, on what is cached, or on where a record lies.

mod aggregate;
mod bits;
mod bounds;
mod buffered;
mod columns;
mod exec;
#[cfg(test)]
mod fake;
mod judged;
mod metrics;
#[cfg(test)]
mod model;
mod open_part;
mod pace;
pub(crate) mod part;
mod plan;
mod predicate;
mod projection;
mod reinforcement;
mod run;
mod segment_bounds;
mod selection;
mod statistics;
mod table;
mod top;
mod top_rule;
mod unit;
mod worker;

use std::sync::Arc;

use datafusion::physical_optimizer::PhysicalOptimizerRule;

pub use aggregate::{AggregateOnCodes, TopicAggregateExec};
pub use exec::TopicScanExec;
pub use table::TopicTable;
pub use top_rule::TopOfTopic;

/// The physical optimizer rules that every session needs, in the order in which they run, after DataFusion's own.
pub fn physical_rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    vec![Arc::new(TopOfTopic), Arc::new(AggregateOnCodes)]
}
