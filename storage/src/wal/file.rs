//! Files of the log: their names, their header, and how one comes to be.
//!
//! **Invariant:** a file that bears its final name has a valid, durable header.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::{Disk, DiskFile};
use crate::{Result, StorageError};

/// Folder of the log below the data folder.
pub const FOLDER: &str = "wal";
/// Bytes of the file header, and the raster on which groups start: no group shares a disk sector with another.
pub const ALIGNMENT: u64 = 512;

const MAGIC: [u8; 8] = *b"STRATAWL";
const VERSION: u32 = 1;
const SUFFIX: &str = ".wal";
const UNFINISHED_SUFFIX: &str = ".wal.new";

/// What the first bytes of a file say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileHeader {
    /// File number, as in the name.
    pub number: u64,
    /// Epoch of the server start that wrote it.
    pub epoch: u64,
    /// A random number that group checksums begin with.
    pub salt: u64,
    /// How the log stood when this epoch began.
    pub before: EpochEnd,
    /// Length the file was made with. It never gets shorter while its epoch is the newest.
    pub len: u64,
}

/// The end of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EpochEnd {
    /// The epoch, 0 if there is none.
    pub epoch: u64,
    /// Its last group, 0 if it has none.
    pub last_group: u64,
    /// File of that group, 0 if there is none.
    pub file: u64,
    /// Byte in that file where the next group would have begun.
    pub byte: u64,
}

impl FileHeader {
    /// The header as it stands in the file.
    pub fn encode(&self) -> [u8; ALIGNMENT as usize] {
        let mut bytes = [0; ALIGNMENT as usize];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        let before = self.before;
        let fields = [self.number, self.epoch, self.salt, before.epoch, before.last_group, before.file, before.byte, self.len];
        for (field, at) in fields.iter().zip((16..).step_by(8)) {
            bytes[at..at + 8].copy_from_slice(&field.to_le_bytes());
        }
        let checksum = crc32c::crc32c(&bytes[16..]);
        bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads a header back.
    ///
    /// # Errors
    /// The reason why it is none.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() < ALIGNMENT as usize {
            return Err(format!("the file header has {} of {ALIGNMENT} bytes", bytes.len()));
        }
        if bytes[..8] != MAGIC {
            return Err("the file does not begin with a log header".to_owned());
        }
        let version = u32_at(bytes, 8);
        if version != VERSION {
            return Err(format!("log version {version} is not known, only {VERSION}"));
        }
        if u32_at(bytes, 12) != crc32c::crc32c(&bytes[16..ALIGNMENT as usize]) {
            return Err("the checksum of the file header does not match".to_owned());
        }
        let [number, epoch, salt] = [16, 24, 32].map(|at| u64_at(bytes, at));
        let [before_epoch, last_group, file, byte, len] = [40, 48, 56, 64, 72].map(|at| u64_at(bytes, at));
        Ok(Self { number, epoch, salt, before: EpochEnd { epoch: before_epoch, last_group, file, byte }, len })
    }
}

/// The little-endian number at byte `at`, which the caller knows to be there.
pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(number)
}

/// The little-endian number at byte `at`, which the caller knows to be there.
pub fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(number)
}

/// `len` rounded up to a multiple of `step`, a power of two.
pub fn round_up(len: u64, step: u64) -> u64 {
    (len + step - 1) & !(step - 1)
}

/// Path of file `number` below the data folder.
pub fn path_of(number: u64) -> PathBuf {
    Path::new(FOLDER).join(format!("{number:020}{SUFFIX}"))
}

/// An error at byte `at` of file `number`.
pub fn corrupt(number: u64, at: u64, reason: impl Into<String>) -> StorageError {
    StorageError::CorruptLog { file: path_of(number), at, reason: reason.into() }
}

/// Numbers of the files that are there, ascending. Unfinished files and foreign names are not among them.
///
/// # Errors
/// Of the disk.
pub fn list_numbers(disk: &dyn Disk) -> Result<Vec<u64>> {
    let names = disk.list(Path::new(FOLDER))?;
    Ok(names.iter().filter_map(|name| number_in(name, SUFFIX)).collect())
}

fn number_in(name: &Path, suffix: &str) -> Option<u64> {
    let digits = name.to_str()?.strip_suffix(suffix)?;
    if digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// Removes what a crash left of files that were being prepared. They never held a group.
///
/// # Errors
/// Of the disk.
pub fn remove_unfinished(disk: &dyn Disk) -> Result<()> {
    for name in disk.list(Path::new(FOLDER))? {
        if number_in(&name, UNFINISHED_SUFFIX).is_some() {
            disk.remove(&Path::new(FOLDER).join(name))?;
        }
    }
    Ok(())
}

/// Makes the file of `header` with all its bytes reserved, durably, under its final name.
///
/// # Errors
/// Of the disk. What was begun is removed if the disk lets us.
pub fn create(disk: &dyn Disk, header: &FileHeader) -> Result<Arc<dyn DiskFile>> {
    let unfinished = Path::new(FOLDER).join(format!("{:020}{UNFINISHED_SUFFIX}", header.number));
    disk.remove(&unfinished)?;
    let made = (|| {
        let file = disk.create(&unfinished)?;
        file.preallocate(header.len)?;
        file.write_at(0, &header.encode())?;
        file.sync_data()?;
        disk.rename(&unfinished, &path_of(header.number))?;
        disk.sync_folder(Path::new(FOLDER))?;
        Ok(file)
    })();
    if made.is_err()
        && let Err(error) = disk.remove(&unfinished)
    {
        tracing::warn!(%error, "an unfinished log file stays until the next start");
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_survives_and_any_flipped_bit_shows() {
        let before = EpochEnd { epoch: 2, last_group: 99, file: 6, byte: 1024 };
        let header = FileHeader { number: 7, epoch: 3, salt: 0xdead_beef_0102, before, len: 4096 };
        let bytes = header.encode();
        assert_eq!(FileHeader::decode(&bytes).unwrap(), header);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(FileHeader::decode(&flipped).is_err(), "bit {bit}");
        }
        assert!(FileHeader::decode(&bytes[..500]).is_err());
    }

    #[test]
    fn only_twenty_digits_are_a_number() {
        assert_eq!(number_in(Path::new("00000000000000000012.wal"), SUFFIX), Some(12));
        assert_eq!(number_in(Path::new("12.wal"), SUFFIX), None);
        assert_eq!(number_in(Path::new("00000000000000000012.wal.new"), SUFFIX), None);
        assert_eq!(number_in(Path::new("+0000000000000000012.wal"), SUFFIX), None);
    }
}
