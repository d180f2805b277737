//! COPY over the connection: data in and data out, bounded and stoppable.

use arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::sql::sqlparser::ast::{CopySource, Statement as Sql};
use futures::StreamExt;
use pgwire::messages::PgWireBackendMessage as Backend;
use pgwire::messages::copy::{CopyDone, CopyInResponse, CopyOutResponse};
use strata_engine::EngineError;
use strata_engine::session::{Command, CopyFormat, CopyIn, CopyOptions};

use super::Connection;
use super::portal::{Wires, gone};
use crate::copy::{self, Decoder, Encoder, RowBuilder};
use crate::error::{Error, Result};
use crate::wire::Frontend;

/// A COPY line holds one record: its fields may be escaped, so it may be this many times as long.
const LINE_BYTES_FACTOR: usize = 4;

impl Connection {
    /// Takes `COPY ... FROM STDIN`; the command tag. The sink is dropped on any error, which takes back everything.
    pub(super) async fn copy_in(&mut self, copy: CopyIn, command: Option<&Command>) -> Result<String> {
        let CopyIn { columns, options, mut sink } = copy;
        let line_bytes_max = self.session.engine().config().record_bytes_max.saturating_mul(LINE_BYTES_FACTOR);
        let mut rows = RowBuilder::new(relation_name(command), columns.clone(), self.style())?;
        let mut decoder = Decoder::new(&options, line_bytes_max);
        let format = i16::from(options.format == CopyFormat::Binary);
        let width = columns.fields().len();
        self.messages()?;
        self.writer.message(Backend::CopyInResponse(CopyInResponse::new(
            i8::try_from(format).unwrap_or_default(),
            i16::try_from(width).unwrap_or(i16::MAX),
            vec![format; width],
        )))?;
        self.writer.flush().await?;
        let cancel = self.session.cancel_handle();
        loop {
            let frame = tokio::select! {
                biased;
                () = cancel.terminated() => return Err(Error::Terminated),
                () = self.stop.asked() => return Err(Error::Terminated),
                frame = self.reader.next() => frame?.ok_or_else(gone)?,
            };
            match frame.message? {
                Frontend::CopyData(data) => {
                    decoder.feed(&data, &mut rows)?;
                    while let Some(batch) = rows.take() {
                        sink.push(batch).await?;
                    }
                }
                Frontend::CopyDone => break,
                Frontend::CopyFail(reason) => return Err(Error::CopyFailed(reason)),
                // Clients send Sync ahead of the data; it does not count.
                Frontend::Flush | Frontend::Sync => {}
                Frontend::Terminate => return Err(gone()),
                _ => {
                    let kind = char::from(frame.kind);
                    return Err(Error::Protocol(format!("unexpected message type \"{kind}\" during COPY from stdin")));
                }
            }
        }
        decoder.end(&mut rows)?;
        rows.cut()?;
        let mut wires = Wires { reader: &mut self.reader, writer: &mut self.writer, cancel: &cancel };
        let finished = wires.unless_gone(async {
            while let Some(batch) = rows.take() {
                sink.push(batch).await?;
            }
            sink.finish().await
        });
        Ok(format!("COPY {}", finished.await??))
    }

    /// Sends `COPY ... TO STDOUT`; the command tag.
    pub(super) async fn copy_out(
        &mut self,
        columns: &SchemaRef,
        mut stream: SendableRecordBatchStream,
        options: CopyOptions,
    ) -> Result<String> {
        let format = i16::from(options.format == CopyFormat::Binary);
        let width = columns.fields().len();
        self.messages()?;
        self.writer.message(Backend::CopyOutResponse(CopyOutResponse::new(
            i8::try_from(format).unwrap_or_default(),
            i16::try_from(width).unwrap_or(i16::MAX),
            vec![format; width],
        )))?;
        let names: Vec<&str> = columns.fields().iter().map(|field| field.name().as_str()).collect();
        let mut encoder = Encoder::new(options, self.style());
        // The header of the binary form is part of the first message, as PostgreSQL sends it: some clients read a message
        // as a row.
        let mut begun = format == 0;
        if begun {
            self.writer.copy_data(|out| {
                encoder.begin(&names, out);
                Ok(())
            })?;
        }
        let cancel = self.session.cancel_handle();
        let mut sent: u64 = 0;
        loop {
            let mut wires = Wires { reader: &mut self.reader, writer: &mut self.writer, cancel: &cancel };
            let Some(batch) = wires.unless_gone(stream.next()).await? else { break };
            let batch = batch.map_err(EngineError::from)?;
            let values = copy::columns(&batch)?;
            for row in 0..batch.num_rows() {
                self.writer.copy_data(|out| {
                    if !std::mem::replace(&mut begun, true) {
                        encoder.begin(&names, out);
                    }
                    encoder.row(&values, row, out)
                })?;
                if self.writer.is_full() {
                    self.writer.flush().await?;
                }
                sent += 1;
            }
        }
        self.writer.copy_data(|out| {
            if !begun {
                encoder.begin(&names, out);
            }
            encoder.end(out);
            Ok(())
        })?;
        self.writer.message(Backend::CopyDone(CopyDone::new()))?;
        Ok(format!("COPY {sent}"))
    }
}

/// The table's name without its schema, as messages have it.
fn relation_name(command: Option<&Command>) -> String {
    match command {
        Some(Command::Sql(statement)) => match statement.as_ref() {
            Sql::Copy { source: CopySource::Table { table_name, .. }, .. } => {
                table_name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.clone()).unwrap_or_default()
            }
            _ => String::new(),
        },
        _ => String::new(),
    }
}
