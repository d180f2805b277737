//! Guessing how many distinct values a column has, from one value in sixteen.
//!
//! A value is looked at if its hash says so. So all repetitions of a value are looked at or none, and sixteen times the
//! distinct values that were seen is close to all of them. The hash is fixed: the same rows must give the same file.

use hashbrown::HashSet;

/// One value in `1 << SAMPLE_BITS` is looked at.
const SAMPLE_BITS: u32 = 4;

/// About how many distinct values there are.
pub fn distinct<'a>(values: impl Iterator<Item = &'a [u8]>) -> usize {
    let mut seen = HashSet::new();
    for value in values {
        let hash = hash(value);
        if hash >> (u64::BITS - SAMPLE_BITS) == 0 {
            seen.insert(hash);
        }
    }
    seen.len() << SAMPLE_BITS
}

fn hash(value: &[u8]) -> u64 {
    let mut hash = 0x9E37_79B9_7F4A_7C15_u64;
    for piece in value.chunks(8) {
        let mut word = [0; 8];
        word[..piece.len()].copy_from_slice(piece);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        hash ^= hash >> 32;
    }
    hash.wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guess_is_near() {
        for (rows, different) in [(100_000_u64, 100_000_u64), (100_000, 20_000), (300_000, 1000)] {
            let values: Vec<[u8; 8]> = (0..rows).map(|row| (row % different * 1000).to_le_bytes()).collect();
            let guess = distinct(values.iter().map(<[u8; 8]>::as_slice)) as f64 / different as f64;
            assert!((0.6..1.4).contains(&guess), "{guess} of {different}");
        }
    }
}
