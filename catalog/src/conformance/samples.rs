//! Topics, segments and layers to fill a catalog with.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::DataType;
use serde_json::json;
use strata_storage::schema::{Column, TopicSchema, timestamptz};
use strata_storage::segment::{Bound, ColumnSummary, FieldSummary, SegmentMeta, SegmentState};
use strata_storage::{ColumnId, Offset, RangeSet, SegmentId, TopicId};

use crate::etl::{Keep, LayerId, LayerState, NewLayer, Origin, Relation, Row, Staging, Uid, UidCounter};
use crate::{NewTopic, TopicOptions};

/// Two columns: `ts`, which is the time column, and `message`.
pub fn columns() -> TopicSchema {
    let column = |id, name: &str, data_type, nullable| Column {
        id: ColumnId(id),
        name: name.to_owned(),
        data_type,
        nullable,
        sql_type: None,
    };
    TopicSchema {
        declared: vec![column(1, "ts", timestamptz(), false), column(2, "message", DataType::Utf8View, true)],
        time_column: Some(ColumnId(1)),
        sort_by: vec![ColumnId(1)],
    }
}

/// A topic with one index, `<name>_message_idx`.
pub fn topic(schema: &str, name: &str) -> NewTopic {
    NewTopic {
        schema: schema.to_owned(),
        name: name.to_owned(),
        columns: columns(),
        options: TopicOptions { retention_us: Some(86_400_000_000), retention_bytes: None },
        indexes: vec![(
            format!("{name}_message_idx"),
            ColumnId(2),
            "inverted".to_owned(),
            BTreeMap::from([("tokenizer".to_owned(), "simple".to_owned())]),
        )],
        created_at_us: 1_700_000_000_000_000,
    }
}

/// A segment of the offsets `first..=last`; `number` makes its identity.
pub fn segment(topic: TopicId, number: u64, first: Offset, last: Offset) -> SegmentMeta {
    let mut id = [0x5a; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    let id = SegmentId(id);
    SegmentMeta {
        id,
        topic,
        state: SegmentState::Sealed,
        location: format!("segments/{topic}/{first:020}-{id}.parquet"),
        bytes: 4096,
        rows: last.abs_diff(first) + 1,
        first_offset: first,
        last_offset: last,
        ts_bounds_us: Some((first, last)),
        ingested_bounds_us: (first, last),
        created_at_us: 1_700_000_000_000_000 + last,
        writer: "node/1".to_owned(),
        schema: columns(),
        columns: vec![ColumnSummary {
            id: ColumnId(2),
            nulls: 1,
            bytes: 99,
            bounds: Some((Bound::Text("a".to_owned()), Bound::Text("z".to_owned()))),
        }],
        fields: vec![FieldSummary {
            path: vec!["http".to_owned(), "状态".to_owned()],
            types: vec!["number".to_owned(), "string".to_owned()],
            rows: 3,
            stored_as_column: true,
        }],
        producers: vec![("p".to_owned(), RangeSet::of(1, 9))],
        topic_definition: "{}".to_owned(),
    }
}

/// A layer with patches of every kind; a second one that drops and restores.
pub fn layers() -> [NewLayer; 2] {
    let row = |value: serde_json::Value| value.as_object().expect("a row").clone();
    let mut staging = Staging::new(Arc::default(), Arc::new(UidCounter::new(Uid(7))));
    let made =
        staging.insert(Relation::Roles, vec![row(json!({"name": "Web 应用", "kind": "generic", "settings": {"z": 1, "a": 2}}))]);
    let made = made.expect("insert")[0];
    staging.insert(Relation::Roles, vec![row(json!({"name": "gone", "kind": "generic"}))]).expect("insert");
    let base = staging.fold().clone();
    let create = staging.patches();
    let mut staging = Staging::new(base, Arc::new(UidCounter::new(Uid(9))));
    let settings = json!({"z": null, "deep": {"x.y": [1, {"b": "\u{0}"}]}});
    staging.update(Relation::Roles, vec![(made, row(json!({"settings": settings})))]).expect("update");
    staging.delete(&[Uid(8)]).expect("delete");
    let new = NewLayer {
        created_at_us: 12,
        author: "ann".to_owned(),
        comment: Some("why".to_owned()),
        state: LayerState::Queued,
        origin: Origin::Sql,
        patches: create.into_iter().chain(staging.patches()).collect(),
        drops: Vec::new(),
        restores: Vec::new(),
        keeps: Vec::new(),
    };
    let keep = Keep { at: LayerId(1), relation: Relation::Roles, uid: Uid(7), fields: Row::new() };
    let drop = NewLayer {
        comment: None,
        origin: Origin::Drop,
        patches: Vec::new(),
        drops: vec![LayerId(1)],
        restores: vec![LayerId(1)],
        keeps: vec![keep],
        ..new.clone()
    };
    [new, drop]
}
