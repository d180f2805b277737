//! Who reads from whom: `inputs` resolved to components, and what is wrong with them.
//!
//! ```text
//! inputs: [in]          the component "in"
//!         [split.errs]  its output "errs"
//!         [app_*]       every output whose name fits
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value as Json;
use strata_catalog::etl::component::{Finding, Rule, RuleEdge};

use super::assembly::{components, configurations};
use super::file::Stage;
use super::pattern::{is_pattern, matches};
use super::rows::INPUTS;
use super::types::facts;
use crate::component::nearest::nearest;

/// Names that a component is read under.
#[derive(Debug)]
struct Outputs<'a> {
    rule: &'a Rule,
    /// The component's name, and its name with a dot and an output.
    names: BTreeSet<String>,
    /// Only the instance knows what further outputs it has.
    is_open: bool,
}

/// The components of a role, wired.
#[derive(Debug)]
pub struct Topology<'a> {
    components: Vec<(Stage, &'a Rule)>,
    outputs: BTreeMap<&'a str, Outputs<'a>>,
    /// Whose each name is.
    owners: HashMap<String, &'a str>,
    /// Tables that records can be read from.
    tables: BTreeSet<&'a str>,
}

impl<'a> Topology<'a> {
    /// That of the rules that are rendered.
    #[must_use]
    pub fn of(rules: &'a [Rule]) -> Topology<'a> {
        let components: Vec<(Stage, &Rule)> = components(rules).collect();
        let readable = components.iter().filter(|(stage, _)| *stage != Stage::Sink);
        let outputs: BTreeMap<&str, Outputs<'_>> =
            readable.map(|(stage, rule)| (rule.name.as_str(), outputs(*stage, rule))).collect();
        let names = outputs.iter().flat_map(|(owner, outputs)| outputs.names.iter().map(|name| (name.clone(), *owner)));
        let owners = names.collect();
        let tables = configurations(rules).filter_map(|file| file.settings.get("enrichment_tables")?.as_object());
        let tables = tables.flat_map(|tables| tables.keys().map(String::as_str)).collect();
        Topology { components, outputs, owners, tables }
    }

    /// The components that an input stands for; none if there are none.
    fn resolved(&self, input: &str) -> Vec<&'a str> {
        if !is_pattern(input) {
            let open = |(name, _): (&str, &str)| self.outputs.get_key_value(name).filter(|(_, outputs)| outputs.is_open);
            let open = || input.rsplit_once('.').and_then(open).map(|(name, _)| *name);
            return self.owners.get(input).copied().or_else(open).into_iter().collect();
        }
        let fits = |outputs: &Outputs<'_>| outputs.names.iter().any(|name| matches(input, name));
        self.outputs.iter().filter(|(_, outputs)| fits(outputs)).map(|(name, _)| *name).collect()
    }

    /// Everything wrong with the wiring, component by component; then the circles.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut read: BTreeSet<&str> = BTreeSet::new();
        for (stage, rule) in &self.components {
            if *stage == Stage::Source {
                if !rule.inputs.is_empty() || rule.settings.get(INPUTS).is_some() {
                    let finding = Finding::error(&rule.name, INPUTS, "a source has no inputs");
                    found.push(finding.with_hint("Make it a transform or a sink, or set inputs to {}."));
                }
                continue;
            }
            if rule.inputs.is_empty() {
                let message = match rule.settings.get(INPUTS) {
                    None => format!("the {stage} reads from nothing"),
                    Some(Json::Array(names)) if names.is_empty() => format!("the {stage} reads from nothing"),
                    Some(_) => "inputs is no list of names".to_owned(),
                };
                found.push(Finding::error(&rule.name, INPUTS, message).with_hint("Name sources or transforms in inputs."));
            }
            for input in &rule.inputs {
                let sources = self.resolved(input);
                read.extend(&sources);
                let is_known = self.tables.contains(input.as_str()) || input.contains('$');
                if sources.is_empty() && !is_known {
                    found.push(self.unknown(rule, input));
                }
            }
        }
        for (_, rule) in self.components.iter().filter(|(stage, _)| *stage != Stage::Sink) {
            if !read.contains(rule.name.as_str()) {
                let finding = Finding::warning(&rule.name, "name", "nothing reads from it");
                found.push(finding.with_hint("Name it in the inputs of a transform or a sink."));
            }
        }
        found.extend(self.circles());
        found
    }

    fn unknown(&self, rule: &Rule, input: &str) -> Finding {
        if is_pattern(input) {
            let finding = Finding::error(&rule.name, INPUTS, format!("no source or transform fits \"{input}\""));
            return finding.with_hint("A * stands for any characters of a name.");
        }
        let names = || self.outputs.values().flat_map(|outputs| outputs.names.iter().map(String::as_str));
        let owner = self.outputs.get(input).or_else(|| self.outputs.get(input.rsplit_once('.')?.0));
        if let Some(Outputs { rule: owner, names, .. }) = owner {
            let known = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
            let message = format!("\"{}\" has no output \"{input}\"", owner.name);
            return Finding::error(&rule.name, INPUTS, message).with_hint(format!("It is read as {known}."));
        }
        let is_sink = self.components.iter().any(|(stage, rule)| *stage == Stage::Sink && rule.name == input);
        let hint = match nearest(input, names()) {
            _ if is_sink => format!("\"{input}\" is a sink, and nothing comes out of one."),
            Some(nearest) => format!("Perhaps \"{nearest}\" was meant."),
            None => "Name a source or a transform of this role.".to_owned(),
        };
        Finding::error(&rule.name, INPUTS, format!("there is no source or transform \"{input}\"")).with_hint(hint)
    }

    /// Each circle once, at its first component in the order of the rules.
    fn circles(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut done: BTreeSet<&str> = BTreeSet::new();
        let readers = self.components.iter().filter(|(stage, _)| *stage != Stage::Source);
        let by_name: HashMap<&str, &Rule> = readers.map(|(_, rule)| (rule.name.as_str(), *rule)).collect();
        for (_, rule) in &self.components {
            // The components on the way, each with what of its inputs is still to be followed.
            let mut way: Vec<(&str, Vec<&str>)> = Vec::new();
            let mut enter = Some(rule.name.as_str()).filter(|name| !done.contains(name));
            loop {
                if let Some(name) = enter.take() {
                    let inputs = by_name.get(name).map(|rule| rule.inputs.as_slice()).unwrap_or_default();
                    way.push((name, inputs.iter().flat_map(|input| self.resolved(input)).rev().collect()));
                }
                let Some((name, inputs)) = way.last_mut() else { break };
                match inputs.pop() {
                    None => {
                        done.insert(name);
                        way.pop();
                    }
                    Some(input) => match way.iter().position(|(name, _)| *name == input) {
                        Some(begins) => {
                            let circle: Vec<&str> = way[begins..].iter().map(|(name, _)| *name).collect();
                            found.push(circle_of(&circle));
                        }
                        None if !done.contains(input) => enter = Some(input),
                        None => {}
                    },
                }
            }
        }
        found
    }
}

/// `circle` is against the flow of records.
fn circle_of(circle: &[&str]) -> Finding {
    let mut names: Vec<&str> = circle.iter().rev().copied().collect();
    // It is told from the name that comes first, so that it is the same circle whoever found it.
    let first = names.iter().enumerate().min_by_key(|(_, name)| **name).map_or(0, |(i, _)| i);
    names.rotate_left(first);
    let way = names.iter().chain(names.first()).copied().collect::<Vec<_>>().join(" -> ");
    let finding = Finding::error(names[0], INPUTS, format!("the inputs form a circle: {way}"));
    finding.with_hint("Take one of them out of the other's inputs.")
}

/// Who hands records to whom.
#[must_use]
pub fn edges(rules: &[Rule]) -> Vec<RuleEdge> {
    let topology = Topology::of(rules);
    let mut found = BTreeSet::new();
    for (_, rule) in topology.components.iter().filter(|(stage, _)| *stage != Stage::Source) {
        for input in &rule.inputs {
            found.extend(topology.resolved(input).into_iter().map(|from| (from, rule.name.as_str())));
        }
    }
    found.into_iter().map(|(from, to)| RuleEdge { from: from.to_owned(), to: to.to_owned() }).collect()
}

fn outputs(stage: Stage, rule: &Rule) -> Outputs<'_> {
    let name = &rule.name;
    let mut names = BTreeSet::new();
    let facts = rule.plugin.as_deref().and_then(|plugin| facts(stage, plugin));
    let Some(facts) = facts else {
        names.insert(name.clone());
        return Outputs { rule, names, is_open: true };
    };
    if !facts.only_named {
        names.insert(name.clone());
    }
    names.extend(facts.outputs.iter().map(|output| format!("{name}.{output}")));
    if facts.names_outputs {
        for setting in ["route", "routes", "lanes"] {
            match rule.settings.get(setting) {
                Some(Json::Object(routes)) => names.extend(routes.keys().map(|route| format!("{name}.{route}"))),
                Some(Json::Array(routes)) => {
                    let routes = routes.iter().filter_map(|route| route.get("name")?.as_str());
                    names.extend(routes.map(|route| format!("{name}.{route}")));
                }
                _ => {}
            }
        }
    }
    Outputs { rule, names, is_open: false }
}

#[cfg(test)]
mod tests;
