//! Casts to jsonb. The planner gives them a field that says jsonb; before anything is typed they become calls that check.

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{Expr, ExprSchemable};

use super::function::{is_jsonb, is_text};
use super::{build, input};

/// Puts `jsonb_in` or `to_jsonb` in the place of casts.
#[derive(Debug)]
pub(super) struct CastToJsonb;

impl FunctionRewrite for CastToJsonb {
    fn name(&self) -> &str {
        "cast_to_jsonb"
    }

    fn rewrite(&self, expr: Expr, schema: &DFSchema, _config: &ConfigOptions) -> Result<Transformed<Expr>> {
        let Expr::Cast(Cast { expr: inner, field }) = expr else { return Ok(Transformed::no(expr)) };
        if !is_jsonb(&field) {
            return Ok(Transformed::no(Expr::Cast(Cast { expr: inner, field })));
        }
        let data_type = inner.get_type(schema)?;
        let textual = is_text(&data_type) || data_type.is_null();
        let function = if textual { Some(input::DEFINITION.udf()) } else { build::udfs().next() };
        match function {
            Some(function) => Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(function.into(), vec![*inner])))),
            None => Ok(Transformed::no(Expr::Cast(Cast { expr: inner, field }))),
        }
    }
}
