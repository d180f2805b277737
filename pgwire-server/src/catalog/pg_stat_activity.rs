//! `pg_stat_activity`: who is connected and what he runs.

use super::table::{Cell, Kind, Table, row};
use super::world::{DATABASE_OID, World};

/// The table.
pub const TABLE: Table = Table {
    name: "pg_stat_activity",
    oid: 11107,
    needs_columns: false,
    columns: &[
        ("datid", Kind::Oid),
        ("datname", Kind::Name),
        ("pid", Kind::Int4),
        ("leader_pid", Kind::Int4),
        ("usesysid", Kind::Oid),
        ("usename", Kind::Name),
        ("application_name", Kind::Text),
        ("client_addr", Kind::Text),
        ("client_hostname", Kind::Text),
        ("client_port", Kind::Int4),
        ("backend_start", Kind::Timestamp),
        ("xact_start", Kind::Timestamp),
        ("query_start", Kind::Timestamp),
        ("state_change", Kind::Timestamp),
        ("wait_event_type", Kind::Text),
        ("wait_event", Kind::Text),
        ("state", Kind::Text),
        ("backend_xid", Kind::Int8),
        ("backend_xmin", Kind::Int8),
        ("query_id", Kind::Int8),
        ("query", Kind::Text),
        ("backend_type", Kind::Text),
    ],
    rows,
};

fn rows(world: &World) -> Vec<Vec<Cell>> {
    let sessions = world.source.engine.sessions().list();
    let known = world.source.engine.users().known();
    let me = world.source.session.current_user();
    let all = world.source.engine.users().is_superuser(&me);
    let session = |session: std::sync::Arc<strata_engine::session::SessionInfo>| {
        let activity = session.activity();
        let (host, port) = match session.address.rsplit_once(':') {
            Some((host, port)) => (Some(host.trim_matches(['[', ']']).to_owned()), port.parse::<i32>().ok()),
            None => (None, None),
        };
        row![
            DATABASE_OID,
            session.database.as_str(),
            session.id,
            Cell::Null,
            known.named(&session.user).map(|user| user.oid),
            session.user.as_str(),
            session.client(),
            host,
            Cell::Null,
            port,
            session.started_at_us,
            session.transaction_start_us(),
            session.statement_start_us(),
            activity.since_us,
            Cell::Null,
            Cell::Null,
            activity.state,
            Cell::Null,
            Cell::Null,
            Cell::Null,
            if all || session.user == me { activity.query.as_ref() } else { "<insufficient privilege>" },
            "client backend",
        ]
    };
    sessions.into_iter().map(session).collect()
}
