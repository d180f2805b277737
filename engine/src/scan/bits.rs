//! A bitmap of a condition on plain values, 64 values a step.
//!
//! Truths become bytes first, which the compiler does for many values at once, then eight bytes become eight bits by one
//! multiplication: the factor moves the byte `i` to bit `56 + i`, and no two products meet.

use arrow::buffer::{BooleanBuffer, Buffer};

/// Puts bit `i` of the low bytes of eight into bit `56 + i`.
const GATHER: u64 = 0x0102_0408_1020_4080;

/// A bit for each value: whether it `holds`.
pub(crate) fn collect<T: Copy>(values: &[T], holds: impl Fn(T) -> bool) -> BooleanBuffer {
    let mut words: Vec<u64> = Vec::with_capacity(values.len().div_ceil(64));
    let (blocks, rest) = values.as_chunks::<64>();
    words.extend(blocks.iter().map(|block| packed(&block.map(|value| u8::from(holds(value))))));
    if !rest.is_empty() {
        let mut truths = [0; 64];
        for (truth, value) in truths.iter_mut().zip(rest) {
            *truth = u8::from(holds(*value));
        }
        words.push(packed(&truths));
    }
    BooleanBuffer::new(Buffer::from_vec(words), 0, values.len())
}

fn packed(truths: &[u8; 64]) -> u64 {
    let (eights, _) = truths.as_chunks::<8>();
    let bits = |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56;
    eights.iter().rev().fold(0, |word, eight| word << 8 | bits(eight))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_bit_is_the_truth_of_its_value(values in proptest::collection::vec(any::<u16>(), 0..300), bound: u16) {
            let wanted: BooleanBuffer = values.iter().map(|value| *value < bound).collect();
            prop_assert_eq!(collect(&values, |value| value < bound), wanted);
        }
    }
}
