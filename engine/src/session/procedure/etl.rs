//! Procedures on the layers of the configuration. Each makes a layer, or changes the state of one, and answers with it.

mod apply;
mod drop_layer;
mod enable;
mod import;
mod on_layer;
mod restore_layer;
mod rollback_to;
mod task;

use std::sync::Arc;

use strata_catalog::etl::{Layer, LayerError};

use crate::Result;
use crate::error::EngineError;
use crate::session::Session;

pub(super) use apply::Apply;
pub(super) use drop_layer::DropLayer;
pub(super) use enable::{Disable, Enable};
pub(super) use import::Import;
pub(super) use restore_layer::RestoreLayer;
pub(super) use rollback_to::RollbackTo;
pub(super) use task::{Cancel, Retry};

/// Columns of every answer.
const ANSWER: &[&str] = &["layer", "origin", "state"];

fn layer_error(error: LayerError) -> EngineError {
    EngineError::Catalog(strata_catalog::CatalogError::Layer(error))
}

/// Tells of a layer that was made or changed; without one, that nothing was done, with the layer that stays the last.
async fn answer(session: &Session, made: Option<Arc<Layer>>) -> Result<Vec<String>> {
    let layer = match made {
        Some(layer) => session.settled(layer).await?,
        None => {
            session.notice("nothing was changed, so no layer was made", None);
            let stack = session.engine.configuration().stack();
            Arc::clone(stack.layer(stack.last()).map_err(layer_error)?)
        }
    };
    Ok(vec![layer.id.to_string(), layer.origin.name().to_owned(), layer.state.name().to_owned()])
}
