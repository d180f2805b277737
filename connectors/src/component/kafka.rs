//! Topics of a Kafka cluster: a rule is a topic, and what they come to is one file that no broker reads.
//!
//! ```text
//! etl.rules --rules--> topics.json --sidecar--> topics_applier --plan--> requests to the broker
//!               (pure, on the server)               (beside the cluster, the only effect)
//! ```
//!
//! Why it is done this way: docs/decisions/0110-kafka-topics.md.
//!
//! **Invariant:** a topic is deleted only when a rule that was there is gone and the role allowed it before.

mod amount;
mod broker;
mod connection;
mod error_code;
mod plan;
mod request;
mod rules;
mod topic_config;
mod topics_applier;
mod topics_file;
mod wire;

use strata_catalog::etl::component::{
    Component, Direction, Endpoint, Finding, Refusal, RenderedFile, Reservation, Role, Rule, RuleEdge, Severity,
};

pub use topics_applier::KafkaApplier;
use topics_file::TopicsFile;

/// The component kind `kafka`: a topic a rule.
#[derive(Debug, Clone, Copy, Default)]
pub struct Kafka;

impl Component for Kafka {
    fn kind(&self) -> &'static str {
        "kafka"
    }

    /// The text is a `topics.json`; each topic becomes a rule.
    fn import(&self, role: &Role, text: &str) -> Result<Vec<Rule>, Refusal> {
        let place = |error: serde_json::Error| Refusal {
            line: u32::try_from(error.line()).unwrap_or(u32::MAX).max(1),
            column: u32::try_from(error.column()).unwrap_or(u32::MAX).max(1),
            message: error.to_string(),
            hint: Some("strata agent --present prints the topics that there are in this form.".to_owned()),
        };
        let file = TopicsFile::parse(text).map_err(place)?;
        match rules::not_of_role(role, &file) {
            Some(setting) => Err(Refusal {
                line: 1,
                column: 1,
                message: format!("\"{setting}\" is a setting of the role, which has another"),
                hint: Some(format!("Set it with UPDATE etl.roles, or take \"{setting}\" out of the text.")),
            }),
            None => Ok(rules::rules(role, &file)),
        }
    }

    fn validate(&self, role: &Role, rules: &[Rule]) -> Vec<Finding> {
        rules::read(role, rules).1
    }

    fn render(&self, role: &Role, rules: &[Rule]) -> Result<Vec<RenderedFile>, Vec<Finding>> {
        let (file, findings) = rules::read(role, rules);
        let errors: Vec<Finding> = findings.into_iter().filter(|finding| finding.severity == Severity::Error).collect();
        if !errors.is_empty() {
            return Err(errors);
        }
        if file.topics.is_empty() {
            return Ok(Vec::new());
        }
        let file = RenderedFile::new(topics_file::PATH, file.to_text()).expect("the path was chosen well");
        Ok(vec![file])
    }

    fn impossible(&self, before: (&Role, &[Rule]), after: (&Role, &[Rule])) -> Vec<Finding> {
        rules::impossible(&rules::read(before.0, before.1).0, &rules::read(after.0, after.1).0)
    }

    fn reserve(&self, _role: &Role, _rules: &[Rule]) -> Vec<Reservation> {
        Vec::new()
    }

    /// A topic stands between those that write to it and those that read from it.
    fn endpoints(&self, _role: &Role, rules: &[Rule]) -> Vec<Endpoint> {
        let ways = |name: &str| {
            [Direction::In, Direction::Out].map(|direction| Endpoint {
                rule: name.to_owned(),
                direction,
                via: "kafka".to_owned(),
                target: name.to_owned(),
            })
        };
        rules::enabled(rules).into_keys().flat_map(ways).collect()
    }

    fn edges(&self, _role: &Role, _rules: &[Rule]) -> Vec<RuleEdge> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests;
