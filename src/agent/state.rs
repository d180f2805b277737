//! The last files that were seen to work, kept on disk so that they can be put back, also after the sidecar was killed.
//!
//! ```text
//! state/good.json      hash and files of the last good set, secrets not filled in
//! state/trying.json    the paths of a set that is being tried; while it is there, the good set is what should be
//! state/new/           the files that are being validated
//! ```

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::{self, Contents};

/// Files with the hash of their manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSet {
    /// Of the manifest.
    pub hash: String,
    /// As they are in the config store.
    pub files: Contents,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct State {
    folder: PathBuf,
}

impl State {
    /// The state in a folder, which is made if it is not there.
    ///
    /// # Errors
    /// The disk's.
    pub fn open(folder: &Path) -> Result<Self, String> {
        let made = fs::create_dir_all(folder).and_then(|()| folder.canonicalize());
        made.map(|folder| Self { folder }).map_err(|error| format!("state {}: {error}", folder.display()))
    }

    /// The last good set, if there ever was one.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn good(&self) -> Result<Option<FileSet>, String> {
        self.read("good.json")
    }

    /// The paths of a set that was being tried when the sidecar ended.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn trying(&self) -> Result<Option<Vec<String>>, String> {
        self.read("trying.json")
    }

    /// Says that files of these paths are about to be written or removed.
    ///
    /// # Errors
    /// The disk's.
    pub fn begin<'a>(&self, paths: impl Iterator<Item = &'a String>) -> Result<(), String> {
        self.write("trying.json", &paths.collect::<BTreeSet<_>>())
    }

    /// Says that a set works.
    ///
    /// # Errors
    /// The disk's.
    pub fn keep(&self, set: &FileSet) -> Result<(), String> {
        self.write("good.json", set)?;
        self.end()
    }

    /// Says that what was tried is over and the good set is in its place.
    ///
    /// # Errors
    /// The disk's.
    pub fn end(&self) -> Result<(), String> {
        match fs::remove_file(self.folder.join("trying.json")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.problem("trying.json", &error)),
            _ => Ok(()),
        }
    }

    /// An empty folder for files that are to be validated.
    ///
    /// # Errors
    /// The disk's.
    pub fn blank(&self) -> Result<PathBuf, String> {
        let folder = self.folder.join("new");
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(self.problem("new", &error)),
            _ => {}
        }
        // Secrets will be filled in there.
        fs::DirBuilder::new().mode(0o700).create(&folder).map_err(|error| self.problem("new", &error))?;
        Ok(folder)
    }

    /// Where the number of the supervised process is kept.
    pub fn pid_file(&self) -> PathBuf {
        self.folder.join("process")
    }

    fn read<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, String> {
        match fs::read(self.folder.join(name)) {
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| self.problem(name, &error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.problem(name, &error)),
        }
    }

    fn write(&self, name: &str, value: &impl Serialize) -> Result<(), String> {
        let text = serde_json::to_vec(value).expect("texts always become JSON");
        files::replace(&self.folder.join(name), &text).map_err(|error| self.problem(name, &error))
    }

    fn problem(&self, name: &str, error: &dyn std::fmt::Display) -> String {
        format!("state {}: {error}", self.folder.join(name).display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_good_once_it_was_kept() {
        let folder = tempfile::TempDir::new().unwrap();
        let state = State::open(&folder.path().join("state")).unwrap();
        assert_eq!((state.good(), state.trying()), (Ok(None), Ok(None)));
        let set = FileSet { hash: "h".to_owned(), files: Contents::from([("a".to_owned(), "1".to_owned())]) };
        state.begin(set.files.keys()).unwrap();
        assert_eq!((state.good(), state.trying()), (Ok(None), Ok(Some(vec!["a".to_owned()]))));
        state.keep(&set).unwrap();
        assert_eq!((state.good(), state.trying()), (Ok(Some(set)), Ok(None)));
        fs::write(folder.path().join("state/good.json"), "{").unwrap();
        assert!(state.good().unwrap_err().contains("good.json"));
    }
}
