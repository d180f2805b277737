//! A stack with the steps that the control plane would take, short enough to write examples with.

use std::sync::Arc;

use serde_json::Value;

use crate::etl::{
    FieldPath, LayerError, LayerId, LayerStack, LayerState, NewLayer, Origin, Orphans, Patch, Plan, Relation, Row, Staging, Uid,
    UidCounter,
};

pub(super) struct World {
    pub(super) stack: LayerStack,
    pub(super) uids: Arc<UidCounter>,
}

/// The row of a JSON object.
pub(super) fn row(value: Value) -> Row {
    match value {
        Value::Object(row) => row,
        other => panic!("{other} is no row"),
    }
}

/// `settings.port` as a path.
pub(super) fn path(text: &str) -> FieldPath {
    FieldPath(text.split('.').map(str::to_owned).collect())
}

pub(super) fn layer(state: LayerState, patches: Vec<Patch>) -> NewLayer {
    NewLayer {
        created_at_us: 1,
        author: "tester".to_owned(),
        comment: None,
        state,
        origin: Origin::Sql,
        patches,
        drops: Vec::new(),
        restores: Vec::new(),
        keeps: Vec::new(),
    }
}

impl World {
    pub(super) fn new() -> Self {
        Self { stack: LayerStack::default(), uids: Arc::new(UidCounter::new(Uid(1))) }
    }

    pub(super) fn begin(&self) -> Staging {
        Staging::new(self.stack.fold(), Arc::clone(&self.uids))
    }

    pub(super) fn commit(&mut self, staging: &Staging) -> Result<LayerId, LayerError> {
        let patches = staging.patches_on(&self.stack.fold())?;
        self.stack.push(layer(LayerState::Active, patches))
    }

    /// One transaction, one layer.
    pub(super) fn change(&mut self, work: impl FnOnce(&mut Staging)) -> LayerId {
        let mut staging = self.begin();
        work(&mut staging);
        self.commit(&staging).unwrap()
    }

    pub(super) fn carry_out(&mut self, plan: Plan) -> Result<LayerId, LayerError> {
        let new = plan.into_layer(&self.stack, "tester", None, LayerState::Active, 1)?;
        self.stack.push(new)
    }

    pub(super) fn drop(&mut self, id: i64, orphans: Orphans) -> Result<LayerId, LayerError> {
        self.carry_out(Plan::drop(&self.stack, LayerId(id), orphans)?)
    }

    pub(super) fn restore(&mut self, id: i64) -> Result<LayerId, LayerError> {
        self.carry_out(Plan::restore(&self.stack, LayerId(id), Orphans::Refuse)?)
    }

    pub(super) fn rollback(&mut self, id: i64) -> Result<LayerId, LayerError> {
        self.carry_out(Plan::rollback(&self.stack, LayerId(id))?)
    }

    /// A field as text; `-` if it is not there.
    pub(super) fn value(&self, key: &str, field: &str) -> String {
        let fold = self.stack.fold();
        let object = fold.objects().find(|object| fold.key(object.uid).as_deref() == Some(key));
        let found = object.and_then(|object| object.get(&path(field)));
        found.map_or_else(|| "-".to_owned(), |node| node.value().to_string())
    }

    /// Keys of all objects.
    pub(super) fn keys(&self) -> Vec<String> {
        let fold = self.stack.fold();
        fold.objects().map(|object| fold.key(object.uid).unwrap()).collect()
    }
}

/// What examples do within a transaction.
pub(super) trait Steps {
    fn role(&mut self, name: &str);
    fn rule(&mut self, role: &str, name: &str, settings: Value);
    fn edit(&mut self, key: &str, changes: Value);
    fn find(&self, key: &str) -> Uid;
}

impl Steps for Staging {
    fn role(&mut self, name: &str) {
        self.insert(Relation::Roles, vec![row(serde_json::json!({"name": name, "kind": "generic"}))]).unwrap();
    }

    fn rule(&mut self, role: &str, name: &str, settings: Value) {
        let new = serde_json::json!({"role": role, "stage": "filter", "name": name, "settings": settings});
        self.insert(Relation::Rules, vec![row(new)]).unwrap();
    }

    fn edit(&mut self, key: &str, changes: Value) {
        let uid = self.find(key);
        let relation = self.fold().get(uid).unwrap().relation;
        self.update(relation, vec![(uid, row(changes))]).unwrap();
    }

    fn find(&self, key: &str) -> Uid {
        let fold = self.fold();
        fold.objects().map(|object| object.uid).find(|uid| fold.key(*uid).as_deref() == Some(key)).unwrap()
    }
}
