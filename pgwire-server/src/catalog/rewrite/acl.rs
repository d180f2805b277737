//! `FROM t, aclexplode(t.acl) AS d`: the records of a list beside the row that has the list.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Ident, ObjectNamePart, Select, SelectItem, SetExpr, TableFactor, Value, VisitMut,
    VisitorMut,
};

use super::{call, parsed_query};

/// Puts `FROM (SELECT *, unnest(strata_aclexplode(t.acl)) AS d FROM t)` in its place, and `get_field(d, 'grantee')` in that of
/// `d.grantee`.
pub(super) fn in_from(select: &mut Select) {
    let Some((at, name, list)) =
        select.from.iter().enumerate().find_map(|(at, from)| exploded(&from.relation).map(|(name, list)| (at, name, list)))
    else {
        return;
    };
    if at == 0 || !select.from[at].joins.is_empty() {
        return;
    }
    let beside: Vec<String> =
        select.from.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, from)| from.to_string()).collect();
    let below = format!("SELECT *, unnest(strata_aclexplode({list})) AS {name} FROM {}", beside.join(", "));
    let Some(whole) = parsed_query(&format!("SELECT 1 FROM ({below}) AS \"rights\"")) else { return };
    let SetExpr::Select(whole) = *whole.body else { return };
    select.from = whole.from;
    for item in &mut select.projection {
        // A field is a column of its own name.
        if let SelectItem::UnnamedExpr(expr) = item
            && let Some(field) = field_of(expr, &name)
        {
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: field };
        }
        let _: ControlFlow<()> = item.visit(&mut Fields(&name));
    }
    let _: ControlFlow<()> = select.selection.visit(&mut Fields(&name));
}

/// The name and the argument of `aclexplode(x) AS name`.
fn exploded(table: &TableFactor) -> Option<(Ident, Expr)> {
    let TableFactor::Table { name, alias: Some(alias), args: Some(arguments), .. } = table else { return None };
    let function = name.0.last().and_then(ObjectNamePart::as_ident)?;
    match arguments.args.as_slice() {
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(list))] if function.value.eq_ignore_ascii_case("aclexplode") => {
            Some((alias.name.clone(), list.clone()))
        }
        _ => None,
    }
}

/// The field that `d.grantee` reads of the record `d`.
fn field_of(expr: &Expr, record: &Ident) -> Option<Ident> {
    let Expr::CompoundIdentifier(path) = expr else { return None };
    match path.as_slice() {
        [of, field] if of == record => Some(field.clone()),
        _ => None,
    }
}

/// Reads fields of the record of this name.
struct Fields<'a>(&'a Ident);

impl VisitorMut for Fields<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Some(field) = field_of(expr, self.0) {
            let field = Expr::Value(Value::SingleQuotedString(field.value).into());
            *expr = call("get_field", vec![Expr::Identifier(self.0.clone()), field]);
        }
        ControlFlow::Continue(())
    }
}
