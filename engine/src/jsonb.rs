//! jsonb: canonical text, operators and functions over it.
//!
//! A jsonb value is stored and passed around as its canonical text, the form PostgreSQL prints. Nothing builds a tree for
//! a row: operators scan the text, which is possible because its keys are sorted and its spaces are known.
//!
//! ```text
//! any JSON text --canonical--> {"a": 1, "b": [1, 2]} --get--> 1
//! ```
//!
//! **Invariant:** a column or expression whose field says `strata.type = jsonb` holds canonical text only.

pub mod canonical;
pub mod fault;
pub mod lexer;
pub mod quoted;
