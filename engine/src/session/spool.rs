//! Records that wait: in memory while they are few, in a file of the spill folder when they are many.
//!
//! The file has no name (it is unlinked at once), so a crash leaves nothing behind.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use strata_storage::StorageError;
use strata_storage::memory::{Consumer, Memory, Reservation};

use crate::Result;

/// Bytes in memory beyond which a spool goes to disk.
const MEMORY_BYTES_MAX: usize = 32 << 20;

/// Batches of one schema, in order.
pub(crate) struct Spool {
    schema: SchemaRef,
    folder: std::path::PathBuf,
    rows: u64,
    batches: Vec<RecordBatch>,
    memory: Reservation,
    file: Option<StreamWriter<BufWriter<File>>>,
}

impl std::fmt::Debug for Spool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let on_disk = self.file.is_some();
        f.debug_struct("Spool").field("rows", &self.rows).field("on_disk", &on_disk).finish_non_exhaustive()
    }
}

impl Spool {
    /// An empty spool that spills into `folder`.
    pub fn new(schema: SchemaRef, folder: std::path::PathBuf, memory: &Memory) -> Self {
        let memory = memory.reservation(Consumer::Ingest);
        Self { schema, folder, rows: 0, batches: Vec::new(), memory, file: None }
    }

    /// Schema of its batches.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Records in it.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Appends a batch.
    ///
    /// # Errors
    /// Disk full.
    pub fn push(&mut self, batch: RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.rows += batch.num_rows() as u64;
        if let Some(file) = &mut self.file {
            return Ok(file.write(&batch)?);
        }
        let bytes = batch.get_array_memory_size();
        let fits = self.memory.bytes() + bytes <= MEMORY_BYTES_MAX && self.memory.try_grow(bytes).is_ok();
        self.batches.push(batch);
        if !fits {
            self.spill()?;
        }
        Ok(())
    }

    fn spill(&mut self) -> Result<()> {
        let file = anonymous_file(&self.folder)?;
        let mut writer = StreamWriter::try_new(BufWriter::with_capacity(1 << 20, file), &self.schema)?;
        for batch in self.batches.drain(..) {
            writer.write(&batch)?;
        }
        self.file = Some(writer);
        self.memory.shrink(usize::MAX);
        Ok(())
    }

    /// All batches in memory, and the account of their bytes (0 for those that were on disk: the caller counts them).
    ///
    /// # Errors
    /// The file cannot be read back.
    pub fn into_batches(mut self) -> Result<(Vec<RecordBatch>, Reservation)> {
        if let Some(mut writer) = self.file.take() {
            writer.finish()?;
            let mut buffered = writer.into_inner()?;
            buffered.flush().map_err(|error| StorageError::io("writing spilled records", error))?;
            let mut file =
                buffered.into_inner().map_err(|error| StorageError::io("writing spilled records", error.into_error()))?;
            file.seek(SeekFrom::Start(0)).map_err(|error| StorageError::io("reading spilled records", error))?;
            let reader = StreamReader::try_new(std::io::BufReader::with_capacity(1 << 20, file), None)?;
            self.batches = reader.collect::<std::result::Result<_, _>>()?;
        }
        Ok((self.batches, self.memory))
    }
}

fn anonymous_file(folder: &std::path::Path) -> Result<File> {
    tempfile_in(folder).map_err(|error| StorageError::io(format!("spilling records into {}", folder.display()), error).into())
}

fn tempfile_in(folder: &std::path::Path) -> std::io::Result<File> {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let path = folder.join(format!("records-{}-{number}", std::process::id()));
    let file = File::options().create_new(true).read(true).write(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}
