//! Layers, and what became of them: compare-and-swap, states, places, tasks, attempts, instances.

use std::sync::Arc;

use serde_json::json;

use super::{Opener, samples};
use crate::etl::catalog::Revision;
use crate::etl::record::{AttemptOutcome, Health, Instance, NewAttempt, NewEtlTask, Sync};
use crate::etl::{Layer, LayerError, LayerId, LayerStack, LayerState, NewLayer, Orphans, Plan};
use crate::{Catalog, CatalogError, TaskState};

pub(super) async fn check(fresh: &dyn Fn() -> Opener) {
    layers_come_back_as_they_were(&fresh()).await;
    the_second_of_two_is_refused(&fresh()).await;
    states_and_places(&fresh()).await;
    tasks(&fresh()).await;
    attempts(&fresh()).await;
    instances(&fresh()).await;
}

async fn append(catalog: &Arc<dyn Catalog>, new: &NewLayer) -> Layer {
    let (_, seen) = catalog.layers(LayerId::NONE).await.expect("layers");
    catalog.append_layer(seen, new).await.expect("append").0
}

async fn layers_come_back_as_they_were(open: &Opener) {
    assert_eq!(open().layers(LayerId::NONE).await.expect("layers").0, []);
    let [new, drop] = samples::layers();
    assert_eq!(new.patches.len(), 6, "{:?}", new.patches);
    let first = append(&open(), &new).await;
    assert_eq!((first.id, first.place.map(|place| place.0)), (LayerId(1), Some(1)));
    let second = append(&open(), &drop).await;
    assert_eq!((second.id, second.place.map(|place| place.0)), (LayerId(2), Some(2)));
    let (layers, _) = open().layers(LayerId::NONE).await.expect("layers");
    assert_eq!(layers, [first.clone(), second.clone()]);
    assert_eq!(open().layers(LayerId(1)).await.expect("layers").0, [second]);
    let keys = |layer: &Layer| serde_json::to_string(&layer.patches).expect("json");
    assert_eq!(keys(&layers[0]), keys(&first), "keys keep their order");

    let ahead = NewLayer { drops: vec![LayerId(3)], ..new };
    let (_, seen) = open().layers(LayerId::NONE).await.expect("layers");
    let refused = open().append_layer(seen, &ahead).await;
    assert!(matches!(refused, Err(CatalogError::Layer(LayerError::Inconsistent { .. }))));
    assert_eq!(open().layers(LayerId::NONE).await.expect("layers").1, seen, "what is refused leaves no trace");
}

async fn the_second_of_two_is_refused(open: &Opener) {
    let [new, _] = samples::layers();
    let (_, seen) = open().layers(LayerId::NONE).await.expect("layers");
    let (_, next) = open().append_layer(seen, &new).await.expect("append");
    assert!(seen < next);
    let moved = |result: Result<(), CatalogError>| match result {
        Err(CatalogError::Layer(LayerError::Revision { expected, found })) => {
            assert_eq!((Revision(expected), Revision(found)), (seen, next));
        }
        other => panic!("{other:?}"),
    };
    moved(open().append_layer(seen, &new).await.map(drop));
    moved(open().set_layer_state(seen, LayerId(1), LayerState::Active).await.map(drop));
    assert_eq!(open().layers(LayerId::NONE).await.expect("layers").0.len(), 1);
    open().set_layer_state(next, LayerId(1), LayerState::Active).await.expect("state");
    moved_on(&open().append_layer(next, &new).await.map(drop));
}

fn moved_on(result: &Result<(), CatalogError>) {
    assert!(matches!(result, Err(CatalogError::Layer(LayerError::Revision { .. }))), "{result:?}");
}

/// The store and the stack in memory agree on ids and places, whatever happens.
async fn states_and_places(open: &Opener) {
    use LayerState::{Active, Applying, Draft, Dropped, Failed, Queued};
    let [new, _] = samples::layers();
    let mut stack = LayerStack::default();
    for state in [Queued, Draft, Queued, Draft] {
        let new = NewLayer { state, ..new.clone() };
        append(&open(), &new).await;
        stack.push(new).expect("push");
    }
    for (layer, state) in
        [(1, Applying), (1, Active), (3, Failed), (2, Queued), (3, Queued), (4, Dropped), (3, Applying), (3, Failed), (3, Queued)]
    {
        let (_, seen) = open().layers(LayerId::NONE).await.expect("layers");
        open().set_layer_state(seen, LayerId(layer), state).await.expect("state");
        stack.set_state(LayerId(layer), state).expect("state");
        let (stored, _) = open().layers(LayerId::NONE).await.expect("layers");
        let known: Vec<Layer> = stack.layers().map(|layer| Layer::clone(layer)).collect();
        assert_eq!(stored, known, "{layer} {state}");
    }
    let (stored, seen) = open().layers(LayerId::NONE).await.expect("layers");
    let loaded = LayerStack::new(stored).expect("a stack");
    assert_eq!(loaded.placed().map(|layer| layer.id.0).collect::<Vec<_>>(), [1, 2, 3]);
    let refused = open().set_layer_state(seen, LayerId(1), Queued).await;
    assert!(matches!(refused, Err(CatalogError::Layer(LayerError::Transition { from: Active, to: Queued, .. }))));
    let missing = open().set_layer_state(seen, LayerId(9), Queued).await;
    assert!(matches!(missing, Err(CatalogError::Layer(LayerError::NoLayer { .. }))));

    // A plan becomes a layer here as it does in memory.
    let plan = Plan::drop(&loaded, LayerId(1), Orphans::Drop).expect("plan");
    let new = plan.into_layer(&loaded, "ann", None, Queued, 5).expect("layer");
    let (layer, _) = open().append_layer(seen, &new).await.expect("append");
    let (stored, _) = open().layers(LayerId::NONE).await.expect("layers");
    let loaded = LayerStack::new(stored).expect("a stack");
    assert_eq!(loaded.state(LayerId(1)), Ok((Dropped, Some(layer.id))));
}

async fn tasks(open: &Opener) {
    let [new, _] = samples::layers();
    append(&open(), &new).await;
    let steps = json!([{"name": "validate"}, {"name": "write"}]);
    let rollout = NewEtlTask {
        kind: "rollout".to_owned(),
        layer: Some(LayerId(1)),
        role: Some("web".to_owned()),
        steps: steps.clone(),
        created_at_us: 3,
    };
    let mut first = open().create_etl_task(&rollout).await.expect("task");
    let repair = NewEtlTask { kind: "repair".to_owned(), layer: None, role: None, steps: json!([]), created_at_us: 4 };
    let second = open().create_etl_task(&repair).await.expect("task");
    assert_eq!((first.id, second.id, first.state, &first.steps), (1, 2, TaskState::Queued, &steps));
    first.state = TaskState::Failed;
    first.progress = 0.5;
    first.steps = json!([{"name": "validate", "state": "failed"}]);
    first.error = Some("no".to_owned());
    first.started_at_us = Some(5);
    first.finished_at_us = Some(6);
    open().update_etl_task(&first).await.expect("update");
    assert_eq!(open().etl_tasks(9).await.expect("tasks"), [second.clone(), first.clone()]);
    assert_eq!(open().etl_tasks(1).await.expect("tasks"), [second]);
    first.id = 9;
    assert!(matches!(open().update_etl_task(&first).await, Err(CatalogError::NotFound { what: "task", .. })));
}

async fn attempts(open: &Opener) {
    let [new, _] = samples::layers();
    append(&open(), &new).await;
    append(&open(), &new).await;
    let attempt = |layer, instance: &str| NewAttempt {
        layer: LayerId(layer),
        role: "web".to_owned(),
        instance: instance.to_owned(),
        hash: "abc".to_owned(),
        started_at_us: 1,
    };
    let ids = open().begin_attempts(&[attempt(1, "i1"), attempt(2, "i2")]).await.expect("attempts");
    let (first, second) = (ids[0], ids[1]);
    let said = |id, outcome| (id, outcome, "cannot bind".to_owned());
    open().end_attempts(&[said(first, AttemptOutcome::Failed)], 7).await.expect("end");
    let all = open().attempts(None).await.expect("attempts");
    assert_eq!(
        all.iter().map(|found| (found.id, found.outcome)).collect::<Vec<_>>(),
        [(first, AttemptOutcome::Failed), (second, AttemptOutcome::Running)]
    );
    let one = open().attempts(Some(LayerId(1))).await.expect("attempts");
    assert_eq!(one, all[..1]);
    assert_eq!((one[0].detail.as_str(), one[0].finished_at_us, &one[0].attempt), ("cannot bind", Some(7), &attempt(1, "i1")));
    let ended = [said(second, AttemptOutcome::Applied), said(9, AttemptOutcome::Silent)];
    assert!(matches!(open().end_attempts(&ended, 1).await, Err(CatalogError::NotFound { .. })));
    assert!(open().begin_attempts(&[attempt(1, "i3"), attempt(9, "i1")]).await.is_err(), "there is no layer 9");
    assert_eq!(open().attempts(None).await.expect("attempts"), all, "all or nothing");
}

async fn instances(open: &Opener) {
    let mut one = Instance {
        role: "web".to_owned(),
        id: "i1".to_owned(),
        address: "10.0.0.1".to_owned(),
        version: "8.1".to_owned(),
        sync: Sync::Unknown,
        health: Health::Progressing,
        desired_hash: None,
        applied_hash: None,
        last_error: None,
        last_seen_us: 1,
    };
    let other = Instance { role: "db".to_owned(), ..one.clone() };
    open().put_instances(&[one.clone(), other.clone()]).await.expect("put");
    one.sync = Sync::OutOfSync;
    one.health = Health::Degraded;
    one.desired_hash = Some("d".to_owned());
    one.applied_hash = Some("a".to_owned());
    one.last_error = Some("port in use".to_owned());
    one.last_seen_us = 2;
    open().put_instances(std::slice::from_ref(&one)).await.expect("put");
    assert_eq!(open().instances().await.expect("instances"), [other.clone(), one]);
    assert!(open().forget_instance("web", "i1").await.expect("forget"));
    assert!(!open().forget_instance("web", "i1").await.expect("forget"));
    assert_eq!(open().instances().await.expect("instances"), [other]);
}
