//! `FROM t, aclexplode(t.acl) AS d`: the rights in a list as rows.

use datafusion::sql::sqlparser::ast::{FunctionArg, FunctionArgExpr, ObjectNamePart, SetExpr, TableFactor};

use super::parsed_query;

/// Columns of a right.
const COLUMNS: [&str; 4] = ["grantor", "grantee", "privilege_type", "is_grantable"];

/// `LATERAL (SELECT get_field(one, 'grantor') AS grantor, ... FROM (SELECT unnest(strata_aclexplode(t.acl)) AS one) AS rights) AS d` for
/// `aclexplode(t.acl) AS d`; `None` for anything else.
pub(super) fn rights(table: &TableFactor) -> Option<TableFactor> {
    let TableFactor::Table { name, alias, args: Some(arguments), with_ordinality: false, .. } = table else { return None };
    let function = name.0.last().and_then(ObjectNamePart::as_ident)?;
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(list))] = arguments.args.as_slice() else { return None };
    if !function.value.eq_ignore_ascii_case("aclexplode") {
        return None;
    }
    let alias = alias.as_ref().map_or_else(|| function.to_string(), ToString::to_string);
    let alias = alias.trim_start_matches("AS ");
    let columns = COLUMNS.map(|column| format!("get_field(one, '{column}') AS {column}")).join(", ");
    let rights = format!("SELECT {columns} FROM (SELECT unnest(strata_aclexplode({list})) AS one) AS rights");
    let query = parsed_query(&format!("SELECT 1 FROM LATERAL ({rights}) AS {alias}"))?;
    let SetExpr::Select(mut select) = *query.body else { return None };
    Some(select.from.pop()?.relation)
}
