//! Hashes every segment file of a data folder: a segment's name is the hash of its bytes, so a changed byte shows.
//!
//! Reads only. A running server does not mind.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use strata_storage::SegmentId;

/// Folder of the segments within a data folder.
const FOLDER: &str = "segments";

/// Segment files by location, with their length in bytes. Files that are still being written are left out.
///
/// # Errors
/// A folder that cannot be read. No folder is no segments.
pub fn files(data_dir: &Path) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut files = BTreeMap::new();
    let root = data_dir.join(FOLDER);
    if !root.exists() {
        return Ok(files);
    }
    for topic in fs::read_dir(&root).with_context(|| format!("cannot read {}", root.display()))? {
        let topic = topic?.path();
        if !topic.is_dir() {
            continue;
        }
        for file in fs::read_dir(&topic).with_context(|| format!("cannot read {}", topic.display()))? {
            let file = file?;
            let path = file.path();
            if path.extension().is_some_and(|extension| extension == "parquet") {
                let location = path.strip_prefix(data_dir)?.to_string_lossy().into_owned();
                files.insert(location, file.metadata()?.len());
            }
        }
    }
    Ok(files)
}

/// Compares each file's hash with its name. Returns how many files and bytes were read, and what does not fit.
///
/// # Errors
/// A file that cannot be read.
pub fn check_hashes(data_dir: &Path) -> anyhow::Result<(usize, u64, Vec<String>)> {
    let files = files(data_dir)?;
    let mut damaged = Vec::new();
    for location in files.keys() {
        let bytes = fs::read(data_dir.join(location)).with_context(|| format!("cannot read {location}"))?;
        let mut id = [0; 16];
        id.copy_from_slice(&blake3::hash(&bytes).as_bytes()[..16]);
        let named = Path::new(location)
            .file_stem()
            .and_then(|stem| stem.to_string_lossy().rsplit('-').next().and_then(|id| id.parse::<SegmentId>().ok()));
        if named != Some(SegmentId(id)) {
            damaged.push(format!("{location}: its bytes are not what was sealed (hash {})", SegmentId(id)));
        }
    }
    Ok((files.len(), files.values().sum(), damaged))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_bit_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let topic = folder.path().join(FOLDER).join("16385");
        fs::create_dir_all(&topic).unwrap();
        let mut bytes = b"rows and rows".to_vec();
        let mut id = [0; 16];
        id.copy_from_slice(&blake3::hash(&bytes).as_bytes()[..16]);
        let path = topic.join(format!("{:020}-{}.parquet", 0, SegmentId(id)));
        fs::write(&path, &bytes).unwrap();
        assert_eq!(check_hashes(folder.path()).unwrap(), (1, 13, Vec::new()));
        bytes[3] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let (_, _, damaged) = check_hashes(folder.path()).unwrap();
        assert_eq!(damaged.len(), 1, "{damaged:?}");
    }
}
