//! `CALL etl.enable('role', 'rule')` and `etl.disable`: an UPDATE of `enabled` that says no more than it must.

use futures::future::{BoxFuture, FutureExt};
use strata_catalog::etl::{LayerError, Origin, Relation, Row};

use super::{ANSWER, answer, layer_error};
use crate::Result;
use crate::session::Session;
use crate::session::procedure::arguments::Arguments;
use crate::session::procedure::{Procedure, Signature};

/// See the module.
pub(in crate::session::procedure) struct Enable;

/// See the module.
pub(in crate::session::procedure) struct Disable;

impl Procedure for Enable {
    fn signature(&self) -> Signature {
        Signature { schema: "etl", name: "enable", parameters: "role text, rule text", comment: "let a rule count again" }
    }

    fn answer(&self) -> &'static [&'static str] {
        ANSWER
    }

    fn call<'a>(&'a self, session: &'a Session, arguments: &'a Arguments) -> BoxFuture<'a, Result<Vec<String>>> {
        async move { set(session, arguments.texts("etl.enable('role', 'rule')")?, true).await }.boxed()
    }
}

impl Procedure for Disable {
    fn signature(&self) -> Signature {
        Signature { schema: "etl", name: "disable", parameters: "role text, rule text", comment: "let a rule count no more" }
    }

    fn answer(&self) -> &'static [&'static str] {
        ANSWER
    }

    fn call<'a>(&'a self, session: &'a Session, arguments: &'a Arguments) -> BoxFuture<'a, Result<Vec<String>>> {
        async move { set(session, arguments.texts("etl.disable('role', 'rule')")?, false).await }.boxed()
    }
}

async fn set(session: &Session, [role, rule]: [&str; 2], enabled: bool) -> Result<Vec<String>> {
    let configuration = session.engine.configuration();
    let mut staging = configuration.begin();
    let missing = |relation, name: &str| layer_error(LayerError::NoObject { relation, name: name.to_owned() });
    let role = staging.fold().role(role).ok_or_else(|| missing(Relation::Roles, role))?.uid;
    let rule = staging.fold().rule(role, rule).ok_or_else(|| missing(Relation::Rules, rule))?.uid;
    let row = Row::from_iter([("enabled".to_owned(), enabled.into())]);
    staging.update(Relation::Rules, vec![(rule, row)]).map_err(layer_error)?;
    let made = configuration.commit(&staging, Origin::Sql, session.authorship()).await?;
    answer(session, made).await
}
