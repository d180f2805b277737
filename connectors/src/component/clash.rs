//! Rules of one role that claim the same port or consumer group.

use std::collections::HashMap;

use strata_catalog::etl::component::{Finding, Reservation, Resource};

/// An error for every claim that an earlier rule has a claim against.
pub fn clashes(claims: &[Reservation]) -> Vec<Finding> {
    let mut earlier: HashMap<String, Vec<&Reservation>> = HashMap::new();
    let mut found = Vec::new();
    for claim in claims {
        let rivals = earlier.entry(rivalry(&claim.resource)).or_default();
        if let Some(first) = rivals.iter().find(|rival| rival.rule != claim.rule && rival.resource.clashes_with(&claim.resource))
        {
            let message = format!("{} is taken by the rule \"{}\"", claim.resource, first.rule);
            found.push(Finding::error(&claim.rule, &claim.field, message).with_hint("Give each rule one of its own."));
        }
        rivals.push(claim);
    }
    found
}

/// Only claims of the same rivalry can clash.
fn rivalry(resource: &Resource) -> String {
    match resource {
        Resource::Port { transport, port, .. } => format!("{transport} {port}"),
        Resource::ConsumerGroup { .. } => resource.to_string(),
    }
}
