//! PostgreSQL's dialect where DataFusion's differs: casts, operators, functions, and what clients write that needs other words.
//!
//! ```text
//! statement ──words/──▶ statement ──DataFusion's planner──▶ plan ──cast──▶ plan
//!                                     │ operators.rs: + - * / % of numbers and times   meaning: NULLs, refusals
//!                                     └ functions: one file a noun
//! ```
//!
//! Values become text and text becomes values as on the wire, by [`crate::types`]. How far the dialect agrees with PostgreSQL's is
//! said in docs/dialect.md. Comparisons of a column with a literal stay as DataFusion plans them, so that scans understand them.

mod average;
mod cast;
mod compared;
mod fault;
mod function;
mod length;
mod meaning;
pub(crate) mod numeric_type;
mod operator;
mod record;
mod sliding;
mod unknown;
mod words;

use std::sync::Arc;

use datafusion::execution::FunctionRegistry;
use datafusion::prelude::SessionContext;
use datafusion::sql::sqlparser::ast::{Expr, Ident, Statement};
use strata_engine::Result;

/// Registers all of it in a new session's context.
///
/// # Errors
/// DataFusion's, when it takes no more functions.
pub(crate) fn register(context: &SessionContext) -> Result<()> {
    function::register(context);
    context.register_udf(length::function());
    context.register_udaf(average::average());
    sliding::all().for_each(|aggregate| context.register_udaf(aggregate));
    let state = context.state_ref();
    let mut state = state.write();
    let records = record::Records::new(state.scalar_functions());
    // What takes names and values is for the rewrite alone.
    state.deregister_udf(record::ROW_TO_JSON)?;
    state.register_function_rewrite(Arc::new(records))?;
    state.register_function_rewrite(Arc::new(cast::Casts))?;
    state.register_function_rewrite(Arc::new(compared::ComparedLiterals))?;
    state.register_function_rewrite(Arc::new(meaning::Meanings))?;
    state.register_expr_planner(Arc::new(operator::Operators))?;
    Ok(())
}

/// Whether an expression calls a function that gives rows.
pub(crate) fn is_series(expr: &Expr) -> bool {
    words::is_series(expr)
}

/// A name as it is stored: in lower case, unless it stands in quotes.
pub(crate) fn folded(name: &Ident) -> String {
    if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() }
}

/// Says what the planner does not know in words that it knows.
pub(crate) fn reword(statement: &mut Statement) {
    words::statement(statement);
}
