//! Casts to jsonb. The planner gives them a field that says jsonb; before anything is typed they become calls that check.

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{Expr, ExprSchemable};

use super::function::{is_jsonb, is_text};
use super::input;
use crate::EngineError;
use crate::error::DataFault;
use crate::session::sql_type::data_type_name;

/// Puts `jsonb_in` in the place of casts of text; PostgreSQL casts nothing else to jsonb.
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
        if !textual {
            let message = format!("cannot cast type {} to jsonb", data_type_name(&data_type));
            let hint = Some("Use to_jsonb.".to_owned());
            return Err(DataFusionError::External(Box::new(EngineError::Data {
                reason: DataFault::CannotCoerce,
                message,
                hint,
            })));
        }
        let function = input::DEFINITION.udf();
        Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(function.into(), vec![*inner]))))
    }
}
