//! `CALL etl.apply(3)`: puts a draft, or a layer that failed, behind all others.

use futures::future::{BoxFuture, FutureExt};

use super::{ANSWER, answer};
use crate::Result;
use crate::session::Session;
use crate::session::procedure::arguments::Arguments;
use crate::session::procedure::{Procedure, Signature};

/// See the module.
pub(in crate::session::procedure) struct Apply;

impl Procedure for Apply {
    fn signature(&self) -> Signature {
        Signature {
            schema: "etl",
            name: "apply",
            parameters: "layer bigint",
            comment: "put a draft, or a layer that failed, behind all others",
        }
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
