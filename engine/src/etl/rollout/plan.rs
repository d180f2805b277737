//! What a rollout will write, and for whom it will wait.
//!
//! The instances are those that are live when the plan is made; one that comes later takes the files when it comes. Roles are
//! written one after the other, those that read before those that send to them.

use std::collections::BTreeSet;

use strata_catalog::etl::component::RenderedFile;
use strata_catalog::etl::config_store::key::Part;
use strata_catalog::etl::config_store::{Entry, Key, Manifest, Scope};
use strata_catalog::etl::{Fold, LayerId, Origin, broken};
use strata_catalog::{CatalogError, etl};

use super::record::{Before, RolePlan};
use super::timing::Timing;
use crate::Result;
use crate::engine::Engine;
use crate::etl::graph::Graph;
use crate::etl::judge::RoleFinding;

/// What a role's component makes of it.
#[derive(Debug)]
pub enum Files {
    /// These.
    Rendered(Vec<RenderedFile>),
    /// The role is gone or disabled: its files stay as they are.
    AsTheyAre,
    /// It cannot say, for this reason.
    Refused(String),
}

/// The files of a role in a configuration.
pub fn files(engine: &Engine, fold: &Fold, name: &str) -> Files {
    let Some((role, rules)) = fold.for_component(name) else { return Files::AsTheyAre };
    if !role.enabled {
        return Files::AsTheyAre;
    }
    let components = engine.configuration().components();
    let Some(component) = components.find(&role.kind) else { return Files::Refused(components.missing(&role.kind)) };
    match component.render(&role, &rules) {
        Ok(files) => Files::Rendered(files),
        Err(findings) => {
            let first = findings.into_iter().next().expect("a refusal to render says why");
            Files::Refused(RoleFinding { role: name.to_owned(), finding: first }.text())
        }
    }
}

/// Live instances of some roles: role and id.
pub async fn live(engine: &Engine, roles: &BTreeSet<String>) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for role in roles {
        let listing = engine.config_store().list(&Scope::Instances(role.clone())).await?;
        found.extend(listing.entries.iter().filter_map(|entry| Some((role.clone(), instance_id(entry)?))));
    }
    Ok(found)
}

/// The instance that an entry is of.
pub fn instance_id(entry: &Entry) -> Option<String> {
    match entry.key.part() {
        Part::Instance(id) => Some(id.to_owned()),
        Part::File(_) | Part::Manifest => None,
    }
}

/// The manifest that the config store holds of a role, with its entry.
pub async fn manifest(engine: &Engine, role: &str) -> Result<Option<(Manifest, Entry)>> {
    let key = Key::manifest(role).map_err(etl::config_store::StoreError::from).map_err(CatalogError::from)?;
    let Some(entry) = engine.config_store().get(&key).await? else { return Ok(None) };
    let manifest = Manifest::from_text(&entry.value).map_err(CatalogError::from)?;
    Ok(Some((manifest, entry)))
}

/// Looks whether a layer may go out on what is active now.
pub fn validate(engine: &Engine, layer: LayerId, before: &Fold, after: &Fold) -> Result<(), String> {
    let configuration = engine.configuration();
    if after.ignored().iter().any(|(by, _)| *by == layer) {
        return Err("an object that it changes is gone".to_owned());
    }
    if let Some(first) = broken::all(after).into_iter().next() {
        return Err(first.to_string());
    }
    let imported = configuration.stack().layer(layer).is_ok_and(|layer| layer.origin == Origin::Import);
    let attended = configuration.fleet().roles();
    let mut found = configuration.brought_in(before, after).into_iter().filter(|found| attended.contains(&found.role));
    match found.next().filter(|_| !imported) {
        Some(first) => Err(first.text()),
        None => Ok(()),
    }
}

/// Plans the rollout of a layer to these roles. A role that nothing changes for is not in it.
///
/// # Errors
/// Why it cannot be rolled out, in the inner one; the catalog's and the config store's in the outer one.
pub async fn make(engine: &Engine, after: &Fold, touched: &BTreeSet<String>) -> Result<Result<Vec<RolePlan>, String>> {
    let order = {
        let configuration = engine.configuration();
        Graph::of(after, configuration.components(), &configuration.fleet().all()).consumers_first(touched)
    };
    let mut plans = Vec::new();
    for role in order {
        let one = BTreeSet::from([role.clone()]);
        let mut instances: Vec<String> = live(engine, &one).await?.into_iter().map(|(_, id)| id).collect();
        instances.sort();
        let rendered = match files(engine, after, &role) {
            Files::Rendered(rendered) => rendered,
            Files::AsTheyAre => continue,
            Files::Refused(_) if instances.is_empty() => continue,
            Files::Refused(reason) => return Ok(Err(reason)),
        };
        if let Some((found, _)) = after.for_component(&role)
            && let Err(reason) = Timing::of(&found.settings)
        {
            return Ok(Err(format!("role \"{role}\": {reason}")));
        }
        let wanted = Manifest::of(LayerId::NONE, &rendered);
        let held = manifest(engine, &role).await?.map(|(manifest, _)| manifest);
        if held.as_ref().is_some_and(|held| held.hash == wanted.hash && held.instances.is_none()) {
            continue;
        }
        let files = changed_paths(held.as_ref(), &wanted);
        plans.push(RolePlan { before: held.as_ref().map(Before::from), hash: wanted.hash, role, instances, files });
    }
    Ok(Ok(plans))
}

/// Paths that come, go or get another content.
fn changed_paths(held: Option<&Manifest>, wanted: &Manifest) -> Vec<String> {
    let held = held.map(|held| held.files.as_slice()).unwrap_or_default();
    let new = wanted.files.iter().filter(|file| !held.contains(file));
    let gone = held.iter().filter(|file| !wanted.files.iter().any(|other| other.path == file.path));
    let paths: BTreeSet<String> = new.chain(gone).map(|file| file.path.clone()).collect();
    paths.into_iter().collect()
}
