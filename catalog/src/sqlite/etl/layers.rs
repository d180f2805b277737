//! Layers and their patches. Rows are added; of a stored layer only state and place change.

use std::collections::BTreeMap;

use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Row, Transaction};
use serde_json::Value;

use super::word;
use crate::etl::catalog::Revision;
use crate::etl::made::Made;
use crate::etl::{FieldPath, Layer, LayerError, LayerId, LayerState, NewLayer, Origin, Patch, PatchOp, Place, Relation, Uid};
use crate::sqlite::counters::{self, Counter};
use crate::sqlite::json;
use crate::{CatalogError, Result};

/// Layers newer than `after`, by id.
pub(super) fn list(transaction: &Transaction<'_>, after: LayerId) -> Result<(Vec<Layer>, Revision)> {
    let mut patches = patches(transaction, after)?;
    let mut statement = transaction.prepare_cached(
        "SELECT id, place, created_at_us, author, comment, state, origin, drops, restores, keeps
         FROM etl_layers WHERE id > ?1 ORDER BY id",
    )?;
    let mut rows = statement.query([after.0])?;
    let mut layers = Vec::new();
    while let Some(row) = rows.next()? {
        let mut layer = from_row(row)?;
        layer.patches = patches.remove(&layer.id).unwrap_or_default();
        layers.push(layer);
    }
    Ok((layers, revision(transaction)?))
}

fn from_row(row: &Row<'_>) -> Result<Layer> {
    let id: i64 = row.get(0)?;
    let (state, origin): (String, String) = (row.get(5)?, row.get(6)?);
    Ok(Layer {
        id: LayerId(id),
        place: row.get::<_, Option<i64>>(1)?.map(Place),
        created_at_us: row.get(2)?,
        author: row.get(3)?,
        comment: row.get(4)?,
        state: word(LayerState::named(&state), "etl_layers", &state)?,
        origin: word(Origin::named(&origin), "etl_layers", &origin)?,
        patches: Vec::new(),
        drops: json::from_text("etl_layers", id, row.get_ref(7)?)?,
        restores: json::from_text("etl_layers", id, row.get_ref(8)?)?,
        keeps: json::from_text("etl_layers", id, row.get_ref(9)?)?,
        made: Made::default(),
    })
}

fn patches(transaction: &Transaction<'_>, after: LayerId) -> Result<BTreeMap<LayerId, Vec<Patch>>> {
    let mut statement = transaction.prepare_cached(
        "SELECT layer, relation, uid, op, path, value FROM etl_patches WHERE layer > ?1 ORDER BY layer, number",
    )?;
    let mut rows = statement.query([after.0])?;
    let mut found: BTreeMap<LayerId, Vec<Patch>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let layer: i64 = row.get(0)?;
        let (relation, op): (String, String) = (row.get(1)?, row.get(3)?);
        let path: FieldPath = json::from_text("etl_patches", layer, row.get_ref(4)?)?;
        let value: Option<Value> = match row.get_ref(5)? {
            ValueRef::Null => None,
            text => Some(json::from_text("etl_patches", layer, text)?),
        };
        let op = match (op.as_str(), value) {
            ("create", Some(Value::Object(fields))) => PatchOp::Create { fields },
            ("set", Some(value)) => PatchOp::Set { path, value },
            ("unset", None) => PatchOp::Unset { path },
            ("delete", None) => PatchOp::Delete,
            (op, _) => {
                return Err(CatalogError::Corrupt { reason: format!("a patch {op:?} of layer {layer} has the wrong value") });
            }
        };
        let relation = word(Relation::named(&relation), "etl_patches", &relation)?;
        found.entry(LayerId(layer)).or_default().push(Patch { relation, uid: Uid(row.get(2)?), op });
    }
    Ok(found)
}

/// Adds a layer behind all others.
pub(super) fn append(transaction: &Transaction<'_>, seen: Revision, new: NewLayer) -> Result<(Layer, Revision)> {
    let revision = advance(transaction, seen)?;
    let id: i64 = transaction.query_row("SELECT ifnull(max(id), 0) + 1 FROM etl_layers", [], |row| row.get(0))?;
    if let Some(named) = new.drops.iter().chain(&new.restores).find(|named| named.0 >= id || named.0 < 1) {
        let reason = format!("layer {id} names layer {named}, which is not there");
        return Err(LayerError::Inconsistent { reason }.into());
    }
    let place = if new.state.folds() { Some(next_place(transaction)?) } else { None };
    let layer = Layer::stored(LayerId(id), place, new);
    transaction
        .prepare_cached(
            "INSERT INTO etl_layers (id, place, created_at_us, author, comment, state, origin, drops, restores, keeps)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute((
            id,
            place.map(|place| place.0),
            layer.created_at_us,
            &layer.author,
            &layer.comment,
            layer.state.name(),
            layer.origin.name(),
            json::to_text(&layer.drops)?,
            json::to_text(&layer.restores)?,
            json::to_text(&layer.keeps)?,
        ))?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO etl_patches (layer, number, relation, uid, op, path, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let whole = FieldPath::default();
    for (number, patch) in (0_i64..).zip(&layer.patches) {
        let value = match &patch.op {
            PatchOp::Create { fields } => Some(json::to_text(fields)?),
            PatchOp::Set { value, .. } => Some(json::to_text(value)?),
            PatchOp::Unset { .. } | PatchOp::Delete => None,
        };
        let path = json::to_text(patch.op.path().unwrap_or(&whole))?;
        insert.execute((id, number, patch.relation.name(), patch.uid.0, patch.op.name(), path, value))?;
    }
    Ok((layer, revision))
}

/// Moves a layer to another state.
pub(super) fn set_state(transaction: &Transaction<'_>, seen: Revision, layer: LayerId, to: LayerState) -> Result<Revision> {
    let revision = advance(transaction, seen)?;
    let found: Option<String> =
        transaction.query_row("SELECT state FROM etl_layers WHERE id = ?1", [layer.0], |row| row.get(0)).optional()?;
    let found = found.ok_or(LayerError::NoLayer { layer })?;
    let from = word(LayerState::named(&found), "etl_layers", &found)?;
    if !from.may_become(to) {
        return Err(LayerError::Transition { layer, from, to }.into());
    }
    transaction.execute("UPDATE etl_layers SET state = ?2 WHERE id = ?1", (layer.0, to.name()))?;
    if to == LayerState::Queued {
        transaction.execute("UPDATE etl_layers SET place = NULL WHERE id = ?1", [layer.0])?;
        let place = next_place(transaction)?;
        transaction.execute("UPDATE etl_layers SET place = ?2 WHERE id = ?1", (layer.0, place.0))?;
    }
    Ok(revision)
}

fn next_place(transaction: &Transaction<'_>) -> Result<Place> {
    let place = transaction.query_row("SELECT ifnull(max(place), 0) + 1 FROM etl_layers", [], |row| row.get(0))?;
    Ok(Place(place))
}

fn revision(transaction: &Transaction<'_>) -> Result<Revision> {
    Ok(Revision(counters::current(transaction, Counter::EtlRevision)?))
}

/// Goes to the next revision, from the one that the caller has seen.
fn advance(transaction: &Transaction<'_>, seen: Revision) -> Result<Revision> {
    let found = counters::next(transaction, Counter::EtlRevision)?;
    if found != seen.0 {
        return Err(LayerError::Revision { expected: seen.0, found }.into());
    }
    Ok(Revision(found + 1))
}
