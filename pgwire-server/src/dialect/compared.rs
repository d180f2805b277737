//! `ts < '2026-03-01 00:10'`, `id = 'A0EE...'`: a text literal that is compared with a time, a uuid or an address is a value of that
//! type, as PostgreSQL's unknown literals are.
//!
//! The literal is read here, by the input functions of the wire, so that scans and indexes see a value. Numbers are left to
//! DataFusion.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{Between, Case, InList, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator};
use strata_engine::text_type::TextType;

use super::cast::style;
use super::fault;
use super::unknown::{is_unknown, unknown};
use crate::types::Style;
use crate::types::decode::ColumnBuilder;

/// Puts values in the place of literals that are compared.
#[derive(Debug)]
pub(super) struct ComparedLiterals;

impl FunctionRewrite for ComparedLiterals {
    fn name(&self) -> &str {
        "compared_literals"
    }

    fn rewrite(&self, mut expr: Expr, schema: &DFSchema, config: &ConfigOptions) -> Result<Transformed<Expr>> {
        let (compared, literals): (&Expr, Vec<&mut Expr>) = match &mut expr {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(*op) => {
                if is_unknown(left) {
                    (right, vec![left])
                } else {
                    (left, vec![right])
                }
            }
            Expr::InList(InList { expr, list, .. }) => (expr, list.iter_mut().collect()),
            Expr::Between(Between { expr, low, high, .. }) => (expr, vec![low, high]),
            Expr::Case(Case { expr: Some(compared), when_then_expr, .. }) => {
                (compared, when_then_expr.iter_mut().map(|(literal, _)| literal.as_mut()).collect())
            }
            // `x = ANY (ARRAY['...'])`.
            Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == "array_has" => match args.as_mut_slice() {
                [Expr::ScalarFunction(array), compared] if array.func.name() == "make_array" => {
                    (compared, array.args.iter_mut().collect())
                }
                _ => return Ok(Transformed::no(expr)),
            },
            _ => return Ok(Transformed::no(expr)),
        };
        if !literals.iter().any(|literal| is_unknown(literal)) {
            return Ok(Transformed::no(expr));
        }
        let Some(field) = taken(compared, schema) else { return Ok(Transformed::no(expr)) };
        let style = style(config);
        for literal in literals {
            if let Some(text) = unknown(literal) {
                *literal = Expr::Literal(value(text, &field, style)?, None);
            }
        }
        Ok(Transformed::yes(expr))
    }
}

fn is_comparison(op: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}

/// What a literal beside it is read as; `None` if it stays a text.
fn taken(compared: &Expr, schema: &DFSchema) -> Option<Field> {
    let field = compared.to_field(schema).ok()?.1;
    let reads = match field.data_type() {
        // What DataFusion computes in nanoseconds it compares itself.
        DataType::Timestamp(TimeUnit::Microsecond, _) | DataType::Date32 | DataType::Time64(TimeUnit::Microsecond) => true,
        _ => TextType::of(&field).is_some(),
    };
    reads.then(|| Field::new("", field.data_type().clone(), true).with_metadata(field.metadata().clone()))
}

fn value(text: &str, field: &Field, style: Style) -> Result<ScalarValue> {
    let mut values = ColumnBuilder::new(Arc::new(field.clone()), style).map_err(fault::carried)?;
    values.append_text(text).map_err(fault::carried)?;
    ScalarValue::try_from_array(&values.finish().map_err(fault::carried)?, 0)
}
