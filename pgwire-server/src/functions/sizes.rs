//! Sizes on disk, and sizes for people.

use super::{Call, Definition, Returns, Value};

/// The functions.
pub(super) const ALL: &[Definition] = &[
    Definition { name: "pg_relation_size", arguments: 1..=2, returns: Returns::Long, evaluate: relation },
    Definition { name: "pg_table_size", arguments: 1..=1, returns: Returns::Long, evaluate: relation },
    Definition { name: "pg_total_relation_size", arguments: 1..=1, returns: Returns::Long, evaluate: relation },
    // Indexes lie in the segments of their topic and are counted there.
    Definition {
        name: "pg_indexes_size",
        arguments: 1..=1,
        returns: Returns::Long,
        evaluate: |call| Ok(call.text(0).map(|_| 0i64).into()),
    },
    Definition {
        name: "pg_database_size",
        arguments: 1..=1,
        returns: Returns::Long,
        evaluate: |call| {
            let bytes: u64 = call.world().relations.iter().map(|relation| relation.bytes).sum();
            Ok(call.text(0).map(|_| i64::try_from(bytes).unwrap_or(i64::MAX)).into())
        },
    },
    Definition {
        name: "pg_tablespace_size",
        arguments: 1..=1,
        returns: Returns::Long,
        evaluate: |call| {
            let bytes: u64 = call.world().relations.iter().map(|relation| relation.bytes).sum();
            Ok(call.text(0).map(|_| i64::try_from(bytes).unwrap_or(i64::MAX)).into())
        },
    },
    Definition {
        name: "pg_size_pretty",
        arguments: 1..=1,
        returns: Returns::Text,
        evaluate: |call| Ok(call.number(0).map(pretty).into()),
    },
];

fn relation(call: &Call<'_>) -> strata_engine::Result<Value> {
    let world = call.world();
    let path = || call.source().session.search_path();
    let found = match (call.oid(0), call.text(0)) {
        (Some(oid), _) => world.relation(oid),
        (None, Some(name)) => match name.split_once('.') {
            Some((schema, name)) => world.relations.iter().find(|relation| relation.schema == schema && relation.name == name),
            None => path()
                .iter()
                .find_map(|schema| world.relations.iter().find(|relation| relation.schema == *schema && relation.name == name)),
        },
        (None, None) => None,
    };
    Ok(found.map(|relation| i64::try_from(relation.bytes).unwrap_or(i64::MAX)).into())
}

/// Bytes in the largest unit that leaves at least ten thousand fewer than twenty thousand halves, as PostgreSQL rounds.
fn pretty(bytes: i64) -> String {
    const UNITS: [&str; 6] = ["bytes", "kB", "MB", "GB", "TB", "PB"];
    const LIMIT: i64 = 10 * 1024;
    if bytes.unsigned_abs() < LIMIT.unsigned_abs() {
        return format!("{bytes} bytes");
    }
    // One bit more than the unit is kept for rounding.
    let mut halves = bytes >> 9;
    for (at, unit) in UNITS.iter().enumerate().skip(1) {
        let last = at + 1 == UNITS.len();
        if last || halves.unsigned_abs() < (2 * LIMIT - 1).unsigned_abs() {
            let rounded = if halves < 0 { (halves - 1) / 2 } else { (halves + 1) / 2 };
            return format!("{rounded} {unit}");
        }
        halves >>= 10;
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_for_people() {
        for (bytes, expected) in [
            (0, "0 bytes"),
            (10_239, "10239 bytes"),
            (10_240, "10 kB"),
            (1_000_000, "977 kB"),
            (10 * 1024 * 1024, "10 MB"),
            (-20_480, "-20 kB"),
            (5 << 40, "5120 GB"),
        ] {
            assert_eq!(pretty(bytes), expected);
        }
    }
}
