//! What is wrong with roles: what their components find, and what two roles on one machine both claim.
//!
//! Nothing is decided here. A finding refuses a layer only where the layer brought it in ([`brought_in`]) and somebody runs
//! the role; that is the caller's business.

use std::collections::BTreeSet;

use strata_catalog::etl::component::{Finding, Reservation, Severity};
use strata_catalog::etl::record::Instance;
use strata_catalog::etl::{Fold, Relation};

use super::Components;

/// Looks at one configuration.
#[derive(Debug, Clone, Copy)]
pub struct Judge<'a> {
    /// Who knows the kinds.
    pub components: &'a Components,
    /// Who runs what, and where.
    pub instances: &'a [Instance],
    /// What is configured.
    pub fold: &'a Fold,
}

/// A finding and the role that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleFinding {
    /// Name of the role.
    pub role: String,
    /// What is wrong.
    pub finding: Finding,
}

impl RoleFinding {
    /// All of it but the hint, on one line.
    pub fn text(&self) -> String {
        let Finding { rule, field, message, .. } = &self.finding;
        let mut text = format!("role \"{}\"", self.role);
        if let Some(rule) = rule {
            text.push_str(&format!(", rule \"{rule}\""));
        }
        if let Some(field) = field {
            text.push_str(&format!(", {field}"));
        }
        format!("{text}: {message}")
    }
}

impl Judge<'_> {
    /// Everything wrong with a role; `None` if there is no such role.
    pub fn role(&self, name: &str) -> Option<Vec<Finding>> {
        let (role, rules) = self.fold.for_component(name)?;
        let Some(component) = self.components.find(&role.kind) else {
            return Some(vec![Finding {
                severity: Severity::Error,
                rule: None,
                field: Some("kind".to_owned()),
                message: self.components.missing(&role.kind),
                hint: Some(self.components.known()),
            }]);
        };
        let mut findings = component.validate(&role, &rules);
        findings.extend(self.clashes(name, &component.reserve(&role, &rules)));
        Some(findings)
    }

    /// What other roles on the same machines claim, too.
    fn clashes(&self, name: &str, claims: &[Reservation]) -> Vec<Finding> {
        let addresses = self.addresses(name);
        if claims.is_empty() || addresses.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        let others = self.fold.of_relation(Relation::Roles).filter(|other| other.name() != name);
        for other in others.filter(|other| !self.addresses(other.name()).is_disjoint(&addresses)) {
            let Some((role, rules)) = self.fold.for_component(other.name()) else { continue };
            let Some(component) = self.components.find(&role.kind) else { continue };
            for theirs in component.reserve(&role, &rules) {
                let mine = claims.iter().filter(|mine| mine.resource.clashes_with(&theirs.resource));
                found.extend(mine.map(|mine| {
                    let message = format!("{} is taken by rule \"{}\" of role \"{}\"", mine.resource, theirs.rule, role.name);
                    let hint = "Both roles have an instance on the same address; let one of them use another.";
                    Finding::error(&mine.rule, &mine.field, message).with_hint(hint)
                }));
            }
        }
        found
    }

    /// Where the instances of a role are.
    fn addresses(&self, role: &str) -> BTreeSet<&str> {
        let instances = self.instances.iter().filter(|instance| instance.role == role && !instance.address.is_empty());
        instances.map(|instance| instance.address.as_str()).collect()
    }
}

/// What a role cannot be changed to from what it is; nothing for one that is new, gone, or of another kind than before.
fn impossible(before: &Judge<'_>, after: &Judge<'_>, name: &str) -> Vec<RoleFinding> {
    let (Some((role, rules)), Some((new_role, new_rules))) = (before.fold.for_component(name), after.fold.for_component(name))
    else {
        return Vec::new();
    };
    let component = after.components.find(&role.kind).filter(|_| role.kind == new_role.kind);
    let findings = component.map(|component| component.impossible((&role, &rules), (&new_role, &new_rules)));
    findings.into_iter().flatten().map(|finding| RoleFinding { role: name.to_owned(), finding }).collect()
}

/// Errors that these roles have after a change and did not have before, and what cannot be done on the way.
pub fn brought_in(before: &Judge<'_>, after: &Judge<'_>, roles: &BTreeSet<String>) -> Vec<RoleFinding> {
    let mut found = Vec::new();
    for role in roles {
        let mut errors = after.role(role).unwrap_or_default();
        errors.retain(|finding| finding.severity == Severity::Error);
        found.extend(impossible(before, after, role));
        if errors.is_empty() {
            continue;
        }
        let known = before.role(role).unwrap_or_default();
        let new = errors.into_iter().filter(|error| !known.contains(error));
        found.extend(new.map(|finding| RoleFinding { role: role.clone(), finding }));
    }
    found
}
