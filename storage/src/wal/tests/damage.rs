//! Bits that flip and files that shrink: reported, or without effect on what was acknowledged.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::fixture::*;
use crate::disk::crash::Image;
use crate::disk::sparse::SparseBytes;
use crate::disk::{Disk, FaultyDisk};
use crate::wal::file::{FileHeader, path_of};
use crate::{ErrorKind, Result};

const PER_EPOCH: i64 = 8;
const WHOLE: usize = 2 * PER_EPOCH as usize;

/// A log of two epochs and several files. Its last group holds the last transaction alone.
fn log(clean_stop: bool) -> Image {
    let faulty = FaultyDisk::default();
    let disk: Arc<dyn Disk> = Arc::new(faulty.clone());
    let mut image = Image::new();
    for epoch in 1..3 {
        let wal = start(&disk, epoch);
        for i in 0..PER_EPOCH {
            // Hardly compressible, so that a few transactions fill files.
            let text =
                (0u64..3_000).map(|n| char::from(b'!' + ((n + i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 57) as u8 % 90));
            block_on(append(&wal, vec![frame(1, epoch as i64 * 100 + i, &text.collect::<String>())])).unwrap();
        }
        image = faulty.image();
        drop(wal);
    }
    if clean_stop { faulty.image() } else { image }
}

/// The length in the header of a file. One of an epoch that ended is shorter.
fn made_with(content: &SparseBytes) -> u64 {
    let mut header = [0; 512];
    content.read(0, &mut header);
    FileHeader::decode(&header).unwrap().len
}

/// The newest file with a group; after it there may be one that is prepared.
fn last_used(image: &Image) -> PathBuf {
    let is_used = |content: &SparseBytes| content.written().any(|(at, bytes)| at > 0 || bytes[512..].iter().any(|b| *b != 0));
    image.iter().rfind(|(_, content)| is_used(content)).unwrap().0.clone()
}

fn offsets(image: &Image, damage: impl FnOnce(&FaultyDisk)) -> Result<Vec<i64>> {
    let faulty = FaultyDisk::holding(image.clone());
    damage(&faulty);
    let disk: Arc<dyn Disk> = Arc::new(faulty);
    Ok(recover(&disk)?.0.iter().map(|(_, frame)| frame.base_offset).collect())
}

/// A sample of all bytes, dense where headers are.
fn interesting_bytes(image: &Image) -> Vec<(PathBuf, u64)> {
    let mut bytes = Vec::new();
    for (path, content) in image {
        let sample = (0..content.len()).filter(|at| (at % 512 < 80 && at % 23 == 0) || at % 499 == 0);
        bytes.extend(sample.map(|at| (path.clone(), at)));
    }
    bytes
}

fn check_flips(clean_stop: bool) {
    let image = log(clean_stop);
    assert!(image.len() >= 4);
    let whole = offsets(&image, |_| {}).unwrap();
    assert_eq!(whole.len(), WHOLE);
    let last_used = last_used(&image);
    let (mut reported, mut harmless, mut cut) = (0, 0, 0);
    for (path, at) in interesting_bytes(&image) {
        let found = offsets(&image, |disk| disk.flip(&path, at, 1 << (at % 8)));
        match found {
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
                reported += 1;
            }
            Ok(found) if found == whole => harmless += 1,
            Ok(found) => {
                assert!(!clean_stop, "after a clean stop nothing may be missing: byte {at} of {}", path.display());
                assert_eq!(found, whole[..WHOLE - 1], "only the last group may be missing: byte {at} of {}", path.display());
                assert_eq!(path, last_used);
                cut += 1;
            }
        }
    }
    assert!(reported > 100 && harmless > 50, "reported {reported}, harmless {harmless}, cut {cut}");
    assert_eq!(cut > 0, !clean_stop);
}

#[test]
fn a_flipped_bit_is_reported_or_harmless_after_a_clean_stop() {
    check_flips(true);
}

#[test]
fn a_flipped_bit_after_a_crash_costs_at_most_the_last_group() {
    check_flips(false);
}

#[test]
fn a_truncated_file_is_reported() {
    let image = log(true);
    let whole = offsets(&image, |_| {}).unwrap();
    for (path, content) in &image {
        for len in (0..content.len()).step_by(1_001) {
            let found = offsets(&image, |disk| disk.open(path).unwrap().set_len(len).unwrap());
            let found = found.map_err(|error| error.kind());
            let newest_epoch = content.len() == made_with(content);
            // Past the groups of an epoch that ended there is nothing to miss.
            let allowed = found == Err(ErrorKind::Corrupt) || (!newest_epoch && found == Ok(whole.clone()));
            assert!(allowed, "{} cut to {len}: {found:?}", path.display());
        }
    }
}

#[test]
fn a_missing_file_is_reported() {
    let image = log(true);
    let paths: Vec<&PathBuf> = image.keys().collect();
    for path in &paths[1..paths.len() - 1] {
        let found = offsets(&image, |disk| disk.remove(path).unwrap());
        assert_eq!(found.unwrap_err().kind(), ErrorKind::Corrupt);
    }
}

#[test]
fn a_file_under_another_files_name_is_reported() {
    let image = log(true);
    let found = offsets(&image, |disk| {
        disk.rename(&path_of(2), Path::new("wal/aside")).unwrap();
        disk.rename(&path_of(1), &path_of(2)).unwrap();
        disk.rename(Path::new("wal/aside"), &path_of(1)).unwrap();
    });
    assert_eq!(found.unwrap_err().kind(), ErrorKind::Corrupt);
}

#[test]
fn a_torn_tail_may_lie_there_through_later_starts() {
    // The torn group is not cut before the next epoch began, and a crash may come in between, again and again.
    let image = log(false);
    let newest = last_used(&image);
    let faulty = FaultyDisk::holding(image.clone());
    let at = (0..image[&newest].len()).rev().find(|&at| {
        let mut byte = [0];
        image[&newest].read(at, &mut byte);
        byte != [0]
    });
    faulty.flip(&newest, at.unwrap(), 0xff);
    let torn = faulty.image();
    let disk: Arc<dyn Disk> = Arc::new(faulty.clone());
    let (frames, summary) = recover(&disk).unwrap();
    assert!(frames.len() == WHOLE - 1 && summary.torn_bytes > 0);
    let wal = start(&disk, 3);
    block_on(append(&wal, vec![frame(1, 300, "after")])).unwrap();
    drop(wal);
    // As if the file had not been shortened.
    let mut mixed = faulty.image();
    mixed.insert(newest.clone(), torn[&newest].clone());
    assert_eq!(offsets(&mixed, |_| {}).unwrap().len(), WHOLE);
}
