//! Full text in PostgreSQL's words: `@@`, `tsquery`, `tsvector` and the functions around them.
//!
//! What a text matches is decided by its words alone (`strata_storage::words`); an index may only make the answer quicker.
//! Where the left side of `@@` is text, or `to_tsvector` of text, the operator becomes one function that a scan recognises:
//!
//! ```text
//! message @@ 'disk full'                               \
//! message @@ to_tsquery('disk & full')                  >  ts_match(message, '''disk'' & ''full''', 'simple')
//! to_tsvector('simple', message) @@ to_tsquery(...)    /
//! ```
//!
//! A `tsquery` and a `tsvector` travel as the text that PostgreSQL shows, in columns whose field says what they are. Neither can
//! be stored in a topic, and there are no weights, stems or stop words.
//!
//! **Invariant:** the tokenizer of a match is named in the statement or is `simple`; it never follows from an index.

mod combine;
mod configuration;
mod cover;
mod cover_rank;
mod function;
mod grammar;
mod headline;
mod headline_options;
mod input;
mod match_text;
mod match_vector;
mod node_count;
mod operand;
mod parse;
mod planner;
mod query_tree;
mod rank;
mod rewrite;
mod to_query;
mod to_vector;
mod types;
mod vector;
mod vector_length;
mod websearch;

use std::sync::Arc;

use datafusion::execution::FunctionRegistry;
use datafusion::prelude::SessionContext;

pub use match_text::MATCH;
pub use parse::parse_canonical;
pub(crate) use types::cast_field;
pub use vector::WordVector;

use crate::Result;

/// Registers functions, operators and casts of full text in a session.
///
/// # Errors
/// DataFusion's, when it takes no more functions.
pub fn register(context: &SessionContext) -> Result<()> {
    let definitions = [
        &to_query::TO_TSQUERY,
        &to_query::PLAINTO_TSQUERY,
        &to_query::PHRASETO_TSQUERY,
        &to_query::WEBSEARCH_TO_TSQUERY,
        &to_vector::DEFINITION,
        &match_vector::DEFINITION,
        &headline::DEFINITION,
        &rank::DEFINITION,
        &cover_rank::DEFINITION,
        &node_count::DEFINITION,
        &query_tree::DEFINITION,
        &combine::AND,
        &combine::OR,
        &combine::PHRASE,
        &combine::CONCAT,
        &vector_length::DEFINITION,
        &input::QUERY,
        &input::VECTOR,
    ];
    for definition in definitions {
        context.register_udf(definition.udf());
    }
    context.register_udf(match_text::udf());
    let state = context.state_ref();
    let mut state = state.write();
    state.register_expr_planner(Arc::new(planner::MatchPlanner))?;
    state.register_function_rewrite(Arc::new(rewrite::TextSearchTypes))?;
    Ok(())
}

#[cfg(test)]
mod tests;
