//! What the config store offers to the instance: the role's manifest and files, whenever they change.
//!
//! Nothing is offered where there is no manifest. A manifest that is for others for now changes nothing.
//!
//! **Invariant:** files are offered whole: all that the manifest names, read at one revision, with the hashes that it gives.

use std::sync::Arc;
use std::time::Duration;

use strata_catalog::CatalogError;
use strata_catalog::etl::ConfigStore;
use strata_catalog::etl::config_store::{Key, Listing, Manifest, Part, Scope, StoreError, StoreRevision};
use tokio::sync::watch;

use super::state::FileSet;

/// The first wait before another try; each further one is twice as long.
const WAIT_MIN: Duration = Duration::from_millis(200);
/// The longest wait before another try.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Files that an instance is to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// When they were offered: the same files may be offered anew, and are another offer then.
    pub revision: StoreRevision,
    /// What they are.
    pub set: FileSet,
}

/// What a manifest means to an instance.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    /// There is none.
    NothingOffered,
    /// It is the turn of others.
    ForOthers,
    /// These are to be taken.
    Take(Offer),
}

/// Puts what is offered to the instance `id` into `offers`, for ever.
pub async fn follow(store: Arc<dyn ConfigStore>, role: String, id: String, offers: watch::Sender<Option<Offer>>) {
    let mut wait = WAIT_MIN;
    loop {
        let error = match follow_once(&store, &role, &id, &offers, &mut wait).await {
            Err(CatalogError::Store(StoreError::Compacted { .. })) => continue,
            Err(error) => error,
            Ok(never) => match never {},
        };
        tracing::warn!(%error, again_in = ?wait, "cannot follow the config store");
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(WAIT_MAX);
    }
}

async fn follow_once(
    store: &Arc<dyn ConfigStore>,
    role: &str,
    id: &str,
    offers: &watch::Sender<Option<Offer>>,
    wait: &mut Duration,
) -> Result<std::convert::Infallible, CatalogError> {
    let scope = Scope::Role(role.to_owned());
    loop {
        let listing = store.list(&scope).await?;
        let mut changes = store.watch(&scope, listing.revision).await?;
        let offer = match meaning(&listing, role, id)? {
            Meaning::NothingOffered => Some(None),
            Meaning::ForOthers => None,
            Meaning::Take(offer) => Some(Some(offer)),
        };
        if let Some(offer) = offer {
            offers.send_if_modified(|before| {
                let new = *before != offer;
                *before = offer;
                new
            });
        }
        *wait = WAIT_MIN;
        // What instances say is of no interest here.
        while !changes.next().await?.changes.iter().any(|change| change.key().part() == Part::Manifest) {}
    }
}

fn meaning(listing: &Listing, role: &str, id: &str) -> Result<Meaning, StoreError> {
    let Some(entry) = listing.get(&Key::manifest(role)?) else { return Ok(Meaning::NothingOffered) };
    let manifest = Manifest::from_text(&entry.value)?;
    if !manifest.is_for(id) {
        return Ok(Meaning::ForOthers);
    }
    let mut files = super::files::Contents::new();
    for file in &manifest.files {
        let content = listing.get(&Key::file(role, &file.path)?).map(|entry| entry.value.clone());
        let content = content.filter(|content| file.is(content)).ok_or_else(|| StoreError::Malformed {
            reason: format!("file {} of manifest {} is not there as the manifest says", file.path, manifest.hash),
        })?;
        files.insert(file.path.clone(), content);
    }
    Ok(Meaning::Take(Offer { revision: entry.revision, set: FileSet { hash: manifest.hash, files } }))
}

#[cfg(test)]
mod tests {
    use strata_catalog::etl::LayerId;
    use strata_catalog::etl::component::RenderedFile;
    use strata_catalog::etl::config_store::{Entry, StoreRevision};

    use super::*;

    #[test]
    fn files_are_offered_whole_and_to_those_they_are_meant_for() {
        let files = [RenderedFile::new("a/b.conf", "1".to_owned()).unwrap()];
        let mut manifest = Manifest::of(LayerId(1), &files);
        let entry = |key, value: String| Entry { key, value, revision: StoreRevision(1), lease: None };
        let listing = |manifest: &Manifest, content: &str| Listing {
            entries: vec![
                entry(Key::file("web", "a/b.conf").unwrap(), content.to_owned()),
                entry(Key::manifest("web").unwrap(), manifest.to_text()),
            ],
            revision: StoreRevision(1),
        };
        let offered = meaning(&listing(&manifest, "1"), "web", "i1").unwrap();
        let set = FileSet { hash: manifest.hash.clone(), files: [("a/b.conf".to_owned(), "1".to_owned())].into() };
        assert_eq!(offered, Meaning::Take(Offer { revision: StoreRevision(1), set }));
        assert!(matches!(meaning(&listing(&manifest, "2"), "web", "i1"), Err(StoreError::Malformed { .. })));
        manifest.instances = Some(["i2".to_owned()].into());
        assert_eq!(meaning(&listing(&manifest, "1"), "web", "i1"), Ok(Meaning::ForOthers));
        assert!(matches!(meaning(&listing(&manifest, "1"), "web", "i2"), Ok(Meaning::Take(_))));
        assert_eq!(meaning(&listing(&manifest, "1"), "db", "i2"), Ok(Meaning::NothingOffered));
    }
}
