//! Parquet's `RLE` encoding: runs of one value, and groups of eight values packed into bits.
//!
//! ```text
//! run     header = length << 1        value, in as many whole bytes as its bits need
//! groups  header = groups << 1 | 1    eight values of `width` bits a group, lowest bits first
//! ```
//!
//! Specified as "RLE / Bit-Packing Hybrid" in the Parquet format.

use super::page::Page;

/// Widest value, in bits: three bytes and a shift of up to seven bits fit four bytes.
pub const WIDTH_MAX: u32 = 24;

/// Numbers of values in a dictionary: their width in a byte, then they themselves.
///
/// # Errors
/// As [`decode`].
pub fn decode_numbers(page: &Page, out: &mut Vec<u32>) -> Result<(), String> {
    match page.values.split_first() {
        Some((width, numbers)) => decode(numbers, u32::from(*width), page.values(), out),
        None if page.values() == 0 => Ok(()),
        None => Err("a page of numbers is empty".to_owned()),
    }
}

/// Values of a group.
const GROUP: usize = 8;

/// Appends `count` values of `width` bits.
///
/// # Errors
/// A reason in words, when there are fewer, or they are wider than [`WIDTH_MAX`].
pub fn decode(mut bytes: &[u8], width: u32, count: usize, out: &mut Vec<u32>) -> Result<(), String> {
    if width > WIDTH_MAX {
        return Err(format!("values of {width} bits"));
    }
    let end = out.len() + count;
    out.reserve_exact(count);
    while out.len() < end {
        let header = varint(&mut bytes).ok_or("runs end too early")?;
        let length = usize::try_from(header >> 1).map_err(|_| "a run is too long")?;
        if length == 0 {
            return Err("a run is empty".to_owned());
        }
        if header & 1 == 0 {
            let (value, behind) = bytes.split_at_checked(width.div_ceil(8) as usize).ok_or("a run is cut off")?;
            let value = value.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
            out.resize(end.min(out.len().saturating_add(length)), value);
            bytes = behind;
        } else {
            let groups = length.min((end - out.len()).div_ceil(GROUP));
            let (packed, behind) = bytes.split_at_checked(groups * width as usize).ok_or("packed values are cut off")?;
            unpack(packed, width, groups, out);
            out.truncate(end);
            bytes = behind;
        }
    }
    Ok(())
}

/// A number in groups of seven bits, lowest first.
pub fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, behind) = bytes.split_first()?;
        *bytes = behind;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn unpack(packed: &[u8], width: u32, groups: usize, out: &mut Vec<u32>) {
    macro_rules! of_width {
        ($($width:literal)*) => {
            match width {
                $($width => packed.chunks_exact($width).for_each(|group| out.extend_from_slice(&group_of::<$width>(group))),)*
                _ => out.resize(out.len() + groups * GROUP, 0),
            }
        };
    }
    of_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24);
}

/// The eight values in `WIDTH` bytes.
fn group_of<const WIDTH: usize>(packed: &[u8]) -> [u32; GROUP] {
    let mut padded = [0_u8; WIDTH_MAX as usize + 4];
    padded[..WIDTH].copy_from_slice(packed);
    std::array::from_fn(|at| {
        let bit = at * WIDTH;
        let window = [padded[bit / 8], padded[bit / 8 + 1], padded[bit / 8 + 2], padded[bit / 8 + 3]];
        u32::from_le_bytes(window) >> (bit % 8) & ((1 << WIDTH) - 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], width: u32, expected: &[u32]) {
        let mut found = Vec::new();
        decode(bytes, width, expected.len(), &mut found).unwrap();
        assert_eq!(found, expected);
    }

    #[test]
    fn runs_and_groups_of_the_format_description() {
        check(&[0b0000_0011, 0b1000_1000, 0b1100_0110, 0b1111_1010], 3, &[0, 1, 2, 3, 4, 5, 6, 7]);
        check(&[5 << 1, 3], 2, &[3; 5]);
        let mut run_and_group = vec![3 << 1, 0x34, 0x12, 3];
        run_and_group.extend([0xff; 13]);
        check(&run_and_group, 13, &[0x1234, 0x1234, 0x1234, 0x1fff]);
        check(&[200, 1], 0, &[0; 100]);
        check(&[], 7, &[]);
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        for (bytes, width, count) in
            [(&[][..], 1, 1), (&[0x80], 1, 1), (&[4], 9, 1), (&[3, 0], 2, 8), (&[0], 0, 1), (&[2, 0], 25, 1)]
        {
            assert!(decode(bytes, width, count, &mut Vec::new()).is_err(), "{bytes:?}");
        }
    }
}
