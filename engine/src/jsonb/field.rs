//! Which field of which column an expression reads, whatever way it is written.

use datafusion::common::Column;
use datafusion::logical_expr::Expr;

use super::path::parse_path;
use super::planner::literal_text;
use super::{extract_path, extract_path_text, get, get_path, get_path_text, get_text};

/// The column and the keys of `attrs ->> 'k'`, `attrs -> 'a' ->> 'b'`, `attrs #>> '{a,b}'` and
/// `jsonb_extract_path_text(attrs, 'a', 'b')`; `None` for anything else. Keys that could be indexes of an array count only
/// where the operator takes them for keys.
pub fn attrs_field(expr: &Expr) -> Option<(Column, Vec<String>)> {
    let Expr::ScalarFunction(call) = unaliased(expr) else { return None };
    let steps = if call.name() == get_text::DEFINITION.name {
        vec![literal_text(call.args.get(1)?)?.to_owned()]
    } else if call.name() == get_path_text::DEFINITION.name {
        path_steps(call.args.get(1)?)?
    } else if call.name() == extract_path_text::DEFINITION.name {
        argument_steps(&call.args)?
    } else {
        return None;
    };
    let (column, mut path) = document(call.args.first()?)?;
    path.extend(steps);
    (!path.is_empty()).then_some((column, path))
}

/// The column and the keys of an expression that gives jsonb.
fn document(expr: &Expr) -> Option<(Column, Vec<String>)> {
    let call = match unaliased(expr) {
        Expr::Column(column) => return Some((column.clone(), Vec::new())),
        Expr::ScalarFunction(call) => call,
        _ => return None,
    };
    let steps = if call.name() == get::DEFINITION.name {
        vec![literal_text(call.args.get(1)?)?.to_owned()]
    } else if call.name() == get_path::DEFINITION.name {
        path_steps(call.args.get(1)?)?
    } else if call.name() == extract_path::DEFINITION.name {
        argument_steps(&call.args)?
    } else {
        return None;
    };
    let (column, mut path) = document(call.args.first()?)?;
    path.extend(steps);
    Some((column, path))
}

fn unaliased(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => unaliased(&alias.expr),
        other => other,
    }
}

fn path_steps(path: &Expr) -> Option<Vec<String>> {
    keys_only(parse_path(literal_text(path)?)?)
}

fn argument_steps(arguments: &[Expr]) -> Option<Vec<String>> {
    keys_only(arguments.get(1..)?.iter().map(|step| literal_text(step).map(str::to_owned)).collect::<Option<_>>()?)
}

fn keys_only(steps: Vec<String>) -> Option<Vec<String>> {
    steps.iter().all(|step| step.trim().parse::<i64>().is_err()).then_some(steps)
}
