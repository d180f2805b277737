//! Every configuration parameter, once. `SHOW ALL` and `sys.settings` are this list.
//!
//! What a session does not find here is unknown (42704), unless its name has a dot: such a parameter is the client's own.

use super::{Kind, Scope, Setting};

const fn session(name: &'static str, kind: Kind, default: &'static str, description: &'static str) -> Setting {
    Setting { name, kind, default, unit: None, scope: Scope::Session, reported: false, description }
}

const fn fixed(name: &'static str, kind: Kind, default: &'static str, description: &'static str) -> Setting {
    Setting { name, kind, default, unit: None, scope: Scope::Fixed, reported: false, description }
}

impl Setting {
    const fn reported(mut self) -> Self {
        self.reported = true;
        self
    }

    const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = Some(unit);
        self
    }
}

/// Longest duration that PostgreSQL accepts, milliseconds.
const MS_MAX: i64 = i32::MAX as i64;

/// The version that drivers see. Drivers switch features on it, so it is the PostgreSQL whose catalog is imitated.
pub const SERVER_VERSION: &str = "15.10";

const ISOLATION: Kind = Kind::Word(&["read committed", "read uncommitted", "repeatable read", "serializable"]);
const MESSAGES: Kind = Kind::Word(&[
    "debug5", "debug4", "debug3", "debug2", "debug1", "log", "notice", "info", "warning", "error", "fatal", "panic",
]);

/// All parameters, by name.
pub const ALL: &[Setting] = &[
    session("application_name", Kind::Text, "", "Name of the client for sys.sessions.").reported(),
    session("enable_indexscan", Kind::Bool, "on", "Whether queries ask indexes. Answers are the same without, only later."),
    session("bytea_output", Kind::Word(&["hex"]), "hex", "Text form of bytea values."),
    session("check_function_bodies", Kind::Bool, "on", "Accepted for scripts; there are no functions to check."),
    session("client_encoding", Kind::Encoding, "UTF8", "Encoding of the client: UTF8, or SQL_ASCII, which converts nothing.")
        .reported(),
    session("client_min_messages", MESSAGES, "notice", "Least severity of messages sent to the client."),
    fixed("data_directory", Kind::Text, "", "Folder of everything that is stored."),
    session("DateStyle", Kind::DateStyle, "ISO, MDY", "Form of dates.").reported(),
    session("default_tablespace", Kind::Text, "", "Accepted for scripts; there are no tablespaces."),
    session("default_table_access_method", Kind::Text, "heap", "Accepted for scripts; topics have one form of storage."),
    session("default_transaction_isolation", ISOLATION, "read committed", "Isolation of new transactions."),
    session("default_transaction_read_only", Kind::Bool, "off", "Whether new transactions are read-only.").reported(),
    session(
        "etl.apply",
        Kind::Word(&["sync", "async", "manual"]),
        "sync",
        "Whether COMMIT waits for the rollout of a change of etl; manual leaves a draft for CALL etl.apply.",
    ),
    session("etl.comment", Kind::Text, "", "Why the configuration is changed: the comment of the next layers."),
    session("extra_float_digits", Kind::Int(-15, 3), "1", "Digits of floating-point numbers; 1 and more is shortest exact."),
    session(
        "idle_in_transaction_session_timeout",
        Kind::Duration(0, MS_MAX),
        "0",
        "Silence of a client in a transaction block before its session ends; 0 is no limit.",
    )
    .unit("ms"),
    session(
        "idle_session_timeout",
        Kind::Duration(0, MS_MAX),
        "0",
        "Silence of a client outside of a transaction block before its session ends; 0 is no limit.",
    )
    .unit("ms"),
    fixed("in_hot_standby", Kind::Bool, "off", "Never: this server takes writes.").reported(),
    fixed("integer_datetimes", Kind::Bool, "on", "Times are whole microseconds.").reported(),
    session("IntervalStyle", Kind::Word(&["postgres"]), "postgres", "Form of intervals.").reported(),
    fixed("is_superuser", Kind::Bool, "on", "Whether the user may do everything.").reported(),
    fixed("lc_collate", Kind::Text, "C", "Order of text: by code point."),
    fixed("lc_ctype", Kind::Text, "C.UTF-8", "Classes of characters."),
    session("lc_messages", Kind::Text, "C", "Language of messages."),
    session("lc_monetary", Kind::Text, "C", "Form of amounts of money."),
    session("lc_numeric", Kind::Text, "C", "Form of numbers."),
    session("lc_time", Kind::Text, "C", "Form of dates."),
    session("lock_timeout", Kind::Duration(0, MS_MAX), "0", "Accepted for scripts; there are no locks to wait for.").unit("ms"),
    fixed("max_connections", Kind::Int(1, 1_000_000), "1000", "Connections at the same time."),
    fixed("max_identifier_length", Kind::Int(1, 1024), "63", "Longest name in bytes."),
    fixed("max_index_keys", Kind::Int(1, 1024), "32", "Most columns of an index."),
    fixed("memory_limit", Kind::Int(0, i64::MAX), "0", "Memory of the whole process.").unit("B"),
    session("role", Kind::Text, "none", "Whose place the user has taken with SET ROLE."),
    session("row_security", Kind::Bool, "on", "Accepted for scripts; there is no row security."),
    fixed("password_encryption", Kind::Word(&["scram-sha-256"]), "scram-sha-256", "How the verifiers of passwords are made."),
    session("search_path", Kind::SearchPath, "logs, public", "Schemas in which bare names are looked up."),
    fixed("server_encoding", Kind::Encoding, "UTF8", "Encoding of stored text.").reported(),
    fixed("server_version", Kind::Text, SERVER_VERSION, "PostgreSQL version whose behaviour clients can expect.").reported(),
    fixed("server_version_num", Kind::Int(0, 999_999), "150010", "The same as a number."),
    session("session_authorization", Kind::Text, "", "The user.").reported(),
    session("standard_conforming_strings", Kind::Word(&["on"]), "on", "Backslashes in '...' are plain characters.").reported(),
    session("statement_timeout", Kind::Duration(0, MS_MAX), "0", "Longest time of a statement; 0 for ever.").unit("ms"),
    session("strata.producer", Kind::Text, "", "Producer of the records written next, for exactly-once."),
    session("strata.sequence", Kind::Text, "", "Sequence number of the first record written next."),
    session("synchronous_commit", Kind::Word(&["on"]), "on", "A commit is durable when it returns; always."),
    session("TimeZone", Kind::TimeZone, "UTC", "Zone of times without one and of times shown.").reported(),
    session("transaction_isolation", ISOLATION, "read committed", "Isolation of the transaction."),
    session("transaction_read_only", Kind::Bool, "off", "Whether the transaction is read-only."),
    session("xmloption", Kind::Word(&["content", "document"]), "content", "Accepted for scripts; there is no xml."),
];

/// The definition of `name`, whatever its case.
pub fn find(name: &str) -> Option<&'static Setting> {
    ALL.iter().find(|setting| setting.name.eq_ignore_ascii_case(name))
}
