//! Reads bodies of frames, many of them with the same columns.
//!
//! Of a small batch most of the stream says what its columns are. A decoder that has read this once goes on with the
//! records of the next batch whose stream begins with the same bytes, and gives both the same schema in memory.

use std::collections::HashMap;

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamDecoder;

use super::body::{PACKED, unpacked};
use crate::Result;

/// Schemas that are remembered, at most.
const KNOWN_MAX: usize = 256;
/// Bytes before the first message of a stream: a mark and the length.
const PREFIX_BYTES: usize = 8;

/// Decodes what [`super::encode_body`] made.
#[derive(Debug, Default)]
pub struct BodyDecoder {
    /// By the first message of the stream, which is the schema.
    known: HashMap<Box<[u8]>, StreamDecoder>,
}

impl BodyDecoder {
    /// The batch that [`super::encode_body`] was given.
    ///
    /// # Errors
    /// Arrow's if `body` is something else.
    pub fn decode(&mut self, body: &[u8]) -> Result<RecordBatch> {
        let batch = match body.strip_prefix(&PACKED) {
            Some(rest) => self.packed(Buffer::from_vec(unpacked(rest)?))?,
            // A copy of its own, aligned, so that a small column does not keep a whole group in memory.
            None => StreamDecoder::new().decode(&mut Buffer::from(body))?,
        };
        batch.ok_or_else(|| ArrowError::IpcError("a frame's body holds no record batch".to_owned()).into())
    }

    fn packed(&mut self, mut stream: Buffer) -> Result<Option<RecordBatch>, ArrowError> {
        let Some(head) = schema_message(&stream) else { return StreamDecoder::new().decode(&mut stream) };
        if let Some(decoder) = self.known.get_mut(head) {
            let mut records = stream.slice(head.len());
            let batch = decoder.decode(&mut records);
            if !matches!(batch, Ok(Some(_))) {
                // It stands in the middle of a message.
                self.known.remove(head);
            }
            return batch;
        }
        let head = Box::from(head);
        let mut decoder = StreamDecoder::new();
        let batch = decoder.decode(&mut stream)?;
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        self.known.insert(head, decoder);
        Ok(batch)
    }
}

/// The first message with its prefix; `None` if the stream is too short for it.
fn schema_message(stream: &[u8]) -> Option<&[u8]> {
    let len = u32::from_le_bytes(stream.get(4..PREFIX_BYTES)?.try_into().ok()?);
    stream.get(..PREFIX_BYTES.checked_add(usize::try_from(len).ok()?)?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, DictionaryArray, Int64Array, StringViewArray};
    use arrow::datatypes::Int32Type;

    use super::*;
    use crate::wal::body::packed;
    use crate::wal::encode_body;

    fn batch(name: &str, number: i64) -> RecordBatch {
        let words: DictionaryArray<Int32Type> = [format!("word {number}").as_str()].into_iter().collect();
        let columns: [(&str, ArrayRef); 3] = [
            (name, Arc::new(Int64Array::from(vec![number]))),
            ("text", Arc::new(StringViewArray::from(vec![format!("a message that says {number}")]))),
            ("words", Arc::new(words)),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    #[test]
    fn bodies_of_the_same_columns_share_a_schema() {
        let mut decoder = BodyDecoder::default();
        let mut schemas = Vec::new();
        for number in 0..40 {
            let batch = batch(["first", "second"][number as usize % 2], number);
            let decoded = decoder.decode(&encode_body(&batch).unwrap()).unwrap();
            assert_eq!(decoded, batch);
            schemas.push(decoded.schema());
        }
        assert!(Arc::ptr_eq(&schemas[0], &schemas[38]) && Arc::ptr_eq(&schemas[1], &schemas[39]));
        assert_eq!(decoder.known.len(), 2);
    }

    #[test]
    fn many_schemas_are_not_all_remembered() {
        let mut decoder = BodyDecoder::default();
        for number in 0..1_000 {
            let batch = batch(&format!("column_{number}"), number);
            assert_eq!(decoder.decode(&encode_body(&batch).unwrap()).unwrap(), batch);
            assert!(decoder.known.len() <= KNOWN_MAX);
        }
    }

    #[test]
    fn a_stream_that_ends_early_does_not_reach_the_next_body() {
        let mut decoder = BodyDecoder::default();
        let whole = encode_body(&batch("n", 1)).unwrap();
        let stream = unpacked(&whole[PACKED.len()..]).unwrap();
        let records = stream.len() - 8;
        for len in (0..records).step_by(8) {
            assert!(decoder.decode(&packed(&stream[..len])).is_err(), "{len} bytes of {}", stream.len());
            assert_eq!(decoder.decode(&whole).unwrap(), batch("n", 1), "after {len} bytes");
        }
    }
}
