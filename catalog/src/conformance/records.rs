//! Plain rows: epochs, settings, tasks, and the restoring of a blank catalog.

use strata_storage::{RangeSet, TopicId};

use super::{Opener, samples};
use crate::{CatalogError, Producer, Rebuilt, TaskState};

pub(super) async fn check(fresh: &dyn Fn() -> Opener) {
    epochs(&fresh()).await;
    settings(&fresh()).await;
    tasks(&fresh()).await;
    restore(&fresh(), &fresh()).await;
}

async fn epochs(open: &Opener) {
    for epoch in 1..=3 {
        assert_eq!(open().next_epoch().await.expect("epoch"), epoch);
    }
}

async fn settings(open: &Opener) {
    for value in ["1GB", "2GB", ""] {
        open().set_setting("memory_limit", Some(value)).await.expect("set");
        let settings = open().settings().await.expect("settings");
        assert_eq!(settings.iter().map(|s| (s.name.as_str(), s.value.as_str())).collect::<Vec<_>>(), [("memory_limit", value)]);
    }
    open().set_setting("memory_limit", None).await.expect("reset");
    open().set_setting("memory_limit", None).await.expect("reset again");
    assert!(open().settings().await.expect("settings").is_empty());
}

async fn tasks(open: &Opener) {
    let mut first = open().create_task("merge", "logs.app", "2 segments", 10).await.expect("task");
    let second = open().create_task("retention", "logs.app", "", 11).await.expect("task");
    assert!(first.id < second.id);
    first.state = TaskState::Failed;
    first.progress = 0.5;
    first.error = Some("disk".to_owned());
    first.started_at_us = Some(12);
    first.finished_at_us = Some(13);
    open().update_task(&first).await.expect("update");
    assert_eq!(open().tasks(10).await.expect("tasks"), [second.clone(), first.clone()]);
    assert_eq!(open().tasks(1).await.expect("tasks"), std::slice::from_ref(&second));
    assert_eq!(open().prune_tasks(1).await.expect("prune"), 0);
    assert_eq!(open().prune_tasks(0).await.expect("prune"), 1);
    assert_eq!(open().tasks(10).await.expect("tasks"), std::slice::from_ref(&second));
    assert!(matches!(open().update_task(&first).await, Err(CatalogError::NotFound { .. })));
    assert!(open().create_task("merge", "", "", 14).await.expect("task").id > second.id);
}

async fn restore(source: &Opener, target: &Opener) {
    source().create_schema("app").await.expect("schema");
    let mut topic = source().create_topic(samples::topic("app", "t")).await.expect("topic");
    topic.next_offset = 10;
    let rebuilt = Rebuilt {
        topics: vec![topic.clone()],
        segments: vec![samples::segment(topic.id, 1, 0, 9)],
        producers: vec![Producer { topic: topic.id, producer: "p".to_owned(), ranges: RangeSet::of(1, 10), last_seen_us: 5 }],
        garbage: vec!["segments/old".to_owned()],
        notes: Vec::new(),
    };
    target().restore(&rebuilt).await.expect("restore");
    assert_eq!(target().topics().await.expect("topics"), rebuilt.topics);
    assert_eq!(target().segments().await.expect("segments"), rebuilt.segments);
    assert_eq!(target().producers().await.expect("producers"), rebuilt.producers);
    assert_eq!(target().garbage().await.expect("garbage")[0].0, "segments/old");
    let next = target().create_topic(samples::topic("app", "u")).await.expect("topic");
    assert!(next.oid() > topic.indexes[0].oid, "oids go on past the restored ones");
    assert!(matches!(target().restore(&rebuilt).await, Err(CatalogError::NotBlank)));
    assert_ne!(next.id, TopicId(0));
}
