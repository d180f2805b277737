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

mod array_length;
mod build;
pub mod canonical;
mod cast_rewrite;
mod concat;
mod contains;
mod delete;
mod encode;
mod equal;
mod exists;
mod extract_path;
mod extract_path_text;
pub mod fault;
mod field;
mod function;
mod get;
mod get_path;
mod get_path_text;
mod get_text;
mod grok;
mod input;
mod jsonpath;
pub mod lexer;
mod object_keys;
mod path;
mod path_query;
mod planner;
mod pretty;
pub mod quoted;
mod type_of;

use std::sync::Arc;

use datafusion::execution::FunctionRegistry;
use datafusion::prelude::SessionContext;

pub use field::attrs_field;
pub use function::{canonical_texts, is_jsonb, jsonb_field};

use crate::Result;

/// Registers functions, operators and casts of jsonb in a session.
///
/// # Errors
/// DataFusion's, when it takes no more functions.
pub fn register(context: &SessionContext) -> Result<()> {
    let definitions = [
        &get::DEFINITION,
        &get_text::DEFINITION,
        &get_path::DEFINITION,
        &get_path_text::DEFINITION,
        &extract_path::DEFINITION,
        &extract_path_text::DEFINITION,
        &contains::CONTAINS,
        &contains::CONTAINED,
        &exists::EXISTS,
        &exists::EXISTS_ANY,
        &exists::EXISTS_ALL,
        &concat::DEFINITION,
        &delete::DEFINITION,
        &type_of::DEFINITION,
        &array_length::DEFINITION,
        &object_keys::DEFINITION,
        &pretty::DEFINITION,
        &grok::DEFINITION,
        &input::DEFINITION,
        &path_query::QUERY,
        &path_query::QUERY_FIRST,
        &path_query::QUERY_ARRAY,
        &path_query::EXISTS,
    ];
    for definition in definitions {
        context.register_udf(definition.udf());
    }
    for function in build::udfs() {
        context.register_udf(function);
    }
    let state = context.state_ref();
    let mut state = state.write();
    state.register_expr_planner(Arc::new(planner::JsonbPlanner))?;
    state.register_function_rewrite(Arc::new(cast_rewrite::CastToJsonb))?;
    Ok(())
}

#[cfg(test)]
mod tests;
