//! Casts as PostgreSQL does them.
//!
//! | from | to | by |
//! |---|---|---|
//! | text | anything | [`input`]: PostgreSQL's input functions, those of the wire |
//! | anything | text | [`output`]: what the wire shows |
//! | float, numeric | integer | [`number`]: rounded and checked, where Arrow cuts |
//! | jsonb | bool, numbers | [`json`]: what the value is |
//! | any | `varchar(n)`, `char(n)`, `timestamp(p)` | then [`modifier`] |
//!
//! Pairs that PostgreSQL does not cast are refused. What Arrow casts as PostgreSQL does is left to it.

mod input;
mod json;
mod modifier;
mod number;
mod output;
mod pair;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{Expr, ExprSchemable, ScalarUDF, ScalarUDFImpl};
use strata_engine::error::DataFault;
use strata_engine::session::sql_type;

use super::fault;
use crate::types::{SQL_TYPE, Style, Zone};

/// Puts functions in the place of casts.
#[derive(Debug)]
pub(super) struct Casts;

impl FunctionRewrite for Casts {
    fn name(&self) -> &str {
        "postgresql_casts"
    }

    fn rewrite(&self, expr: Expr, schema: &DFSchema, config: &ConfigOptions) -> Result<Transformed<Expr>> {
        let Expr::Cast(Cast { expr: inner, field }) = expr else { return Ok(Transformed::no(expr)) };
        let mut from = inner.to_field(schema)?.1;
        // A literal that fits is an integer, as in PostgreSQL.
        if matches!(inner.as_ref(), Expr::Literal(ScalarValue::Int64(Some(value)), _) if i32::try_from(*value).is_ok()) {
            from = Arc::new(from.as_ref().clone().with_data_type(DataType::Int32));
        }
        if !pair::allowed(&from, &field) {
            let name = |field: &Field| sql_type::type_name(field);
            let message = format!("cannot cast type {} to {}", name(&from), name(&field));
            return Err(fault::data(DataFault::CannotCoerce, message));
        }
        let style = style(config);
        let (from_type, to_type) = (from.data_type(), field.data_type());
        let modifier = field.metadata().get(sql_type::MODIFIER);
        let named = field.metadata().contains_key(SQL_TYPE);
        let cast = match (is_text(from_type), is_text(to_type)) {
            _ if from_type.is_null() => None,
            (true, _) if json::is_json(&from) && !is_text(to_type) => Some(call(json::Unwrap::new(to_type), *inner.clone())),
            (true, true) if !named => None,
            (true, _) if !json::is_json(&field) && input::reads(&field) => {
                let plain = Field::new("", to_type.clone(), true).with_metadata(field.metadata().clone());
                Some(call(input::Input::new(plain, style), *inner.clone()))
            }
            (false, true) if !from_type.is_integer() && *to_type == DataType::Utf8View && !json::is_json(&field) => {
                Some(call(output::Output::new(from.as_ref().clone().with_name(""), style), *inner.clone()))
            }
            // A time of day as a text is the same length of time.
            _ if matches!((from_type, to_type), (DataType::Time64(_), DataType::Interval(_))) => {
                let text = call(output::Output::new(from.as_ref().clone().with_name(""), style), *inner.clone());
                Some(call(input::Input::new(Field::new("", to_type.clone(), true), style), text))
            }
            _ if number::rounds(from_type, to_type) => Some(call(number::Round::new(to_type), *inner.clone())),
            _ => None,
        };
        Ok(match (cast, modifier) {
            (None, None) => Transformed::no(Expr::Cast(Cast { expr: inner, field })),
            (Some(cast), None) => Transformed::yes(cast),
            (cast, Some(text)) => {
                let text = text.clone();
                let cast = cast.unwrap_or(Expr::Cast(Cast { expr: inner, field }));
                Transformed::yes(call(modifier::Modifier::new(&text), cast))
            }
        })
    }
}

/// How values look in this session.
pub(super) fn style(config: &ConfigOptions) -> Style {
    let zone = config.execution.time_zone.as_deref().and_then(Zone::parse);
    Style { zone: zone.unwrap_or_default() }
}

fn call(function: impl ScalarUDFImpl + 'static, argument: Expr) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(ScalarUDF::new_from_impl(function).into(), vec![argument]))
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, value) => is_text(value),
        _ => false,
    }
}
