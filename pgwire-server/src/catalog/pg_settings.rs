//! `pg_settings`: configuration parameters, as `SHOW ALL` has them.

use super::table::{Cell, Kind, Table, row};
use super::world::World;
use strata_engine::session::setting::{Kind as SettingKind, Scope, registry};

/// The table.
pub const TABLE: Table = Table {
    name: "pg_settings",
    oid: 11106,
    needs_columns: false,
    columns: &[
        ("name", Kind::Text),
        ("setting", Kind::Text),
        ("unit", Kind::Text),
        ("category", Kind::Text),
        ("short_desc", Kind::Text),
        ("extra_desc", Kind::Text),
        ("context", Kind::Text),
        ("vartype", Kind::Text),
        ("source", Kind::Text),
        ("min_val", Kind::Text),
        ("max_val", Kind::Text),
        ("enumvals", Kind::Texts),
        ("boot_val", Kind::Text),
        ("reset_val", Kind::Text),
        ("sourcefile", Kind::Text),
        ("sourceline", Kind::Int4),
        ("pending_restart", Kind::Bool),
    ],
    rows,
};

fn rows(world: &World) -> Vec<Vec<Cell>> {
    let settings = world.source.session.settings.lock();
    let known = registry::ALL.iter().map(|setting| {
        let (kind, words, min, max) = match setting.kind {
            SettingKind::Bool => ("bool", Cell::Null, None, None),
            SettingKind::Int(min, max) | SettingKind::Duration(min, max) => ("integer", Cell::Null, Some(min), Some(max)),
            SettingKind::Word(words) => ("enum", Cell::Texts(words.iter().map(|word| (*word).to_owned()).collect()), None, None),
            SettingKind::Text
            | SettingKind::TimeZone
            | SettingKind::SearchPath
            | SettingKind::DateStyle
            | SettingKind::Encoding => ("string", Cell::Null, None, None),
        };
        row![
            setting.name,
            settings.get(setting.name),
            setting.unit,
            "Strata",
            setting.description,
            Cell::Null,
            if setting.scope == Scope::Fixed { "internal" } else { "user" },
            kind,
            settings.source(setting),
            min.map(|min| min.to_string()),
            max.map(|max| max.to_string()),
            words,
            setting.default,
            setting.default,
            Cell::Null,
            Cell::Null,
            false,
        ]
    });
    known.collect()
}
