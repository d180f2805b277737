//! `CALL etl.rollback_to(3)`: drops every layer behind one, in one new layer. 0 drops all.

use futures::future::{BoxFuture, FutureExt};
use strata_catalog::etl::Plan;

use super::{ANSWER, answer};
use crate::Result;
use crate::session::Session;
use crate::session::procedure::arguments::Arguments;
use crate::session::procedure::{Procedure, Signature};

/// See the module.
pub(in crate::session::procedure) struct RollbackTo;

impl Procedure for RollbackTo {
    fn signature(&self) -> Signature {
        Signature { schema: "etl", name: "rollback_to", parameters: "layer bigint", comment: "drop every layer behind one" }
    }

    fn answer(&self) -> &'static [&'static str] {
        ANSWER
    }

    fn call<'a>(&'a self, session: &'a Session, arguments: &'a Arguments) -> BoxFuture<'a, Result<Vec<String>>> {
        async move {
            let layer = arguments.layer(&[], "etl.rollback_to(3)")?;
            let configuration = session.engine.configuration();
            let made = configuration
                .carry_out(
                    |stack| Plan::rollback(stack, layer),
                    |before, after| session.refuse_unfit(before, after),
                    session.authorship(),
                )
                .await?;
            answer(session, made).await
        }
        .boxed()
    }
}
