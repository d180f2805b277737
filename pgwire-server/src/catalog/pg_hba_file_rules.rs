//! `pg_hba_file_rules`: who may come from where, for superusers.

use std::net::IpAddr;

use strata_engine::users::rules::{Encryption, Method, Name, Rule};

use super::table::{Cell, Kind, Table, row};
use super::world::World;

/// The table.
pub const TABLE: Table = Table {
    name: "pg_hba_file_rules",
    oid: 11108,
    needs_columns: false,
    columns: &[
        ("line_number", Kind::Int4),
        ("type", Kind::Text),
        ("database", Kind::Texts),
        ("user_name", Kind::Texts),
        ("address", Kind::Text),
        ("netmask", Kind::Text),
        ("auth_method", Kind::Text),
        ("options", Kind::Texts),
        ("error", Kind::Text),
    ],
    rows,
};

fn rows(world: &World) -> Vec<Vec<Cell>> {
    let users = world.source.engine.users();
    if !users.is_superuser(&world.source.session.current_user()) {
        return Vec::new();
    }
    let rules = users.rules();
    rules.iter().flat_map(|rules| rules.rules()).map(one).collect()
}

fn one(rule: &Rule) -> Vec<Cell> {
    let kind = match rule.encryption {
        Encryption::Any => "host",
        Encryption::Encrypted => "hostssl",
        Encryption::Plain => "hostnossl",
    };
    let method = match rule.method {
        Method::Scram => "scram-sha-256",
        Method::Reject => "reject",
    };
    let texts = |names: &[Name]| Cell::Texts(names.iter().map(ToString::to_string).collect());
    let text = |address: IpAddr| Cell::Text(address.to_string());
    row![
        i64::try_from(rule.line).unwrap_or(i64::MAX),
        kind,
        texts(&rule.databases),
        texts(&rule.users),
        rule.network.map_or(Cell::Text("all".to_owned()), |network| text(network.first_address())),
        rule.network.map_or(Cell::Null, |network| text(network.mask())),
        method,
        Cell::Null,
        Cell::Null,
    ]
}
