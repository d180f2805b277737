//! Whether a bare name finds an object: `pg_table_is_visible` and its relatives.

use super::{Call, Definition, Returns, Value};

/// The functions.
pub(super) const ALL: &[Definition] = &[
    Definition { name: "pg_table_is_visible", arguments: 1..=1, returns: Returns::Bool, evaluate: table_is_visible },
    known("pg_type_is_visible"),
    known("pg_function_is_visible"),
    known("pg_operator_is_visible"),
    known("pg_opclass_is_visible"),
    known("pg_opfamily_is_visible"),
    known("pg_collation_is_visible"),
    known("pg_conversion_is_visible"),
    known("pg_statistics_obj_is_visible"),
    known("pg_ts_config_is_visible"),
    known("pg_ts_dict_is_visible"),
    known("pg_ts_parser_is_visible"),
    known("pg_ts_template_is_visible"),
];

/// Everything of that class is built in, and built-in names are always found.
const fn known(name: &'static str) -> Definition {
    Definition { name, arguments: 1..=1, returns: Returns::Bool, evaluate: |call| Ok(call.oid(0).map(|_| true).into()) }
}

/// True if no earlier schema of the search path has a relation of the same name.
fn table_is_visible(call: &Call<'_>) -> strata_engine::Result<Value> {
    let Some(oid) = call.oid(0) else { return Ok(Value::Null) };
    let world = call.world();
    let Some(relation) = world.relation(oid) else { return Ok(Value::Null) };
    let path = call.source().session.search_path();
    let first = path.iter().find(|schema| world.named(&relation.name).any(|other| other.schema == **schema));
    Ok(Value::Bool(first == Some(&relation.schema)))
}
