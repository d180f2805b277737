//! Bodies of frames: one record batch as an Arrow IPC stream with lz4 buffers, or a small one as a packed stream.
//!
//! What Arrow IPC says of a batch (schema, lengths, places of buffers, padding) is two kilobytes even for one record. So
//! the stream of a small batch is not compressed buffer by buffer but as one lz4 block, what it says of itself included,
//! and with a dictionary that knows how such streams look:
//!
//! ```text
//!     plain     ┌ ff ff ff ff ┬ rest of the Arrow IPC stream, lz4 buffers, 64-byte alignment ┐
//!     packed    ┌ "SLZ1" ┬ length of the stream, 4 bytes ┬ lz4 block of an Arrow IPC stream, 8-byte alignment ┐
//! ```
//!
//! Dictionaries stay dictionaries. A slice costs what the slice holds, not what its parent holds: Arrow's writer cuts
//! plain columns itself, view columns and dictionaries are compacted here first.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, GenericByteViewArray, RecordBatch};
use arrow::buffer::Buffer;
use arrow::datatypes::{ByteViewType, DataType};
use arrow::error::ArrowError;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow::ipc::{CompressionType, MetadataVersion};
use arrow_select::dictionary::garbage_collect_any_dictionary;
use bytes::Bytes;

use crate::Result;

/// Unused bytes of a view column, or unused entries of a dictionary, that are not worth a copy.
const SLACK: usize = 1024;
/// What a packed stream begins with; the digit names the dictionary. A plain one begins with four bytes `ff`.
pub const PACKED: [u8; 4] = *b"SLZ1";
/// Two streams of one row each: one with a column of every type, one of a topic that nobody declared. Frames cannot be read
/// without these very bytes, so they never change; a better dictionary gets a mark of its own.
const DICTIONARY: &[u8] = include_bytes!("body.dictionary");
/// Rows of a batch that is packed, at most.
const PACKED_ROWS_MAX: usize = 64;
/// Bytes of a stream that is packed, at most.
const PACKED_STREAM_MAX: usize = 64 << 10;

/// Arrow IPC stream, dictionaries included, compressed.
///
/// # Errors
/// Arrow's, which would be a defect.
pub fn encode_body(batch: &RecordBatch) -> Result<Bytes> {
    let columns = batch.columns().iter().map(compact).collect::<Result<Vec<_>, ArrowError>>()?;
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let batch = RecordBatch::try_new_with_options(batch.schema(), columns, &options)?;
    if batch.num_rows() <= PACKED_ROWS_MAX {
        let stream = stream_of(&batch, IpcWriteOptions::try_new(8, false, MetadataVersion::V5)?)?;
        if stream.len() <= PACKED_STREAM_MAX {
            return Ok(packed(&stream));
        }
    }
    let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME))?;
    Ok(Bytes::from(stream_of(&batch, options)?))
}

fn stream_of(batch: &RecordBatch, options: IpcWriteOptions) -> Result<Vec<u8>, ArrowError> {
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), batch.schema_ref(), options)?;
    writer.write(batch)?;
    writer.into_inner()
}

/// A stream of at most [`PACKED_STREAM_MAX`] bytes as a packed body.
pub fn packed(stream: &[u8]) -> Bytes {
    let head = PACKED.len() + size_of::<u32>();
    let mut body = vec![0; head + lz4_flex::block::get_maximum_output_size(stream.len())];
    body[..PACKED.len()].copy_from_slice(&PACKED);
    body[PACKED.len()..head].copy_from_slice(&(stream.len() as u32).to_le_bytes());
    #[allow(clippy::expect_used, reason = "the buffer has the size that the crate asks for")]
    let block =
        lz4_flex::block::compress_into_with_dict(stream, &mut body[head..], DICTIONARY).expect("room for the largest block");
    body.truncate(head + block);
    // A copy of the right size: the body waits in the queue.
    Bytes::copy_from_slice(&body)
}

/// The stream of a packed body after its mark.
///
/// # Errors
/// Arrow's if `rest` is something else.
pub fn unpacked(rest: &[u8]) -> Result<Vec<u8>, ArrowError> {
    let damaged = |reason: String| ArrowError::IpcError(format!("a packed body cannot be read: {reason}"));
    let (len, block) = rest.split_first_chunk().ok_or_else(|| damaged("it is too short".to_owned()))?;
    let len = u32::from_le_bytes(*len) as usize;
    if len > PACKED_STREAM_MAX {
        return Err(damaged(format!("{len} bytes, more than {PACKED_STREAM_MAX}")));
    }
    let mut stream = vec![0; len];
    let found = lz4_flex::block::decompress_into_with_dict(block, &mut stream, DICTIONARY);
    let found = found.map_err(|error| damaged(error.to_string()))?;
    if found == len { Ok(stream) } else { Err(damaged(format!("{found} bytes instead of {len}"))) }
}

fn compact(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match column.data_type() {
        DataType::Utf8View => Ok(compact_view(column, column.as_string_view())),
        DataType::BinaryView => Ok(compact_view(column, column.as_binary_view())),
        DataType::Dictionary(..) => {
            let dictionary = column.as_any_dictionary();
            if dictionary.values().len() > 2 * dictionary.len() + SLACK {
                garbage_collect_any_dictionary(dictionary)
            } else {
                Ok(column.clone())
            }
        }
        _ => Ok(column.clone()),
    }
}

fn compact_view<T: ByteViewType>(column: &ArrayRef, views: &GenericByteViewArray<T>) -> ArrayRef {
    let held: usize = views.data_buffers().iter().map(Buffer::len).sum();
    if held > views.total_buffer_bytes_used() + SLACK { Arc::new(views.gc()) } else { column.clone() }
}

#[cfg(test)]
mod tests {
    use arrow::array::{BooleanArray, DictionaryArray, Int64Array, ListArray, StringArray, StringViewArray, StructArray};
    use arrow::datatypes::{Field, Int32Type, Schema};

    use super::*;
    use crate::wal::body_decoder::BodyDecoder;

    fn wide_batch(rows: i64) -> RecordBatch {
        let text = |i: i64| (i % 7 != 0).then(|| format!("message number {i} with some words in it"));
        let dictionary: DictionaryArray<arrow::datatypes::UInt16Type> =
            (0..rows).map(|i| Some(["a", "b"][i as usize % 2])).collect();
        let list = ListArray::from_iter_primitive::<Int32Type, _, _>((0..rows).map(|i| Some(vec![Some(i as i32), None])));
        let number: ArrayRef = Arc::new(Int64Array::from_iter((0..rows).map(|i| (i % 5 != 0).then_some(i))));
        let inner = Arc::new(Field::new("n", DataType::Int64, true));
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("view", Arc::new(StringViewArray::from_iter((0..rows).map(text)))),
            ("text", Arc::new(StringArray::from_iter((0..rows).map(text)))),
            ("dictionary", Arc::new(dictionary)),
            ("list", Arc::new(list)),
            ("flag", Arc::new(BooleanArray::from_iter((0..rows).map(|i| Some(i % 3 == 0))))),
            ("struct", Arc::new(StructArray::from(vec![(inner, number.clone())]))),
            ("number", number),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap()
    }

    #[test]
    fn every_kind_of_column_survives_whole_and_sliced() {
        let batch = wide_batch(1_000);
        for slice in [batch.clone(), batch.slice(0, 1), batch.slice(7, 0), batch.slice(13, 500), batch.slice(999, 1)] {
            let decoded = BodyDecoder::default().decode(&encode_body(&slice).unwrap()).unwrap();
            assert_eq!(decoded, slice);
            assert!(matches!(decoded.column(2).data_type(), DataType::Dictionary(..)));
        }
    }

    #[test]
    fn a_slice_does_not_carry_its_parent() {
        let batch = wide_batch(100_000);
        let whole = encode_body(&batch).unwrap().len();
        let slice = encode_body(&batch.slice(50_000, 10)).unwrap().len();
        assert!(slice < 8_000 && whole > 50 * slice, "slice {slice}, whole {whole}");
    }

    #[test]
    fn a_large_dictionary_is_cut_to_what_is_used() {
        let words: Vec<String> = (0..20_000).map(|i| format!("word-{i:09}")).collect();
        let dictionary: DictionaryArray<Int32Type> = words.iter().map(String::as_str).collect();
        let batch = RecordBatch::try_from_iter([("d", Arc::new(dictionary) as ArrayRef)]).unwrap().slice(100, 5);
        let body = encode_body(&batch).unwrap();
        assert!(body.len() < 3_000, "{} bytes", body.len());
        let decoded = BodyDecoder::default().decode(&body).unwrap();
        let words = decoded.column(0).as_dictionary::<Int32Type>().downcast_dict::<StringArray>().unwrap();
        assert_eq!(
            words.into_iter().flatten().collect::<Vec<_>>(),
            (100..105).map(|i| format!("word-{i:09}")).collect::<Vec<_>>()
        );
    }

    #[test]
    fn metadata_and_rows_without_columns_survive() {
        let batch = wide_batch(3);
        let field = Field::new("view", DataType::Utf8View, true).with_metadata([("PARQUET:field_id".into(), "4".into())].into());
        let batch = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![batch.column(0).clone()]).unwrap();
        assert_eq!(BodyDecoder::default().decode(&encode_body(&batch).unwrap()).unwrap().schema(), batch.schema());
        let bare = batch.project(&[]).unwrap();
        assert_eq!(BodyDecoder::default().decode(&encode_body(&bare).unwrap()).unwrap().num_rows(), 3);
    }

    #[test]
    fn a_body_that_is_none_is_an_error() {
        assert!(BodyDecoder::default().decode(b"").is_err());
        assert!(BodyDecoder::default().decode(&[7; 100]).is_err());
        let whole = encode_body(&wide_batch(1)).unwrap();
        for cut in [3, 4, 7, 8, whole.len() - 1] {
            assert!(BodyDecoder::default().decode(&whole[..cut]).is_err(), "{cut} bytes");
        }
        let absurd = [&PACKED[..], &u32::MAX.to_le_bytes(), &whole[8..]].concat();
        assert!(BodyDecoder::default().decode(&absurd).unwrap_err().to_string().contains("more than 65536"));
    }

    /// One record of a topic that nobody declared, as `connectors` has them: one column of six is NULL.
    fn record() -> RecordBatch {
        let topic = crate::schema::TopicSchema {
            declared: (1..)
                .zip(["ts", "host", "service", "level", "message"])
                .map(|(id, name)| crate::schema::Column {
                    id: crate::ids::ColumnId(id),
                    name: name.to_owned(),
                    data_type: if name == "ts" { crate::schema::timestamptz() } else { DataType::Utf8 },
                    nullable: name != "ts",
                    sql_type: None,
                })
                .collect(),
            time_column: None,
            sort_by: Vec::new(),
        };
        let text = |text: Option<&str>| Arc::new(StringArray::from(vec![text])) as ArrayRef;
        let ts = arrow::array::TimestampMicrosecondArray::from(vec![1_785_001_733_000_219]).with_timezone("UTC");
        let columns = vec![
            Arc::new(ts) as ArrayRef,
            text(Some("web-3.example.net")),
            text(None),
            text(Some("WARN")),
            text(Some("slow answer for /cart: 912 ms, 3 attempts, shard 14")),
            text(Some("{\"code\": 200, \"user\": \"ada\"}")),
        ];
        let stored = topic.stored();
        let fields = stored.fields().iter().zip(&columns);
        let fields = fields.map(|(field, column)| field.as_ref().clone().with_data_type(column.data_type().clone()));
        RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns).unwrap()
    }

    #[test]
    fn the_dictionary_never_changes() {
        assert_eq!((DICTIONARY.len(), crc32c::crc32c(DICTIONARY)), (4_496, 0xb0d3_77f2));
    }

    #[test]
    fn a_record_alone_is_small() {
        let body = encode_body(&record()).unwrap();
        assert_eq!(BodyDecoder::default().decode(&body).unwrap(), record());
        assert!(body.len() <= 260, "{} bytes", body.len());
    }

    #[test]
    fn a_record_of_columns_that_the_dictionary_does_not_know_is_small() {
        let batch = wide_batch(1);
        let body = encode_body(&batch).unwrap();
        assert!(body.len() <= 700, "{} bytes", body.len());
    }

    #[test]
    fn a_plain_stream_of_a_small_batch_is_read() {
        for alignment in [8, 64] {
            let options = IpcWriteOptions::try_new(alignment, false, MetadataVersion::V5).unwrap();
            let options = options.try_with_compression(Some(CompressionType::LZ4_FRAME)).unwrap();
            let stream = stream_of(&record(), options).unwrap();
            assert_eq!(BodyDecoder::default().decode(&stream).unwrap(), record());
        }
    }
}
