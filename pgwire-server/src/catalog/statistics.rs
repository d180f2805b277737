//! Views of what PostgreSQL counts while it works: scans, tuples, blocks. Nothing of the kind is counted here, so they are always empty;
//! `sys.topics`, `sys.segments` and `sys.caches` tell what there is instead.

use super::always_empty::empty;
use super::table::{Kind, Table};

const ALL_TABLES: &[(&str, Kind)] = &[
    ("relid", Kind::Oid),
    ("schemaname", Kind::Name),
    ("relname", Kind::Name),
    ("seq_scan", Kind::Int8),
    ("seq_tup_read", Kind::Int8),
    ("idx_scan", Kind::Int8),
    ("idx_tup_fetch", Kind::Int8),
    ("n_tup_ins", Kind::Int8),
    ("n_tup_upd", Kind::Int8),
    ("n_tup_del", Kind::Int8),
    ("n_tup_hot_upd", Kind::Int8),
    ("n_live_tup", Kind::Int8),
    ("n_dead_tup", Kind::Int8),
    ("n_mod_since_analyze", Kind::Int8),
    ("n_ins_since_vacuum", Kind::Int8),
    ("last_vacuum", Kind::Timestamp),
    ("last_autovacuum", Kind::Timestamp),
    ("last_analyze", Kind::Timestamp),
    ("last_autoanalyze", Kind::Timestamp),
    ("vacuum_count", Kind::Int8),
    ("autovacuum_count", Kind::Int8),
    ("analyze_count", Kind::Int8),
    ("autoanalyze_count", Kind::Int8),
];

const ALL_INDEXES: &[(&str, Kind)] = &[
    ("relid", Kind::Oid),
    ("indexrelid", Kind::Oid),
    ("schemaname", Kind::Name),
    ("relname", Kind::Name),
    ("indexrelname", Kind::Name),
    ("idx_scan", Kind::Int8),
    ("idx_tup_read", Kind::Int8),
    ("idx_tup_fetch", Kind::Int8),
];

const BLOCKS_OF_TABLES: &[(&str, Kind)] = &[
    ("relid", Kind::Oid),
    ("schemaname", Kind::Name),
    ("relname", Kind::Name),
    ("heap_blks_read", Kind::Int8),
    ("heap_blks_hit", Kind::Int8),
    ("idx_blks_read", Kind::Int8),
    ("idx_blks_hit", Kind::Int8),
    ("toast_blks_read", Kind::Int8),
    ("toast_blks_hit", Kind::Int8),
    ("tidx_blks_read", Kind::Int8),
    ("tidx_blks_hit", Kind::Int8),
];

const BLOCKS_OF_INDEXES: &[(&str, Kind)] = &[
    ("relid", Kind::Oid),
    ("indexrelid", Kind::Oid),
    ("schemaname", Kind::Name),
    ("relname", Kind::Name),
    ("indexrelname", Kind::Name),
    ("idx_blks_read", Kind::Int8),
    ("idx_blks_hit", Kind::Int8),
];

const BLOCKS_OF_SEQUENCES: &[(&str, Kind)] = &[
    ("relid", Kind::Oid),
    ("schemaname", Kind::Name),
    ("relname", Kind::Name),
    ("blks_read", Kind::Int8),
    ("blks_hit", Kind::Int8),
];

const FUNCTIONS: &[(&str, Kind)] = &[
    ("funcid", Kind::Oid),
    ("schemaname", Kind::Name),
    ("funcname", Kind::Name),
    ("calls", Kind::Int8),
    ("total_time", Kind::Float8),
    ("self_time", Kind::Float8),
];

const DATABASE: &[(&str, Kind)] = &[
    ("datid", Kind::Oid),
    ("datname", Kind::Name),
    ("numbackends", Kind::Int4),
    ("xact_commit", Kind::Int8),
    ("xact_rollback", Kind::Int8),
    ("blks_read", Kind::Int8),
    ("blks_hit", Kind::Int8),
    ("tup_returned", Kind::Int8),
    ("tup_fetched", Kind::Int8),
    ("tup_inserted", Kind::Int8),
    ("tup_updated", Kind::Int8),
    ("tup_deleted", Kind::Int8),
    ("conflicts", Kind::Int8),
    ("temp_files", Kind::Int8),
    ("temp_bytes", Kind::Int8),
    ("deadlocks", Kind::Int8),
    ("checksum_failures", Kind::Int8),
    ("checksum_last_failure", Kind::Timestamp),
    ("blk_read_time", Kind::Float8),
    ("blk_write_time", Kind::Float8),
    ("session_time", Kind::Float8),
    ("active_time", Kind::Float8),
    ("idle_in_transaction_time", Kind::Float8),
    ("sessions", Kind::Int8),
    ("sessions_abandoned", Kind::Int8),
    ("sessions_fatal", Kind::Int8),
    ("sessions_killed", Kind::Int8),
    ("stats_reset", Kind::Timestamp),
];

const CONFLICTS: &[(&str, Kind)] = &[
    ("datid", Kind::Oid),
    ("datname", Kind::Name),
    ("confl_tablespace", Kind::Int8),
    ("confl_lock", Kind::Int8),
    ("confl_snapshot", Kind::Int8),
    ("confl_bufferpin", Kind::Int8),
    ("confl_deadlock", Kind::Int8),
];

const SUBSCRIPTION: &[(&str, Kind)] = &[
    ("subid", Kind::Oid),
    ("subname", Kind::Name),
    ("pid", Kind::Int4),
    ("relid", Kind::Oid),
    ("received_lsn", Kind::Text),
    ("last_msg_send_time", Kind::Timestamp),
    ("last_msg_receipt_time", Kind::Timestamp),
    ("latest_end_lsn", Kind::Text),
    ("latest_end_time", Kind::Timestamp),
];

const REPLICATION: &[(&str, Kind)] = &[
    ("pid", Kind::Int4),
    ("usesysid", Kind::Oid),
    ("usename", Kind::Name),
    ("application_name", Kind::Text),
    ("client_addr", Kind::Text),
    ("client_hostname", Kind::Text),
    ("client_port", Kind::Int4),
    ("backend_start", Kind::Timestamp),
    ("backend_xmin", Kind::Int8),
    ("state", Kind::Text),
    ("sent_lsn", Kind::Text),
    ("write_lsn", Kind::Text),
    ("flush_lsn", Kind::Text),
    ("replay_lsn", Kind::Text),
    ("write_lag", Kind::Text),
    ("flush_lag", Kind::Text),
    ("replay_lag", Kind::Text),
    ("sync_priority", Kind::Int4),
    ("sync_state", Kind::Text),
    ("reply_time", Kind::Timestamp),
];

/// All of them.
pub const TABLES: &[Table] = &[
    empty("pg_stat_replication", 11217, REPLICATION),
    empty("pg_stat_all_tables", 11220, ALL_TABLES),
    empty("pg_stat_user_tables", 11221, ALL_TABLES),
    empty("pg_stat_sys_tables", 11222, ALL_TABLES),
    empty("pg_stat_all_indexes", 11223, ALL_INDEXES),
    empty("pg_stat_user_indexes", 11224, ALL_INDEXES),
    empty("pg_statio_all_tables", 11225, BLOCKS_OF_TABLES),
    empty("pg_statio_user_tables", 11226, BLOCKS_OF_TABLES),
    empty("pg_statio_all_indexes", 11227, BLOCKS_OF_INDEXES),
    empty("pg_statio_user_indexes", 11228, BLOCKS_OF_INDEXES),
    empty("pg_statio_all_sequences", 11229, BLOCKS_OF_SEQUENCES),
    empty("pg_stat_user_functions", 11230, FUNCTIONS),
    empty("pg_stat_database", 11231, DATABASE),
    empty("pg_stat_database_conflicts", 11232, CONFLICTS),
    empty("pg_stat_subscription", 11233, SUBSCRIPTION),
];
