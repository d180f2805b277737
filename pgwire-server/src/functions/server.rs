//! Small questions about the server that have the same answer for everybody, and about its files, of which it shows none.

use strata_engine::EngineError;
use strata_engine::error::{DataFault, Refusal};

use super::{Call, Definition, Returns, Value};

/// Formats of logs that PostgreSQL knows.
const LOG_FORMATS: [&str; 3] = ["stderr", "csvlog", "jsonlog"];

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
    // Errors go to standard error and records to topics: there is no file of them.
    Definition { name: "pg_current_logfile", arguments: 0..=1, returns: Returns::Text, evaluate: log_file },
    Definition { name: "pg_stat_file", arguments: 1..=2, returns: Returns::Text, evaluate: file },
];

fn log_file(call: &Call<'_>) -> strata_engine::Result<Value> {
    match call.text(0) {
        Some(format) if !LOG_FORMATS.contains(&format) => Err(EngineError::Data {
            reason: DataFault::InvalidArgument,
            message: format!("log format \"{format}\" is not supported"),
            hint: Some("The supported log formats are \"stderr\", \"csvlog\", and \"jsonlog\".".into()),
        }),
        _ => Ok(Value::Null),
    }
}

/// What is known of a file: nothing, and only superusers are told so.
fn file(call: &Call<'_>) -> strata_engine::Result<Value> {
    let source = call.source();
    if !source.engine.users().is_superuser(&source.session.current_user()) {
        let message = "permission denied for function pg_stat_file".into();
        return Err(EngineError::Refused { reason: Refusal::Privilege, message, hint: None });
    }
    let Some(name) = call.text(0) else { return Ok(Value::Null) };
    if call.count() == 2 && !matches!(call.text(1), Some("false" | "f")) {
        return Ok(Value::Null);
    }
    let message = format!("could not stat file \"{name}\": No such file or directory");
    Err(EngineError::Data { reason: DataFault::NoFile, message, hint: None })
}

const fn always(
    name: &'static str,
    count: usize,
    returns: Returns,
    evaluate: fn(&super::Call<'_>) -> strata_engine::Result<Value>,
) -> Definition {
    Definition { name, arguments: count..=count, returns, evaluate }
}
