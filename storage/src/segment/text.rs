//! Text columns on their way into a segment: codes, hexadecimal bytes or plain text, whichever the values allow.
//!
//! ```text
//! few distinct values          ─▶ Codes: u16 a row into a sorted dictionary
//! all lower-case hexadecimal   ─▶ Hex:   half as many bytes a row, no offsets
//! anything else                ─▶ Text:  the bytes as they came
//! ```
//!
//! **Invariant:** the form changes nothing but the size: every row reads back as exactly the text that went in.

use std::sync::Arc;

use arrow::array::NullBufferBuilder;
use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, FixedSizeBinaryArray, FixedSizeBinaryBuilder, LargeStringBuilder, StringArray,
    StringBuilder, StringViewArray, UInt16Array,
};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, UInt32Type};
use hashbrown::HashMap;

use super::logical::{hex_digits, hex_value};
use super::order::Ranks;
use super::sample::distinct;
use crate::Result;

/// Stands for NULL among codes; sorts last, as NULL does in a segment.
pub const NULL_CODE: u16 = u16::MAX;
/// Distinct values of a column of codes, at most.
const CODES_MAX: usize = NULL_CODE as usize;
/// Bytes of a dictionary of codes, at most: it is decoded whole before the first row can be read.
const CODES_BYTES_MAX: usize = 1 << 20;
/// Rows a distinct value must serve on average.
const ROWS_A_CODE_MIN: usize = 4;
/// Rows after which a column of mostly distinct values is no longer tried as codes.
const CODES_TRIED_ROWS: usize = 4096;
/// Hexadecimal digits of a value, at most.
const HEX_DIGITS_MAX: usize = 64;

/// A text column of all rows, in offset order.
#[derive(Debug)]
pub enum TextColumn {
    /// A sorted dictionary and one code a row.
    Codes {
        /// The distinct values in byte order.
        values: StringArray,
        /// Index into `values`, or [`NULL_CODE`].
        codes: Vec<u16>,
    },
    /// Values of one even length that consist of the digits `0-9a-f`.
    Hex {
        /// Bytes of a value: half its digits.
        width: usize,
        /// `width` bytes a row; zeros for NULL.
        bytes: Vec<u8>,
        /// Which rows are NULL.
        nulls: Option<NullBuffer>,
    },
    /// Anything.
    Text {
        /// The arrays as they came.
        parts: Vec<TextPart>,
        /// Part and row in the part of each row.
        rows: RowIndex,
    },
}

/// Where the rows of several arrays lie when they are counted through.
#[derive(Debug)]
pub struct RowIndex {
    starts: Vec<u32>,
}

impl RowIndex {
    /// For arrays of these lengths.
    pub fn of(lengths: impl Iterator<Item = usize>) -> Self {
        let mut next = 0_u32;
        let starts = lengths.map(|length| {
            let start = next;
            next += u32::try_from(length).unwrap_or(u32::MAX);
            start
        });
        Self { starts: starts.collect() }
    }

    /// Array and row in it.
    pub fn find(&self, row: u32) -> (usize, usize) {
        let part = self.starts.partition_point(|start| *start <= row) - 1;
        (part, (row - self.starts[part]) as usize)
    }
}

/// One array of text in one of the types a batch may have.
#[derive(Debug, Clone)]
pub enum TextPart {
    /// Contiguous.
    Plain(StringArray),
    /// Views.
    View(StringViewArray),
    /// Dictionary with any keys, made 32 bits wide.
    Dictionary(DictionaryArray<UInt32Type>, StringArray),
    /// Hexadecimal text as bytes.
    Hex(FixedSizeBinaryArray),
}

impl TextPart {
    /// Takes an array of text of any type.
    ///
    /// # Errors
    /// Arrow's, when it is no text.
    pub fn of(array: &ArrayRef) -> Result<Self> {
        Ok(match array.data_type() {
            DataType::Utf8 => Self::Plain(array.as_string().clone()),
            DataType::Utf8View => Self::View(array.as_string_view().clone()),
            DataType::FixedSizeBinary(_) => Self::Hex(array.as_fixed_size_binary().clone()),
            DataType::Dictionary(..) => {
                let wanted = DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8));
                let array = cast(array, &wanted)?;
                let dictionary = array.as_dictionary::<UInt32Type>().clone();
                let values = dictionary.values().as_string().clone();
                Self::Dictionary(dictionary, values)
            }
            _ => Self::View(cast(array, &DataType::Utf8View)?.as_string_view().clone()),
        })
    }

    /// Whether `row` has a text.
    pub fn is_valid(&self, row: usize) -> bool {
        match self {
            Self::Plain(array) => array.is_valid(row),
            Self::View(array) => array.is_valid(row),
            Self::Dictionary(array, values) => array.is_valid(row) && values.is_valid(array.keys().value(row) as usize),
            Self::Hex(array) => array.is_valid(row),
        }
    }

    /// Rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Plain(array) => array.len(),
            Self::View(array) => array.len(),
            Self::Dictionary(array, _) => array.len(),
            Self::Hex(array) => array.len(),
        }
    }

    /// The text of `row`; `buffer` is where hexadecimal digits are written.
    pub fn value<'a>(&'a self, row: usize, buffer: &'a mut String) -> Option<&'a str> {
        match self {
            Self::Plain(array) => array.is_valid(row).then(|| array.value(row)),
            Self::View(array) => array.is_valid(row).then(|| array.value(row)),
            Self::Dictionary(array, values) => {
                let key = array.is_valid(row).then(|| array.keys().value(row) as usize)?;
                values.is_valid(key).then(|| values.value(key))
            }
            Self::Hex(array) => array.is_valid(row).then(|| {
                buffer.clear();
                hex_digits(array.value(row), buffer);
                buffer.as_str()
            }),
        }
    }
}

impl TextColumn {
    /// Chooses the form for the rows of `parts`, one after the other.
    pub fn of(parts: Vec<TextPart>) -> Self {
        if let Some(codes) = Coder::code(&parts) {
            return codes;
        }
        if let Some(hex) = as_hex(&parts) {
            return hex;
        }
        let rows = RowIndex::of(parts.iter().map(TextPart::len));
        Self::Text { parts, rows }
    }

    /// Bytes held beside the arrays that came.
    pub fn own_bytes(&self) -> usize {
        match self {
            Self::Codes { codes, .. } => codes.len() * size_of::<u16>(),
            Self::Hex { bytes, .. } => bytes.len(),
            Self::Text { .. } => 0,
        }
    }

    /// Whether a row is NULL.
    pub fn has_nulls(&self) -> bool {
        match self {
            Self::Codes { codes, .. } => codes.contains(&NULL_CODE),
            Self::Hex { nulls, .. } => nulls.as_ref().is_some_and(|nulls| nulls.null_count() > 0),
            Self::Text { parts, .. } => parts.iter().any(|part| (0..part.len()).any(|row| !part.is_valid(row))),
        }
    }

    /// The order of the rows, for a column to sort by.
    pub fn ranks(&self) -> Result<Ranks> {
        match self {
            Self::Codes { codes, .. } => Ok(Ranks::of_codes(codes)),
            Self::Hex { width, bytes, nulls } => {
                let values = FixedSizeBinaryArray::try_new(*width as i32, bytes.clone().into(), nulls.clone())?;
                Ranks::of_array(&(Arc::new(values) as ArrayRef))
            }
            Self::Text { parts, .. } => {
                let mut builder = LargeStringBuilder::new();
                let mut buffer = String::new();
                for part in parts {
                    (0..part.len()).for_each(|row| builder.append_option(part.value(row, &mut buffer)));
                }
                Ranks::of_array(&(Arc::new(builder.finish()) as ArrayRef))
            }
        }
    }

    /// Whether hexadecimal values repeat so often that a dictionary is smaller.
    pub fn dictionary_pays(&self) -> bool {
        let Self::Hex { width, bytes, .. } = self else { return false };
        let (rows, distinct) = (bytes.len() / width, distinct(bytes.chunks_exact(*width)));
        let code_bits = (usize::BITS - distinct.leading_zeros()) as usize;
        distinct * width + rows * code_bits / 8 < rows * width * 9 / 10
    }

    /// The rows `rows`, in that order, in the physical type that readers get.
    pub fn gather(&self, rows: &[u32]) -> Result<ArrayRef> {
        Ok(match self {
            Self::Codes { values, codes } => {
                let gathered: Vec<u16> = rows.iter().map(|row| codes[*row as usize]).collect();
                codes_array(gathered, values)?
            }
            Self::Hex { width, bytes, nulls } => {
                let mut builder = FixedSizeBinaryBuilder::with_capacity(rows.len(), *width as i32);
                for row in rows {
                    let row = *row as usize;
                    if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                        builder.append_null();
                    } else {
                        builder.append_value(&bytes[row * width..(row + 1) * width])?;
                    }
                }
                Arc::new(builder.finish())
            }
            Self::Text { parts, rows: index } => {
                let mut builder = StringBuilder::with_capacity(rows.len(), rows.len() * 32);
                let mut buffer = String::new();
                for row in rows {
                    let (part, row) = index.find(*row);
                    builder.append_option(parts[part].value(row, &mut buffer));
                }
                Arc::new(builder.finish())
            }
        })
    }
}

/// The dictionary array of `codes`, in which [`NULL_CODE`] becomes NULL.
pub fn codes_array(codes: Vec<u16>, values: &StringArray) -> Result<ArrayRef> {
    let nulls = codes.contains(&NULL_CODE).then(|| codes.iter().map(|code| *code != NULL_CODE).collect::<NullBuffer>());
    let codes = match &nulls {
        Some(_) => codes.into_iter().map(|code| if code == NULL_CODE { 0 } else { code }).collect(),
        None => codes,
    };
    let values: ArrayRef = if values.is_empty() { Arc::new(StringArray::from(vec![""])) } else { Arc::new(values.clone()) };
    Ok(Arc::new(DictionaryArray::try_new(UInt16Array::new(codes.into(), nulls), values)?))
}

/// Gives each distinct value a number as it is met.
#[derive(Default)]
struct Coder {
    numbers: HashMap<String, u16>,
    bytes: usize,
}

impl Coder {
    /// Codes of all rows, if there are few enough distinct values.
    fn code(parts: &[TextPart]) -> Option<TextColumn> {
        let total: usize = parts.iter().map(TextPart::len).sum();
        let mut coder = Self::default();
        let mut codes = Vec::with_capacity(total);
        let mut buffer = String::new();
        for part in parts {
            if let TextPart::Dictionary(array, values) = part {
                coder.code_dictionary(array, values, &mut codes)?;
                continue;
            }
            let mut last: Option<(String, u16)> = None;
            for row in 0..part.len() {
                let code = match part.value(row, &mut buffer) {
                    None => NULL_CODE,
                    Some(value) => match &last {
                        Some((text, code)) if text == value => *code,
                        _ => {
                            let code = coder.number(value)?;
                            let text = &mut last.get_or_insert_with(|| (String::new(), code)).0;
                            text.clear();
                            text.push_str(value);
                            last = last.map(|(text, _)| (text, code));
                            code
                        }
                    },
                };
                codes.push(code);
                if codes.len() == CODES_TRIED_ROWS && coder.numbers.len() * 2 > CODES_TRIED_ROWS {
                    return None;
                }
            }
        }
        (coder.numbers.len() * ROWS_A_CODE_MIN <= total.max(2 * ROWS_A_CODE_MIN)).then(|| coder.finish(codes))
    }

    /// Numbers of a dictionary's values are looked up once, and only of those that rows use.
    fn code_dictionary(&mut self, array: &DictionaryArray<UInt32Type>, values: &StringArray, codes: &mut Vec<u16>) -> Option<()> {
        let mut known: Vec<Option<u16>> = vec![None; values.len()];
        for key in array.keys() {
            let code = match key {
                None => NULL_CODE,
                Some(key) if values.is_null(key as usize) => NULL_CODE,
                Some(key) => match known[key as usize] {
                    Some(code) => code,
                    None => *known[key as usize].insert(self.number(values.value(key as usize))?),
                },
            };
            codes.push(code);
        }
        Some(())
    }

    fn number(&mut self, value: &str) -> Option<u16> {
        if let Some(number) = self.numbers.get(value) {
            return Some(*number);
        }
        self.bytes += value.len();
        if self.numbers.len() == CODES_MAX || self.bytes > CODES_BYTES_MAX {
            return None;
        }
        let number = self.numbers.len() as u16;
        self.numbers.insert(value.to_owned(), number);
        Some(number)
    }

    fn finish(self, mut codes: Vec<u16>) -> TextColumn {
        let mut sorted: Vec<(String, u16)> = self.numbers.into_iter().collect();
        sorted.sort_unstable();
        let mut position = vec![0; sorted.len()];
        for (at, (_, number)) in sorted.iter().enumerate() {
            position[usize::from(*number)] = at as u16;
        }
        for code in codes.iter_mut().filter(|code| **code != NULL_CODE) {
            *code = position[usize::from(*code)];
        }
        TextColumn::Codes { values: sorted.iter().map(|(value, _)| Some(value)).collect(), codes }
    }
}

/// The rows as bytes, if every value is hexadecimal text of one length.
fn as_hex(parts: &[TextPart]) -> Option<TextColumn> {
    let total: usize = parts.iter().map(TextPart::len).sum();
    let mut width = None;
    let mut bytes: Vec<u8> = Vec::new();
    let mut valid = NullBufferBuilder::new(total);
    let mut buffer = String::new();
    // NULLs before the first value: their width is not known yet.
    let mut leading_nulls = 0;
    for part in parts {
        for row in 0..part.len() {
            let Some(value) = part.value(row, &mut buffer) else {
                valid.append_null();
                match width {
                    Some(width) => bytes.resize(bytes.len() + width, 0),
                    None => leading_nulls += 1,
                }
                continue;
            };
            valid.append_non_null();
            let digits = value.as_bytes();
            if width.is_none() {
                if digits.is_empty() || digits.len() % 2 == 1 || digits.len() > HEX_DIGITS_MAX {
                    return None;
                }
                width = Some(digits.len() / 2);
                bytes.reserve(total * digits.len() / 2);
                bytes.resize(leading_nulls * digits.len() / 2, 0);
            }
            if Some(digits.len() / 2) != width || digits.len() % 2 == 1 {
                return None;
            }
            for pair in digits.chunks_exact(2) {
                bytes.push(hex_value(pair[0])? << 4 | hex_value(pair[1])?);
            }
        }
    }
    Some(TextColumn::Hex { width: width?, bytes, nulls: valid.finish() })
}
