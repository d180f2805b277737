//! Aggregates that are a function of an array, or of an array that is in order.
//!
//! | written | planned |
//! |---|---|
//! | `every(x)`, `variance(x)` | `bool_and(x)`, `var_samp(x)` |
//! | `jsonb_agg(x ORDER BY y)` | `jsonb_of(array_agg(to_jsonb(x) ORDER BY y))` |
//! | `jsonb_object_agg(k, v)` | `jsonb_of_pairs(array_agg(CAST(k AS text)), array_agg(to_jsonb(v)))` |
//! | `mode() WITHIN GROUP (ORDER BY x)` | `mode_of(array_agg(x ORDER BY x) FILTER (WHERE x IS NOT NULL))` |
//! | `percentile_disc(f) WITHIN GROUP (ORDER BY x)` | `percentile_disc_of(array_agg(...), f)` |
//! | `array_agg(DISTINCT x)` | `array_agg(DISTINCT x ORDER BY x)`: PostgreSQL sorts |

use datafusion::sql::sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArgumentClause, FunctionArgumentList, FunctionArguments, Ident, ObjectName,
};

use super::parsed;

/// The other words for an expression; `None` if it stays.
pub(super) fn reword(expr: &mut Expr) -> Option<Expr> {
    let Expr::Function(function) = expr else { return None };
    let name = function.name.to_string().to_ascii_lowercase();
    let name = name.strip_prefix("pg_catalog.").unwrap_or(&name);
    match name {
        "every" | "variance" => {
            let other = if name == "every" { "bool_and" } else { "var_samp" };
            function.name = ObjectName::from(vec![Ident::new(other)]);
            None
        }
        "jsonb_agg" | "json_agg" => {
            let [value] = arguments(function)?;
            parsed(&format!("jsonb_of({})", gathered(function, &format!("to_jsonb({value})"))?))
        }
        "jsonb_object_agg" | "json_object_agg" => {
            let [key, value] = arguments(function)?;
            let keys = gathered(function, &format!("CAST({key} AS text)"))?;
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
            let plain = list.duplicate_treatment == Some(DuplicateTreatment::Distinct) && list.clauses.is_empty();
            if plain { parsed(&gathered_with(function, &format!("DISTINCT {value} ORDER BY {value}"))) } else { None }
        }
        _ => None,
    }
}

fn list(function: &Function) -> Option<&FunctionArgumentList> {
    match &function.args {
        FunctionArguments::List(list) => Some(list),
        _ => None,
    }
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
    format!("array_agg({inside}){filter}{over}")
}

/// The values of `WITHIN GROUP (ORDER BY x)` in order, without NULLs.
fn sorted(function: &Function) -> Option<String> {
    let [order] = function.within_group.as_slice() else { return None };
    let value = &order.expr;
    let filter = function.filter.as_ref().map(|filter| format!(" AND ({filter})")).unwrap_or_default();
    Some(format!("array_agg({value} ORDER BY {order}) FILTER (WHERE ({value}) IS NOT NULL{filter})"))
}
