//! The fold: what is configured when layers are laid over each other in their order.
//!
//! A patch on an object that is not there is ignored and listed: its maker was dropped, or failed. Nothing here decides
//! which layers count; that is [`super::standing`].
//!
//! Objects are shared between folds, so that copying one and changing a little is cheap: a transaction does that at each
//! savepoint.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::standing::Standing;
use super::{FieldKind, FieldPath, Keep, Layer, LayerId, Object, Patch, PatchOp, Relation, Row, Uid};

/// What makes a name unique: a role's name, or a rule's name within its role.
type NameKey = (Relation, Option<Uid>, String);

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Fold {
    objects: BTreeMap<Uid, Arc<Object>>,
    names: BTreeMap<NameKey, BTreeSet<Uid>>,
    ignored: BTreeSet<(LayerId, usize)>,
}

impl Fold {
    /// Lays layers over each other, in the order given. Dropped ones among them count for nothing.
    pub fn of<'a>(layers: impl IntoIterator<Item = &'a Layer>) -> Self {
        Self::of_some(layers, |_| true, |_, _| ())
    }

    /// [`Self::of`] for a few objects, showing what there is of them before each layer that counts.
    pub fn of_objects<'a>(
        layers: impl IntoIterator<Item = &'a Layer>,
        uids: &BTreeSet<Uid>,
        before: impl FnMut(LayerId, &Self),
    ) -> Self {
        Self::of_some(layers, |uid| uids.contains(&uid), before)
    }

    fn of_some<'a>(
        layers: impl IntoIterator<Item = &'a Layer>,
        wanted: impl Fn(Uid) -> bool,
        mut before: impl FnMut(LayerId, &Self),
    ) -> Self {
        let layers: Vec<&Layer> = layers.into_iter().collect();
        let standing = Standing::of(layers.iter().copied());
        let counting: Vec<&Layer> = layers.into_iter().filter(|layer| standing.counts(layer.id)).collect();
        let mut keeps: BTreeMap<LayerId, Vec<&Keep>> = BTreeMap::new();
        for keep in counting.iter().flat_map(|layer| &layer.keeps) {
            keeps.entry(keep.at).or_default().push(keep);
        }
        let mut fold = Self::default();
        for layer in counting {
            before(layer.id, &fold);
            for keep in keeps.get(&layer.id).into_iter().flatten().filter(|keep| wanted(keep.uid)) {
                fold.create(keep.relation, keep.uid, &keep.fields, layer.id);
            }
            fold.lay_some(layer, &wanted);
        }
        fold
    }

    /// Lays one more layer on top; only its patches.
    pub fn lay(&mut self, layer: &Layer) {
        self.lay_some(layer, |_| true);
    }

    fn lay_some(&mut self, layer: &Layer, wanted: impl Fn(Uid) -> bool) {
        let patches = layer.patches.iter().zip(layer.made.of(layer.id, &layer.patches)).enumerate();
        for (i, (patch, made)) in patches.filter(|(_, (patch, _))| wanted(patch.uid)) {
            let applied = match made {
                Some(object) => self.put(object),
                None => self.apply(patch, layer.id),
            };
            if !applied {
                self.ignored.insert((layer.id, i));
            }
        }
    }

    /// Applies one patch; whether it had an object to hold on to.
    pub fn apply(&mut self, patch: &Patch, by: LayerId) -> bool {
        match &patch.op {
            PatchOp::Create { fields } => self.create(patch.relation, patch.uid, fields, by),
            PatchOp::Set { path, value } => self.edit(patch.uid, path, |object| object.set(path, value.clone(), by)),
            PatchOp::Unset { path } => self.edit(patch.uid, path, |object| object.unset(path)),
            PatchOp::Delete => match self.objects.remove(&patch.uid) {
                Some(object) => {
                    self.forget_name(&object);
                    true
                }
                None => false,
            },
        }
    }

    /// Makes an object what it is in another fold, or removes it if it is not there.
    pub fn adopt(&mut self, other: &Self, uid: Uid) {
        if let Some(old) = self.objects.remove(&uid) {
            self.forget_name(&old);
        }
        if let Some(new) = other.objects.get(&uid) {
            self.names.entry(name_key(new)).or_default().insert(uid);
            self.objects.insert(uid, Arc::clone(new));
        }
    }

    fn create(&mut self, relation: Relation, uid: Uid, fields: &Row, by: LayerId) -> bool {
        self.put(&Arc::new(Object::new(relation, uid, fields.clone(), by)))
    }

    /// Adds an object; whether there was none of that uid.
    fn put(&mut self, object: &Arc<Object>) -> bool {
        let Entry::Vacant(place) = self.objects.entry(object.uid) else { return false };
        place.insert(Arc::clone(object));
        self.names.entry(name_key(object)).or_default().insert(object.uid);
        true
    }

    fn edit(&mut self, uid: Uid, path: &FieldPath, edit: impl FnOnce(&mut Object)) -> bool {
        let renames = matches!(path.field(), Some("name" | "role"));
        let Some(shared) = self.objects.get_mut(&uid) else { return false };
        let old = renames.then(|| Arc::clone(shared));
        edit(Arc::make_mut(shared));
        let new = renames.then(|| name_key(shared));
        if let (Some(old), Some(new)) = (old, new) {
            self.forget_name(&old);
            self.names.entry(new).or_default().insert(uid);
        }
        true
    }

    fn forget_name(&mut self, object: &Object) {
        let key = name_key(object);
        if let Some(uids) = self.names.get_mut(&key) {
            uids.remove(&object.uid);
            if uids.is_empty() {
                self.names.remove(&key);
            }
        }
    }

    /// An object.
    pub fn get(&self, uid: Uid) -> Option<&Arc<Object>> {
        self.objects.get(&uid)
    }

    /// All objects, by uid.
    pub fn objects(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.objects.values()
    }

    /// All roles, or all rules, by uid.
    pub fn of_relation(&self, relation: Relation) -> impl Iterator<Item = &Arc<Object>> {
        self.objects.values().filter(move |object| object.relation == relation)
    }

    /// Patches, by layer and number, whose object was not there.
    pub fn ignored(&self) -> &BTreeSet<(LayerId, usize)> {
        &self.ignored
    }

    /// The role of that name. If there are several, which only a broken configuration has, the oldest.
    pub fn role(&self, name: &str) -> Option<&Arc<Object>> {
        self.named(Relation::Roles, None, name)
    }

    /// The rule of that name in a role.
    pub fn rule(&self, role: Uid, name: &str) -> Option<&Arc<Object>> {
        self.named(Relation::Rules, Some(role), name)
    }

    fn named(&self, relation: Relation, role: Option<Uid>, name: &str) -> Option<&Arc<Object>> {
        self.objects.get(self.names.get(&(relation, role, name.to_owned()))?.first()?)
    }

    /// Objects that share their name with another one, without the first of each name.
    pub(super) fn same_names(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.names.values().flat_map(|uids| uids.iter().skip(1)).filter_map(|uid| self.objects.get(uid))
    }

    /// `web` for a role, `web/nginx` for a rule: what people call it. `None` if it is not there.
    pub fn key(&self, uid: Uid) -> Option<String> {
        let object = self.objects.get(&uid)?;
        Some(match object.relation {
            Relation::Roles => object.name().to_owned(),
            Relation::Rules => {
                let role = object.reference("role").and_then(|role| self.objects.get(&role));
                format!("{}/{}", role.map_or("?", |role| role.name()), object.name())
            }
        })
    }

    /// An object as a row: references are names (null if what they refer to is not there).
    pub fn row(&self, uid: Uid) -> Option<Row> {
        let object = self.objects.get(&uid)?;
        Some(self.named_row(object.relation, object.fields()))
    }

    /// Fields with uids in references as a row with names in them.
    pub fn named_row(&self, relation: Relation, mut fields: Row) -> Row {
        for field in relation.fields() {
            if let (FieldKind::Reference(_), Some(value)) = (field.kind, fields.get_mut(field.name)) {
                *value = self.named_value(&FieldPath::of(field.name), relation, value);
            }
        }
        fields
    }

    /// The value of a field with a name in place of a uid.
    pub fn named_value(&self, path: &FieldPath, relation: Relation, value: &Value) -> Value {
        let field = path.field().and_then(|name| relation.fields().iter().find(|field| field.name == name));
        match (field.map(|field| field.kind), value.as_i64()) {
            (Some(FieldKind::Reference(_)), Some(uid)) => {
                self.objects.get(&Uid(uid)).map_or(Value::Null, |object| Value::from(object.name()))
            }
            _ => value.clone(),
        }
    }
}

fn name_key(object: &Object) -> NameKey {
    let role = match object.relation {
        Relation::Roles => None,
        Relation::Rules => object.reference("role"),
    };
    (object.relation, role, object.name().to_owned())
}
