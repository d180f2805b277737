//! `strata etl export`: a folder that says what the server holds.
//!
//! **Invariant:** a file that is right is not touched, and one that was not written here is never removed.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use tokio_postgres::Client;

use super::configuration::Configuration;
use super::role_file::{self, EXTENSION, HEADER};

/// Writes the folder; what was done, for a person.
///
/// # Errors
/// The server's; a file that cannot be written, or that stands in the way and was not written here.
pub async fn export(client: &Client, dir: &Path) -> anyhow::Result<String> {
    let configuration = Configuration::read(client).await?;
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let (mut written, mut removed) = (0, 0);
    for role in configuration.roles.keys() {
        let path = dir.join(role_file::file_name(role));
        let sql = role_file::sql(&configuration, role);
        if fs::read_to_string(&path).is_ok_and(|there| there == sql) {
            continue;
        }
        // A crash leaves the old file or the new one.
        let beside = path.with_extension("sql.new");
        fs::write(&beside, &sql).with_context(|| format!("cannot write {}", beside.display()))?;
        fs::rename(&beside, &path).with_context(|| format!("cannot write {}", path.display()))?;
        written += 1;
    }
    for path in files(dir)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let gone = role_file::role_of(&name).is_none_or(|role| !configuration.roles.contains_key(&role));
        if gone && fs::read_to_string(&path).is_ok_and(|there| there.starts_with(HEADER)) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            removed += 1;
        }
    }
    let roles = configuration.roles.len();
    Ok(format!("{roles} roles in {}: {written} files written, {removed} removed", dir.display()))
}

/// The SQL files of a folder, by name.
///
/// # Errors
/// It cannot be read.
pub fn files(dir: &Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let cannot = || format!("cannot read {}", dir.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
