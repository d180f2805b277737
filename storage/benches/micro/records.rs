//! Records that the benchmarks use, made from a seed, and a segment of them with both indexes.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema};
use object_store::memory::InMemory;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use strata_storage::index::{IndexOptions, IndexSpec};
use strata_storage::memory::Memory;
use strata_storage::schema::{Column, FIELD_ID, TopicSchema, timestamptz};
use strata_storage::segment::{CHUNK_ROWS, ColumnRef, SealBatch, SealJob, SegmentOptions, SegmentReader, SegmentStore};
use strata_storage::{ColumnId, Received, TopicId};
use tokio::runtime::Runtime;

/// Rows of a segment: four chunks.
pub const ROWS: usize = 4 * CHUNK_ROWS;
/// Statements of the program that logs.
const STATEMENTS: usize = 60;
/// Words of the language of prose.
const VOCABULARY: usize = 20_000;
const SEED: u64 = 3;
const MEMORY: usize = 1 << 30;

pub const TS: ColumnId = ColumnId(1);
pub const MESSAGE: ColumnId = ColumnId(2);
pub const TRACE: ColumnId = ColumnId(3);

/// The two extremes of text that an index has layouts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// Few statements with numbers in them: families.
    Log,
    /// No two rows alike: postings.
    Prose,
}

/// The n-th most frequent word.
pub fn word(rank: usize) -> String {
    let letters = |mut number: usize| {
        let mut word = String::new();
        while number > 0 {
            word.extend([b"bdfgklmnprst"[number % 12], b"aeiou"[number / 12 % 5]].map(char::from));
            number /= 60;
        }
        word
    };
    letters(rank + 60)
}

/// Messages, the same ones for the same `rows`.
pub fn messages(text: Text, rows: usize) -> Vec<String> {
    let mut random = SmallRng::seed_from_u64(SEED);
    let line = |random: &mut SmallRng| match text {
        Text::Log => {
            let statement = (random.random::<f64>().powi(2) * STATEMENTS as f64) as usize;
            let (n, m) = (random.random_range(0..1_000_000), random.random_range(1..500));
            format!("{} {} {n} {} after {m} ms", word(statement), word(statement + 7), word(statement + 100))
        }
        // Rank r about 1/r as often as the first: a power of the vocabulary's size.
        Text::Prose => {
            let drawn = (0..random.random_range(6..18)).map(|_| word((VOCABULARY as f64).powf(random.random()) as usize - 1));
            drawn.collect::<Vec<_>>().join(" ")
        }
    };
    (0..rows).map(|_| line(&mut random)).collect()
}

/// The identifier that is in four rows from row `4 * number` on.
pub fn trace(number: usize) -> String {
    format!("{:032x}", (number as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

pub fn schema() -> TopicSchema {
    let column = |id, name: &str, data_type| Column { id, name: name.to_owned(), data_type, nullable: true, sql_type: None };
    TopicSchema {
        declared: vec![
            column(TS, "ts", timestamptz()),
            column(MESSAGE, "message", DataType::Utf8View),
            column(TRACE, "trace_id", DataType::Utf8View),
        ],
        time_column: Some(TS),
        sort_by: vec![TS],
    }
}

/// A batch of the topic.
pub fn batch(text: Text, rows: usize) -> RecordBatch {
    let times = (0..rows as i64).map(|row| 1_772_323_200_000_000 + row * 1_013);
    let columns: [(ColumnId, &str, ArrayRef); 3] = [
        (TS, "ts", Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC"))),
        (MESSAGE, "message", Arc::new(StringArray::from(messages(text, rows)))),
        (TRACE, "trace_id", Arc::new(StringArray::from_iter_values((0..rows).map(|row| trace(row / 4))))),
    ];
    let field = |id: ColumnId, name: &str, array: &ArrayRef| {
        Field::new(name, array.data_type().clone(), true).with_metadata([(FIELD_ID.to_owned(), id.0.to_string())].into())
    };
    let fields: Vec<Field> = columns.iter().map(|(id, name, array)| field(*id, name, array)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, _, array)| array).collect()).unwrap()
}

/// A sealed segment of [`ROWS`] rows.
pub struct Sealed {
    pub runtime: Runtime,
    pub store: SegmentStore,
    pub reader: Arc<SegmentReader>,
}

impl Sealed {
    /// The one of this text, made when it is first needed.
    pub fn of(text: Text) -> &'static Self {
        static LOG: LazyLock<Sealed> = LazyLock::new(|| Sealed::new(Text::Log));
        static PROSE: LazyLock<Sealed> = LazyLock::new(|| Sealed::new(Text::Prose));
        match text {
            Text::Log => &LOG,
            Text::Prose => &PROSE,
        }
    }

    fn new(text: Text) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let memory = Memory::with_limit(MEMORY);
        let store = SegmentStore::new(Arc::new(InMemory::new()), None, memory, SegmentOptions::for_memory(MEMORY));
        let index = |column, method: &str| IndexSpec { column, method: method.to_owned(), options: IndexOptions::new() };
        let job = SealJob {
            topic: TopicId(1),
            schema: schema(),
            batches: vec![SealBatch { base_offset: 0, records: Received::together(batch(text, ROWS), 1_772_323_200_000_000) }],
            writer: "bench".to_owned(),
            producers: Vec::new(),
            topic_definition: String::new(),
            indexes: vec![index(MESSAGE, "inverted"), index(TRACE, "bloom")],
            created_at_us: 0,
        };
        let reader = runtime.block_on(async { store.open(&Arc::new(store.seal(job).await?)).await }).unwrap();
        Self { runtime, store, reader }
    }

    /// All chunks of a column.
    pub fn chunks(&self, column: ColumnId) -> Vec<ArrayRef> {
        let chunk = |chunk| self.runtime.block_on(self.reader.chunk(&ColumnRef::Column(column), chunk)).unwrap();
        (0..ROWS / CHUNK_ROWS).map(chunk).collect()
    }
}
