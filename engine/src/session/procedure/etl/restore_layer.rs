//! `CALL etl.restore_layer(3)`: brings back what a layer set before it was dropped. A draft that was thrown away is one again.

use futures::future::{BoxFuture, FutureExt};
use strata_catalog::etl::{LayerState, Plan};

use super::ANSWER;
use super::on_layer::OnLayer;
use crate::Result;
use crate::session::Session;
use crate::session::procedure::arguments::Arguments;
use crate::session::procedure::{Procedure, Signature};

const RESTORE: OnLayer =
    OnLayer { example: "etl.restore_layer(3)", states: (LayerState::Dropped, LayerState::Draft), plan: Plan::restore };

/// See the module.
pub(in crate::session::procedure) struct RestoreLayer;

impl Procedure for RestoreLayer {
    fn signature(&self) -> Signature {
        Signature {
            schema: "etl",
            name: "restore_layer",
            parameters: "layer bigint, orphans text",
            comment: "bring back what a layer set before it was dropped",
        }
    }

    fn answer(&self) -> &'static [&'static str] {
        ANSWER
    }

    fn call<'a>(&'a self, session: &'a Session, arguments: &'a Arguments) -> BoxFuture<'a, Result<Vec<String>>> {
        RESTORE.call(session, arguments).boxed()
    }
}
