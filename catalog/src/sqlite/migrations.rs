//! The numbered formats of the catalog file and the way from each to the next.
//!
//! SQLite's `user_version` holds the format. A file of a newer format is refused, an older one is brought forward in one
//! transaction, a blank one starts at format 0. A migration that was released is never edited.

use rusqlite::Connection;

use crate::{CatalogError, Result};

/// `application_id` of the file: "Stra" in ASCII, so that `file` and people can tell what it is.
const APPLICATION_ID: i64 = 0x5374_7261;

/// Migration `i` leads from format `i` to format `i + 1`.
const MIGRATIONS: &[&str] = &[
    include_str!("0001_first.sql"),
    include_str!("0002_layers.sql"),
    include_str!("0003_config_store.sql"),
    include_str!("0004_users.sql"),
    include_str!("0005_rights.sql"),
    include_str!("0006_rights_on_builtins.sql"),
];

/// The newest format this version knows.
pub(super) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Brings the file to the newest format.
///
/// # Errors
/// [`CatalogError::TooNew`] for a file from the future, [`CatalogError::Corrupt`] for a database of something else.
pub(super) fn migrate(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i64 = transaction.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let blank = found == 0 && application == 0 && tables == 0;
    if !blank && application != APPLICATION_ID {
        return Err(CatalogError::Corrupt { reason: "the file is an SQLite database, but not a catalog of Strata".to_owned() });
    }
    if found > newest() {
        return Err(CatalogError::TooNew { found, known: newest() });
    }
    let done = usize::try_from(found)
        .ok()
        .filter(|&done| blank || done > 0)
        .ok_or_else(|| CatalogError::Corrupt { reason: format!("there is no format {found}") })?;
    for migration in &MIGRATIONS[done..] {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", newest())?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::integrity;

    fn file(setup: &str) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        integrity::register(&connection).unwrap();
        connection.execute_batch(setup).unwrap();
        connection
    }

    #[test]
    fn a_blank_file_gets_the_newest_format_and_keeps_it() {
        let mut connection = file("");
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, newest());
    }

    #[test]
    fn an_older_file_is_brought_forward_and_keeps_what_it_holds() {
        for format in 1..newest() {
            let mut connection = file("");
            for migration in &MIGRATIONS[..usize::try_from(format).unwrap()] {
                connection.execute_batch(migration).unwrap();
            }
            connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
            connection.pragma_update(None, "user_version", format).unwrap();
            connection.execute_batch("INSERT INTO settings (name, value) VALUES ('memory_limit', '1GB')").unwrap();
            migrate(&mut connection).unwrap();
            integrity::check(&connection).unwrap();
            let kept: String = connection.query_row("SELECT value FROM settings", [], |row| row.get(0)).unwrap();
            let layers: i64 = connection.query_row("SELECT count(*) FROM etl_layers", [], |row| row.get(0)).unwrap();
            assert_eq!((kept.as_str(), layers), ("1GB", 0), "from format {format}");
        }
    }

    #[test]
    fn a_newer_file_is_refused_and_not_touched() {
        let mut connection = file("");
        migrate(&mut connection).unwrap();
        connection.pragma_update(None, "user_version", newest() + 1).unwrap();
        let error = migrate(&mut connection).unwrap_err();
        assert!(matches!(error, CatalogError::TooNew { found, known } if found == known + 1));
        assert!(error.hint().is_some());
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, newest() + 1);
    }

    #[test]
    fn the_database_of_something_else_is_refused() {
        for setup in ["CREATE TABLE t (a)", "PRAGMA user_version = 1", "PRAGMA application_id = 7"] {
            assert!(matches!(migrate(&mut file(setup)), Err(CatalogError::Corrupt { .. })), "{setup}");
        }
        let mut negative = file(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = -1"));
        assert!(matches!(migrate(&mut negative), Err(CatalogError::Corrupt { .. })));
    }
}
