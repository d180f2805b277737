//! Frames as bytes.

use std::sync::Arc;

use super::file::{round_up, u32_at, u64_at};
use super::{BodyDecoder, Frame};
use crate::ids::TopicId;
use crate::range_set::RangeSet;

/// Bytes of a frame header.
pub const FRAME_HEADER_BYTES: u64 = 72;

const MAGIC: [u8; 4] = *b"SFRM";
const HAS_PRODUCER: u32 = 1;
const ALIGNMENT: u64 = 8;
const RANGE_BYTES: u64 = 16;

/// Everything of a frame that stands before its body, and the checksum of both.
#[derive(Debug)]
pub struct FrameHead {
    /// Header, producer and ranges.
    pub bytes: Vec<u8>,
    /// Zeros after the body.
    pub padding: usize,
    /// Bytes of the whole frame, padding included.
    pub frame_bytes: u64,
    /// CRC-32C of the frame, padding included: what the group's checksum is combined from.
    pub checksum: u32,
}

impl FrameHead {
    /// Encodes `frame`, whose body has the checksum `body`.
    pub fn of(frame: &Frame, body: u32) -> Self {
        let (name, ranges) = match &frame.producer {
            Some((name, ranges)) => (name.as_bytes(), ranges.iter().collect::<Vec<_>>()),
            None => (&[][..], Vec::new()),
        };
        let mut bytes = Vec::with_capacity(head_bytes(name.len() as u64, ranges.len() as u64) as usize);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&(if frame.producer.is_some() { HAS_PRODUCER } else { 0 }).to_le_bytes());
        bytes.extend_from_slice(&(name.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(ranges.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&(frame.body.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&frame.topic.0.to_le_bytes());
        bytes.extend_from_slice(&frame.base_offset.to_le_bytes());
        bytes.extend_from_slice(&frame.rows.to_le_bytes());
        bytes.extend_from_slice(&frame.ingested_at_us.to_le_bytes());
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(name);
        bytes.resize(round_up(bytes.len() as u64, ALIGNMENT) as usize, 0);
        for (first, last) in ranges {
            bytes.extend_from_slice(&first.to_le_bytes());
            bytes.extend_from_slice(&last.to_le_bytes());
        }
        let checksum = crc32c::crc32c_combine(crc32c::crc32c(&bytes[8..]), body, frame.body.len());
        bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
        let padding = (round_up(frame.body.len() as u64, ALIGNMENT) as usize) - frame.body.len();
        let checksum = crc32c::crc32c_combine(crc32c::crc32c(&bytes), body, frame.body.len());
        let checksum = crc32c::crc32c_append(checksum, &[0; ALIGNMENT as usize][..padding]);
        let frame_bytes = (bytes.len() + frame.body.len() + padding) as u64;
        Self { bytes, padding, frame_bytes, checksum }
    }
}

/// Bytes of `frame` in a group, padding included.
pub fn frame_bytes(frame: &Frame) -> u64 {
    let (name, ranges) = match &frame.producer {
        Some((name, ranges)) => (name.len() as u64, ranges.range_count() as u64),
        None => (0, 0),
    };
    head_bytes(name, ranges) + round_up(frame.body.len() as u64, ALIGNMENT)
}

fn head_bytes(name_bytes: u64, ranges: u64) -> u64 {
    FRAME_HEADER_BYTES + round_up(name_bytes, ALIGNMENT) + ranges * RANGE_BYTES
}

/// Bytes of the frame that begins with `header`, padding included; `None` if they are none or absurd.
pub fn framed_bytes(header: &[u8]) -> Option<u64> {
    if header.len() < FRAME_HEADER_BYTES as usize || header[..4] != MAGIC {
        return None;
    }
    let ranges = u64_at(header, 16).checked_mul(RANGE_BYTES)?;
    let body = u64_at(header, 24);
    if ranges > i64::MAX as u64 || body > i64::MAX as u64 {
        return None;
    }
    head_bytes(u64::from(u32_at(header, 12)), 0).checked_add(ranges)?.checked_add(round_up(body, ALIGNMENT))
}

/// Reads back a whole frame of [`framed_bytes`] bytes, with its batch decoded by `bodies` and no body.
///
/// # Errors
/// The reason why it is none.
pub fn decode(bytes: &[u8], bodies: &mut BodyDecoder) -> Result<Frame, String> {
    let name_bytes = u32_at(bytes, 12) as usize;
    let (ranges, body_bytes) = (u64_at(bytes, 16), u64_at(bytes, 24) as usize);
    let ranges_at = head_bytes(name_bytes as u64, 0) as usize;
    let body_at = head_bytes(name_bytes as u64, ranges) as usize;
    let body = &bytes[body_at..body_at + body_bytes];
    if crc32c::crc32c(&bytes[8..body_at + body_bytes]) != u32_at(bytes, 4) {
        return Err("the checksum of a frame does not match".to_owned());
    }
    let producer = match u32_at(bytes, 8) {
        0 => None,
        HAS_PRODUCER => {
            let name = &bytes[FRAME_HEADER_BYTES as usize..FRAME_HEADER_BYTES as usize + name_bytes];
            let name = std::str::from_utf8(name).map_err(|_| "a producer's name is not UTF-8".to_owned())?;
            let mut set = RangeSet::default();
            for range in bytes[ranges_at..body_at].chunks_exact(RANGE_BYTES as usize) {
                set.insert(u64_at(range, 0), u64_at(range, 8));
            }
            Some((Arc::from(name), set))
        }
        flags => return Err(format!("flags {flags} of a frame are not known")),
    };
    let rows = u64_at(bytes, 48);
    let batch = match body_bytes {
        0 => None,
        _ => Some(bodies.decode(body).map_err(|e| format!("a frame's records cannot be read: {e}"))?),
    };
    if batch.as_ref().map_or(0, |batch| batch.num_rows() as u64) != rows {
        return Err(format!("a frame promises {rows} rows and holds another number"));
    }
    Ok(Frame {
        topic: TopicId(u64_at(bytes, 32)),
        base_offset: u64_at(bytes, 40) as i64,
        rows,
        ingested_at_us: u64_at(bytes, 56) as i64,
        producer,
        batch,
        body: bytes::Bytes::new(),
    })
}
