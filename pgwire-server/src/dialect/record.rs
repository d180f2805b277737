//! `row_to_json(t.*)` and `to_jsonb(t.*)` as functions of the names and values of the columns of `t`.
//!
//! A row that an outer join did not find has NULL in every column, and is a record of NULLs; PostgreSQL has NULL for it.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, DFSchema, DataFusionError, Result, TableReference, plan_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{Expr, ScalarUDF, lit};
use strata_engine::EngineError;
use strata_engine::session::shown_name;

/// The function that takes names and values where `row_to_json` takes a record.
pub(super) const ROW_TO_JSON: &str = "strata_row_to_json";

/// The rewrite, with the functions that take names and values, by the names of those that take records.
#[derive(Debug)]
pub(super) struct Records(HashMap<&'static str, Arc<ScalarUDF>>);

impl Records {
    /// `functions` are those of the session.
    pub fn new(functions: &HashMap<String, Arc<ScalarUDF>>) -> Self {
        let pairs = [("row_to_json", ROW_TO_JSON), ("to_jsonb", "jsonb_build_object")];
        Self(pairs.into_iter().filter_map(|(of, by)| Some((of, functions.get(by)?.clone()))).collect())
    }
}

impl FunctionRewrite for Records {
    fn name(&self) -> &'static str {
        "records_of_tables"
    }

    fn rewrite(&self, expr: Expr, schema: &DFSchema, _config: &ConfigOptions) -> Result<Transformed<Expr>> {
        let Expr::ScalarFunction(call) = &expr else { return Ok(Transformed::no(expr)) };
        let (Some(function), Some((table, pretty))) = (self.0.get(call.name()), whole(call)) else {
            return Ok(Transformed::no(expr));
        };
        // A column of that name is meant before the table is.
        if let Ok(column) = schema.qualified_field_with_unqualified_name(table.table()) {
            let column = Expr::Column(Column::from(column));
            let args = std::iter::once(column).chain(pretty.cloned()).collect();
            return Ok(Transformed::yes(call.func.call(args)));
        }
        // Two schemas may have tables of one name.
        let mut columns = schema.iter().filter(|(of, _)| of.is_some_and(|of| of.resolved_eq(table))).peekable();
        if columns.peek().is_none() {
            return plan_err!("missing FROM-clause entry for table \"{}\"", table.table());
        }
        let mut args = Vec::with_capacity(1 + 2 * schema.fields().len());
        if call.name() == "row_to_json" {
            args.push(pretty.cloned().unwrap_or_else(|| lit(false)));
        }
        for (of, field) in columns {
            // The planner calls a column of an outer query by its text.
            if field.name().starts_with("outer_ref(") {
                return Err(unnamed());
            }
            args.extend([lit(shown_name(field.name())), Expr::Column(Column::from((of, field)))]);
        }
        Ok(Transformed::yes(function.call(args)))
    }
}

fn unnamed() -> DataFusionError {
    DataFusionError::External(Box::new(EngineError::Unsupported {
        message: "a column of an outer query has no name in the row".to_owned(),
        hint: Some("Name the column with AS.".to_owned()),
    }))
}

/// The table that the argument is all columns of, and the second argument.
fn whole(call: &ScalarFunction) -> Option<(&TableReference, Option<&Expr>)> {
    #[expect(deprecated, reason = "the planner still makes one of t.*")]
    match call.args.as_slice() {
        [Expr::Wildcard { qualifier: Some(table), .. }] => Some((table, None)),
        [Expr::Wildcard { qualifier: Some(table), .. }, pretty] => Some((table, Some(pretty))),
        _ => None,
    }
}
