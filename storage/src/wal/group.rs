//! The header of a group: what one `fdatasync` makes durable.

use super::file::{FileHeader, u32_at, u64_at};

/// Bytes of a group header.
pub const GROUP_HEADER_BYTES: u64 = 64;

const MAGIC: [u8; 4] = *b"SGRP";

/// What stands before a group's frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupHeader {
    /// Number of the group in its epoch, from 1.
    pub number: u64,
    /// Bytes of all frames with the zeros between them.
    pub payload_bytes: u64,
    /// CRC-32C of them.
    pub payload_checksum: u32,
    /// How many frames; 0 in the group that ends an epoch.
    pub frames: u32,
}

impl GroupHeader {
    /// The header as it stands in `file`.
    pub fn encode(&self, file: &FileHeader) -> [u8; GROUP_HEADER_BYTES as usize] {
        let mut bytes = [0; GROUP_HEADER_BYTES as usize];
        bytes[..4].copy_from_slice(&MAGIC);
        for (field, at) in [file.epoch, self.number, file.number, self.payload_bytes].iter().zip((8..).step_by(8)) {
            bytes[at..at + 8].copy_from_slice(&field.to_le_bytes());
        }
        bytes[40..44].copy_from_slice(&self.payload_checksum.to_le_bytes());
        bytes[44..48].copy_from_slice(&self.frames.to_le_bytes());
        let checksum = salted(file, &bytes);
        bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads a header back; `None` if the bytes are not a header of `file`.
    pub fn decode(bytes: &[u8], file: &FileHeader) -> Option<Self> {
        let bytes = bytes.get(..GROUP_HEADER_BYTES as usize)?;
        let is_header = bytes[..4] == MAGIC
            && u32_at(bytes, 4) == salted(file, bytes)
            && u64_at(bytes, 8) == file.epoch
            && u64_at(bytes, 24) == file.number;
        is_header.then(|| Self {
            number: u64_at(bytes, 16),
            payload_bytes: u64_at(bytes, 32),
            payload_checksum: u32_at(bytes, 40),
            frames: u32_at(bytes, 44),
        })
    }
}

fn salted(file: &FileHeader, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&file.salt.to_le_bytes()), &bytes[8..GROUP_HEADER_BYTES as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_belongs_to_one_file() {
        let file = FileHeader { number: 4, epoch: 2, salt: 77, before: Default::default(), len: 0 };
        let header = GroupHeader { number: 9, payload_bytes: 1 << 33, payload_checksum: 5, frames: 6 };
        let bytes = header.encode(&file);
        assert_eq!(GroupHeader::decode(&bytes, &file), Some(header));
        assert_eq!(GroupHeader::decode(&bytes, &FileHeader { salt: 78, ..file }), None);
        assert_eq!(GroupHeader::decode(&bytes, &FileHeader { number: 5, ..file }), None);
        assert_eq!(GroupHeader::decode(&bytes, &FileHeader { epoch: 3, ..file }), None);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(GroupHeader::decode(&flipped, &file), None, "bit {bit}");
        }
    }
}
