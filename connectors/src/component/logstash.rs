//! Logstash pipelines as rows: import without loss, render without surprises.
//!
//! ```text
//! text --grammar--> tree --rows--> etl.rules --assembly--> tree --printer--> text
//! ```
//!
//! **Invariant:** the tree at the end is the tree at the beginning, comments included, and a text that is rendered was
//! read back by the grammar before anybody else sees it.

pub mod assembly;
pub mod condition;
pub mod construct;
mod cursor;
pub mod form;
pub mod grammar;
pub mod naming;
pub mod printer;
pub mod quoting;
pub mod remark;
pub mod rows;
pub mod settings;
pub mod tree;
