//! Aggregates that are a function of an array, or of an array that is in order.
//!
//! | written | planned |
//! |---|---|
//! | `every(x)`, `variance(x)` | `bool_and(x)`, `var_samp(x)` |
//! | `jsonb_agg(x ORDER BY y)` | `jsonb_of(array_agg(to_jsonb(x) ORDER BY y))` |
//! | `jsonb_object_agg(k, v)` | `jsonb_of_pairs(array_agg(CAST(k AS text)), array_agg(to_jsonb(v)))` |
//! | `mode() WITHIN GROUP (ORDER BY x)` | `mode_of(array_agg(x ORDER BY x) FILTER (WHERE x IS NOT NULL))` |
//! | `percentile_disc(f) WITHIN GROUP (ORDER BY x)` | `percentile_disc_of(array_agg(...), f)` |
//! | `bool_or(x) OVER (... ROWS 2 PRECEDING)` | [`bool_or_of_frame`](sliding), which gives rows back |
//! | `array_agg(DISTINCT x)` | `array_agg(DISTINCT x ORDER BY x)`: PostgreSQL sorts |

use datafusion::sql::sqlparser::ast::{
    DataType, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList,
    FunctionArguments, Ident, Interval, ObjectName, Value, ValueWithSpan, WindowFrameBound, WindowSpec, WindowType,
};

use super::{FunctionName, parsed};
use crate::dialect::sliding;

/// The other words for an expression; `None` if it stays.
pub(super) fn reword(expr: &mut Expr) -> Option<Expr> {
    let Expr::Function(function) = expr else { return None };
    if let Some(WindowType::WindowSpec(WindowSpec { window_frame: Some(frame), .. })) = &mut function.over {
        plain_bound(&mut frame.start_bound);
        frame.end_bound.as_mut().map(plain_bound);
    }
    let name = FunctionName::of(&function.name)?;
    let name = name.as_str();
    match name {
        "every" | "variance" => {
            let other = if name == "every" { "bool_and" } else { "var_samp" };
            rename(function, other);
            None
        }
        "bool_or" | "bool_and" | "string_agg" if slides(function) => {
            rename(function, name);
            None
        }
        "jsonb_agg" | "json_agg" => {
            let [value] = arguments(function)?;
            parsed(&format!("jsonb_of({})", gathered(function, &format!("to_jsonb({value})"))?))
        }
        "jsonb_object_agg" | "json_object_agg" => {
            let [key, value] = arguments(function)?;
            let keys = gathered(function, &format!("CAST({key} AS text)"))?;
            let text = literal_at(function, 1);
            let value = if text { format!("CAST({value} AS text)") } else { value };
            let values = gathered(function, &format!("to_jsonb({value})"))?;
            parsed(&format!("jsonb_of_pairs({keys}, {values})"))
        }
        "mode" => parsed(&format!("mode_of({})", sorted(function)?)),
        "percentile_disc" => {
            let [fraction] = arguments(function)?;
            parsed(&format!("percentile_disc_of({}, {fraction})", sorted(function)?))
        }
        "percentile_cont" => {
            let [fraction] = arguments(function)?;
            let many = fraction.to_ascii_lowercase().starts_with("array[") || fraction.starts_with("'{");
            if many { parsed(&format!("percentile_cont_of({}, {fraction})", sorted(function)?)) } else { None }
        }
        "array_agg" => {
            let [value] = arguments(function)?;
            let FunctionArguments::List(list) = &function.args else { return None };
            if slides(function) {
                rename(function, "array_agg");
                return None;
            }
            let plain = list.duplicate_treatment == Some(DuplicateTreatment::Distinct) && list.clauses.is_empty();
            if plain { parsed(&gathered_with(function, &format!("DISTINCT {value} ORDER BY {value}"))) } else { None }
        }
        _ => None,
    }
}

fn rename(function: &mut Function, name: &str) {
    let name = if slides(function) { sliding::name_of(name).unwrap_or(name) } else { name };
    function.name = ObjectName::from(vec![Ident::new(name)]);
}

/// Whether a call is over a frame that rows leave.
fn slides(function: &Function) -> bool {
    let Some(WindowType::WindowSpec(WindowSpec { window_frame: Some(frame), .. })) = &function.over else { return false };
    !matches!(frame.start_bound, WindowFrameBound::Preceding(None))
}

/// A distance in a window is an interval, not a cast to one.
fn plain_bound(bound: &mut WindowFrameBound) {
    if let WindowFrameBound::Preceding(Some(distance)) | WindowFrameBound::Following(Some(distance)) = bound
        && let Expr::Cast { expr, data_type: DataType::Interval { .. }, .. } = distance.as_ref()
        && super::text_of(expr).is_some()
    {
        **distance = Expr::Interval(Interval {
            value: expr.clone(),
            leading_field: None,
            leading_precision: None,
            last_field: None,
            fractional_seconds_precision: None,
        });
    }
}

fn list(function: &Function) -> Option<&FunctionArgumentList> {
    match &function.args {
        FunctionArguments::List(list) => Some(list),
        _ => None,
    }
}

/// Whether an argument is a literal text.
fn literal_at(function: &Function, nth: usize) -> bool {
    let argument = list(function).and_then(|list| list.args.get(nth));
    matches!(argument, Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))) if super::text_of(expr).is_some())
}

/// The texts of exactly `N` arguments.
fn arguments<const N: usize>(function: &Function) -> Option<[String; N]> {
    let texts: Vec<String> = list(function)?.args.iter().map(ToString::to_string).collect();
    texts.try_into().ok()
}

/// `array_agg(value ORDER BY ...) FILTER (...) OVER (...)`, with what the call has of these.
fn gathered(function: &Function, value: &str) -> Option<String> {
    let list = list(function)?;
    let distinct = if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) { "DISTINCT " } else { "" };
    let order = list.clauses.iter().find(|clause| matches!(clause, FunctionArgumentClause::OrderBy(_)));
    let order = order.map(|order| format!(" {order}")).unwrap_or_default();
    Some(gathered_with(function, &format!("{distinct}{value}{order}")))
}

fn gathered_with(function: &Function, inside: &str) -> String {
    let filter = function.filter.as_ref().map(|filter| format!(" FILTER (WHERE {filter})")).unwrap_or_default();
    let over = function.over.as_ref().map(|over| format!(" OVER {over}")).unwrap_or_default();
    let name = sliding::name_of("array_agg").filter(|_| slides(function)).unwrap_or("array_agg");
    format!("{name}({inside}){filter}{over}")
}

/// The values of `WITHIN GROUP (ORDER BY x)` in order, without NULLs.
fn sorted(function: &Function) -> Option<String> {
    let [order] = function.within_group.as_slice() else { return None };
    let value = &order.expr;
    // A number would be the number of a column.
    let constant = matches!(value, Expr::Value(ValueWithSpan { value: Value::Number(..), .. }));
    let order = if constant { "CAST(NULL AS int)".to_owned() } else { order.to_string() };
    let filter = function.filter.as_ref().map(|filter| format!(" AND ({filter})")).unwrap_or_default();
    Some(format!("array_agg({value} ORDER BY {order}) FILTER (WHERE ({value}) IS NOT NULL{filter})"))
}
