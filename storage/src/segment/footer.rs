//! The tail of a segment file: page index, Parquet footer, and the checksum over both.
//!
//! ```text
//! ├─ pages ─┤├─ column index ─ offset index ─ FileMetaData ─────────────────────────── length ─ PAR1 ┤
//!            ▲                                 ... strata.tail = "<tail start>:<crc32c>" ...
//!            └── tail start                                                    └─ counted as 00000000
//! ```
//!
//! Parquet 59 neither writes page checksums nor knows any for its footer, so both are Strata's own.
//!
//! **Invariant:** nothing of a footer is parsed before its checksum was compared.

use bytes::Bytes;
use parquet::file::metadata::{KeyValue, PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};

use crate::{Result, StorageError};

/// Footer key of the seal. Written last, so that its last occurrence in a file is the seal.
const TAIL_KEY: &str = "strata.tail";
/// Digits of the tail's first byte.
const START_DIGITS: usize = 20;
/// Digits of the checksum.
const CRC_DIGITS: usize = 8;
/// The checksum while it is computed.
const NO_CRC: [u8; CRC_DIGITS] = [b'0'; CRC_DIGITS];
/// Bytes behind FileMetaData: its length and the magic.
const END_BYTES: usize = 8;

/// The seal of a tail that starts at `tail_start`, without its checksum.
pub fn open_seal(tail_start: u64) -> KeyValue {
    KeyValue::new(TAIL_KEY.to_owned(), format!("{tail_start:0START_DIGITS$}:{}", "0".repeat(CRC_DIGITS)))
}

/// Puts the checksum into the seal of the finished `file`.
///
/// # Errors
/// [`StorageError::Internal`] if the file has no seal.
pub fn close_seal(file: &mut [u8]) -> Result<()> {
    let seal = find_seal(file, 0).map_err(|reason| StorageError::Internal(reason.to_owned()))?;
    let crc = checksum(&file[seal.start as usize..], seal.crc_at - seal.start as usize);
    file[seal.crc_at..seal.crc_at + CRC_DIGITS].copy_from_slice(format!("{crc:08x}").as_bytes());
    Ok(())
}

struct Seal {
    /// First byte of the tail in the file.
    start: u64,
    /// Where the checksum's digits begin, in the bytes that were searched.
    crc_at: usize,
}

/// Finds the seal in `end`, the last bytes of a file of which `before` bytes come first.
fn find_seal(end: &[u8], before: u64) -> Result<Seal, &'static str> {
    let key_at = end.windows(TAIL_KEY.len()).rposition(|window| window == TAIL_KEY.as_bytes()).ok_or("the footer has no seal")?;
    // Between key and value lie a Thrift field header and the value's length, one byte each.
    let value_at = key_at + TAIL_KEY.len() + 2;
    let value = end.get(value_at..value_at + START_DIGITS + 1 + CRC_DIGITS).ok_or("the footer's seal is cut off")?;
    let start = std::str::from_utf8(&value[..START_DIGITS]).ok().and_then(|digits| digits.parse::<u64>().ok());
    let start = start.ok_or("the footer's seal is unreadable")?;
    if start > before + value_at as u64 {
        return Err("the footer's seal points behind itself");
    }
    Ok(Seal { start, crc_at: value_at + START_DIGITS + 1 })
}

/// The checksum of `tail` with the digits at `crc_at` counted as zeros.
fn checksum(tail: &[u8], crc_at: usize) -> u32 {
    let crc = crc32c::crc32c(&tail[..crc_at]);
    let crc = crc32c::crc32c_append(crc, &NO_CRC);
    crc32c::crc32c_append(crc, &tail[crc_at + CRC_DIGITS..])
}

/// What to do after looking at the end of a file.
#[derive(Debug)]
pub enum Tail {
    /// The bytes from this position on are needed.
    Need(u64),
    /// The checksum holds.
    Sealed(Box<ParquetMetaData>),
}

/// Looks at `end`, the last bytes of a file of `file_bytes` bytes.
///
/// # Errors
/// A reason in words, when they are not what was written.
pub fn read_tail(end: &Bytes, file_bytes: u64) -> Result<Tail, String> {
    let before = file_bytes.checked_sub(end.len() as u64).ok_or("the file is shorter than what was read of it")?;
    if end.len() < END_BYTES || end[end.len() - 4..] != *b"PAR1" {
        return Err("the file does not end as Parquet".to_owned());
    }
    let length = &end[end.len() - END_BYTES..][..4];
    let footer_bytes = u64::from(u32::from_le_bytes([length[0], length[1], length[2], length[3]])) + END_BYTES as u64;
    let footer_start = file_bytes.checked_sub(footer_bytes).ok_or("the footer is longer than the file")?;
    if footer_start < before {
        return Ok(Tail::Need(footer_start));
    }
    let seal = find_seal(end, before)?;
    if seal.start < before {
        return Ok(Tail::Need(seal.start));
    }
    let tail = &end[(seal.start - before) as usize..];
    let crc_at = seal.crc_at - (seal.start - before) as usize;
    if tail[crc_at..crc_at + CRC_DIGITS] != *format!("{:08x}", checksum(tail, crc_at)).as_bytes() {
        return Err("the footer's checksum does not match".to_owned());
    }
    let mut reader = ParquetMetaDataReader::new()
        .with_offset_index_policy(PageIndexPolicy::Required)
        .with_column_index_policy(PageIndexPolicy::Optional);
    reader.try_parse_sized(end, file_bytes).map_err(|error| error.to_string())?;
    Ok(Tail::Sealed(Box::new(reader.finish().map_err(|error| error.to_string())?)))
}
