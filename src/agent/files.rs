//! The files of a role below the sidecar's root: written whole or not at all, and never outside of it.
//!
//! ```text
//! web.conf.strata-new --write, fsync--> rename to web.conf --> fsync of the folder
//! ```
//!
//! **Invariant:** whoever reads a file sees its old content or its new one; no path that came over the network leads outside
//! the root, by `..`, by being absolute or by a link.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use strata_catalog::etl::component::RenderedFile;

/// What a file is called until it is whole.
const UNFINISHED: &str = ".strata-new";

/// Paths with their contents.
pub type Contents = BTreeMap<String, String>;

/// A folder that files are written below.
#[derive(Debug, Clone)]
pub struct Root(PathBuf);

impl Root {
    /// The folder at `path`, which must be there.
    ///
    /// # Errors
    /// It is not there, or cannot be looked at.
    pub fn open(path: &Path) -> Result<Self, String> {
        path.canonicalize().map(Self).map_err(|error| format!("root {}: {error}", path.display()))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Whether the files are there and are just so.
    pub fn holds(&self, files: &Contents) -> bool {
        files.iter().all(|(path, content)| {
            self.find(path, false).is_ok_and(|found| fs::read(found).is_ok_and(|found| found == content.as_bytes()))
        })
    }

    /// Those of these files that are there, with their contents. What is no text is no file of a role.
    pub fn read<'a>(&self, paths: impl IntoIterator<Item = &'a String>) -> Contents {
        let read = |path: &String| Some((path.clone(), fs::read_to_string(self.find(path, false).ok()?).ok()?));
        paths.into_iter().filter_map(read).collect()
    }

    /// Writes every file that is not just so.
    ///
    /// # Errors
    /// The first that cannot be written; those before it are.
    pub fn write(&self, files: &Contents) -> Result<(), String> {
        files.iter().try_for_each(|(path, content)| {
            let target = self.find(path, true)?;
            if fs::read(&target).is_ok_and(|found| found == content.as_bytes()) {
                return Ok(());
            }
            replace(&target, content.as_bytes()).map_err(|error| format!("file {path}: {error}"))
        })
    }

    /// Removes files; those that are not there are left so.
    ///
    /// # Errors
    /// The first that cannot be removed.
    pub fn remove<'a>(&self, paths: impl IntoIterator<Item = &'a String>) -> Result<(), String> {
        paths.into_iter().try_for_each(|path| {
            let Ok(target) = self.find(path, false) else { return Ok(()) };
            match fs::remove_file(&target) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(format!("file {path}: {error}")),
                _ => Ok(()),
            }
        })
    }

    /// Where the file of this path lies; makes the folders before it.
    fn find(&self, path: &str, make: bool) -> Result<PathBuf, String> {
        let problem = |error: &dyn std::fmt::Display| format!("file {path}: {error}");
        RenderedFile::new(path, String::new()).map_err(|error| problem(&error))?;
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut folder = self.0.clone();
        for part in folders.split('/').filter(|part| !part.is_empty()) {
            let next = folder.join(part);
            if make && fs::symlink_metadata(&next).is_err() {
                fs::create_dir(&next).map_err(|error| problem(&error))?;
            }
            folder = self.inside(&next).map_err(|error| problem(&error))?;
        }
        let target = folder.join(name);
        match fs::symlink_metadata(&target) {
            Ok(found) if found.is_symlink() => self.inside(&target).map_err(|error| problem(&error)),
            Ok(found) if found.is_dir() => Err(problem(&"a folder is in its place")),
            _ => Ok(target),
        }
    }

    /// Where a path leads when its links are followed.
    fn inside(&self, path: &Path) -> Result<PathBuf, String> {
        let real = path.canonicalize().map_err(|error| error.to_string())?;
        if real.starts_with(&self.0) { Ok(real) } else { Err("a link leads out of the root".to_owned()) }
    }
}

/// Puts a whole file in the place of another.
///
/// # Errors
/// The disk's.
pub fn replace(target: &Path, content: &[u8]) -> io::Result<()> {
    let folder = target.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(UNFINISHED);
    let unfinished = folder.join(name);
    // What an interrupted write left, or a link that somebody put there.
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = File::create_new(&unfinished)?;
    if let Ok(before) = fs::metadata(target) {
        file.set_permissions(before.permissions())?;
    }
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&unfinished, target)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    fn contents(list: &[(&str, &str)]) -> Contents {
        list.iter().map(|(path, content)| ((*path).to_owned(), (*content).to_owned())).collect()
    }

    #[test]
    fn files_are_written_removed_and_compared() {
        let folder = TempDir::new().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let files = contents(&[("a.conf", "1"), ("d/e/b.conf", "2")]);
        assert!(!root.holds(&files));
        root.write(&files).unwrap();
        assert!(root.holds(&files));
        assert_eq!(fs::read_to_string(folder.path().join("d/e/b.conf")).unwrap(), "2");
        fs::write(folder.path().join("a.conf"), "touched").unwrap();
        assert!(!root.holds(&files));
        root.write(&files).unwrap();
        assert!(root.holds(&files));
        root.remove(files.keys()).unwrap();
        root.remove(files.keys()).unwrap();
        assert!(!folder.path().join("a.conf").exists());
    }

    #[test]
    fn nothing_is_written_outside() {
        let outside = TempDir::new().unwrap();
        let folder = TempDir::new().unwrap();
        let root = Root::open(folder.path()).unwrap();
        symlink(outside.path(), folder.path().join("out")).unwrap();
        symlink(outside.path().join("target"), folder.path().join("dangling")).unwrap();
        fs::write(outside.path().join("there"), "old").unwrap();
        symlink(outside.path().join("there"), folder.path().join("file")).unwrap();
        fs::create_dir(folder.path().join("folder")).unwrap();
        for path in ["/etc/x", "../x", "a/../../x", "out/x", "out/there", "dangling", "file", "folder", ""] {
            let refused = root.write(&contents(&[(path, "new")])).unwrap_err();
            assert!(refused.starts_with("file "), "{path}: {refused}");
            let _ = root.remove([&path.to_owned()]);
        }
        assert_eq!(fs::read_to_string(outside.path().join("there")).unwrap(), "old");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
        assert!(folder.path().join("file").exists() && folder.path().join("folder").exists());
        // A link that stays inside is somebody's wish.
        symlink(folder.path().join("folder"), folder.path().join("in")).unwrap();
        root.write(&contents(&[("in/x", "new")])).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("folder/x")).unwrap(), "new");
    }

    #[test]
    fn what_lay_in_the_way_of_an_unfinished_file_is_not_written_to() {
        let folder = TempDir::new().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, "old").unwrap();
        symlink(&victim, folder.path().join("a.conf.strata-new")).unwrap();
        Root::open(folder.path()).unwrap().write(&contents(&[("a.conf", "new")])).unwrap();
        assert_eq!(fs::read_to_string(victim).unwrap(), "old");
        assert_eq!(fs::read_to_string(folder.path().join("a.conf")).unwrap(), "new");
    }
}
