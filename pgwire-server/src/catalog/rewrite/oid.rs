//! Names where oids are meant, and oids where names are shown: casts to `regclass` and its relatives, `tableoid`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    ArrayElemTypeDef, DataType, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, ObjectNamePart, Select,
    SelectItem, TableFactor, Value, ValueWithSpan, VisitorMut,
};

use super::{as_type, call, catalog_table, relations};

/// Casts to types of the catalog: `reg...` become functions, others lose their schema.
pub(super) fn cast(value: &Expr, data_type: &mut DataType) -> Option<Expr> {
    let to_text = matches!(data_type, DataType::Text | DataType::Varchar(_))
        || data_type.to_string().eq_ignore_ascii_case("pg_catalog.text");
    if to_text && let Some(name) = oid_to_name(value) {
        return Some(name);
    }
    let class = match data_type {
        DataType::Regclass => "regclass".to_owned(),
        DataType::Custom(name, _) => name.0.last()?.as_ident()?.value.to_ascii_lowercase(),
        _ => {
            if matches!(data_type, DataType::Int(_) | DataType::Integer(_) | DataType::BigInt(_)) {
                return named_oid(value).map(|oid| as_type(oid, data_type.clone()));
            }
            plain_type(data_type);
            return None;
        }
    };
    if matches!(class.as_str(), "oid" | "int4" | "int8") {
        plain_type(data_type);
        return named_oid(value).map(|oid| as_type(oid, data_type.clone()));
    }
    // A name in quotes is looked up, anything else is an oid to be shown.
    let literal = matches!(value, Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(_), .. }));
    let function = match (class.as_str(), literal) {
        ("regclass", true) => "strata_regclass_oid",
        ("regclass", false) => "strata_regclass_name",
        ("regtype", true) => "strata_regtype_oid",
        ("regtype", false) => "strata_regtype_name",
        ("regnamespace", true) => "strata_regnamespace_oid",
        ("regnamespace", false) => "strata_regnamespace_name",
        ("regrole", _) => "pg_get_userbyid",
        _ => {
            plain_type(data_type);
            return None;
        }
    };
    Some(call(function, vec![value.clone()]))
}

/// `'now'::regproc::oid`: the number of a function. Elsewhere such a name stays what it is.
pub(super) fn of_procedure(expr: &Expr) -> Option<Expr> {
    let Expr::Cast { expr: inner, data_type: DataType::Custom(outer, _), .. } = expr else { return None };
    let Expr::Cast { expr: name, data_type: DataType::Custom(class, _), .. } = inner.as_ref() else { return None };
    let last = |name: &ObjectName| Some(name.0.last()?.as_ident()?.value.to_ascii_lowercase());
    let is_name = matches!(last(class)?.as_str(), "regproc" | "regprocedure") && last(outer)? == "oid";
    is_name.then(|| {
        as_type(call("strata_regproc_oid", vec![name.as_ref().clone()]), DataType::Custom(Ident::new("oid").into(), Vec::new()))
    })
}

/// What `x::regclass` is the oid of, where the name was to be shown: `$1::regclass::oid`.
fn named_oid(value: &Expr) -> Option<Expr> {
    let Expr::Function(function) = value else { return None };
    let oid = match function.name.0.last()?.as_ident()?.value.as_str() {
        "strata_regclass_name" => "strata_regclass_oid",
        "strata_regtype_name" => "strata_regtype_oid",
        "strata_regnamespace_name" => "strata_regnamespace_oid",
        _ => return None,
    };
    let FunctionArguments::List(arguments) = &function.args else { return None };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] = arguments.args.as_slice() else { return None };
    Some(call(oid, vec![argument.clone()]))
}

/// In `t.oid = $1::regtype` it is the oid that counts.
pub(super) fn compare_oids(left: &mut Expr, right: &mut Expr) {
    let counts = |other: &Expr| match other {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => true,
        // Another name that was looked up, as in `t.typ::regtype <> 'trigger'::regtype`.
        Expr::Function(_) => oid_to_name(other).is_some(),
        _ => false,
    };
    if counts(right)
        && let Some(oid) = named_oid(left)
    {
        *left = oid;
    }
    if counts(left)
        && let Some(oid) = named_oid(right)
    {
        *right = oid;
    }
}

/// What `'app'::regclass::text` shows, where the oid was meant.
fn oid_to_name(value: &Expr) -> Option<Expr> {
    let Expr::Function(function) = value else { return None };
    let name = match function.name.0.last()?.as_ident()?.value.as_str() {
        "strata_regclass_oid" => "strata_regclass_name",
        "strata_regtype_oid" => "strata_regtype_name",
        "strata_regnamespace_oid" => "strata_regnamespace_name",
        _ => return None,
    };
    Some(call(name, vec![value.clone()]))
}

/// Takes `pg_catalog.` and the quotes off a type's name; types that only the catalog has are text.
fn plain_type(data_type: &mut DataType) {
    match data_type {
        DataType::Array(
            ArrayElemTypeDef::SquareBracket(element, _)
            | ArrayElemTypeDef::AngleBracket(element)
            | ArrayElemTypeDef::Parenthesis(element),
        ) => plain_type(element),
        DataType::Custom(name, _) => {
            let Some(last) = name.0.last().and_then(ObjectNamePart::as_ident) else { return };
            let word = last.value.to_ascii_lowercase();
            let of_catalog = name.0.len() == 1 || name.0[0].as_ident().is_some_and(|schema| schema.value == "pg_catalog");
            match word.as_str() {
                "text" | "char" | "bpchar" | "cstring" | "aclitem" | "pg_node_tree" | "regproc" | "regprocedure" | "anyarray"
                    if of_catalog =>
                {
                    *data_type = DataType::Text;
                }
                _ if of_catalog && name.0.len() > 1 => *name = ObjectName::from(vec![Ident::new(word)]),
                _ => {}
            }
        }
        _ => {}
    }
}

/// The names by which a SELECT knows tables of the catalog, each with the oid of the table.
pub(super) fn table_oids(select: &Select) -> Vec<(String, u32)> {
    let named = |table: &TableFactor| {
        let TableFactor::Table { name, alias, .. } = table else { return None };
        let oid = super::super::table_oid(&catalog_table(table)?)?;
        let last = name.0.last().and_then(ObjectNamePart::as_ident);
        Some((alias.as_ref().map(|alias| &alias.name).or(last)?.value.clone(), oid))
    };
    relations(select).filter_map(named).collect()
}

/// Whether it is a column that every table of PostgreSQL's has, of one of these tables.
fn system_column<'a>(expr: &Expr, column: &str, tables: &'a [(String, u32)]) -> Option<&'a (String, u32)> {
    let Expr::CompoundIdentifier(path) = expr else { return None };
    let [table, name] = path.as_slice() else { return None };
    tables.iter().find(|(known, _)| name.value == column && *known == table.value)
}

/// A result's column that is `c.xmin` is still called so when [`TableOids`] has replaced it.
pub(super) fn name_versions(select: &mut Select, tables: &[(String, u32)]) {
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) = item
            && system_column(expr, "xmin", tables).is_some()
        {
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: Ident::new("xmin") };
        }
    }
}

/// Replaces `c.tableoid` by the oid of the table that `c` is, and `c.xmin` by 0: catalogs have no such columns here.
pub(super) struct TableOids(pub Vec<(String, u32)>);

impl VisitorMut for TableOids {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let number = match system_column(expr, "tableoid", &self.0) {
            Some((_, oid)) => Some(*oid),
            None => system_column(expr, "xmin", &self.0).map(|_| 0),
        };
        if let Some(number) = number {
            *expr = Expr::Value(Value::Number(number.to_string(), false).into());
        }
        ControlFlow::Continue(())
    }
}
