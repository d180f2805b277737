//! `row_to_json(t.*)` and `to_jsonb(t.*)` as functions of the names and values of the columns of `t`.
//!
//! A row that an outer join did not find has NULL in every column, and is a record of NULLs; PostgreSQL has NULL for it.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, DFSchema, Result, TableReference};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{Expr, ScalarUDF, lit};
use strata_engine::session::shown_name;

/// The rewrite, with the functions that take names and values, by the names of those that take records.
#[derive(Debug)]
pub(super) struct Records(HashMap<&'static str, Arc<ScalarUDF>>);

impl Records {
    /// `functions` are those of the session.
    pub fn new(functions: &HashMap<String, Arc<ScalarUDF>>) -> Self {
        let pairs = [("row_to_json", "row_to_json"), ("to_jsonb", "jsonb_build_object")];
        Self(pairs.into_iter().filter_map(|(of, by)| Some((of, functions.get(by)?.clone()))).collect())
    }
}

impl FunctionRewrite for Records {
    fn name(&self) -> &'static str {
        "records_of_tables"
    }

    fn rewrite(&self, expr: Expr, schema: &DFSchema, _config: &ConfigOptions) -> Result<Transformed<Expr>> {
        let Expr::ScalarFunction(call) = &expr else { return Ok(Transformed::no(expr)) };
        let (Some(function), Some(table)) = (self.0.get(call.name()), whole(call)) else { return Ok(Transformed::no(expr)) };
        // A column of that name is meant before the table is.
        if let Ok(column) = schema.qualified_field_with_unqualified_name(table.table()) {
            let column = Expr::Column(Column::from(column));
            return Ok(Transformed::yes(call.func.call(vec![column])));
        }
        let columns = schema.iter().filter(|(of, _)| of.is_some_and(|of| of.table() == table.table()));
        let pairs = columns.flat_map(|(of, field)| [lit(shown_name(field.name())), Expr::Column(Column::from((of, field)))]);
        Ok(Transformed::yes(function.call(pairs.collect())))
    }
}

/// The table that the one argument is all columns of.
fn whole(call: &ScalarFunction) -> Option<&TableReference> {
    #[expect(deprecated, reason = "the planner still makes one of t.*")]
    match call.args.as_slice() {
        [Expr::Wildcard { qualifier: Some(table), .. }] => Some(table),
        _ => None,
    }
}
