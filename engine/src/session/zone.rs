//! The session's time zone in expressions, where DataFusion would take that of the column, which is UTC.
//!
//! A timestamptz that is cast to a date, a timestamp or text, truncated or taken apart is looked at in the session's zone. In a
//! session whose zone is UTC nothing is rewritten.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{Expr, ExprSchemable, cast};

/// Functions that look at the fields of a time.
const FIELD_FUNCTIONS: &[&str] = &["date_trunc", "date_part", "to_char", "date_format"];

/// See the module.
#[derive(Debug)]
pub(super) struct SessionZone;

impl FunctionRewrite for SessionZone {
    fn name(&self) -> &str {
        "session_zone"
    }

    fn rewrite(&self, expr: Expr, schema: &DFSchema, config: &ConfigOptions) -> Result<Transformed<Expr>> {
        let Some(zone) = config.execution.time_zone.as_deref().filter(|zone| *zone != "UTC" && *zone != "+00:00") else {
            return Ok(Transformed::no(expr));
        };
        let zone: Arc<str> = zone.into();
        Ok(match expr {
            Expr::Cast(Cast { expr, field }) if is_local(field.data_type()) && is_utc(&expr, schema) => {
                Transformed::yes(Expr::Cast(Cast { expr: Box::new(seen_in(*expr, &zone)), field }))
            }
            Expr::ScalarFunction(ScalarFunction { func, args }) if FIELD_FUNCTIONS.contains(&func.name()) => {
                let look = |argument: Expr| if is_utc(&argument, schema) { seen_in(argument, &zone) } else { argument };
                let args = args.into_iter().map(look).collect();
                Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args }))
            }
            other => Transformed::no(other),
        })
    }
}

fn is_utc(expr: &Expr, schema: &DFSchema) -> bool {
    matches!(expr.get_type(schema), Ok(DataType::Timestamp(_, Some(zone))) if matches!(&*zone, "UTC" | "+00:00"))
}

fn is_local(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date32 | DataType::Timestamp(_, None) | DataType::Time64(_))
        || matches!(data_type, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8)
}

/// A time with the zone in which its fields are looked at.
fn seen_in(expr: Expr, zone: &Arc<str>) -> Expr {
    cast(expr, DataType::Timestamp(TimeUnit::Microsecond, Some(zone.clone())))
}
