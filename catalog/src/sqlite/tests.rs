//! The conformance suite on files, damage, and speed.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::SqliteCatalog;
use crate::conformance::{self, Opener, samples};
use crate::etl::LayerId;
use crate::{Catalog, CatalogError, ErrorKind, EtlCatalog, Publication};

fn fresh() -> Opener {
    let folder = TempDir::new().unwrap();
    Box::new(move || Arc::new(SqliteCatalog::open(&folder.path().join("catalog.db")).unwrap()))
}

#[tokio::test]
async fn passes_the_conformance_suite() {
    conformance::check(&fresh).await;
}

/// A catalog with something in every table, closed.
async fn filled(path: &Path) {
    let catalog = SqliteCatalog::open(path).unwrap();
    let topic = catalog.create_topic(samples::topic("logs", "app")).await.unwrap();
    let view = crate::NewView { schema: "logs".into(), name: "v".into(), query: "SELECT 1".into() };
    catalog.create_view(view, false).await.unwrap();
    catalog.set_comment(topic.oid(), None, Some("words")).await.unwrap();
    catalog.set_setting("memory_limit", Some("1GB")).await.unwrap();
    catalog.create_task("merge", "logs.app", "", 1).await.unwrap();
    let [layer, _] = samples::layers();
    let (_, seen) = catalog.layers(LayerId::NONE).await.unwrap();
    catalog.append_layer(seen, &layer).await.unwrap();
    let producers = vec![("p".to_owned(), strata_storage::RangeSet::of(1, 20), 1)];
    let added = vec![samples::segment(topic.id, 1, 0, 9), samples::segment(topic.id, 2, 10, 19)];
    let publication = Publication { topic: topic.id, added, replaced: Vec::new(), producers, next_offset: 20, now_us: 1 };
    catalog.publish(&[publication]).await.unwrap();
    let topic = catalog.topics().await.unwrap().remove(0);
    catalog.expire_segments(topic.id, &[samples::segment(topic.id, 1, 0, 9).id], 10).await.unwrap();
}

type Contents = (Vec<crate::Topic>, String);

/// Everything that can be read from the file, or the error.
async fn contents(path: &Path) -> crate::Result<Contents> {
    let catalog = SqliteCatalog::open(path)?;
    let rest = (
        catalog.schemas().await?,
        catalog.views().await?,
        catalog.comments().await?,
        catalog.segments().await?,
        catalog.garbage().await?,
        catalog.producers().await?,
        catalog.settings().await?,
        catalog.tasks(9).await?,
        catalog.layers(LayerId::NONE).await?,
        catalog.next_epoch().await?,
    );
    Ok((catalog.topics().await?, format!("{rest:?}")))
}

#[tokio::test]
async fn a_flipped_bit_is_an_error_or_harmless_and_never_another_answer() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("catalog.db");
    filled(&path).await;
    let bytes = std::fs::read(&path).unwrap();
    let expected = contents(&path).await.unwrap();
    let damaged = folder.path().join("damaged.db");
    let (mut refused, mut harmless) = (0, 0);
    // A prime stride visits every kind of page and, over the pages, every bit of a byte.
    for bit in (0..bytes.len() * 8).step_by(2_003) {
        let mut copy = bytes.clone();
        copy[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&damaged, copy).unwrap();
        for side in ["damaged.db-wal", "damaged.db-shm"] {
            let _ = std::fs::remove_file(folder.path().join(side));
        }
        match contents(&damaged).await {
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Corrupt, "bit {bit}: {error}");
                refused += 1;
            }
            Ok(found) => {
                assert_eq!(found, expected, "bit {bit}");
                harmless += 1;
            }
        }
    }
    assert!(refused > 20 && harmless > 20, "{refused} refused, {harmless} harmless");
}

#[tokio::test]
async fn a_truncated_or_foreign_file_is_corrupt_and_says_what_to_do() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("catalog.db");
    filled(&path).await;
    let bytes = std::fs::read(&path).unwrap();
    for damaged in [&bytes[..bytes.len() / 2], &bytes[..4096], b"this is no database, but long enough to be looked at"] {
        std::fs::write(&path, damaged).unwrap();
        let error = SqliteCatalog::open(&path).unwrap_err();
        assert!(matches!(error, CatalogError::Corrupt { .. }), "{error}");
        assert!(error.hint().unwrap().contains("strata rebuild-catalog"));
    }
}

#[tokio::test]
async fn ten_thousand_topics_are_published_in_one_quick_transaction() {
    const TOPICS: u64 = 10_000;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("catalog.db");
    let catalog = SqliteCatalog::open(&path).unwrap();
    let blank = catalog.create_topic(samples::topic("logs", "t")).await.unwrap();
    let topics = (0..TOPICS).map(|n| crate::Topic {
        id: strata_storage::TopicId(blank.id.0 + 10 + n),
        name: format!("t{n}"),
        indexes: Vec::new(),
        ..blank.clone()
    });
    let rebuilt = crate::Rebuilt { topics: topics.collect(), ..Default::default() };
    catalog.drop_topic(blank.id).await.unwrap();
    catalog.restore(&rebuilt).await.unwrap();
    let publications: Vec<_> = rebuilt
        .topics
        .iter()
        .map(|topic| Publication {
            topic: topic.id,
            added: vec![samples::segment(topic.id, topic.id.0, 0, 9)],
            replaced: Vec::new(),
            producers: vec![("p".to_owned(), strata_storage::RangeSet::of(0, 9), 1)],
            next_offset: 10,
            now_us: 1,
        })
        .collect();
    let begun = std::time::Instant::now();
    catalog.publish(&publications).await.unwrap();
    let published = begun.elapsed();
    drop(catalog);
    let begun = std::time::Instant::now();
    let catalog = SqliteCatalog::open(&path).unwrap();
    let (topics, segments) = (catalog.topics().await.unwrap(), catalog.segments().await.unwrap());
    println!("published in {published:?}, opened and read in {:?}", begun.elapsed());
    assert_eq!((topics.len(), segments.len()), (10_000, 10_000));
    assert!(topics.iter().all(|topic| topic.next_offset == 10));
    assert!(published.as_secs() < 15, "{published:?} even in a debug build on a busy machine");
}
