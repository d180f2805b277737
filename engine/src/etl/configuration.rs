//! The layers in memory, and the only way to add one.
//!
//! Commits queue up: each is checked against what the one before it left. The catalog is written first, with the revision
//! that was seen, so that memory never holds a layer that is not durable.
//!
//! **Invariant:** the stack holds exactly the layers of the catalog.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::RwLock;
use strata_catalog::etl::{
    Fold, Layer, LayerError, LayerId, LayerStack, LayerState, NewLayer, Object, Origin, Plan, Relation, Revision, Staging, Uid,
    UidCounter, broken, delta,
};
use strata_catalog::{Catalog, CatalogError};

use super::judge::{self, RoleFinding};
use super::{Components, Fleet, Judge};
use crate::Result;

/// What is said of a layer that is to be made.
#[derive(Debug, Clone)]
pub struct Authorship {
    /// Who makes it.
    pub author: String,
    /// Why.
    pub comment: Option<String>,
    /// Whether it stays a draft until somebody applies it.
    pub draft: bool,
    /// Now, microseconds.
    pub now_us: i64,
}

/// See the module.
#[derive(Debug)]
pub struct Configuration {
    catalog: Arc<dyn Catalog>,
    stack: RwLock<Arc<LayerStack>>,
    /// The revision of the stack. Held while a layer is made.
    revision: tokio::sync::Mutex<Revision>,
    uids: Arc<UidCounter>,
    components: Components,
    fleet: Fleet,
}

impl Configuration {
    /// Reads the layers of the catalog.
    ///
    /// # Errors
    /// The catalog's; [`LayerError::Inconsistent`] if its layers do not fit together.
    pub async fn load(catalog: Arc<dyn Catalog>, components: Components) -> Result<Self> {
        let (layers, revision) = catalog.layers(LayerId::NONE).await?;
        let stack = LayerStack::new(layers).map_err(CatalogError::from)?;
        let uids = Arc::new(UidCounter::new(stack.next_uid()));
        let fleet = Fleet::load(catalog.clone()).await?;
        let (stack, revision) = (RwLock::new(Arc::new(stack)), tokio::sync::Mutex::new(revision));
        Ok(Self { catalog, stack, revision, uids, components, fleet })
    }

    /// All layers now.
    pub fn stack(&self) -> Arc<LayerStack> {
        self.stack.read().clone()
    }

    /// The kinds of components that there are.
    pub fn components(&self) -> &Components {
        &self.components
    }

    /// Who runs what.
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// Looks at a configuration with the components and instances of now.
    pub fn judge<T>(&self, fold: &Fold, look: impl FnOnce(Judge<'_>) -> T) -> T {
        look(Judge { components: &self.components, instances: &self.fleet.all(), fold })
    }

    /// Errors that a change would bring into the roles that it touches.
    pub fn brought_in(&self, before: &Fold, after: &Fold) -> Vec<RoleFinding> {
        let touched = touched_roles(before, after);
        self.judge(before, |before| self.judge(after, |after| judge::brought_in(&before, &after, &touched)))
    }

    /// A transaction on what is configured now.
    pub fn begin(&self) -> Staging {
        Staging::new(self.stack().fold(), Arc::clone(&self.uids))
    }

    /// Makes a layer of staged changes; `None` if nothing was changed.
    ///
    /// # Errors
    /// [`LayerError::Conflict`]; the catalog's.
    pub async fn commit(&self, staging: &Staging, origin: Origin, by: Authorship) -> Result<Option<Arc<Layer>>> {
        if staging.patches().is_empty() {
            return Ok(None);
        }
        let made = self.make(|stack| {
            let Authorship { author, comment, draft, now_us } = by;
            Ok(NewLayer {
                created_at_us: now_us,
                author,
                comment,
                state: if draft { LayerState::Draft } else { LayerState::Queued },
                origin,
                patches: staging.patches_on(&stack.fold())?,
                drops: Vec::new(),
                restores: Vec::new(),
                keeps: Vec::new(),
            })
        });
        made.await.map(Some)
    }

    /// Makes the layer of a plan; `None` if it changes nothing. The plan is made while nobody else can add a layer. Unless it is
    /// to be a draft, `look` is asked about what is configured and what would be.
    ///
    /// # Errors
    /// Those of making the plan, of [`Plan::into_layer`] and of `look`; the catalog's.
    pub async fn carry_out(
        &self,
        plan: impl FnOnce(&LayerStack) -> Result<Plan, LayerError>,
        look: impl FnOnce(&Fold, &Fold) -> Result<()>,
        by: Authorship,
    ) -> Result<Option<Arc<Layer>>> {
        let made = self.make_some(|stack| {
            let plan = plan(stack).map_err(CatalogError::from)?;
            if plan.is_empty() {
                return Ok(None);
            }
            let after = plan.after.clone();
            let state = if by.draft { LayerState::Draft } else { LayerState::Queued };
            let layer = plan.into_layer(stack, &by.author, by.comment.as_deref(), state, by.now_us);
            let layer = layer.map_err(CatalogError::from)?;
            if !by.draft {
                look(&stack.fold(), &after)?;
            }
            Ok(Some(layer))
        });
        made.await
    }

    /// Puts a draft, or a failed layer, at the end of the order.
    ///
    /// # Errors
    /// [`LayerError::NoLayer`], [`LayerError::Transition`], [`LayerError::Orphans`] if what it changes is gone,
    /// [`LayerError::Broken`] if the result would not hold together.
    pub async fn apply(&self, id: LayerId) -> Result<Arc<Layer>> {
        let mut revision = self.revision.lock().await;
        let mut stack = LayerStack::clone(&self.stack());
        stack.set_state(id, LayerState::Queued).map_err(CatalogError::from)?;
        refuse_unfit(&stack, id).map_err(CatalogError::from)?;
        *revision = self.catalog.set_layer_state(*revision, id, LayerState::Queued).await?;
        self.take(stack, id)
    }

    /// Moves a layer to another state: a draft is thrown away, a rollout gets further.
    ///
    /// # Errors
    /// [`LayerError::NoLayer`], [`LayerError::Transition`].
    pub async fn set_state(&self, id: LayerId, to: LayerState) -> Result<Arc<Layer>> {
        let mut revision = self.revision.lock().await;
        let mut stack = LayerStack::clone(&self.stack());
        stack.set_state(id, to).map_err(CatalogError::from)?;
        *revision = self.catalog.set_layer_state(*revision, id, to).await?;
        self.take(stack, id)
    }

    async fn make(&self, layer: impl FnOnce(&LayerStack) -> Result<NewLayer, LayerError>) -> Result<Arc<Layer>> {
        let made = self.make_some(|stack| Ok(Some(layer(stack).map_err(CatalogError::from)?))).await?;
        Ok(made.expect("a layer was asked for"))
    }

    async fn make_some(&self, layer: impl FnOnce(&LayerStack) -> Result<Option<NewLayer>>) -> Result<Option<Arc<Layer>>> {
        let mut revision = self.revision.lock().await;
        let mut stack = LayerStack::clone(&self.stack());
        let Some(new) = layer(&stack)? else { return Ok(None) };
        let (stored, next) = self.catalog.append_layer(*revision, &new).await?;
        *revision = next;
        let id = stored.id;
        stack.insert(stored).map_err(CatalogError::from)?;
        self.take(stack, id).map(Some)
    }

    /// Takes over a stack that is durable.
    fn take(&self, stack: LayerStack, id: LayerId) -> Result<Arc<Layer>> {
        let layer = Arc::clone(stack.layer(id).map_err(CatalogError::from)?);
        *self.stack.write() = Arc::new(stack);
        Ok(layer)
    }
}

/// Refuses a layer that does not fit what is configured by now: its objects are gone, or something would not hold together.
fn refuse_unfit(stack: &LayerStack, id: LayerId) -> Result<(), LayerError> {
    let fold = stack.fold();
    let mut lost = fold.ignored().iter().filter(|(layer, _)| *layer == id);
    if let Some((_, number)) = lost.next() {
        let patch = &stack.layer(id)?.patches[*number];
        let path = patch.op.path().map(ToString::to_string).unwrap_or_default();
        let key = format!("{} {}", patch.relation.noun(), patch.uid);
        return Err(LayerError::Orphans { count: 1 + lost.count(), key, path, by: id });
    }
    let breaks = broken::all(&fold);
    let count = breaks.len();
    match breaks.into_iter().next() {
        Some(first) => Err(LayerError::Broken { first, count }),
        None => Ok(()),
    }
}

/// Names of the roles that differ between two folds, or have a rule that does.
pub(crate) fn touched_roles(before: &Fold, after: &Fold) -> BTreeSet<String> {
    let touched = delta::touched(before, after);
    let names = [before, after].into_iter().flat_map(|fold| {
        let objects = touched.iter().filter_map(|uid| fold.get(*uid));
        let roles: BTreeSet<Uid> = objects.filter_map(|object| role_of(object)).collect();
        roles.into_iter().filter_map(|role| fold.get(role)).map(|role| role.name().to_owned())
    });
    names.collect()
}

/// The role that an object is, or belongs to.
fn role_of(object: &Object) -> Option<Uid> {
    match object.relation {
        Relation::Roles => Some(object.uid),
        Relation::Rules => object.reference("role"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use strata_catalog::SqliteCatalog;
    use strata_catalog::etl::{Orphans, Row};

    use super::*;
    use crate::error::EngineError;

    fn by(draft: bool) -> Authorship {
        Authorship { author: "ann".to_owned(), comment: None, draft, now_us: 1 }
    }

    fn row(value: serde_json::Value) -> Row {
        value.as_object().unwrap().clone()
    }

    fn role(configuration: &Configuration, name: &str) -> Staging {
        let mut staging = configuration.begin();
        staging.insert(Relation::Roles, vec![row(json!({"name": name, "kind": "generic"}))]).unwrap();
        staging
    }

    async fn commit(configuration: &Configuration, staging: &Staging) -> Result<LayerId> {
        Ok(configuration.commit(staging, Origin::Sql, by(false)).await?.expect("something was changed").id)
    }

    #[tokio::test]
    async fn layers_are_there_after_a_restart_and_uids_go_on() {
        let catalog: Arc<dyn Catalog> = Arc::new(SqliteCatalog::in_memory().unwrap());
        let before = Configuration::load(catalog.clone(), Components::default()).await.unwrap();
        commit(&before, &role(&before, "web")).await.unwrap();
        commit(&before, &role(&before, "db")).await.unwrap();
        before.carry_out(|stack| Plan::drop(stack, LayerId(1), Orphans::Refuse), |_, _| Ok(()), by(false)).await.unwrap();
        let after = Configuration::load(catalog, Components::default()).await.unwrap();
        let layers = |configuration: &Configuration| configuration.stack().layers().cloned().collect::<Vec<_>>();
        assert_eq!(layers(&after), layers(&before));
        let names = |configuration: &Configuration| {
            let fold = configuration.stack().fold();
            fold.objects().map(|role| (role.uid.0, role.name().to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(names(&after), [(2, "db".to_owned())]);
        commit(&after, &role(&after, "new")).await.unwrap();
        assert_eq!(names(&after), [(2, "db".to_owned()), (3, "new".to_owned())]);
    }

    #[tokio::test]
    async fn the_second_commit_is_checked_against_the_first() {
        let configuration =
            Configuration::load(Arc::new(SqliteCatalog::in_memory().unwrap()), Components::default()).await.unwrap();
        let (one, two, other) = (role(&configuration, "web"), role(&configuration, "web"), role(&configuration, "db"));
        commit(&configuration, &one).await.unwrap();
        let refused = commit(&configuration, &two).await;
        assert!(matches!(refused, Err(EngineError::Catalog(CatalogError::Layer(LayerError::Conflict { .. })))), "{refused:?}");
        assert_eq!(commit(&configuration, &other).await.unwrap(), LayerId(2));
        assert!(configuration.commit(&configuration.begin(), Origin::Sql, by(false)).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_draft_whose_object_is_gone_is_not_applied() {
        let configuration =
            Configuration::load(Arc::new(SqliteCatalog::in_memory().unwrap()), Components::default()).await.unwrap();
        commit(&configuration, &role(&configuration, "web")).await.unwrap();
        let mut staging = configuration.begin();
        let web = staging.fold().role("web").unwrap().uid;
        staging.update(Relation::Roles, vec![(web, row(json!({"description": "x"})))]).unwrap();
        let draft = configuration.commit(&staging, Origin::Sql, by(true)).await.unwrap().unwrap().id;
        configuration.carry_out(|stack| Plan::drop(stack, LayerId(1), Orphans::Refuse), |_, _| Ok(()), by(false)).await.unwrap();
        let refused = configuration.apply(draft).await;
        assert!(matches!(refused, Err(EngineError::Catalog(CatalogError::Layer(LayerError::Orphans { .. })))), "{refused:?}");
        assert_eq!(configuration.stack().layer(draft).unwrap().state, LayerState::Draft);
        configuration
            .carry_out(|stack| Plan::restore(stack, LayerId(1), Orphans::Refuse), |_, _| Ok(()), by(false))
            .await
            .unwrap();
        assert_eq!(configuration.apply(draft).await.unwrap().state, LayerState::Queued);
    }
}
