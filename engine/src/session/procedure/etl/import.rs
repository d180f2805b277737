//! `CALL etl.import('role', $$ text $$)`: makes the rules of a role those of a whole configuration file, in one layer.
//!
//! Rules are told apart by their names: one that is there already is changed where it differs, one that the text has not is
//! deleted. So importing a file again after a small edit makes a small layer, and importing the same file makes none.
//! Only what the software's own grammar refuses is refused.

use futures::future::{BoxFuture, FutureExt};

use std::collections::{BTreeMap, BTreeSet};

use strata_catalog::etl::component::{Role, Rule};
use strata_catalog::etl::component_row::row_of_rule;
use strata_catalog::etl::{LayerError, Origin, Relation, Row, Staging, Uid};

use super::{answer, layer_error};
use crate::Result;
use crate::error::{DataFault, EngineError};
use crate::etl::judge::RoleFinding;
use crate::session::Session;
use crate::session::procedure::arguments::Arguments;
use crate::session::procedure::{Procedure, Signature};

/// Findings that are told as notices; the rest are counted.
const NOTICES_MAX: usize = 100;

/// See the module.
pub(in crate::session::procedure) struct Import;

impl Procedure for Import {
    fn signature(&self) -> Signature {
        Signature {
            schema: "etl",
            name: "import",
            parameters: "role text, text text",
            comment: "make the rules of a role those of a configuration file",
        }
    }

    fn answer(&self) -> &'static [&'static str] {
        &["layer", "origin", "state", "rules"]
    }

    fn call<'a>(&'a self, session: &'a Session, arguments: &'a Arguments) -> BoxFuture<'a, Result<Vec<String>>> {
        async move {
            let [name, text] = arguments.texts("etl.import('role', 'text')")?;
            session.refuse_when_read_only("CALL etl.import")?;
            let configuration = session.engine.configuration();
            let mut staging = configuration.begin();
            let missing =
                || EngineError::Catalog(LayerError::NoObject { relation: Relation::Roles, name: name.to_owned() }.into());
            let (role, _) = staging.fold().for_component(name).ok_or_else(missing)?;
            let rules = read(session, &role, text)?;
            let count = rules.len();
            stage(&mut staging, name, &rules)?;
            let findings = configuration.judge(staging.fold(), |judge| judge.role(name)).unwrap_or_default();
            let made = configuration.commit(&staging, Origin::Import, session.authorship()).await?;
            for finding in findings.iter().take(NOTICES_MAX) {
                let told = RoleFinding { role: name.to_owned(), finding: finding.clone() };
                session.notice(format!("{}: {}", finding.severity, told.text()), finding.hint.clone());
            }
            if findings.len() > NOTICES_MAX {
                let hint = format!("SELECT * FROM etl.validate('{}') shows all.", name.replace('\'', "''"));
                session.notice(format!("and {} more findings", findings.len() - NOTICES_MAX), Some(hint));
            }
            let mut said = answer(session, made).await?;
            said.push(count.to_string());
            Ok(said)
        }
        .boxed()
    }
}

fn read(session: &Session, role: &Role, text: &str) -> Result<Vec<Rule>> {
    let component = session.engine.configuration().components().of_kind(&role.kind)?;
    component.import(role, text).map_err(|refusal| EngineError::Data {
        reason: DataFault::InvalidText,
        message: refusal.to_string(),
        hint: refusal.hint,
    })
}

/// Makes the rules of a role those of the text. New ones come first, because others may stand in them; the old ones go
/// last, when nothing stands in them any more.
fn stage(staging: &mut Staging, role: &str, rules: &[Rule]) -> Result<()> {
    let fold = staging.fold().clone();
    let uid = fold.role(role).map(|role| role.uid);
    let of_role = fold.of_relation(Relation::Rules).filter(|rule| rule.reference("role") == uid);
    let old: BTreeMap<&str, Uid> = of_role.map(|rule| (rule.name(), rule.uid)).collect();
    let (known, new): (Vec<&Rule>, Vec<&Rule>) = rules.iter().partition(|rule| old.contains_key(rule.name.as_str()));
    staging.insert(Relation::Rules, new.into_iter().map(row_of_rule).collect()).map_err(layer_error)?;
    let change = |rule: &Rule| -> (Uid, Row) {
        let mut row = row_of_rule(rule);
        row.remove("role");
        (old[rule.name.as_str()], row)
    };
    staging.update(Relation::Rules, known.into_iter().map(change).collect()).map_err(layer_error)?;
    let kept: BTreeSet<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    let gone: Vec<Uid> = old.iter().filter(|(name, _)| !kept.contains(*name)).map(|(_, uid)| *uid).collect();
    staging.delete(&gone).map_err(layer_error)
}
