//! Functions and tables that go by another name, and functions that are tables.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, ObjectNamePart, SetExpr, TableFactor,
};

use super::vector::is_vector;
use super::{call, parsed_query};

/// Functions of PostgreSQL's that give all rows of a table; no topic has partitions, whichever is asked for.
const TABLES: &[(&str, &str)] = &[
    ("pg_partition_tree", "pg_partition_tree"),
    ("pg_show_all_settings", "pg_settings"),
    ("pg_available_extensions", "pg_available_extensions"),
    ("pg_available_extension_versions", "pg_available_extension_versions"),
];

/// Functions that give one value, and are read from like tables all the same.
const ONE_VALUE: &[&str] = &["string_to_array", "parse_ident", "current_setting", "regexp_split_to_array"];

/// `FROM pg_show_all_settings()` as `FROM pg_catalog.pg_settings`, and `FROM string_to_array(x, y) AS s` as a table of one row.
pub(super) fn table(table: &mut TableFactor) {
    if let Some(row) = one_row(table) {
        *table = row;
        return;
    }
    let TableFactor::Table { name, args, .. } = table else { return };
    let called = args.is_some();
    let last = name.0.last().and_then(ObjectNamePart::as_ident).map(|name| name.value.to_ascii_lowercase());
    if let Some((_, table)) = TABLES.iter().find(|(function, _)| called && last.as_deref() == Some(function)) {
        *name = ObjectName::from(vec![Ident::new("pg_catalog"), Ident::new(*table)]);
        *args = None;
    }
}

/// `(SELECT f(x) AS s) AS s` for a function that gives one value.
fn one_row(table: &TableFactor) -> Option<TableFactor> {
    let TableFactor::Table { name, alias, args: Some(arguments), with_ordinality: false, .. } = table else { return None };
    let function = name.0.last().and_then(ObjectNamePart::as_ident)?;
    if !ONE_VALUE.contains(&function.value.to_ascii_lowercase().as_str()) {
        return None;
    }
    let arguments = arguments.args.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let called = alias.as_ref().map_or(function, |alias| &alias.name);
    let query = parsed_query(&format!("SELECT 1 FROM (SELECT {name}({arguments}) AS {called}) AS {called}"))?;
    let SetExpr::Select(mut select) = *query.body else { return None };
    Some(select.from.pop()?.relation)
}

/// A function as it is called here.
pub(super) fn function(function: &mut Function, vectors: &[String]) -> Option<Expr> {
    fold(&mut function.name);
    let name = function.name.0.last()?.as_ident()?.value.to_ascii_lowercase();
    let as_rows = |function: &mut Function, name: &str| {
        function.name = ObjectName::from(vec![Ident::new(name)]);
        Some(call("unnest", vec![Expr::Function(function.clone())]))
    };
    match name.as_str() {
        "generate_subscripts" => return as_rows(function, "strata_subscripts"),
        "_pg_expandarray" => return as_rows(function, "strata_expanded"),
        "aclexplode" => return as_rows(function, "strata_aclexplode"),
        "unnest" => {
            function.name = ObjectName::from(vec![Ident::new(name)]);
            if let FunctionArguments::List(list) = &mut function.args
                && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] = list.args.as_mut_slice()
                && is_vector(argument, vectors)
            {
                *argument = call("strata_vector", vec![argument.clone()]);
            }
        }
        _ => {}
    }
    None
}

/// `PG_CATALOG.CONCAT` and `"pg_catalog"."concat"` as `pg_catalog.concat`: what has no quotes means lower case, and lower case needs
/// no quotes.
fn fold(name: &mut ObjectName) {
    if name.0.len() < 2 {
        return;
    }
    for part in &mut name.0 {
        if let ObjectNamePart::Identifier(part) = part {
            if part.quote_style.is_none() {
                part.value.make_ascii_lowercase();
            } else if part.value.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
                part.quote_style = None;
            }
        }
    }
}
