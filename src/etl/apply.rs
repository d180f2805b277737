//! `strata etl apply`: the files of a folder in one transaction, and nothing beside them.
//!
//! The files are run as they are, each in a savepoint; roles that have no file are deleted. What changed is found by looking
//! before and after, inside the transaction, so that the plan says exactly what COMMIT would do.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use tokio_postgres::Client;

use super::configuration::Configuration;
use super::role_file::{self, quoted};
use super::{difference, export};

/// Applies a folder, or only shows what that would do; whether something differs.
///
/// # Errors
/// A file that cannot be read, is not named after a role or does not make it; what the server refuses; the rollout's failure.
pub async fn apply(client: &Client, dir: &Path, plan: bool, comment: &str) -> anyhow::Result<bool> {
    let files = export::files(dir)?;
    if files.is_empty() {
        bail!("{} holds no .sql files; to remove all roles, delete them with SQL", dir.display());
    }
    client.batch_execute("BEGIN").await?;
    let before = Configuration::read(client).await?;
    let mut roles = Vec::new();
    for path in &files {
        roles.push(run_file(client, path).await?);
    }
    let kept = roles.iter().map(|role| quoted(role)).collect::<Vec<_>>().join(", ");
    for statement in
        [format!("DELETE FROM etl.rules WHERE role NOT IN ({kept})"), format!("DELETE FROM etl.roles WHERE name NOT IN ({kept})")]
    {
        client.batch_execute(&statement).await.map_err(described).context("cannot remove the roles that have no file")?;
    }
    let after = Configuration::read(client).await?;
    if let Some(role) = roles.iter().find(|role| !after.roles.contains_key(*role)) {
        bail!("{} does not make role \"{role}\"", role_file::file_name(role));
    }
    let lines = difference::lines(&before, &after);
    for line in &lines {
        println!("{line}");
    }
    if plan || lines.is_empty() {
        client.batch_execute("ROLLBACK").await?;
        println!("{}", if lines.is_empty() { "nothing to change" } else { "nothing was changed: this is a plan" });
        return Ok(!lines.is_empty());
    }
    let commit = format!("SET LOCAL etl.comment = {}; COMMIT", quoted(comment));
    client.batch_execute(&commit).await.map_err(described)?;
    let newest = client.query_one("SELECT max(id) FROM etl.layers", &[]).await?;
    println!("layer {}", newest.try_get::<_, i64>(0)?);
    Ok(true)
}

/// Runs one file; the role that it is named after.
async fn run_file(client: &Client, path: &Path) -> anyhow::Result<String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Some(role) = role_file::role_of(&name) else {
        bail!("{} is not named after a role", path.display());
    };
    let sql = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    client.batch_execute("SAVEPOINT file").await?;
    client.batch_execute(&sql).await.map_err(described).with_context(|| path.display().to_string())?;
    let ended = || format!("{} ends the transaction that all files are run in", path.display());
    client.batch_execute("RELEASE SAVEPOINT file").await.with_context(ended)?;
    Ok(role)
}

/// The server's own words and its hint.
fn described(error: tokio_postgres::Error) -> anyhow::Error {
    match error.as_db_error() {
        Some(told) => match told.hint() {
            Some(hint) => anyhow::anyhow!("{} ({hint})", told.message()),
            None => anyhow::anyhow!("{}", told.message()),
        },
        None => error.into(),
    }
}
