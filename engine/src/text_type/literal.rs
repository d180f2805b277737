//! `id = 'A0EE...'`: a text that is compared with a value of such a type is a value of it, as PostgreSQL's unknown literals are.

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::{Between, InList};
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator};

use super::TextType;

/// Puts canonical texts in the place of literals that are compared.
#[derive(Debug)]
pub(crate) struct ComparedLiterals;

impl FunctionRewrite for ComparedLiterals {
    fn name(&self) -> &str {
        "compared_literals"
    }

    fn rewrite(&self, mut expr: Expr, schema: &DFSchema, _config: &ConfigOptions) -> Result<Transformed<Expr>> {
        let changed = match &mut expr {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(*op) => {
                match (type_of(left, schema), type_of(right, schema)) {
                    (Some(of), _) => become_value(right, of)?,
                    (None, Some(of)) => become_value(left, of)?,
                    (None, None) => false,
                }
            }
            Expr::InList(InList { expr, list, .. }) => match type_of(expr, schema) {
                Some(of) => list
                    .iter_mut()
                    .try_fold(false, |changed, item| Ok::<_, DataFusionError>(become_value(item, of)? || changed))?,
                None => false,
            },
            Expr::Between(Between { expr, low, high, .. }) => match type_of(expr, schema) {
                Some(of) => become_value(low, of)? | become_value(high, of)?,
                None => false,
            },
            _ => false,
        };
        Ok(if changed { Transformed::yes(expr) } else { Transformed::no(expr) })
    }
}

fn is_comparison(op: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}

fn type_of(expr: &Expr, schema: &DFSchema) -> Option<TextType> {
    match expr {
        Expr::Column(_) | Expr::ScalarFunction(_) | Expr::Cast(_) | Expr::Alias(_) => {
            TextType::of(expr.to_field(schema).ok()?.1.as_ref())
        }
        _ => None,
    }
}

/// Whether the expression was a literal and changed.
fn become_value(expr: &mut Expr, of: TextType) -> Result<bool> {
    let literal = match expr {
        Expr::Cast(cast) => cast.expr.as_mut(),
        other => other,
    };
    let Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) | ScalarValue::LargeUtf8(Some(text)), _) =
        literal
    else {
        return Ok(false);
    };
    let canonical = of.parse(text).map_err(|error| DataFusionError::External(Box::new(error)))?;
    let changed = canonical != *text;
    *text = canonical;
    Ok(changed)
}
