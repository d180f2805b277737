//! `has_table_privilege` and its relatives: the one user may do everything that can be done.

use super::{Definition, Returns, Value};

/// The functions.
pub(super) const ALL: &[Definition] = &[
    allowed("has_any_column_privilege", 2, 3),
    allowed("has_column_privilege", 3, 4),
    allowed("has_database_privilege", 2, 3),
    allowed("has_foreign_data_wrapper_privilege", 2, 3),
    allowed("has_function_privilege", 2, 3),
    allowed("has_language_privilege", 2, 3),
    allowed("has_parameter_privilege", 2, 3),
    allowed("has_schema_privilege", 2, 3),
    allowed("has_sequence_privilege", 2, 3),
    allowed("has_server_privilege", 2, 3),
    allowed("has_table_privilege", 2, 3),
    allowed("has_tablespace_privilege", 2, 3),
    allowed("has_type_privilege", 2, 3),
    allowed("pg_has_role", 2, 3),
    Definition { name: "row_security_active", arguments: 1..=1, returns: Returns::Bool, evaluate: |_| Ok(Value::Bool(false)) },
];

const fn allowed(name: &'static str, min: usize, max: usize) -> Definition {
    Definition { name, arguments: min..=max, returns: Returns::Bool, evaluate: |_| Ok(Value::Bool(true)) }
}
