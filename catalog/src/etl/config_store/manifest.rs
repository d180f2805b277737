//! What the files of a role are: the text of `/strata/roles/<role>/manifest`.
//!
//! ```json
//! {"hash": "9f2c...", "layer": 12, "files": [{"path": "web.conf", "hash": "41ab...", "bytes": 310}], "instances": null}
//! ```
//!
//! The hash is that of the files alone, so that another layer with the same files restarts nothing.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::etl::LayerId;
use crate::etl::component::RenderedFile;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of paths and contents: BLAKE3, hexadecimal.
    pub hash: String,
    /// The layer that wrote it.
    pub layer: i64,
    /// In the order of their paths.
    pub files: Vec<ManifestFile>,
    /// Which instances take these files now; the others keep what they have. `null` is all of them.
    pub instances: Option<BTreeSet<String>>,
}

/// A file of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// Below the sidecar's root.
    pub path: String,
    /// Of its content: BLAKE3, hexadecimal.
    pub hash: String,
    /// Length of its content.
    pub bytes: u64,
}

impl Manifest {
    /// The manifest of these files, for all instances.
    pub fn of(layer: LayerId, files: &[RenderedFile]) -> Self {
        let mut files: Vec<ManifestFile> = files
            .iter()
            .map(|file| ManifestFile {
                path: file.path.clone(),
                hash: content_hash(&file.content),
                bytes: file.content.len() as u64,
            })
            .collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self { hash: hash_of(&files), layer: layer.0, files, instances: None }
    }

    /// Whether an instance takes these files now.
    pub fn is_for(&self, instance: &str) -> bool {
        self.instances.as_ref().is_none_or(|instances| instances.contains(instance))
    }

    /// As it is stored.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers always become JSON")
    }

    /// Reads what is stored.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] for a text that is no manifest, or whose hash is not that of its files.
    pub fn from_text(text: &str) -> Result<Self, StoreError> {
        let malformed = |reason: String| StoreError::Malformed { reason };
        let manifest: Self = serde_json::from_str(text).map_err(|error| malformed(format!("a manifest: {error}")))?;
        if manifest.hash != hash_of(&manifest.files) {
            return Err(malformed(format!("manifest {} has another hash than its files", manifest.hash)));
        }
        Ok(manifest)
    }
}

impl ManifestFile {
    /// Whether this is the content that is meant.
    pub fn is(&self, content: &str) -> bool {
        self.hash == content_hash(content)
    }
}

fn content_hash(content: &str) -> String {
    blake3::hash(content.as_bytes()).to_hex().to_string()
}

/// Over the lengths and bytes of all paths and hashes, so that no two lists are written alike.
fn hash_of(files: &[ManifestFile]) -> String {
    let mut hasher = blake3::Hasher::new();
    for file in files {
        for text in [&file.path, &file.hash] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Vec<RenderedFile> {
        list.iter().map(|(path, content)| RenderedFile::new(path, (*content).to_owned()).unwrap()).collect()
    }

    #[test]
    fn the_hash_is_that_of_the_files_whatever_their_order_and_the_layer() {
        let one = Manifest::of(LayerId(1), &files(&[("a", "1"), ("b", "2")]));
        let same = Manifest::of(LayerId(9), &files(&[("b", "2"), ("a", "1")]));
        assert_eq!((&one.hash, &one.files), (&same.hash, &same.files));
        for other in [&[("a", "1")][..], &[("a", "1"), ("b", "3")], &[("a", "1"), ("c", "2")], &[("a", "2"), ("b", "1")], &[]] {
            assert_ne!(one.hash, Manifest::of(LayerId(1), &files(other)).hash, "{other:?}");
        }
        assert!(one.files[0].is("1") && !one.files[0].is("2"));
    }

    #[test]
    fn a_manifest_is_read_back_and_one_that_was_touched_is_not() {
        let mut manifest = Manifest::of(LayerId(3), &files(&[("a", "1")]));
        manifest.instances = Some(BTreeSet::from(["i1".to_owned()]));
        assert_eq!(Manifest::from_text(&manifest.to_text()), Ok(manifest.clone()));
        assert!(manifest.is_for("i1") && !manifest.is_for("i2"));
        manifest.files[0].path = "b".to_owned();
        for text in [manifest.to_text().as_str(), "{}", "no JSON"] {
            assert!(matches!(Manifest::from_text(text), Err(StoreError::Malformed { .. })), "{text}");
        }
    }
}
