//! Files made from a journal: crash images on disk, and the comparison of a whole replay with what is really there.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use strata_storage::disk::crash::Image;

/// Writes an image to `folder`, holes as holes.
pub fn write_image(image: &Image, folder: &Path) -> anyhow::Result<()> {
    for (path, content) in image {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().context("a file has a folder")?)?;
        let file = File::create(path)?;
        file.set_len(content.len())?;
        for (at, bytes) in content.written() {
            file.write_all_at(bytes, at)?;
        }
    }
    Ok(())
}

/// What an image and a folder do not agree on, but for files `in_flight`. Empty if the trace missed nothing.
///
/// The catalog's shared memory is left out: it is written through a mapping, which no trace shows, and rebuilt by the first
/// who opens the catalog.
pub fn differences(image: &Image, folder: &Path, in_flight: &BTreeSet<PathBuf>) -> anyhow::Result<Vec<String>> {
    let mut real = BTreeSet::new();
    files_below(folder, Path::new(""), &mut real)?;
    let mut replayed = image.keys().cloned().collect::<BTreeSet<_>>();
    for path in in_flight.iter().filter_map(|path| path.strip_prefix(folder).ok()) {
        real.remove(path);
        replayed.remove(path);
    }
    let mut different = Vec::new();
    different.extend(real.difference(&replayed).map(|path| format!("{} was made unseen", path.display())));
    different.extend(replayed.difference(&real).map(|path| format!("{} went unseen", path.display())));
    for path in real.intersection(&replayed).filter(|path| !path.to_string_lossy().ends_with("-shm")) {
        let real = std::fs::read(folder.join(path))?;
        let mut replayed = vec![0; image[path].len() as usize];
        image[path].read(0, &mut replayed);
        if real.len() != replayed.len() {
            different.push(format!("{} has {} bytes, replayed {}", path.display(), real.len(), replayed.len()));
        } else if let Some(at) = (0..real.len()).find(|&at| real[at] != replayed[at]) {
            different.push(format!("{} differs from byte {at} on", path.display()));
        }
    }
    Ok(different)
}

fn files_below(root: &Path, folder: &Path, into: &mut BTreeSet<PathBuf>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            files_below(root, &path, into)?;
        } else {
            into.insert(path);
        }
    }
    Ok(())
}
