//! `CALL etl.drop_layer(3, orphans => 'keep')`: takes away what a layer set, and nothing else. A draft is thrown away.

use futures::future::{BoxFuture, FutureExt};
use strata_catalog::etl::{LayerState, Plan};

use super::ANSWER;
use super::on_layer::OnLayer;
use crate::Result;
use crate::session::Session;
use crate::session::procedure::arguments::Arguments;
use crate::session::procedure::{Procedure, Signature};

const DROP: OnLayer = OnLayer {
    example: "etl.drop_layer(3, orphans => 'drop')",
    states: (LayerState::Draft, LayerState::Dropped),
    plan: Plan::drop,
};

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
        DROP.call(session, arguments).boxed()
    }
}
