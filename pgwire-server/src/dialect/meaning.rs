//! What DataFusion's functions mean otherwise than PostgreSQL's, and what PostgreSQL refuses to mean.
//!
//! | written | planned |
//! |---|---|
//! | `x = ANY (array)` that is false, where the array has a NULL | NULL |
//! | `a @> b` where one is NULL | NULL |
//! | `x[-1]` of an array | NULL: nothing is counted from the end |
//! | `array_length(x, 1)` of an empty array | NULL |
//! | `texts \|\| '{a,b}'` | the literal is an array |
//! | `array_agg('x')`, `lag('x')`, `to_jsonb('x')` | an error: the type of the literal is not known |
//! | `max(jsonb)`, `max(boolean)`, `string_agg(integer, text)` | an error: there is no such function |
//! | `CASE WHEN 1 THEN` | an error: it is no condition |

use arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::functions::core::expr_fn::greatest;
use datafusion::functions_nested::concat::array_concat_udf;
use datafusion::functions_nested::position::array_position_udf;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{Expr, ExprSchemable, cast, lit, when};
use strata_engine::EngineError;
use strata_engine::error::{DataFault, ObjectClass, Refusal};
use strata_engine::jsonb::is_jsonb;
use strata_engine::session::sql_type::{data_type_name, type_name};

use super::fault;
use super::unknown::is_unknown;

/// Functions that take a value of any type, which a literal without one has not.
const OF_ANY: [&str; 6] = ["first_value", "last_value", "nth_value", "lag", "lead", "to_jsonb"];

/// The rewrite.
#[derive(Debug)]
pub(super) struct Meanings;

impl FunctionRewrite for Meanings {
    fn name(&self) -> &'static str {
        "postgresql_meanings"
    }

    fn rewrite(&self, expr: Expr, schema: &DFSchema, _config: &ConfigOptions) -> Result<Transformed<Expr>> {
        match &expr {
            Expr::AggregateFunction(call) => aggregate(call.func.name(), &call.params.args, schema)?,
            Expr::WindowFunction(call) => {
                known(call.fun.name(), &call.params.args)?;
                aggregate(call.fun.name(), &call.params.args, schema)?;
            }
            Expr::Case(case) if case.expr.is_none() => {
                for (condition, _) in &case.when_then_expr {
                    let data_type = condition.get_type(schema)?;
                    if !matches!(data_type, DataType::Boolean | DataType::Null | DataType::Utf8) {
                        let message =
                            format!("argument of CASE/WHEN must be type boolean, not type {}", data_type_name(&data_type));
                        return Err(fault::data(DataFault::TypeMismatch, message));
                    }
                }
            }
            Expr::ScalarFunction(call) => return function(call, schema, &expr),
            _ => {}
        }
        Ok(Transformed::no(expr))
    }
}

/// The type of a literal must be known where nothing else says what the result is.
fn known(name: &str, arguments: &[Expr]) -> Result<()> {
    if OF_ANY.contains(&name) && arguments.first().is_some_and(is_unknown) {
        let message = "could not determine polymorphic type because input has type unknown";
        return Err(fault::data(DataFault::TypeMismatch, message));
    }
    Ok(())
}

fn aggregate(name: &str, arguments: &[Expr], schema: &DFSchema) -> Result<()> {
    let Some(argument) = arguments.first() else { return Ok(()) };
    if name == "array_agg" && is_unknown(argument) {
        return Err(fault::carried(EngineError::Refused {
            reason: Refusal::AmbiguousOperator,
            message: "function array_agg(unknown) is not unique".into(),
            hint: Some("Could not choose a best candidate function. You might need to add explicit type casts.".into()),
        }));
    }
    if !matches!(name, "max" | "min" | "string_agg") {
        return Ok(());
    }
    let field = argument.to_field(schema)?.1;
    let unfit = match name {
        "string_agg" => field.data_type().is_numeric() || field.data_type().is_temporal(),
        _ => *field.data_type() == DataType::Boolean || is_jsonb(&field),
    };
    if !unfit {
        return Ok(());
    }
    let rest = arguments[1..].iter().map(|argument| argument.get_type(schema).map(|of| data_type_name(&of)));
    let types = std::iter::once(Ok(type_name(&field))).chain(rest).collect::<Result<Vec<_>>>()?;
    Err(undefined(name, &types))
}

fn undefined(name: &str, types: &[String]) -> DataFusionError {
    fault::carried(EngineError::Undefined {
        what: ObjectClass::Function,
        name: format!("{name}({})", types.join(", ")),
        hint: Some("No function matches the given name and argument types. You might need to add explicit type casts.".into()),
    })
}

fn function(call: &ScalarFunction, schema: &DFSchema, expr: &Expr) -> Result<Transformed<Expr>> {
    known(call.name(), &call.args)?;
    let of_any = |null: Expr| -> Result<Transformed<Expr>> {
        let null = when(null, lit(ScalarValue::Boolean(None))).otherwise(expr.clone())?;
        Ok(Transformed::yes(null))
    };
    match (call.name(), call.args.as_slice()) {
        ("array_has", [array, _]) if !is_whole(array) => {
            let DataType::List(element) = array.get_type(schema)? else { return Ok(Transformed::no(expr.clone())) };
            let nothing = Expr::Literal(ScalarValue::try_from(element.data_type())?, None);
            let has_null = array_position_udf().call(vec![array.clone(), nothing]).is_not_null();
            of_any(Expr::Not(Box::new(expr.clone())).and(has_null))
        }
        ("array_has_all" | "array_has_any", [left, right]) if !(is_literal(left) && is_literal(right)) => {
            of_any(left.clone().is_null().or(right.clone().is_null()))
        }
        ("array_length", _) => {
            let length = cast(expr.clone(), DataType::Int64);
            let none = length.clone().eq(lit(0_i64));
            let data_type = expr.get_type(schema)?;
            let null = Expr::Literal(ScalarValue::try_from(&data_type)?, None);
            Ok(Transformed::yes(when(none, null).otherwise(expr.clone())?))
        }
        ("array_element", [array, at]) if !matches!(at, Expr::Literal(ScalarValue::Int64(Some(0..)), _)) => {
            let subscript = at.get_type(schema)?;
            if !matches!(array.get_type(schema)?, DataType::List(_)) || !subscript.is_signed_integer() {
                return Ok(Transformed::no(expr.clone()));
            }
            // Of NULL it is 0, which no element has.
            let at = greatest(vec![at.clone(), cast(lit(0_i64), subscript)]);
            Ok(Transformed::yes(call.func.call(vec![array.clone(), at])))
        }
        ("array_append", [array, element]) if is_unknown(element) => match array.get_type(schema)? {
            list @ DataType::List(_) => {
                Ok(Transformed::yes(array_concat_udf().call(vec![array.clone(), cast(element.clone(), list)])))
            }
            _ => Ok(Transformed::no(expr.clone())),
        },
        _ => Ok(Transformed::no(expr.clone())),
    }
}

fn is_literal(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(value, _) if !value.is_null())
}

/// Whether an array is written out without a NULL in it.
fn is_whole(array: &Expr) -> bool {
    match array {
        Expr::ScalarFunction(call) if call.name() == "make_array" => call.args.iter().all(is_literal),
        Expr::Literal(ScalarValue::List(list), _) => {
            use arrow::array::Array;
            list.len() == 1 && list.is_valid(0) && list.value(0).null_count() == 0
        }
        _ => false,
    }
}
