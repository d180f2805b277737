//! Small questions about the server that have the same answer for everybody.

use super::{Definition, Returns, Value};

/// The functions.
pub(super) const ALL: &[Definition] = &[
    always("pg_is_other_temp_schema", 1, Returns::Bool, |_| Ok(Value::Bool(false))),
    always("pg_relation_is_publishable", 1, Returns::Bool, |_| Ok(Value::Bool(false))),
    always("pg_is_wal_replay_paused", 0, Returns::Bool, |_| Ok(Value::Bool(false))),
    always("pg_my_temp_schema", 0, Returns::Int, |_| Ok(Value::Int(0))),
    always("inet_server_port", 0, Returns::Int, |_| Ok(Value::Null)),
    always("inet_server_addr", 0, Returns::Text, |_| Ok(Value::Null)),
    always("pg_tablespace_location", 1, Returns::Text, |_| Ok(Value::Text(String::new()))),
    always("pg_relation_is_updatable", 2, Returns::Int, |_| Ok(Value::Int(8))),
    always("txid_current_if_assigned", 0, Returns::Long, |_| Ok(Value::Null)),
    // There are no advisory locks, so nobody holds one.
    always("pg_advisory_unlock_all", 0, Returns::Text, |_| Ok(Value::Text(String::new()))),
    // Nobody waits for a lock of another.
    always("pg_blocking_pids", 1, Returns::Text, |_| Ok(Value::Text("{}".to_owned()))),
    always("pg_describe_object", 3, Returns::Text, |_| Ok(Value::Null)),
];

const fn always(
    name: &'static str,
    count: usize,
    returns: Returns,
    evaluate: fn(&super::Call<'_>) -> strata_engine::Result<Value>,
) -> Definition {
    Definition { name, arguments: count..=count, returns, evaluate }
}
