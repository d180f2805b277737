//! `CALL etl.apply(3)`: puts a draft, or a layer that failed, behind all others.

use futures::future::{BoxFuture, FutureExt};

use super::{ANSWER, answer};
use crate::Result;
use crate::session::Session;
use crate::session::procedure::Procedure;
use crate::session::procedure::arguments::Arguments;

/// See the module.
pub(in crate::session::procedure) struct Apply;

impl Procedure for Apply {
    fn name(&self) -> (&'static str, &'static str) {
        ("etl", "apply")
    }

    fn answer(&self) -> &'static [&'static str] {
        ANSWER
    }

    fn call<'a>(&'a self, session: &'a Session, arguments: &'a Arguments) -> BoxFuture<'a, Result<Vec<String>>> {
        async move {
            let layer = arguments.layer(&[], "etl.apply(3)")?;
            let applied = session.engine.configuration().apply(layer).await?;
            answer(session, Some(applied)).await
        }
        .boxed()
    }
}
