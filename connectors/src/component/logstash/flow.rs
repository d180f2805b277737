//! Which rule hands its events to which, inside one pipeline.
//!
//! All inputs feed the first filter, each filter feeds the next, the last one feeds every output. An `if` feeds the first
//! rule of its block and, when it does not hold, the next arm or what comes after the branch. A rule with a condition, and
//! one that drops events now and then, feeds the next all the same.

use std::collections::{BTreeSet, HashMap};

use strata_catalog::etl::component::{Rule, RuleEdge};

use super::assembly::rendered;
use super::construct::Construct;
use super::tree::Stage;

/// The edges between all rules that are rendered.
#[must_use]
pub fn edges(rules: &[Rule]) -> Vec<RuleEdge> {
    let mut flow = Flow { children: HashMap::new(), edges: BTreeSet::new() };
    let mut top: HashMap<Stage, Vec<&Rule>> = HashMap::new();
    for rule in rendered(rules) {
        match (&rule.parent, Stage::from_keyword(&rule.stage)) {
            (Some(parent), _) => flow.children.entry(parent).or_default().push(rule),
            (None, Some(stage)) => top.entry(stage).or_default().push(rule),
            (None, None) => {}
        }
    }
    let mut sources: Vec<&str> = Vec::new();
    for stage in Stage::ALL {
        let order = if stage == Stage::Filter { Order::OneAfterTheOther } else { Order::SideBySide };
        let rules = flow.without_sections(top.remove(&stage).unwrap_or_default());
        sources = flow.block(&rules, &sources, order);
    }
    flow.edges.into_iter().map(|(from, to)| RuleEdge { from: from.to_owned(), to: to.to_owned() }).collect()
}

/// How the rules of a block get their events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Each from the one before.
    OneAfterTheOther,
    /// All from what comes before the block.
    SideBySide,
}

struct Flow<'a> {
    children: HashMap<&'a str, Vec<&'a Rule>>,
    edges: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Flow<'a> {
    /// The rules of a stage in their order. Those without a parent stand in the first section that has a row.
    fn without_sections(&mut self, top: Vec<&'a Rule>) -> Vec<&'a Rule> {
        let (sections, mut loose): (Vec<&Rule>, Vec<&Rule>) =
            top.into_iter().partition(|rule| Construct::of(rule) == Some(Construct::Section));
        let mut rules = Vec::new();
        for section in sections {
            let mut inside = self.children.remove(section.name.as_str()).unwrap_or_default();
            inside.append(&mut loose);
            inside.sort_by(|a, b| (a.position, &a.name).cmp(&(b.position, &b.name)));
            rules.append(&mut inside);
        }
        rules.append(&mut loose);
        rules
    }

    /// Draws the edges of a block that gets its events from `sources`; who has them when they leave it.
    fn block(&mut self, rules: &[&'a Rule], sources: &[&'a str], order: Order) -> Vec<&'a str> {
        let mut now = sources.to_vec();
        let mut ends: Vec<&str> = Vec::new();
        let mut rules = rules.iter().copied().peekable();
        while let Some(rule) = rules.next() {
            let left = match Construct::of(rule) {
                Some(Construct::Plugin) => {
                    self.feed(&now, rule);
                    vec![rule.name.as_str()]
                }
                Some(Construct::If) => {
                    let mut arms = vec![rule];
                    while let Some(arm) = rules.next_if(|next| is_further_arm(next)) {
                        arms.push(arm);
                    }
                    self.branch(&arms, &now, order)
                }
                _ => continue,
            };
            match order {
                Order::OneAfterTheOther => now = left,
                Order::SideBySide => {
                    ends.extend(left);
                    now = sources.to_vec();
                }
            }
        }
        if order == Order::SideBySide { ends } else { now }
    }

    fn branch(&mut self, arms: &[&'a Rule], sources: &[&'a str], order: Order) -> Vec<&'a str> {
        let mut ends = Vec::new();
        let mut undecided = sources.to_vec();
        for arm in arms {
            if Construct::of(arm) == Some(Construct::Comment) {
                continue;
            }
            self.feed(&undecided, arm);
            undecided = vec![arm.name.as_str()];
            let inside = self.children.remove(arm.name.as_str()).unwrap_or_default();
            ends.extend(self.block(&inside, &undecided, order));
            if Construct::of(arm) == Some(Construct::Else) {
                undecided.clear();
            }
        }
        ends.extend(undecided);
        ends.sort_unstable();
        ends.dedup();
        ends
    }

    fn feed(&mut self, sources: &[&'a str], rule: &'a Rule) {
        self.edges.extend(sources.iter().map(|source| (*source, rule.name.as_str())));
    }
}

/// `else if` and `else`, and comments on the way to them.
fn is_further_arm(rule: &Rule) -> bool {
    matches!(Construct::of(rule), Some(Construct::ElseIf | Construct::Else | Construct::Comment))
}

#[cfg(test)]
mod tests {
    use super::super::{grammar, rows};
    use super::edges;

    /// The edges of a pipeline, as `from>to`.
    fn of(text: &str) -> Vec<String> {
        let rules = rows::rules("web", &grammar::parse(text).unwrap());
        edges(&rules).into_iter().map(|edge| format!("{}>{}", edge.from, edge.to)).collect()
    }

    #[test]
    fn every_input_reaches_every_output_through_the_filters() {
        assert_eq!(
            of("input { a1 { } b1 { } } filter { c1 { } d1 { } } output { e1 { } f1 { } }"),
            ["filter_c1>filter_d1", "filter_d1>output_e1", "filter_d1>output_f1", "input_a1>filter_c1", "input_b1>filter_c1"]
        );
        assert_eq!(of("input { a1 { } } # x\n output { b1 { } }"), ["input_a1>output_b1"]);
    }

    #[test]
    fn a_branch_goes_both_ways() {
        assert_eq!(
            of("input { i1 { } } filter { if [a] { b1 { } } else if [c] { } d1 { } }"),
            [
                "filter_b1>filter_d1",
                "filter_else_if_c>filter_d1",
                "filter_if_a>filter_b1",
                "filter_if_a>filter_else_if_c",
                "input_i1>filter_if_a"
            ]
        );
        assert_eq!(
            of("filter { if [a] { } # x\n else { b1 { } } } output { if [c] { d1 { } } e1 { } }"),
            [
                "filter_b1>output_e1",
                "filter_b1>output_if_c",
                "filter_if_a>filter_if_a_else",
                "filter_if_a>output_e1",
                "filter_if_a>output_if_c",
                "filter_if_a_else>filter_b1",
                "output_if_c>output_d1"
            ]
        );
    }

    #[test]
    fn repeated_sections_are_one() {
        assert_eq!(of("filter { a1 { } } output { o1 { } } filter { b1 { } }"), ["filter_a1>filter_b1", "filter_b1>output_o1"]);
    }
}
