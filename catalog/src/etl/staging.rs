//! Changes that a transaction has made and not committed.
//!
//! Rows come in with names, are checked for shape, get their defaults, uid and position, and are laid over what was
//! configured when the transaction began. Each statement leaves a configuration that holds together, or changes nothing. At the end the
//! difference becomes patches; what was changed to and fro is no difference.
//!
//! A savepoint is a clone.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::{
    Field, FieldKind, FieldPath, Fold, LayerError, LayerId, Patch, PatchOp, Position, Relation, Row, Uid, UidCounter, broken,
    conflict, delta,
};

/// Which rules are ordered among each other: those of one role, stage and parent.
type Siblings = (Uid, String, Option<Uid>);

/// See the module.
#[derive(Debug, Clone)]
pub struct Staging {
    base: Arc<Fold>,
    now: Arc<Fold>,
    uids: Arc<UidCounter>,
}

impl Staging {
    /// Nothing changed yet.
    pub fn new(base: Arc<Fold>, uids: Arc<UidCounter>) -> Self {
        Self { now: Arc::clone(&base), base, uids }
    }

    /// The configuration with the changes.
    pub fn fold(&self) -> &Arc<Fold> {
        &self.now
    }

    /// What was configured when the transaction began.
    pub fn base(&self) -> &Fold {
        &self.base
    }

    /// Makes objects. Rows may refer to rules of the same statement as parents. In the order of the rows.
    ///
    /// # Errors
    /// What [`Relation::check`] says of a value; [`LayerError::NoField`]; [`LayerError::NoReference`] for a role or parent
    /// that is not there; [`LayerError::Constraint`] if the result would not hold together. Nothing is changed then.
    pub fn insert(&mut self, relation: Relation, rows: Vec<Row>) -> Result<Vec<Uid>, LayerError> {
        self.statement(|staging| {
            let mut ends: BTreeMap<Siblings, Position> = BTreeMap::new();
            let mut made = Vec::with_capacity(rows.len());
            let mut parents = Vec::new();
            for mut row in rows {
                if let Some(unknown) = row.keys().find(|key| relation.field(key).is_err()) {
                    return Err(LayerError::NoField { relation, field: unknown.clone() });
                }
                let parent = row.remove("parent").filter(|parent| !parent.is_null());
                let has_position = row.contains_key("position");
                let mut fields = Row::new();
                for field in relation.fields() {
                    // A position that is not given is found below, when the parent is known.
                    let unplaced = (field.kind == FieldKind::Position).then(|| Value::from("0"));
                    let given = row.remove(field.name).or_else(|| Relation::default_of(field)).or(unplaced);
                    let value = given.ok_or(LayerError::NullField { relation, field: field.name })?;
                    let value = staging.resolved(relation, field, None, value)?;
                    relation.check(field, &value)?;
                    fields.insert(field.name.to_owned(), value);
                }
                let uid = staging.uids.take();
                staging.apply(relation, uid, PatchOp::Create { fields });
                made.push(uid);
                parents.push((uid, parent, has_position));
            }
            if relation == Relation::Rules {
                for (uid, parent, has_position) in parents {
                    if let Some(parent) = parent {
                        staging.set(relation, uid, "parent", parent)?;
                    }
                    if !has_position {
                        staging.put_last(uid, &mut ends)?;
                    }
                }
            }
            Ok(made)
        })
    }

    /// Changes columns of objects. `settings` is given as a whole; only keys that differ become patches.
    ///
    /// # Errors
    /// As [`Self::insert`].
    pub fn update(&mut self, relation: Relation, changes: Vec<(Uid, Row)>) -> Result<(), LayerError> {
        self.statement(|staging| {
            // Roles first: a parent is looked up among the rules of the role that the rule will have.
            for (uid, row) in &changes {
                if let Some(role) = row.get("role") {
                    staging.set(relation, *uid, "role", role.clone())?;
                }
            }
            for (uid, row) in changes {
                for (name, value) in row {
                    if name != "role" {
                        staging.set(relation, uid, &name, value)?;
                    }
                }
            }
            Ok(())
        })
    }

    /// Deletes objects.
    ///
    /// # Errors
    /// [`LayerError::Constraint`] if rules would be left without their role or parent.
    pub fn delete(&mut self, uids: &[Uid]) -> Result<(), LayerError> {
        self.statement(|staging| {
            for uid in uids {
                if let Some(relation) = staging.now.get(*uid).map(|object| object.relation) {
                    staging.apply(relation, *uid, PatchOp::Delete);
                }
            }
            Ok(())
        })
    }

    /// What was changed, as patches by uid; empty if nothing was.
    pub fn patches(&self) -> Vec<Patch> {
        delta::between_folds(&self.base, &self.now).into_iter().map(delta::Delta::into_patch).collect()
    }

    /// [`Self::patches`], checked against what is configured at the commit.
    ///
    /// # Errors
    /// [`LayerError::Conflict`].
    pub fn patches_on(&self, now: &Fold) -> Result<Vec<Patch>, LayerError> {
        let patches = self.patches();
        conflict::check(&self.base, now, &patches)?;
        Ok(patches)
    }

    fn statement<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, LayerError>) -> Result<T, LayerError> {
        let saved = Arc::clone(&self.now);
        let done = work(self).and_then(|value| {
            let breaks = broken::all(&self.now);
            let count = breaks.len();
            match breaks.into_iter().next() {
                Some(first) => Err(LayerError::Constraint { first, count }),
                None => Ok(value),
            }
        });
        if done.is_err() {
            self.now = saved;
        }
        done
    }

    fn apply(&mut self, relation: Relation, uid: Uid, op: PatchOp) {
        let applied = Arc::make_mut(&mut self.now).apply(&Patch { relation, uid, op }, LayerId::NONE);
        assert!(applied, "a staged patch has an object");
    }

    fn set(&mut self, relation: Relation, uid: Uid, name: &str, value: Value) -> Result<(), LayerError> {
        let field = relation.field(name)?;
        let gone = || LayerError::NoObject { relation, name: uid.to_string() };
        let role = self.now.get(uid).ok_or_else(gone)?.reference("role");
        let value = self.resolved(relation, field, role, value)?;
        relation.check(field, &value)?;
        let path = FieldPath::of(name);
        if self.now.get(uid).and_then(|object| object.get(&path)).is_none_or(|node| node.value() != value) {
            self.apply(relation, uid, PatchOp::Set { path, value });
        }
        Ok(())
    }

    /// A value as it is kept: uids for names, positions in their one form. `role` is where parents are looked up.
    fn resolved(&self, relation: Relation, field: &Field, role: Option<Uid>, value: Value) -> Result<Value, LayerError> {
        match (field.kind, value) {
            (FieldKind::Reference(to), Value::String(name)) => {
                let found = match to {
                    Relation::Roles => self.now.role(&name),
                    Relation::Rules => role.and_then(|role| self.now.rule(role, &name)),
                };
                Ok(Value::from(found.ok_or(LayerError::NoReference { field: field.name, relation: to, name })?.uid.0))
            }
            // A uid is not what people write.
            (FieldKind::Reference(_), Value::Number(_)) => {
                Err(LayerError::WrongType { relation, field: field.name, expected: field.kind })
            }
            (FieldKind::Position, Value::String(text)) => Ok(Value::from(text.parse::<Position>()?.to_string())),
            (_, value) => Ok(value),
        }
    }

    /// Gives a rule the position behind its siblings.
    fn put_last(&mut self, uid: Uid, ends: &mut BTreeMap<Siblings, Position>) -> Result<(), LayerError> {
        let Some(rule) = self.now.get(uid).cloned() else { return Ok(()) };
        let Some(siblings) = siblings(&rule) else { return Ok(()) };
        let last = ends.get(&siblings).copied().or_else(|| {
            let others = self.now.of_relation(Relation::Rules).filter(|other| other.uid != uid);
            others.filter(|other| self::siblings(other).as_ref() == Some(&siblings)).filter_map(|other| other.position()).max()
        });
        let position = last.map_or(Position::whole(1), Position::after);
        self.set(Relation::Rules, uid, "position", Value::from(position.to_string()))?;
        ends.insert(siblings, position);
        Ok(())
    }
}

fn siblings(rule: &super::Object) -> Option<Siblings> {
    Some((rule.reference("role")?, rule.text("stage")?.to_owned(), rule.reference("parent")))
}
