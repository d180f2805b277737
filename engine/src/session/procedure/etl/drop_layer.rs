//! `CALL etl.drop_layer(3, orphans => 'keep')`: takes away what a layer set, and nothing else. A draft is thrown away.

use futures::future::{BoxFuture, FutureExt};
use strata_catalog::etl::{LayerState, Orphans, Plan};

use super::{ANSWER, answer, layer_error};
use crate::Result;
use crate::session::Session;
use crate::session::procedure::arguments::{Arguments, called_otherwise};
use crate::session::procedure::{Procedure, Signature};

const EXAMPLE: &str = "etl.drop_layer(3, orphans => 'drop')";

/// See the module.
pub(in crate::session::procedure) struct DropLayer;

impl Procedure for DropLayer {
    fn signature(&self) -> Signature {
        Signature {
            schema: "etl",
            name: "drop_layer",
            parameters: "layer bigint, orphans text",
            comment: "take away what a layer set, and nothing else",
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
            let draft = configuration.stack().layer(layer).map_err(layer_error)?.state == LayerState::Draft;
            let made = if draft {
                Some(configuration.set_state(layer, LayerState::Dropped).await?)
            } else {
                configuration
                    .carry_out(
                        |stack| Plan::drop(stack, layer, orphans),
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
