//! Which blocks hold a value, for very many values: pairs of (hash, block), sorted, cut to as few bits as false hits allow.
//!
//! ```text
//! hash, 48 bits ─ cut to log2(distinct) + 4 bits ─ sorted ─▶ parts of about 16 KiB, by the leading bits
//!
//! part    := directory (u32 each: bit at which a bucket begins, one more for the end) bits
//! bucket  := about 64 fingerprints: Rice code of the distance to the one before, blocks
//! blocks  := (1, block)* (0, block)
//! ```
//!
//! A value that is not there is found nowhere with a probability of 15 in 16 a segment, and else in about one block. That
//! takes 12 bits a pair, less than a bloom filter of the same error, and one look instead of one a block.
//!
//! **Invariant:** a block that holds the value is always among the answer; blocks that do not may be too.

use super::bits::{BitReader, BitWriter};

/// Bits of a hash that are kept while building. The other 16 hold the block.
const HASH_BITS: u32 = 48;
/// Bits of a fingerprint beyond those that tell all values apart if they were spread evenly.
const SPARE_BITS: u32 = 4;
/// Logarithm of the fingerprints of a bucket.
const BUCKET_BITS: u32 = 6;
/// Bytes of a part, about.
const PART_BYTES: usize = 16 << 10;
/// Bits of a pair, about, to choose the number of parts.
const PAIR_BITS: usize = 13;
/// Bits by which pairs are spread before they are sorted.
const SPREAD_BITS_MAX: u32 = 12;

/// Blocks that can be told apart.
pub const BLOCKS_MAX: usize = 1 << 16;

/// How the pairs of one segment are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FingerprintShape {
    /// Bits of a fingerprint.
    hash_bits: u32,
    /// Leading bits that choose the part.
    part_bits: u32,
    /// Bits after them that choose the bucket.
    bucket_bits: u32,
    /// Parameter of the Rice codes.
    rice_bits: u32,
    /// Bits of a block.
    block_bits: u32,
}

/// Collects pairs.
#[derive(Debug, Default)]
pub struct FingerprintBuilder {
    /// 48 bits of the hash, 16 of the block.
    pairs: Vec<u64>,
    /// Pairs before it are of earlier blocks.
    block_start: usize,
}

impl FingerprintBuilder {
    /// The value with this hash is in `block`. Blocks come in ascending order.
    pub fn add(&mut self, hash: u64, block: u16) {
        self.pairs.push(hash & !0xffff | u64::from(block));
    }

    /// The block is complete: what occurs in it more than once is kept once.
    pub fn end_block(&mut self) {
        let block = &mut self.pairs[self.block_start..];
        block.sort_unstable();
        let mut kept = 0;
        for at in 0..block.len() {
            if at == 0 || block[at] != block[at - 1] {
                block[kept] = block[at];
                kept += 1;
            }
        }
        self.pairs.truncate(self.block_start + kept);
        self.block_start = self.pairs.len();
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.pairs.capacity() * size_of::<u64>()
    }

    /// Sorts and encodes: the shape, and the parts in their order. `blocks` is the number of blocks.
    pub fn finish(self, blocks: usize) -> (FingerprintShape, Vec<Vec<u8>>) {
        let pairs = sorted(self.pairs);
        let distinct = pairs.chunk_by(|a, b| a >> 16 == b >> 16).count();
        let distinct_bits = ceil_log2(distinct);
        let hash_bits = (distinct_bits + SPARE_BITS).min(HASH_BITS);
        let part_bits = ceil_log2((pairs.len() * PAIR_BITS / 8).div_ceil(PART_BYTES)).min(distinct_bits);
        let bucket_bits = distinct_bits.saturating_sub(BUCKET_BITS).saturating_sub(part_bits);
        let shape = FingerprintShape {
            hash_bits,
            part_bits,
            bucket_bits,
            rice_bits: hash_bits - distinct_bits,
            block_bits: ceil_log2(blocks),
        };
        let mut rest = pairs.as_slice();
        let parts = (0..1_u64 << part_bits).map(|part| {
            let end = rest.partition_point(|pair| shape.part_of(*pair) as u64 == part);
            let (of_part, behind) = rest.split_at(end);
            rest = behind;
            shape.encode(part, of_part)
        });
        let parts = parts.collect();
        (shape, parts)
    }
}

impl FingerprintShape {
    /// The part that has the answer for a hash.
    pub fn part_of(&self, hash: u64) -> usize {
        leading(hash, self.part_bits) as usize
    }

    /// The blocks that may hold the value with this hash, ascending; `part` is the one of [`Self::part_of`].
    pub fn blocks_of(&self, hash: u64, part: &[u8]) -> Vec<u16> {
        let mut blocks = Vec::new();
        let wanted = leading(hash, self.hash_bits);
        let bucket = (leading(hash, self.part_bits + self.bucket_bits) & ((1 << self.bucket_bits) - 1)) as usize;
        let Some((begin, end)) = self.bucket(part, bucket) else { return blocks };
        let mut reader = BitReader::new(part, begin);
        let mut fingerprint = self.bucket_base(hash);
        while reader.position() < end && fingerprint <= wanted {
            fingerprint += u64::from(reader.get_rice(self.rice_bits));
            let found = fingerprint == wanted;
            loop {
                let more = reader.get(1) == 1;
                let block = reader.get(self.block_bits) as u16;
                if found {
                    blocks.push(block);
                }
                if !more {
                    break;
                }
            }
            if fingerprint >= wanted {
                break;
            }
        }
        blocks
    }

    /// First and last bit of a bucket.
    fn bucket(&self, part: &[u8], bucket: usize) -> Option<(u64, u64)> {
        let at = |entry: usize| {
            let bytes = part.get(entry * 4..)?.first_chunk::<4>()?;
            Some(u64::from(u32::from_le_bytes(*bytes)))
        };
        Some((at(bucket)?, at(bucket + 1)?))
    }

    /// The smallest fingerprint of a bucket.
    fn bucket_base(&self, hash: u64) -> u64 {
        let bucket_bits = self.part_bits + self.bucket_bits;
        leading(hash, bucket_bits) << (self.hash_bits - bucket_bits)
    }

    fn encode(&self, part: u64, pairs: &[u64]) -> Vec<u8> {
        let buckets = 1 << self.bucket_bits;
        let directory_bits = (buckets + 1) * 32;
        let mut directory = Vec::with_capacity(buckets + 1);
        let mut bits = BitWriter::default();
        let mut rest = pairs;
        for bucket in 0..buckets as u64 {
            directory.push((directory_bits as u64 + bits.position()) as u32);
            let number = part << self.bucket_bits | bucket;
            let end = rest.partition_point(|pair| leading(*pair, self.part_bits + self.bucket_bits) == number);
            let (of_bucket, behind) = rest.split_at(end);
            rest = behind;
            let mut last = of_bucket.first().map_or(0, |pair| self.bucket_base(*pair));
            for same in of_bucket.chunk_by(|a, b| leading(*a, self.hash_bits) == leading(*b, self.hash_bits)) {
                let fingerprint = leading(same[0], self.hash_bits);
                bits.put_rice((fingerprint - last) as u32, self.rice_bits);
                last = fingerprint;
                self.encode_blocks(same, &mut bits);
            }
        }
        directory.push((directory_bits as u64 + bits.position()) as u32);
        let mut bytes: Vec<u8> = directory.iter().flat_map(|entry: &u32| entry.to_le_bytes()).collect();
        bytes.extend(bits.finish());
        bytes
    }

    fn encode_blocks(&self, same: &[u64], bits: &mut BitWriter) {
        let mut blocks: Vec<u16> = same.iter().map(|pair| *pair as u16).collect();
        blocks.sort_unstable();
        blocks.dedup();
        for (at, block) in blocks.iter().enumerate() {
            bits.put(u64::from(at + 1 < blocks.len()), 1);
            bits.put(u64::from(*block), self.block_bits);
        }
    }
}

/// The first `bits` bits of a hash.
fn leading(hash: u64, bits: u32) -> u64 {
    if bits == 0 { 0 } else { hash >> (64 - bits) }
}

fn ceil_log2(number: usize) -> u32 {
    number.max(1).next_power_of_two().trailing_zeros()
}

/// Sorted without duplicates: spread by the leading bits, then each part on its own, which fits the processor's cache.
fn sorted(pairs: Vec<u64>) -> Vec<u64> {
    let spread_bits = ceil_log2(pairs.len() / 1024).min(SPREAD_BITS_MAX);
    let mut starts = vec![0_usize; (1 << spread_bits) + 1];
    for pair in &pairs {
        starts[leading(*pair, spread_bits) as usize + 1] += 1;
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    let mut spread = vec![0; pairs.len()];
    let mut next = starts.clone();
    for pair in pairs {
        let to = &mut next[leading(pair, spread_bits) as usize];
        spread[*to] = pair;
        *to += 1;
    }
    for bounds in starts.windows(2) {
        spread[bounds[0]..bounds[1]].sort_unstable();
    }
    spread.dedup();
    spread
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use xxhash_rust::xxh3::xxh3_64;

    use super::*;

    fn build(pairs: &[(u32, u16)], blocks: usize) -> (FingerprintShape, Vec<Vec<u8>>) {
        let mut sorted = pairs.to_vec();
        sorted.sort_by_key(|(_, block)| *block);
        let mut builder = FingerprintBuilder::default();
        for of_block in sorted.chunk_by(|a, b| a.1 == b.1) {
            of_block.iter().for_each(|(value, block)| builder.add(xxh3_64(&value.to_le_bytes()), *block));
            builder.end_block();
        }
        builder.finish(blocks)
    }

    fn blocks_of(shape: &FingerprintShape, parts: &[Vec<u8>], value: u32) -> Vec<u16> {
        let hash = xxh3_64(&value.to_le_bytes());
        shape.blocks_of(hash, &parts[shape.part_of(hash)])
    }

    proptest! {
        #[test]
        fn every_block_is_found(pairs in proptest::collection::vec((0_u32..500, 0_u16..40), 0..2000)) {
            let (shape, parts) = build(&pairs, 40);
            let mut wanted: BTreeMap<u32, BTreeSet<u16>> = BTreeMap::new();
            for (value, block) in &pairs {
                wanted.entry(*value).or_default().insert(*block);
            }
            for (value, blocks) in wanted {
                let found = blocks_of(&shape, &parts, value);
                prop_assert!(found.is_sorted_by(|a, b| a < b));
                prop_assert!(blocks.iter().all(|block| found.contains(block)), "{value}: {blocks:?} in {found:?}");
            }
        }
    }

    #[test]
    fn few_bits_and_few_false_hits() {
        let pairs: Vec<(u32, u16)> = (0..400_000).map(|value| (value, (value % 122) as u16)).collect();
        let (shape, parts) = build(&pairs, 122);
        assert!(parts.len() > 4, "{} parts", parts.len());
        let bytes: usize = parts.iter().map(Vec::len).sum();
        assert!(bytes * 8 < pairs.len() * 15, "{} bits a pair", bytes * 8 / pairs.len());
        let absent: usize = (1_000_000..1_010_000).map(|value| blocks_of(&shape, &parts, value).len()).sum();
        assert!(absent < 1000, "{absent} false blocks in 10,000 looks");
        assert!((0..1000).all(|value| blocks_of(&shape, &parts, value).contains(&((value % 122) as u16))));
    }

    #[test]
    fn bytes_of_any_kind_are_read_without_harm() {
        let (shape, _) = build(&[(1, 0), (2, 1)], 2);
        for part in [&[][..], &[0xff; 40][..], &[0; 3][..]] {
            for value in 0..100_u32 {
                shape.blocks_of(xxh3_64(&value.to_le_bytes()), part);
            }
        }
    }
}
