//! The graphs: which role hands records to which, which rule, which instance. Derived from the rules each time they are asked
//! for.
//!
//! An edge is there when what leaves one role arrives at another: the same Kafka topic, an address that one sends to and the
//! other listens on. Where records leave for something that is no role, there is no edge.

use std::collections::{BTreeMap, BTreeSet};

use strata_catalog::etl::component::{Component, Direction, Endpoint, Role, Rule};
use strata_catalog::etl::record::Instance;
use strata_catalog::etl::{Fold, Relation};

use super::Components;

/// Edges of the instance graph that are drawn at most; beyond that only the roles are worth looking at.
const INSTANCE_EDGES_MAX: usize = 1_000_000;

/// A role as its component sees it.
#[derive(Debug)]
struct Drawn<'a> {
    role: Role,
    rules: Vec<Rule>,
    component: &'a dyn Component,
    endpoints: Vec<Endpoint>,
    instances: Vec<&'a Instance>,
}

/// All roles whose kind is known, ready to be connected.
#[derive(Debug)]
pub struct Graph<'a> {
    roles: Vec<Drawn<'a>>,
}

/// Records go from one to the other; `via` says how and where: `kafka logs`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Role, or instance.
    pub from: String,
    /// Role, or instance.
    pub to: String,
    /// Protocol and target.
    pub via: String,
}

impl<'a> Graph<'a> {
    /// The graph of a configuration.
    pub fn of(fold: &Fold, components: &'a Components, instances: &'a [Instance]) -> Self {
        let mut by_role: BTreeMap<&str, Vec<&Instance>> = BTreeMap::new();
        for instance in instances {
            by_role.entry(&instance.role).or_default().push(instance);
        }
        let drawn = |name: &str| {
            let (role, rules) = fold.for_component(name)?;
            let component = components.find(&role.kind)?;
            let endpoints = component.endpoints(&role, &rules);
            let instances = by_role.get(name).cloned().unwrap_or_default();
            Some(Drawn { role, rules, component, endpoints, instances })
        };
        let mut names: Vec<&str> = fold.of_relation(Relation::Roles).map(|role| role.name()).collect();
        names.sort_unstable();
        Self { roles: names.into_iter().filter_map(drawn).collect() }
    }

    /// From role to role.
    pub fn roles(&self) -> BTreeSet<Edge> {
        let mut edges = BTreeSet::new();
        self.connections(|from, out, to, input| {
            let addresses: Vec<&str> = to.instances.iter().map(|instance| instance.address.as_str()).collect();
            if out.reaches(input, &addresses) {
                edges.insert(edge(&from.role.name, &to.role.name, out));
            }
        });
        edges
    }

    /// From instance to instance, each as `role/id`. One that is sent to by its address is reached alone.
    pub fn instances(&self) -> BTreeSet<Edge> {
        let mut edges = BTreeSet::new();
        self.connections(|from, out, to, input| {
            let reached = to.instances.iter().filter(|instance| out.reaches(input, &[instance.address.as_str()]));
            for receiver in reached {
                for sender in &from.instances {
                    if edges.len() < INSTANCE_EDGES_MAX {
                        edges.insert(edge(&instance_name(sender), &instance_name(receiver), out));
                    }
                }
            }
        });
        edges
    }

    /// From rule to rule within a role: role, from, to.
    pub fn rules(&self) -> Vec<(String, String, String)> {
        let edges = |drawn: &Drawn<'_>| {
            let edges = drawn.component.edges(&drawn.role, &drawn.rules);
            edges.into_iter().map(|edge| (drawn.role.name.clone(), edge.from, edge.to)).collect::<Vec<_>>()
        };
        self.roles.iter().flat_map(edges).collect()
    }

    /// The roles with the consumers before those that send to them; roles in a circle by name.
    pub fn consumers_first(&self, names: &BTreeSet<String>) -> Vec<String> {
        let edges = self.roles();
        let mut left = names.clone();
        let mut order = Vec::with_capacity(names.len());
        while let Some(first) = left.first().cloned() {
            let sends = |name: &str| edges.iter().any(|edge| edge.from == name && edge.to != name && left.contains(&edge.to));
            let next = left.iter().find(|name| !sends(name)).cloned().unwrap_or(first);
            left.remove(&next);
            order.push(next);
        }
        order
    }

    fn connections(&self, mut visit: impl FnMut(&Drawn<'a>, &Endpoint, &Drawn<'a>, &Endpoint)) {
        let mut inputs: BTreeMap<&str, Vec<(&Drawn<'a>, &Endpoint)>> = BTreeMap::new();
        for drawn in &self.roles {
            for input in drawn.endpoints.iter().filter(|endpoint| endpoint.direction == Direction::In) {
                inputs.entry(&input.via).or_default().push((drawn, input));
            }
        }
        for from in &self.roles {
            for out in from.endpoints.iter().filter(|endpoint| endpoint.direction == Direction::Out) {
                for (to, input) in inputs.get(out.via.as_str()).into_iter().flatten() {
                    // A rule that takes what it hands on, such as a topic, hands nothing to itself.
                    if (&from.role.name, &out.rule) != (&to.role.name, &input.rule) {
                        visit(from, out, to, input);
                    }
                }
            }
        }
    }
}

fn edge(from: &str, to: &str, out: &Endpoint) -> Edge {
    Edge { from: from.to_owned(), to: to.to_owned(), via: format!("{} {}", out.via, out.target) }
}

fn instance_name(instance: &Instance) -> String {
    format!("{}/{}", instance.role, instance.id)
}
