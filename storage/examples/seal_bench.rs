//! Seals one segment after the other out of a Parquet file of log records and prints what each column costs.
//!
//! Usage: `cargo run --release -p strata-storage --example seal_bench -- FILE.parquet [ROWS A SEGMENT] [FOLDER]`
//!
//! Segments stay in memory, or in FOLDER if one is given.
//! The file's columns become declared columns; `service` and `ts` (or `time`) are sorted by if they are there.

use std::sync::Arc;
use std::time::Instant;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, TimestampMicrosecondType};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use strata_storage::memory::Memory;
use strata_storage::schema::{Column, FIELD_ID, TopicSchema, timestamptz};
use strata_storage::segment::{CHUNK_ROWS, ColumnRef, SealBatch, SealJob, SegmentOptions, SegmentStore};
use strata_storage::{ColumnId, Received, TopicId};

/// CPU time of this process in seconds, by the kernel's clock ticks of 10 ms.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    fields.iter().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("which Parquet file?")?;
    let rows_max: usize = arguments.next().map_or(Ok(1 << 20), |rows| rows.parse())?;
    let (schema, batches) = read(&path)?;
    let objects: Arc<dyn ObjectStore> = match arguments.next() {
        Some(folder) => Arc::new(LocalFileSystem::new_with_prefix(folder)?),
        None => Arc::new(InMemory::new()),
    };
    let memory = Memory::with_limit(4 << 30);
    let store = SegmentStore::new(objects, None, memory.clone(), SegmentOptions::for_memory(4 << 30));
    let mut metas = Vec::new();
    let (start, start_cpu) = (Instant::now(), cpu());
    let mut pending: Vec<SealBatch> = Vec::new();
    let mut offset = 0;
    for (at, batch) in batches.iter().enumerate() {
        let rows = batch.num_rows();
        pending.push(SealBatch {
            base_offset: offset,
            records: Received::together(batch.clone(), 1_772_323_200_000_000 + at as i64 * 9_137),
        });
        offset += rows as i64;
        let held: usize = pending.iter().map(|batch| batch.records.rows()).sum();
        if held + rows > rows_max || at + 1 == batches.len() {
            metas.push(Arc::new(store.seal(job(&schema, std::mem::take(&mut pending))).await?));
        }
    }
    let rows: u64 = metas.iter().map(|meta| meta.rows).sum();
    let bytes: u64 = metas.iter().map(|meta| meta.bytes).sum();
    println!(
        "sealed {rows} rows in {} segments, {bytes} bytes ({:.1} a row), {:.3} s, {:.3} s CPU",
        metas.len(),
        bytes as f64 / rows as f64,
        start.elapsed().as_secs_f64(),
        cpu() - start_cpu
    );
    for column in schema.columns() {
        let of = |meta: &Arc<strata_storage::segment::SegmentMeta>| {
            meta.columns.iter().filter(|summary| summary.id == column.id).map(|summary| summary.bytes).sum::<u64>()
        };
        let bytes: u64 = metas.iter().map(of).sum();
        let column_ref = ColumnRef::Column(column.id);
        let (start, mut decoded, mut kind) = (Instant::now(), 0, DataType::Null);
        for meta in &metas {
            let reader = store.open(meta).await?;
            for chunk in 0..reader.rows().div_ceil(CHUNK_ROWS) {
                kind = reader.chunk(&column_ref, chunk).await?.data_type().clone();
            }
            decoded += reader.decoded_bytes(&column_ref);
        }
        let took = start.elapsed().as_secs_f64() * 1e3;
        println!("  {:14} {bytes:>10} bytes, {decoded:>11} decoded in {took:>7.1} ms as {kind}", column.name);
    }
    let few: Vec<u32> =
        (0..20).map(|n| n * 40_009 % metas[0].rows as u32).collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    let columns: Vec<ColumnRef> = schema.columns().map(|column| ColumnRef::Column(column.id)).collect();
    for state in ["cold", "cached"] {
        if state == "cold" {
            store.cache().shrink(usize::MAX);
        } else {
            for column in &columns {
                for chunk in 0..(metas[0].rows as usize).div_ceil(CHUNK_ROWS) {
                    store.open(&metas[0]).await?.chunk(column, chunk).await?;
                }
            }
        }
        let reader = store.open(&metas[0]).await?;
        for column in columns.iter().map(std::slice::from_ref).chain([columns.as_slice()]) {
            let start = Instant::now();
            reader.rows_of(column, &few).await?;
            println!("  20 rows {state} of {column:?}: {:.2} ms", start.elapsed().as_secs_f64() * 1e3);
        }
    }
    println!("{:?}", store.cache().stats());
    Ok(())
}

fn job(schema: &TopicSchema, batches: Vec<SealBatch>) -> SealJob {
    SealJob {
        topic: TopicId(1),
        schema: schema.clone(),
        batches,
        writer: "bench".to_owned(),
        producers: Vec::new(),
        topic_definition: String::new(),
        indexes: Vec::new(),
        created_at_us: 0,
    }
}

/// All batches with the ids of a topic that has the file's columns.
fn read(path: &str) -> Result<(TopicSchema, Vec<RecordBatch>), Box<dyn std::error::Error>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path)?)?.with_batch_size(16_384).build()?;
    let mut declared: Vec<Column> = Vec::new();
    let mut batches = Vec::new();
    for batch in reader {
        let batch = batch?;
        let (mut fields, mut columns): (Vec<Field>, Vec<ArrayRef>) = (Vec::new(), Vec::new());
        for (at, (field, array)) in batch.schema().fields().iter().zip(batch.columns()).enumerate() {
            let data_type = match field.data_type() {
                DataType::Utf8 => DataType::Utf8View,
                DataType::Timestamp(..) => timestamptz(),
                other => other.clone(),
            };
            let loose = if data_type == DataType::Utf8View { DataType::Utf8 } else { data_type.clone() };
            let id = ColumnId(at as i32 + 1);
            if declared.len() == at {
                declared.push(Column { id, name: field.name().clone(), data_type, nullable: true, sql_type: None });
            }
            fields.push(
                Field::new(field.name(), loose.clone(), true).with_metadata([(FIELD_ID.to_owned(), id.0.to_string())].into()),
            );
            columns.push(match loose {
                DataType::Timestamp(unit, _) => {
                    let times = cast(array, &DataType::Timestamp(unit, None))?;
                    Arc::new(times.as_primitive::<TimestampMicrosecondType>().clone().with_timezone("UTC"))
                }
                loose => cast(array, &loose)?,
            });
        }
        batches.push(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?);
    }
    let named = |names: &[&str]| declared.iter().find(|column| names.contains(&column.name.as_str())).map(|column| column.id);
    let time_column = named(&["ts", "time"]);
    let sort_by = named(&["service"]).into_iter().chain(time_column).collect();
    Ok((TopicSchema { declared, time_column, sort_by }, batches))
}
