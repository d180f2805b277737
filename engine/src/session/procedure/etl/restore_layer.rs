//! `CALL etl.restore_layer(3)`: brings back what a layer set before it was dropped. A draft that was thrown away is one again.

use futures::future::{BoxFuture, FutureExt};
use strata_catalog::etl::{LayerState, Orphans, Plan};

use super::{ANSWER, answer, layer_error};
use crate::Result;
use crate::session::Session;
use crate::session::procedure::arguments::{Arguments, called_otherwise};
use crate::session::procedure::{Procedure, Signature};

const EXAMPLE: &str = "etl.restore_layer(3)";

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
        async move {
            let layer = arguments.layer(&["orphans"], EXAMPLE)?;
            let orphans = if arguments.names.is_empty() {
                Orphans::Refuse
            } else {
                arguments.named_text("orphans").and_then(Orphans::named).ok_or_else(|| called_otherwise(EXAMPLE))?
            };
            let configuration = session.engine.configuration();
            let thrown_away = configuration.stack().layer(layer).map_err(layer_error)?.state == LayerState::Dropped;
            let made = if thrown_away {
                Some(configuration.set_state(layer, LayerState::Draft).await?)
            } else {
                configuration
                    .carry_out(
                        |stack| Plan::restore(stack, layer, orphans),
                        |before, after| session.refuse_unfit(before, after),
                        session.authorship(),
                    )
                    .await?
            };
            answer(session, made).await
        }
        .boxed()
    }
}
