//! Parquet's `DELTA_BINARY_PACKED`: differences of integers, the smallest of a block taken from all, packed into bits.
//!
//! ```text
//! block size | miniblocks a block | values | first value       each a varint, the last in zigzag
//! block: smallest difference in zigzag | a width a miniblock | differences less the smallest, of that width, lowest bits first
//! ```

use super::hybrid::varint;

/// Values of a miniblock, at most; writers use 32 and 64.
const MINIBLOCK_MAX: usize = 1024;
/// Bytes of a value.
const WORD: usize = 8;

/// Appends `count` values. Sums wrap, as the format wants it: the low half of each is right where values have 32 bits.
///
/// # Errors
/// A reason in words, when there are fewer.
pub fn decode(mut bytes: &[u8], count: usize, out: &mut Vec<i64>) -> Result<(), String> {
    let cut_off = || "differences are cut off".to_owned();
    let number = |bytes: &mut &[u8]| varint(bytes).ok_or_else(cut_off);
    let (block, miniblocks) = (number(&mut bytes)?, number(&mut bytes)?);
    let (total, mut last) = (number(&mut bytes)?, unzigzag(number(&mut bytes)?));
    let miniblock = block.checked_div(miniblocks).and_then(|values| usize::try_from(values).ok());
    let miniblock = miniblock.filter(|values| (1..=MINIBLOCK_MAX).contains(values) && values % 8 == 0);
    let (Some(miniblock), Ok(miniblocks)) = (miniblock, usize::try_from(miniblocks)) else {
        return Err("blocks of differences have an odd size".to_owned());
    };
    if total != count as u64 {
        return Err(format!("there are {total} differences and not {count}"));
    }
    let end = out.len() + count;
    out.reserve_exact(count);
    if count > 0 {
        out.push(last);
    }
    let mut padded = [0_u8; MINIBLOCK_MAX * WORD + WORD];
    while out.len() < end {
        let smallest = unzigzag(number(&mut bytes)?);
        let (widths, mut packed) = bytes.split_at_checked(miniblocks).ok_or_else(cut_off)?;
        for width in widths.iter().map(|width| usize::from(*width)) {
            if out.len() == end {
                break;
            }
            if width > WORD * 8 {
                return Err(format!("differences of {width} bits"));
            }
            let (of_miniblock, behind) = packed.split_at_checked(miniblock * width / 8).ok_or_else(cut_off)?;
            packed = behind;
            padded[..of_miniblock.len()].copy_from_slice(of_miniblock);
            for at in 0..miniblock.min(end - out.len()) {
                last = last.wrapping_add(smallest).wrapping_add(packed_at(&padded, at * width, width) as i64);
                out.push(last);
            }
        }
        bytes = packed;
    }
    Ok(())
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

/// The `width` bits from bit `bit` on.
fn packed_at(bytes: &[u8], bit: usize, width: usize) -> u64 {
    let (byte, shift) = (bit / 8, bit % 8);
    let window = bytes[byte..byte + WORD].try_into().map_or(0, u64::from_le_bytes) >> shift;
    // A wide value may end in a ninth byte.
    let over = if shift + width > u64::BITS as usize { u64::from(bytes[byte + WORD]) << (u64::BITS as usize - shift) } else { 0 };
    let mask = if width == u64::BITS as usize { u64::MAX } else { (1 << width) - 1 };
    (window | over) & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_or_odd_is_refused() {
        let well = [128, 1, 4, 3, 2, 2, 0, 0, 0, 0];
        let mut found = Vec::new();
        decode(&well, 3, &mut found).unwrap();
        assert_eq!(found, [1, 2, 3], "each is one more than the one before");
        for end in 0..well.len() {
            assert!(decode(&well[..end], 3, &mut Vec::new()).is_err(), "{end} bytes");
        }
        for (at, byte) in [(2, 0), (2, 3), (3, 4), (6, 65)] {
            let mut odd = well;
            odd[at] = byte;
            assert!(decode(&odd, 3, &mut Vec::new()).is_err(), "byte {at} is {byte}");
        }
    }
}
