//! `pg_ts_config`: text search configurations, which are tokenizers here.

use strata_storage::words::Tokenizer;

use super::table::{Cell, Kind, Table, row};
use super::world::{PG_CATALOG_OID, ROLE_OID, World};

/// The table.
pub const TABLE: Table = Table {
    name: "pg_ts_config",
    oid: 3602,
    needs_columns: false,
    columns: &[
        ("oid", Kind::Oid),
        ("cfgname", Kind::Name),
        ("cfgnamespace", Kind::Oid),
        ("cfgowner", Kind::Oid),
        ("cfgparser", Kind::Oid),
    ],
    rows,
};

/// PostgreSQL's own for `simple`; the others are ours.
fn oid(tokenizer: Tokenizer) -> u32 {
    match tokenizer {
        Tokenizer::Simple => 3748,
        Tokenizer::Whitespace => 11_011,
        Tokenizer::Cjk => 11_012,
        Tokenizer::Ngram => 11_013,
    }
}

fn rows(_: &World) -> Vec<Vec<Cell>> {
    // A tokenizer is parser and dictionaries in one, so there is no parser to name.
    let one = |tokenizer: Tokenizer| row![oid(tokenizer), tokenizer.name(), PG_CATALOG_OID, ROLE_OID, 0u32];
    Tokenizer::ALL.into_iter().map(one).collect()
}
