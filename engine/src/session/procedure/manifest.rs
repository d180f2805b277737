//! `CALL sys.manifest('logs.app')`: which files hold a topic's sealed records, for programs that read Parquet themselves.
//!
//! What is told stays: as long as the session lives, and until it asks for the same topic again or for `DISCARD ALL`, no file of
//! the answer is removed, whatever is merged, expired or dropped meanwhile. Nothing is sealed for it; what is still in the buffer
//! begins at `end_offset`. The form is drawn in `docs/formats/manifest.md`.

use std::collections::BTreeMap;

use futures::future::{BoxFuture, FutureExt};
use serde::Serialize;
use strata_storage::Offset;
use strata_storage::ids::ColumnId;
use strata_storage::segment::{Content, Form, SegmentMeta, SegmentReader};

use super::arguments::Arguments;
use super::{Procedure, Signature};
use crate::Result;
use crate::error::EngineError;
use crate::session::Session;
use crate::session::planner::undefined_relation;
use crate::session::sql_type::type_name;
use crate::topics::TopicSnapshot;

/// Of the form that is written.
const VERSION: u32 = 1;

/// See the module.
pub(super) struct Manifest;

impl Procedure for Manifest {
    fn signature(&self) -> Signature {
        Signature {
            schema: "sys",
            name: "manifest",
            parameters: "topic text",
            comment: "name the files of a topic, and keep them while the session lives",
        }
    }

    fn answer(&self) -> &'static [&'static str] {
        &["manifest"]
    }

    fn call<'a>(&'a self, session: &'a Session, arguments: &'a Arguments) -> BoxFuture<'a, Result<Vec<String>>> {
        async move {
            let engine = &session.engine;
            let [name] = arguments.texts("sys.manifest('logs.app')")?;
            let (schema, topic) = name.split_once('.').unwrap_or(("logs", name));
            let state = engine.topics().get(schema, topic).ok_or_else(|| undefined_relation(name))?;
            let snapshot = state.snapshot();
            let folder = std::path::absolute(&engine.config().data_dir).map_err(internal)?;
            let mut text = Text::of(&snapshot, folder.display().to_string());
            for segment in snapshot.segments.iter() {
                text.add(&snapshot, segment, &*engine.segments().open(segment).await?);
            }
            session.held.lock().insert(state.id(), snapshot.segments);
            Ok(vec![serde_json::to_string(&text).map_err(internal)?])
        }
        .boxed()
    }
}

fn internal(error: impl std::fmt::Display) -> EngineError {
    EngineError::Internal(format!("a manifest cannot be written: {error}"))
}

/// The answer, in the order of its keys.
#[derive(Debug, Serialize)]
struct Text {
    version: u32,
    topic: String,
    folder: String,
    first_offset: Offset,
    end_offset: Offset,
    columns: Vec<TopicColumn>,
    layouts: Vec<Vec<FileColumn>>,
    fields: BTreeMap<String, Vec<String>>,
    segments: Vec<Segment>,
}

/// A column of the topic.
#[derive(Debug, Serialize)]
struct TopicColumn {
    name: String,
    #[serde(rename = "type")]
    sql_type: String,
}

/// A column of a file, and the topic's column that it is.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct FileColumn {
    file: String,
    column: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    form: Option<&'static str>,
}

/// A file.
#[derive(Debug, Serialize)]
struct Segment {
    path: String,
    layout: usize,
    rows: u64,
    bytes: u64,
    first_offset: Offset,
    last_offset: Offset,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts_us: Option<(i64, i64)>,
}

impl Text {
    /// Without its segments.
    fn of(snapshot: &TopicSnapshot, folder: String) -> Self {
        let topic = &snapshot.topic;
        let columns = topic.columns.columns();
        Self {
            version: VERSION,
            topic: format!("{}.{}", topic.schema, topic.name),
            folder,
            first_offset: snapshot.first_offset(),
            end_offset: snapshot.segments.last().map_or(snapshot.first_offset(), |last| last.last_offset + 1),
            columns: columns.map(|column| TopicColumn { sql_type: type_name(&column.field()), name: column.name }).collect(),
            layouts: Vec::new(),
            fields: BTreeMap::new(),
            segments: Vec::new(),
        }
    }

    fn add(&mut self, snapshot: &TopicSnapshot, segment: &SegmentMeta, reader: &SegmentReader) {
        let name_now = |id: ColumnId| snapshot.topic.columns.columns().find(|column| column.id == id).map(|column| column.name);
        let mut layout = Vec::new();
        for (file, content, form) in reader.file_columns() {
            match content {
                // A column that was dropped since is nobody's.
                Content::Column(id) => layout.extend(name_now(*id).map(|column| FileColumn {
                    file: file.to_owned(),
                    column,
                    form: matches!(form, Form::Hex).then_some("hex"),
                })),
                Content::Field { path, .. } => {
                    self.fields.entry(file.to_owned()).or_insert_with(|| path.clone());
                }
            }
        }
        let known = self.layouts.iter().position(|known| *known == layout);
        let layout = known.unwrap_or_else(|| {
            self.layouts.push(layout);
            self.layouts.len() - 1
        });
        self.segments.push(Segment {
            path: segment.location.clone(),
            layout,
            rows: segment.rows,
            bytes: segment.bytes,
            first_offset: segment.first_offset,
            last_offset: segment.last_offset,
            ts_us: segment.ts_bounds_us,
        });
    }
}
