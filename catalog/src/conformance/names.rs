//! Schemas, topics, views, indexes, comments: names, identities, and what hangs on what.

use std::collections::BTreeMap;

use strata_storage::ColumnId;

use super::{Opener, samples};
use crate::{CatalogError, NewView, Oid};

pub(super) async fn check(fresh: &dyn Fn() -> Opener) {
    schemas(&fresh()).await;
    names_are_unique_across_kinds(&fresh()).await;
    oids_are_never_used_again(&fresh()).await;
    alter(&fresh()).await;
    drop_takes_everything_along(&fresh()).await;
    views(&fresh()).await;
    indexes(&fresh()).await;
}

async fn schemas(open: &Opener) {
    let found = open().schemas().await.expect("schemas");
    assert_eq!(
        found.iter().map(|schema| (schema.oid, schema.name.as_str())).collect::<Vec<_>>(),
        [(16384, "logs"), (16385, "public")]
    );
    let app = open().create_schema("App 应用").await.expect("create");
    assert!(matches!(open().create_schema("App 应用").await, Err(CatalogError::Exists { what: "schema", .. })));
    assert!(open().schemas().await.expect("schemas").contains(&app));
    open().create_topic(samples::topic("App 应用", "t")).await.expect("topic");
    assert!(matches!(open().drop_schema("App 应用").await, Err(CatalogError::NotEmpty { .. })));
    assert!(matches!(open().drop_schema("nowhere").await, Err(CatalogError::NotFound { .. })));
    open().drop_topic(open().topics().await.expect("topics")[0].id).await.expect("drop");
    open().drop_schema("App 应用").await.expect("drop");
    assert_eq!(open().schemas().await.expect("schemas").len(), 2);
}

fn view(name: &str, query: &str) -> NewView {
    NewView { schema: "logs".to_owned(), name: name.to_owned(), query: query.to_owned() }
}

async fn names_are_unique_across_kinds(open: &Opener) {
    let topic = open().create_topic(samples::topic("logs", "app")).await.expect("topic");
    let taken = |result: Result<(), CatalogError>| assert!(matches!(result, Err(CatalogError::Exists { what: "relation", .. })));
    taken(open().create_topic(samples::topic("logs", "app")).await.map(drop));
    taken(open().create_view(view("app", "SELECT 1"), true).await.map(drop));
    taken(open().create_view(view("app_message_idx", "SELECT 1"), false).await.map(drop));
    taken(open().create_index(topic.id, "app", ColumnId(1), "bloom", BTreeMap::new()).await.map(drop));
    open().create_topic(samples::topic("public", "app")).await.expect("same name in another schema");
    open().create_topic(samples::topic("logs", "APP")).await.expect("names are case-sensitive");
    assert!(matches!(open().create_topic(samples::topic("no", "app")).await, Err(CatalogError::NotFound { what: "schema", .. })));
    // A topic whose index name is taken is not created at all.
    let mut clash = samples::topic("logs", "other");
    clash.indexes[0].0 = "app_message_idx".to_owned();
    taken(open().create_topic(clash).await.map(drop));
    assert_eq!(open().topics().await.expect("topics").len(), 3);
}

async fn oids_are_never_used_again(open: &Opener) {
    let first = open().create_topic(samples::topic("logs", "a")).await.expect("topic");
    open().drop_topic(first.id).await.expect("drop");
    let second = open().create_topic(samples::topic("logs", "a")).await.expect("topic");
    let schema = open().create_schema("s").await.expect("schema");
    let view = open().create_view(view("v", "SELECT 1"), false).await.expect("view");
    let oids: Vec<Oid> = [first.oid(), first.indexes[0].oid, second.oid(), second.indexes[0].oid, schema.oid, view.oid].into();
    assert!(oids.windows(2).all(|pair| pair[0] < pair[1]), "{oids:?}");
    assert!(oids[0] > 16385);
}

async fn alter(open: &Opener) {
    let created = open().create_topic(samples::topic("logs", "app")).await.expect("topic");
    assert_eq!((created.next_column_id, created.first_offset, created.next_offset), (3, 0, 0));
    assert_eq!(open().topics().await.expect("topics"), std::slice::from_ref(&created));
    open().set_comment(created.oid(), Some(ColumnId(2)), Some("text")).await.expect("comment");
    open().set_comment(created.oid(), Some(ColumnId(1)), Some("time")).await.expect("comment");

    let mut moved = created.clone();
    moved.schema = "public".to_owned();
    moved.name = "renamed".to_owned();
    moved.options.retention_bytes = Some(7);
    moved.next_column_id = 9;
    open().alter_topic(&moved).await.expect("alter");
    assert_eq!(open().topics().await.expect("topics"), [moved.clone()]);
    open().create_topic(samples::topic("logs", "app")).await.expect("the old names are free");

    let mut clash = moved.clone();
    clash.schema = "logs".to_owned();
    clash.name = "app".to_owned();
    assert!(matches!(open().alter_topic(&clash).await, Err(CatalogError::Exists { .. })));

    let mut narrow = moved.clone();
    narrow.columns.declared.retain(|column| column.id != ColumnId(2));
    open().alter_topic(&narrow).await.expect("alter");
    narrow.indexes.clear();
    assert_eq!(open().topics().await.expect("topics")[0], narrow);
    assert_eq!(open().comments().await.expect("comments"), [(created.oid(), Some(ColumnId(1)), "time".to_owned())]);

    open().drop_topic(created.id).await.expect("drop");
    assert!(matches!(open().alter_topic(&narrow).await, Err(CatalogError::NotFound { .. })));
}

async fn drop_takes_everything_along(open: &Opener) {
    let topic = open().create_topic(samples::topic("logs", "app")).await.expect("topic");
    open().set_comment(topic.oid(), None, Some("all of it")).await.expect("comment");
    open().set_comment(topic.indexes[0].oid, None, Some("words")).await.expect("comment");
    open().drop_topic(topic.id).await.expect("drop");
    assert!(matches!(open().drop_topic(topic.id).await, Err(CatalogError::NotFound { .. })));
    assert!(open().comments().await.expect("comments").is_empty());
    assert!(matches!(open().drop_index("logs", "app_message_idx").await, Err(CatalogError::NotFound { .. })));
    assert!(matches!(open().set_comment(topic.oid(), None, Some("x")).await, Err(CatalogError::NotFound { .. })));
}

async fn views(open: &Opener) {
    let created = open().create_view(view("v", "SELECT 1"), false).await.expect("view");
    assert!(matches!(open().create_view(view("v", "SELECT 2"), false).await, Err(CatalogError::Exists { .. })));
    let replaced = open().create_view(view("v", "SELECT 2"), true).await.expect("replace");
    assert_eq!((replaced.oid, replaced.query.as_str()), (created.oid, "SELECT 2"));
    assert_eq!(open().views().await.expect("views"), [replaced]);
    assert!(matches!(open().drop_view("logs", "w").await, Err(CatalogError::NotFound { .. })));
    assert!(matches!(open().drop_view("nowhere", "v").await, Err(CatalogError::NotFound { .. })));
    open().drop_view("logs", "v").await.expect("drop");
    assert!(open().views().await.expect("views").is_empty());
}

async fn indexes(open: &Opener) {
    let topic = open().create_topic(samples::topic("logs", "app")).await.expect("topic");
    let options = BTreeMap::from([("fpp".to_owned(), "0.01".to_owned())]);
    let index = open().create_index(topic.id, "ids", ColumnId::ATTRS, "bloom", options).await.expect("index");
    let indexes = open().topics().await.expect("topics")[0].indexes.clone();
    assert_eq!(indexes, [topic.indexes[0].clone(), index.clone()]);
    assert_eq!(open().drop_index("logs", "ids").await.expect("drop"), index);
    assert!(matches!(open().drop_index("logs", "app").await, Err(CatalogError::NotFound { what: "index", .. })));
    let nowhere = open().create_index(strata_storage::TopicId(99), "x", ColumnId(1), "bloom", BTreeMap::new()).await;
    assert!(matches!(nowhere, Err(CatalogError::NotFound { .. })));
    assert_eq!(open().topics().await.expect("topics"), [topic]);
}
