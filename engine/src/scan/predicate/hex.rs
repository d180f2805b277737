//! Equality on identifiers that are stored as bytes and shown as lower-case hexadecimal text.

use arrow::array::BooleanBufferBuilder;
use arrow::array::{Array, FixedSizeBinaryArray};

use super::super::selection::Selection;

/// The rows of `among` whose text is one of `values`. A value that is no lower-case hexadecimal text of the right length
/// is in no row.
pub(crate) fn select(ids: &FixedSizeBinaryArray, values: &[String], among: &Selection) -> Selection {
    let width = usize::try_from(ids.value_length()).unwrap_or_default();
    let wanted: Vec<Vec<u8>> = values.iter().filter_map(|value| bytes_of(value, width)).collect();
    let mut hits = BooleanBufferBuilder::new(ids.len());
    hits.append_n(ids.len(), false);
    for id in &wanted {
        for range in among.ranges() {
            for_each_equal(ids, id, width, range, |row| hits.set_bit(row, true));
        }
    }
    let mut mask = hits.finish();
    if let Some(nulls) = ids.nulls() {
        mask = &mask & nulls.inner();
    }
    Selection::from_mask(mask)
}

fn for_each_equal(ids: &FixedSizeBinaryArray, id: &[u8], width: usize, rows: std::ops::Range<usize>, mut hit: impl FnMut(usize)) {
    if width == 0 {
        return;
    }
    // `value_data` of a slice begins at its first row.
    let bytes = &ids.value_data()[rows.start * width..rows.end * width];
    if let Ok(id) = <[u8; 16]>::try_from(id) {
        let id = u128::from_ne_bytes(id);
        for (row, value) in rows.zip(bytes.as_chunks::<16>().0) {
            if u128::from_ne_bytes(*value) == id {
                hit(row);
            }
        }
    } else {
        for (row, value) in rows.zip(bytes.chunks_exact(width)) {
            if value == id {
                hit(row);
            }
        }
    }
}

/// The bytes of a lower-case hexadecimal text of `width` bytes.
fn bytes_of(text: &str, width: usize) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let text = text.as_bytes();
    if text.len() != width * 2 {
        return None;
    }
    text.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_bytes_are_equal() {
        let rows = [Some([0x0au8, 0x1b]), None, Some([0xff, 0x00]), Some([0x0a, 0x1b])];
        let ids = FixedSizeBinaryArray::try_from_sparse_iter_with_size(rows.into_iter(), 2).unwrap();
        let find = |values: &[&str]| {
            let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
            select(&ids, &values, &Selection::all(4)).indices()
        };
        assert_eq!(find(&["0a1b"]), [0, 3]);
        assert_eq!(find(&["ff00", "0a1b"]), [0, 2, 3]);
        assert_eq!(find(&["0A1B", "0a1", "0a1b00", "", "zz00"]), Vec::<u32>::new());
        let ids = ids.slice(2, 2);
        assert_eq!(select(&ids, &["0a1b".to_owned()], &Selection::all(2)).indices(), [1]);
    }
}
