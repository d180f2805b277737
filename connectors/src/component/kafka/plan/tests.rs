//! Plans against a slow model: every topic is looked at alone, as a table of cases.

use proptest::prelude::*;

use super::*;

/// A broker that does as it is told and forgets nothing.
fn carry_out(there: &mut Topics, steps: &[Step]) {
    for step in steps {
        match step {
            Step::Create { name, topic } => {
                let replicas = topic.replication_factor.unwrap_or(1);
                let made = Present { partitions: topic.partitions, replicas, config: topic.config.clone() };
                assert_eq!(there.insert(name.clone(), made), None, "{name} was there");
            }
            Step::AddPartitions { name, to } => {
                let topic = there.get_mut(name).unwrap();
                assert!(topic.partitions < *to, "partitions only come");
                topic.partitions = *to;
            }
            Step::Alter { name, config } => {
                let topic = there.get_mut(name).unwrap();
                for (setting, value) in config {
                    match value {
                        Some(value) => topic.config.insert(setting.clone(), value.clone()),
                        None => topic.config.remove(setting),
                    };
                }
            }
            Step::Delete { name } => assert!(there.remove(name).is_some(), "{name} was not there"),
        }
    }
}

/// What should be there in the end, one topic and one setting at a time.
fn expected(before: &[TopicsFile], after: &TopicsFile, there: &Topics) -> Topics {
    let mut end = Topics::new();
    for name in ["a", "b", "c"] {
        let held = before.iter().filter_map(|file| Some((file.removed, file.topics.get(name)?))).collect::<Vec<_>>();
        match (there.get(name), after.topics.get(name)) {
            (None, None) => {}
            (None, Some(wanted)) => {
                let replicas = wanted.replication_factor.unwrap_or(1);
                end.insert(name.into(), Present { partitions: wanted.partitions, replicas, config: wanted.config.clone() });
            }
            (Some(present), None) => {
                let doomed = !held.is_empty() && held.iter().all(|(removed, _)| *removed == Removed::Delete);
                if !doomed {
                    end.insert(name.into(), present.clone());
                }
            }
            (Some(present), Some(wanted)) => {
                let mut topic = present.clone();
                topic.partitions = present.partitions.max(wanted.partitions);
                for setting in ["x", "y"] {
                    if let Some(value) = wanted.config.get(setting) {
                        topic.config.insert(setting.into(), value.clone());
                    } else if held.iter().any(|(_, topic)| topic.config.contains_key(setting)) {
                        topic.config.remove(setting);
                    }
                }
                end.insert(name.into(), topic);
            }
        }
    }
    end
}

fn config() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map("[xy]", "[12]", 0..3)
}

fn file() -> impl Strategy<Value = TopicsFile> {
    let topic = (1..4_u32, prop::option::of(1..3_u32), config()).prop_map(|(partitions, replication_factor, config)| Topic {
        partitions,
        replication_factor,
        config,
    });
    let removed = prop_oneof![Just(Removed::Keep), Just(Removed::Delete)];
    (removed, prop::collection::btree_map("[abc]", topic, 0..4)).prop_map(|(removed, topics)| TopicsFile {
        removed,
        surplus_partitions: Surplus::Refuse,
        topics,
    })
}

fn broker() -> impl Strategy<Value = Topics> {
    let topic =
        (1..4_u32, 1..3_u32, config()).prop_map(|(partitions, replicas, config)| Present { partitions, replicas, config });
    prop::collection::btree_map("[abc]", topic, 0..4)
}

proptest! {
    #[test]
    fn a_plan_leads_where_the_model_says(before in prop::collection::vec(file(), 0..3), after in file(), there in broker()) {
        let mut end = there.clone();
        carry_out(&mut end, &steps(&before, &after, &there));
        prop_assert_eq!(&end, &expected(&before, &after, &there));
        prop_assert_eq!(steps(&before, &after, &end), vec![], "a second plan has nothing to do");
        prop_assert_eq!(steps(&[], &after, &end), vec![]);
    }

    #[test]
    fn going_back_is_never_refused(before in file(), after in file(), there in broker()) {
        let mut end = there;
        let forward = steps(&[], &before, &end);
        carry_out(&mut end, &forward);
        let changes = steps(std::slice::from_ref(&before), &after, &end);
        carry_out(&mut end, &changes);
        prop_assert_eq!(obstacles(&[after.clone(), before.clone()], &before, &end), Vec::<String>::new());
        let back = steps(&[after, before.clone()], &before, &end);
        carry_out(&mut end, &back);
        prop_assert_eq!(steps(&[], &before, &end), vec![]);
    }
}

#[test]
fn a_topic_that_is_there_and_larger_is_refused_on_first_contact_only() {
    let topic = |partitions| Topic { partitions, replication_factor: Some(2), config: BTreeMap::new() };
    let file = |partitions| TopicsFile { topics: BTreeMap::from([("t".to_owned(), topic(partitions))]), ..TopicsFile::default() };
    let there = Topics::from([("t".to_owned(), Present { partitions: 6, replicas: 2, config: BTreeMap::new() })]);
    assert_eq!(obstacles(&[], &file(3), &there), ["topic t is there with 6 partitions and cannot get down to 3"]);
    assert_eq!(obstacles(&[file(6)], &file(3), &there), [] as [&str; 0]);
    assert_eq!(obstacles(&[], &TopicsFile { surplus_partitions: Surplus::Keep, ..file(3) }, &there), [] as [&str; 0]);
    let other = Topics::from([("t".to_owned(), Present { partitions: 3, replicas: 1, config: BTreeMap::new() })]);
    assert_eq!(
        obstacles(&[], &file(3), &other),
        ["topic t is there with 1 copies of each partition, which cannot be changed here"]
    );
}
