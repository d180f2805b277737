//! Functions that give rows: in a SELECT list and in FROM.
//!
//! Here such functions give arrays, which `unnest` takes apart. In FROM the column has the alias's name, as PostgreSQL has it.

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, Ident, ObjectName, Select, SelectItem, SetExpr, Statement, TableAlias, TableAliasColumnDef, TableFactor,
    TableFunctionArgs,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::FunctionName;

/// Functions that give an array of what they would give rows of.
const SERIES: [&str; 7] = [
    "generate_series",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "jsonb_object_keys",
    "regexp_split_to_table",
    "string_to_table",
    "regexp_matches",
];

/// Functions that give rows of a key and a value, and the functions that give the arrays of these.
const PAIRS: [(&str, &str); 4] = [
    ("jsonb_each", "jsonb_object_values"),
    ("json_each", "jsonb_object_values"),
    ("jsonb_each_text", "jsonb_object_values_text"),
    ("json_each_text", "jsonb_object_values_text"),
];

/// Takes the series of a SELECT list apart.
pub(super) fn expand_list(select: &mut Select) {
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
            super::outside_subqueries(expr, wrap);
        }
    }
}

/// `unnest(f(x))` for `f(x)`.
fn wrap(expr: &mut Expr) {
    if let Expr::Function(function) = expr
        && is_series(&function.name)
        && function.over.is_none()
        && let Some(unnested) = super::parsed(&format!("unnest({function})"))
    {
        *expr = unnested;
    }
}

/// Whether a function is one of them.
pub(super) fn is_series(name: &ObjectName) -> bool {
    FunctionName::of(name).is_some_and(|name| is_one(name.as_str()))
}

/// Whether one of them has a name.
pub(super) fn is_one(name: &str) -> bool {
    SERIES.contains(&name)
}

/// `FROM f(x) AS y`: the function's array taken apart, the column named.
pub(super) fn expand_factor(factor: &mut TableFactor) {
    let other = match factor {
        TableFactor::Table { name, alias, args: Some(TableFunctionArgs { args, .. }), with_ordinality, .. } => {
            let plain =
                name.to_string().eq_ignore_ascii_case("generate_series") && !*with_ordinality && args.iter().all(is_number);
            if let Some(pairs) = pairs(name, args, alias.as_ref()).filter(|_| !*with_ordinality) {
                *factor = pairs;
                return;
            }
            if plain || !is_series(name) {
                // A table function of its own; only the name of its column is missing.
                if plain || is_series(name) {
                    name_column(alias, name);
                }
                return;
            }
            let call = format!("{name}({})", list(args));
            rows(&format!("unnest({call})"), alias, *with_ordinality, &name.to_string())
        }
        TableFactor::UNNEST { alias, array_exprs, with_ordinality: true, .. } => {
            let arrays: Vec<String> = array_exprs.iter().map(|array| format!("unnest({array})")).collect();
            rows(&arrays.join(", "), alias, true, "unnest")
        }
        TableFactor::UNNEST { alias, array_exprs, .. } => {
            if array_exprs.len() == 1 {
                name_column(alias, &ObjectName::from(vec![Ident::new("unnest")]));
            }
            return;
        }
        _ => return,
    };
    if let Some(other) = other {
        *factor = other;
    }
}

/// `FROM jsonb_each(x) AS y`: two arrays taken apart side by side.
fn pairs(name: &ObjectName, arguments: &[FunctionArg], alias: Option<&TableAlias>) -> Option<TableFactor> {
    let name = FunctionName::of(name)?;
    let (function, values) = PAIRS.iter().find(|(function, _)| name.as_str() == *function)?;
    let arguments = list(arguments);
    let alias = alias.map_or_else(|| format!("AS {function}"), ToString::to_string);
    let alias = alias.trim_start_matches("AS ");
    let keys = format!("SELECT unnest(jsonb_object_keys({arguments})) AS key, unnest({values}({arguments})) AS value");
    relation(&format!("SELECT 1 FROM LATERAL ({keys}) AS {alias}"))
}

/// What stands behind FROM.
fn relation(sql: &str) -> Option<TableFactor> {
    let mut statements = Parser::parse_sql(&PostgreSqlDialect {}, sql).ok()?;
    let Some(Statement::Query(query)) = statements.pop() else { return None };
    let SetExpr::Select(mut select) = *query.body else { return None };
    Some(select.from.pop()?.relation)
}

fn is_number(argument: &FunctionArg) -> bool {
    let text = argument.to_string();
    text.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit())
}

fn list(arguments: &[FunctionArg]) -> String {
    arguments.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A function without column names gives its column the name of its alias, or its own.
fn name_column(alias: &mut Option<TableAlias>, function: &ObjectName) {
    let own = || Ident::with_quote('"', function.to_string().to_ascii_lowercase());
    let alias = alias.get_or_insert_with(|| TableAlias { explicit: true, name: own(), columns: Vec::new(), at: None });
    if alias.columns.is_empty() {
        alias.columns = vec![TableAliasColumnDef { name: alias.name.clone(), data_type: None }];
    }
}

/// `(SELECT <unnested> AS "name") AS alias(columns)`, with the number of each row where it is asked for.
fn rows(unnested: &str, alias: &Option<TableAlias>, numbered: bool, function: &str) -> Option<TableFactor> {
    let own = function.to_ascii_lowercase();
    // Elements of jsonb have a name of their own.
    let own = if own.starts_with("jsonb_array_elements") && alias.is_none() { "value".to_owned() } else { own };
    let column = match alias {
        Some(alias) if alias.columns.is_empty() => alias.name.to_string(),
        _ => format!("\"{own}\""),
    };
    let inner = format!("SELECT {unnested} AS {column}");
    let query = if numbered { format!("SELECT s.*, row_number() OVER () AS ordinality FROM ({inner}) s") } else { inner };
    let alias = alias.as_ref().map_or_else(|| format!("\"{own}\""), ToString::to_string);
    relation(&format!("SELECT 1 FROM LATERAL ({query}) AS {}", alias.trim_start_matches("AS ")))
}
