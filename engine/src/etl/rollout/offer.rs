//! Writing a role's files to the config store: one transaction, compared with what was read, and nothing at all where nothing
//! differs.

use std::collections::{BTreeMap, BTreeSet};

use strata_catalog::CatalogError;
use strata_catalog::etl::LayerId;
use strata_catalog::etl::component::RenderedFile;
use strata_catalog::etl::config_store::key::Part;
use strata_catalog::etl::config_store::{Entry, Expected, Key, Manifest, Scope, StoreError, StoreRevision, Transaction};

use super::plan::{self, Files};
use crate::Result;
use crate::engine::Engine;

/// Tries when somebody else writes at the same time.
const TRIES_MAX: usize = 5;

/// What a role is to hold.
#[derive(Debug)]
pub struct Offer<'a> {
    /// Name of the role.
    pub role: &'a str,
    /// The layer that says so.
    pub layer: LayerId,
    /// All its files; `None`: no files and no manifest, as before the first layer.
    pub files: Option<&'a [RenderedFile]>,
    /// Who takes them; `None`: everybody.
    pub instances: Option<BTreeSet<String>>,
}

/// Makes the config store hold an offer. What it may find there is said by `expected`: hashes, `None` for nothing. Returns
/// the revision at which the role's manifest was written.
///
/// # Errors
/// The config store's; [`StoreError::Malformed`] if it holds something that nobody here wrote.
pub async fn write(engine: &Engine, offer: &Offer<'_>, expected: Option<&[Option<&str>]>) -> Result<StoreRevision> {
    for _ in 1..TRIES_MAX {
        match write_once(engine, offer, expected).await {
            Err(CatalogError::Store(StoreError::Conflict { .. })) => {}
            done => return Ok(done?),
        }
    }
    Ok(write_once(engine, offer, expected).await?)
}

async fn write_once(
    engine: &Engine,
    offer: &Offer<'_>,
    expected: Option<&[Option<&str>]>,
) -> Result<StoreRevision, CatalogError> {
    let store = engine.config_store();
    let listing = store.list(&Scope::Role(offer.role.to_owned())).await?;
    let manifest_key = Key::manifest(offer.role).map_err(StoreError::from)?;
    let held = listing.get(&manifest_key);
    if let Some(expected) = expected {
        let hash = held.map(|entry| Manifest::from_text(&entry.value)).transpose()?.map(|manifest| manifest.hash);
        if !expected.contains(&hash.as_deref()) {
            let reason = format!("role \"{}\" was changed by somebody else", offer.role);
            return Err(StoreError::Malformed { reason }.into());
        }
    }
    let mut transaction = Transaction::new().expect(manifest_key.clone(), expectation(held));
    let mut contents: BTreeMap<&str, &str> = BTreeMap::new();
    for file in offer.files.unwrap_or_default() {
        contents.insert(&file.path, &file.content);
    }
    for (path, content) in &contents {
        let key = Key::file(offer.role, path).map_err(StoreError::from)?;
        if listing.get(&key).is_none_or(|entry| entry.value != *content) {
            transaction = transaction.put(key, *content);
        }
    }
    for entry in &listing.entries {
        if matches!(entry.key.part(), Part::File(path) if !contents.contains_key(path)) {
            transaction = transaction.delete(entry.key.clone());
        }
    }
    let text = offer.files.map(|files| Manifest { instances: offer.instances.clone(), ..Manifest::of(offer.layer, files) });
    transaction = match (text, held) {
        (Some(manifest), Some(held)) if transaction.operations().is_empty() && says_the_same(&manifest, held) => {
            return Ok(held.revision);
        }
        (Some(manifest), _) => transaction.put(manifest_key, manifest.to_text()),
        (None, Some(_)) => transaction.delete(manifest_key),
        (None, None) if transaction.operations().is_empty() => return Ok(listing.revision),
        (None, None) => transaction,
    };
    store.commit(&transaction).await
}

/// Whether the same files go to the same instances, whichever layer wrote them.
fn says_the_same(manifest: &Manifest, held: &Entry) -> bool {
    Manifest::from_text(&held.value).is_ok_and(|held| held.hash == manifest.hash && held.instances == manifest.instances)
}

fn expectation(held: Option<&Entry>) -> Expected {
    held.map_or(Expected::Absent, |entry| Expected::At(entry.revision))
}

/// Writes the files of roles that nobody runs, with a layer that is about to be active. A role whose files cannot be made
/// keeps those that it has: nobody waits for them, and `etl.validate` says what is wrong.
///
/// # Errors
/// The config store's.
pub async fn unattended(engine: &Engine, layer: LayerId, roles: &BTreeSet<String>) -> Result<()> {
    let after = engine.configuration().stack().fold_rendered(Some(layer)).map_err(CatalogError::from)?;
    for role in roles {
        if let Files::Rendered(files) = plan::files(engine, &after, role) {
            write(engine, &Offer { role, layer, files: Some(&files), instances: None }, None).await?;
        }
    }
    Ok(())
}
