//! What a decoder makes of some rows of a column is what was written, whatever the encoding, the pages and the NULLs.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Date32Array, Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::{Compression, Encoding};
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::properties::{WriterProperties, WriterVersion};
use proptest::prelude::*;

use super::super::layout::{ColumnLayout, Content, Form};
use super::super::logical::hex_digits;
use super::*;
use crate::ids::ColumnId;

#[derive(Debug, Clone, Copy)]
enum Looks {
    Wide,
    Narrow,
    Small,
    Days,
    Millis,
    Float,
    Double,
    Text,
    Codes,
}

const ALL: [Looks; 9] = {
    use Looks::{Codes, Days, Double, Float, Millis, Narrow, Small, Text, Wide};
    [Wide, Narrow, Small, Days, Millis, Float, Double, Text, Codes]
};

impl Looks {
    /// Values as they are written, made of random numbers; `None` is NULL.
    fn array(self, numbers: &[Option<u64>]) -> ArrayRef {
        let each = || numbers.iter().copied();
        match self {
            Self::Wide => Arc::new(each().map(|n| n.map(|n| n as i64)).collect::<Int64Array>()),
            Self::Narrow => Arc::new(each().map(|n| n.map(|n| 1_000_000 + (n % 17) as i64)).collect::<Int64Array>()),
            Self::Small => Arc::new(each().map(|n| n.map(|n| n as i32)).collect::<Int32Array>()),
            Self::Days => Arc::new(each().map(|n| n.map(|n| (n % 40_000) as i32 - 10_000)).collect::<Date32Array>()),
            Self::Millis => {
                let time = |n: u64| 1_772_323_200_000 + (n % 86_400_000) as i64;
                Arc::new(each().map(|n| n.map(time)).collect::<TimestampMillisecondArray>())
            }
            Self::Float => Arc::new(each().map(|n| n.map(|n| (n % 1000) as f32 / 7.0)).collect::<Float32Array>()),
            Self::Double => Arc::new(each().map(|n| n.map(|n| f64::from(n as u32) / 3.0)).collect::<Float64Array>()),
            Self::Text => Arc::new(each().map(|n| n.map(|n| "é云a".repeat((n % 23) as usize))).collect::<StringArray>()),
            Self::Codes => Arc::new(each().map(|n| n.map(|n| format!("value {}", n % 300))).collect::<StringArray>()),
        }
    }

    fn decoder(self, written: &Written, plan: &PagePlan, batch: usize) -> Box<dyn Decoder> {
        match self {
            Self::Text => Box::new(Texts::new(batch, batch * 40)),
            Self::Codes => {
                let dictionary = written.map.plan_dictionary().map_or_else(Vec::new, |plan| {
                    let fetched = plan.ranges().into_iter().map(|range| written.at(range)).collect();
                    plan.decode_dictionary(fetched, written.reader.metadata(), 0).unwrap()
                });
                assert!(plan.pages.iter().all(|page| !page.rows.is_empty()), "the dictionary is known");
                Box::new(Codes::new(Arc::new(Dictionary::of(&dictionary)), batch))
            }
            _ => {
                let stored = written.reader.schema().field(0).data_type();
                let wanted =
                    if matches!(self, Self::Millis) { DataType::Timestamp(TimeUnit::Microsecond, None) } else { stored.clone() };
                numbers(stored, &wanted, batch).unwrap()
            }
        }
    }
}

/// A file of one column.
struct Written {
    bytes: Bytes,
    reader: ArrowReaderMetadata,
    map: PageMap,
}

impl Written {
    fn new(looks: Looks, array: &ArrayRef, dictionary: bool, page_rows: usize) -> Self {
        let encoding = match array.data_type() {
            DataType::Float32 | DataType::Float64 | DataType::Utf8 => Encoding::PLAIN,
            _ => Encoding::DELTA_BINARY_PACKED,
        };
        let dictionary = matches!(looks, Looks::Codes) || dictionary && !matches!(looks, Looks::Text);
        let properties = WriterProperties::builder()
            .set_writer_version(WriterVersion::PARQUET_2_0)
            .set_compression(Compression::ZSTD(parquet::basic::ZstdLevel::default()))
            .set_write_batch_size(page_rows)
            .set_data_page_row_count_limit(page_rows)
            .set_dictionary_enabled(dictionary)
            .set_encoding(encoding)
            .build();
        let field = Field::new("c", array.data_type().clone(), array.null_count() > 0);
        let batch = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![array.clone()]).unwrap();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let bytes = Bytes::from(bytes);
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true).with_page_index_policy(PageIndexPolicy::Required);
        let reader = ArrowReaderMetadata::load(&bytes, options).unwrap();
        let chunk = reader.metadata().row_group(0).column(0);
        let mut checksums = String::new();
        let mut push = |range: Range<usize>| hex_digits(&crc32c::crc32c(&bytes[range]).to_be_bytes(), &mut checksums);
        if let Some(start) = chunk.dictionary_page_offset() {
            push(start as usize..chunk.data_page_offset() as usize);
        }
        for page in reader.metadata().offset_index().unwrap()[0][0].page_locations() {
            push(page.offset as usize..page.offset as usize + page.compressed_page_size as usize);
        }
        let content = Content::Column(ColumnId(1));
        let layout = ColumnLayout { content, form: Form::Native, nulls: 0, decoded_bytes: 0, has_nan: false, checksums };
        let map = PageMap::of(reader.metadata(), 0, &layout).unwrap();
        Self { bytes, reader, map }
    }

    fn at(&self, range: Range<u64>) -> Bytes {
        self.bytes.slice(range.start as usize..range.end as usize)
    }

    /// Rows as arrays of `batch` rows, by a decoder of this module.
    fn decode(&self, looks: Looks, rows: &[Range<u32>], batch: usize) -> Vec<ArrayRef> {
        let plan = self.map.plan(rows.to_vec(), !matches!(looks, Looks::Codes));
        let mut decoder = looks.decoder(self, &plan, batch);
        let fetched = plan.ranges().into_iter().map(|range| self.at(range)).collect();
        plan.decode(fetched, self.reader.metadata().row_group(0).column(0), decoder.as_mut(), batch).unwrap()
    }

    /// The same by Parquet's reader.
    fn decode_any(&self, rows: &[Range<u32>], batch: usize) -> Vec<ArrayRef> {
        let plan = self.map.plan(rows.to_vec(), true);
        let fetched = plan.ranges().into_iter().map(|range| self.at(range)).collect();
        plan.decode_any(fetched, &self.reader, 0, batch).unwrap()
    }
}

fn joined(arrays: &[ArrayRef]) -> ArrayRef {
    concat(&arrays.iter().map(AsRef::as_ref).collect::<Vec<_>>()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn some_rows_of_a_column_are_decoded_as_they_were_written(
        looks in prop::sample::select(ALL.to_vec()),
        seed: u64,
        rows in 1_usize..3_000,
        nulls_of_ten in 0_u64..=10,
        dictionary: bool,
        page_rows in prop::sample::select(vec![1_usize, 7, 64, 1000, 8192]),
        cuts in prop::collection::btree_set(0_u32..3_000, 2..12),
        batch in prop::sample::select(vec![1_usize, 10, 500, 65_536]),
        run in 1_u64..50,
    ) {
        // Runs of equal values, so that there are runs of codes too.
        let random = |row: u64| (seed ^ (row / run)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let numbers: Vec<Option<u64>> = (0..rows as u64).map(random).map(|n| (n >> 33) % 10 >= nulls_of_ten).zip(0..)
            .map(|(is_some, row)| is_some.then(|| random(row))).collect();
        let array = looks.array(&numbers);
        let written = Written::new(looks, &array, dictionary, page_rows);
        let cuts: Vec<u32> = cuts.into_iter().filter(|cut| *cut <= rows as u32).collect();
        let ranges: Vec<Range<u32>> = cuts.chunks_exact(2).map(|cut| cut[0]..cut[1]).collect();
        let found = written.decode(looks, &ranges, batch);
        let wanted: usize = ranges.iter().map(ExactSizeIterator::len).sum();
        prop_assert_eq!(found.len(), wanted.div_ceil(batch));
        prop_assert!(found.iter().rev().skip(1).all(|array| array.len() == batch));
        if wanted == 0 {
            return Ok(());
        }
        let expected: Vec<ArrayRef> = ranges.iter().map(|range| array.slice(range.start as usize, range.len())).collect();
        let by_parquet = joined(&written.decode_any(&ranges, batch));
        prop_assert_eq!(&cast(&by_parquet, array.data_type()).unwrap(), &joined(&expected));
        let plain: Vec<ArrayRef> = found.iter().map(|array| cast(array, by_parquet.data_type()).unwrap()).collect();
        prop_assert_eq!(&joined(&plain), &by_parquet);
    }
}

#[test]
fn codes_sort_like_their_values() {
    let values: Vec<Option<u64>> = (0..500).map(|n| Some(n * 7919)).collect();
    let array = Looks::Codes.array(&values);
    let written = Written::new(Looks::Codes, &array, true, 100);
    let found = written.decode(Looks::Codes, std::slice::from_ref(&(0..500)), 500).remove(0);
    let found = found.as_dictionary::<arrow::datatypes::UInt16Type>();
    assert!(found.values().as_string::<i32>().iter().is_sorted());
}

#[test]
fn a_page_that_lies_is_refused() {
    let written = Written::new(Looks::Text, &Looks::Text.array(&[Some(5); 100]), false, 10);
    let chunk = written.reader.metadata().row_group(0).column(0);
    let whole = std::slice::from_ref(&(0..100_u32));
    let check = |map: &PageMap, decoder: &mut dyn Decoder, expected: &str| {
        let plan = map.plan(whole.to_vec(), true);
        let fetched = plan.ranges().into_iter().map(|range| written.at(range)).collect();
        let reason = plan.decode(fetched, chunk, decoder, 100).unwrap_err();
        assert!(reason.contains(expected), "{reason}");
    };
    check(&written.map, numbers(&DataType::Int64, &DataType::Int64, 100).unwrap().as_mut(), "not 10");
    check(&written.map, &mut Codes::new(Arc::new(Dictionary::of(&[])), 100), "encoded as PLAIN");
    let other = |change: &dyn Fn(&mut PageMap)| {
        let mut map = PageMap::of(written.reader.metadata(), 0, &layout_of(&written)).unwrap();
        change(&mut map);
        map
    };
    check(&other(&|map| map.pages[3].rows.end -= 1), &mut Texts::new(100, 0), "a page has 10 rows and not 9");
    check(&other(&|map| map.pages[3].crc ^= 1), &mut Texts::new(100, 0), "the checksum");
}

fn layout_of(written: &Written) -> ColumnLayout {
    let checksums: String = written.map.pages.iter().map(|page| format!("{:08x}", page.crc)).collect();
    let content = Content::Column(ColumnId(1));
    ColumnLayout { content, form: Form::Text, nulls: 0, decoded_bytes: 0, has_nan: false, checksums }
}
