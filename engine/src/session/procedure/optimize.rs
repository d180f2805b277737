//! `CALL sys.optimize('logs.app')`: seals, merges and indexes all of a topic; returns when it is done.

use futures::future::{BoxFuture, FutureExt};

use super::arguments::Arguments;
use super::{Procedure, Signature};
use crate::Result;
use crate::session::Session;
use crate::session::planner::undefined_relation;

/// See the module.
pub(super) struct Optimize;

impl Procedure for Optimize {
    fn signature(&self) -> Signature {
        Signature { schema: "sys", name: "optimize", parameters: "topic text", comment: "seal, merge and index all of a topic" }
    }

    fn answer(&self) -> &'static [&'static str] {
        &["topic", "segments", "rows", "bytes"]
    }

    fn call<'a>(&'a self, session: &'a Session, arguments: &'a Arguments) -> BoxFuture<'a, Result<Vec<String>>> {
        async move {
            let engine = &session.engine;
            let [name] = arguments.texts("sys.optimize('logs.app')")?;
            let (schema, topic) = name.split_once('.').unwrap_or(("logs", name));
            let state = engine.topics().get(schema, topic).ok_or_else(|| undefined_relation(name))?;
            engine.optimize(&state).await?;
            let snapshot = state.snapshot();
            let bytes: u64 = snapshot.segments.iter().map(|segment| segment.bytes).sum();
            Ok(vec![
                format!("{schema}.{topic}"),
                snapshot.segments.len().to_string(),
                snapshot.rows().to_string(),
                bytes.to_string(),
            ])
        }
        .boxed()
    }
}
