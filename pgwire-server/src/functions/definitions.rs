//! Definitions as SQL: views, indexes, functions; and expressions of columns, which are stored as their text.

use super::{Call, Definition, Returns, Value, quoting};
use crate::catalog::pg_proc;
use crate::catalog::world::{Relation, Shape};

/// The functions.
pub(super) const ALL: &[Definition] = &[
    Definition { name: "pg_get_viewdef", arguments: 1..=2, returns: Returns::Text, evaluate: view },
    Definition { name: "pg_get_indexdef", arguments: 1..=3, returns: Returns::Text, evaluate: index_definition },
    Definition { name: "pg_get_expr", arguments: 2..=3, returns: Returns::Text, evaluate: |call| Ok(call.text(0).into()) },
    nothing("pg_get_constraintdef", 1, 2),
    Definition { name: "pg_get_functiondef", arguments: 1..=1, returns: Returns::Text, evaluate: function },
    nothing("pg_get_function_arg_default", 2, 2),
    nothing("pg_get_function_sqlbody", 1, 1),
    nothing("pg_get_partkeydef", 1, 1),
    nothing("pg_get_partition_constraintdef", 1, 1),
    nothing("pg_get_ruledef", 1, 2),
    nothing("pg_get_serial_sequence", 2, 2),
    nothing("pg_get_statisticsobjdef", 1, 1),
    nothing("pg_get_statisticsobjdef_columns", 1, 1),
    nothing("pg_get_triggerdef", 1, 2),
    // What a function takes and gives depends on its arguments, so there is one word for all of them.
    Definition { name: "pg_get_function_result", arguments: 1..=1, returns: Returns::Text, evaluate: result },
    parameters("pg_get_function_arguments"),
    parameters("pg_get_function_identity_arguments"),
];

/// For objects that Strata does not have.
const fn nothing(name: &'static str, min: usize, max: usize) -> Definition {
    Definition { name, arguments: min..=max, returns: Returns::Text, evaluate: |_| Ok(Value::Null) }
}

fn result(call: &Call<'_>) -> strata_engine::Result<Value> {
    Ok(call.oid(0).filter(|oid| pg_proc::procedure(*oid).is_none()).map(|_| "any").into())
}

const fn parameters(name: &'static str) -> Definition {
    let evaluate = |call: &Call<'_>| {
        let of = |oid| pg_proc::procedure(oid).map_or("any", |procedure| procedure.parameters);
        Ok(call.oid(0).map(of).into())
    };
    Definition { name, arguments: 1..=1, returns: Returns::Text, evaluate }
}

/// What is built in has no body in SQL, as with PostgreSQL's own.
fn function(call: &Call<'_>) -> strata_engine::Result<Value> {
    let Some(oid) = call.oid(0) else { return Ok(Value::Null) };
    if let Some(procedure) = pg_proc::procedure(oid) {
        let (schema, name, parameters) = (procedure.schema, procedure.name, procedure.parameters);
        let head = format!("CREATE OR REPLACE PROCEDURE {schema}.{name}({parameters})");
        return Ok(format!("{head}\n LANGUAGE internal\nAS $procedure${name}$procedure$\n").into());
    }
    let name = pg_proc::function_name(call.source(), oid);
    Ok(name
        .map(|name| {
            let head = format!("CREATE OR REPLACE FUNCTION pg_catalog.{}(\"any\")", quoting::ident(&name));
            format!("{head}\n RETURNS \"any\"\n LANGUAGE internal\nAS $function${name}$function$\n")
        })
        .into())
}

fn view(call: &Call<'_>) -> strata_engine::Result<Value> {
    let relation = call.oid(0).and_then(|oid| call.world().relation(oid));
    Ok(match relation.map(|relation| &relation.shape) {
        Some(Shape::View(query)) => format!(" {};", query.trim().trim_end_matches(';')).into(),
        _ => Value::Null,
    })
}

fn index_definition(call: &Call<'_>) -> strata_engine::Result<Value> {
    let Some(relation) = call.oid(0).and_then(|oid| call.world().relation(oid)) else { return Ok(Value::Null) };
    match call.number(1) {
        // One column of it.
        Some(1) => Ok(column(relation).into()),
        Some(number) if number > 1 => Ok(Value::Null),
        _ => Ok(index(relation).into()),
    }
}

fn column(relation: &Relation) -> Option<String> {
    relation.attributes().first().map(|attribute| quoting::ident(attribute.field.name()))
}

/// The statement that makes an index; `None` for what is none.
pub(crate) fn index(relation: &Relation) -> Option<String> {
    let Shape::Index { topic, method, options, .. } = &relation.shape else { return None };
    let mut sql = format!(
        "CREATE INDEX {} ON {}.{} USING {method} ({})",
        quoting::ident(&relation.name),
        quoting::ident(&topic.schema),
        quoting::ident(&topic.name),
        column(relation)?,
    );
    if !options.is_empty() {
        let pairs: Vec<String> = options.iter().map(|(name, value)| format!("{name}='{}'", value.replace('\'', "''"))).collect();
        sql.push_str(&format!(" WITH ({})", pairs.join(", ")));
    }
    Some(sql)
}
