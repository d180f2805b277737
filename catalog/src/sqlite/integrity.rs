//! Finds a damaged catalog file before anything is believed of it.
//!
//! Three looks, at every opening: SQLite's own `integrity_check` (page structure, index entries against rows), the text
//! of the schema against that of a fresh file, and the checksum of every row, because SQLite itself would hand out a
//! number with a flipped bit as if nothing were wrong.

use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};
use xxhash_rust::xxh3::Xxh3Default;

use super::migrations;
use crate::{CatalogError, Result};

/// Gives the connection `row_checksum(...)`: the XXH3-64 of its arguments, each as a tag, its length and its bytes.
pub(super) fn register(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("row_checksum", -1, flags, |context| {
        let mut hash = Xxh3Default::new();
        for i in 0..context.len() {
            let mut part = |tag: u8, bytes: &[u8]| {
                hash.update(&[tag]);
                hash.update(&(bytes.len() as u64).to_le_bytes());
                hash.update(bytes);
            };
            match context.get_raw(i) {
                ValueRef::Null => part(0, &[]),
                ValueRef::Integer(number) => part(1, &number.to_le_bytes()),
                ValueRef::Real(number) => part(2, &number.to_bits().to_le_bytes()),
                ValueRef::Text(text) => part(3, text),
                ValueRef::Blob(bytes) => part(4, bytes),
            }
        }
        Ok(i64::from_le_bytes(hash.digest().to_le_bytes()))
    })?;
    Ok(())
}

/// Checks the whole file. Reads all of it.
///
/// # Errors
/// [`CatalogError::Corrupt`] with what does not fit.
pub(super) fn check(connection: &Connection) -> Result<()> {
    let verdict: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(CatalogError::Corrupt { reason: verdict });
    }
    let mut fresh = Connection::open_in_memory()?;
    register(&fresh)?;
    migrations::migrate(&mut fresh)?;
    if schema_text(connection)? != schema_text(&fresh)? {
        return Err(CatalogError::Corrupt { reason: "its tables are not those of its format".to_owned() });
    }
    let tables = fresh
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    tables.iter().try_for_each(|table| check_rows(connection, table))
}

/// Type, name, table and text of one entry of `sqlite_schema`.
type SchemaEntry = (String, String, String, Option<String>);

fn schema_text(connection: &Connection) -> Result<Vec<SchemaEntry>> {
    let mut statement = connection.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn check_rows(connection: &Connection, table: &str) -> Result<()> {
    let columns = connection
        .prepare("SELECT name FROM pragma_table_info(?1) WHERE name <> 'checksum' ORDER BY cid")?
        .query_map([table], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    let list = columns.join(", ");
    let sql = format!("SELECT CAST({} AS TEXT) FROM {table} WHERE checksum <> row_checksum({list}) LIMIT 1", columns[0]);
    let bad: Option<String> =
        connection.query_row(&sql, [], |row| Ok(String::from_utf8_lossy(row.get_ref(0)?.as_bytes()?).into_owned())).optional()?;
    match bad {
        Some(key) => Err(CatalogError::Corrupt { reason: format!("row {key} of table {table} does not match its checksum") }),
        None => Ok(()),
    }
}
