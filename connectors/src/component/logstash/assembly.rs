//! Rules to a syntax tree: the enabled ones, each under its parent, in the order of their positions.
//!
//! Whatever stands in the way is a finding that names rule and field, and nothing that a rule says is passed over in
//! silence. Rules made by hand need less than imported ones: without a parent a rule stands in the (first) section of its
//! stage, and a plugin with a condition gets an `if` of its own.

mod fields;

use std::collections::HashMap;

use strata_catalog::etl::component::{Finding, Rule};

use super::condition;
use super::construct::Construct;
use super::remark;
use super::settings::plugin_from_json;
use super::tree::{Arm, Block, Comment, DEPTH_MAX, File, Node, Section, Stage, Test, joined, on_own_lines};

/// The file that the rules of one role stand for.
///
/// # Errors
/// Every [`Finding`] that stands in the way, in the order of the rules.
pub fn assemble(rules: &[Rule]) -> Result<File, Vec<Finding>> {
    let mut assembly = Assembly { by_name: rules.iter().map(|rule| (rule.name.as_str(), rule)).collect(), ..Assembly::default() };
    for rule in rules {
        if assembly.is_rendered(rule) {
            assembly.children.entry(rule.parent.as_deref()).or_default().push(rule);
        }
    }
    for siblings in assembly.children.values_mut() {
        siblings.sort_by(|a, b| (a.position, &a.name).cmp(&(b.position, &b.name)));
    }
    let mut file = assembly.file();
    begin_with_own_line(&mut file);
    if assembly.findings.is_empty() {
        return Ok(file);
    }
    let order: HashMap<&str, usize> = rules.iter().enumerate().map(|(i, rule)| (rule.name.as_str(), i)).collect();
    assembly.findings.sort_by_key(|finding| finding.rule.as_deref().and_then(|rule| order.get(rule).copied()));
    Err(assembly.findings)
}

/// The enabled rules of a role that no disabled parent hides, in the order of the flow of their stages.
pub fn rendered(rules: &[Rule]) -> impl Iterator<Item = &Rule> {
    let by_name: HashMap<&str, &Rule> = rules.iter().map(|rule| (rule.name.as_str(), rule)).collect();
    let mut rendered: Vec<&Rule> = rules.iter().filter(|rule| matches!(lineage(rule, &by_name), Lineage::Enabled)).collect();
    rendered.sort_by_key(|rule| (Stage::from_keyword(&rule.stage), rule.position));
    rendered.into_iter()
}

/// What the rules above a rule mean for it.
enum Lineage<'a> {
    Enabled,
    Disabled,
    Missing(&'a str),
    Circle,
    TooDeep,
}

fn lineage<'a>(rule: &'a Rule, by_name: &HashMap<&str, &'a Rule>) -> Lineage<'a> {
    let mut at = rule;
    for _ in 0..DEPTH_MAX {
        if !at.enabled {
            return Lineage::Disabled;
        }
        let Some(parent) = at.parent.as_deref() else { return Lineage::Enabled };
        if parent == rule.name {
            return Lineage::Circle;
        }
        match by_name.get(parent) {
            Some(above) => at = above,
            None => return Lineage::Missing(parent),
        }
    }
    Lineage::TooDeep
}

#[derive(Default)]
struct Assembly<'a> {
    by_name: HashMap<&'a str, &'a Rule>,
    children: HashMap<Option<&'a str>, Vec<&'a Rule>>,
    findings: Vec<Finding>,
}

/// What stands among the sections.
enum Part<'a> {
    Comment(&'a Rule),
    Section(&'a Rule, Stage),
    /// A section without a row.
    Implied(Stage),
}

impl<'a> Assembly<'a> {
    fn find(&mut self, rule: &Rule, field: &str, message: impl Into<String>, hint: &str) {
        self.findings.push(Finding::error(&rule.name, field, message).with_hint(hint));
    }

    fn is_rendered(&mut self, rule: &'a Rule) -> bool {
        match lineage(rule, &self.by_name) {
            Lineage::Enabled => return self.fits_parent(rule),
            Lineage::Disabled => {}
            Lineage::Missing(parent) => {
                let message = format!("there is no rule \"{parent}\" in this role");
                self.find(
                    rule,
                    "parent",
                    message,
                    "Name another parent, or set it to NULL to put the rule into the section of its stage.",
                );
            }
            Lineage::Circle => {
                self.find(rule, "parent", "the rule stands inside itself", "Set the parent of one of the rules to NULL.");
            }
            Lineage::TooDeep => {
                let message = format!("nested deeper than {DEPTH_MAX} levels");
                self.find(rule, "parent", message, "Move the rule further out.");
            }
        }
        false
    }

    fn fits_parent(&mut self, rule: &'a Rule) -> bool {
        let Some(parent) = rule.parent.as_deref().and_then(|parent| self.by_name.get(parent).copied()) else { return true };
        if !Construct::of(parent).is_some_and(Construct::holds_rules) {
            let message = format!("\"{}\" holds no rules", parent.name);
            self.find(rule, "parent", message, "Only sections, if, else if and else do.");
            return false;
        }
        if parent.stage != rule.stage {
            let message = format!("stage is {}, but that of the parent is {}", rule.stage, parent.stage);
            self.find(rule, "stage", message, "A rule has the stage of what it stands in.");
            return false;
        }
        true
    }

    fn file(&mut self) -> File {
        let top = self.children.remove(&None).unwrap_or_default();
        let mut loose: HashMap<Stage, Vec<&'a Rule>> = HashMap::new();
        let mut parts = Vec::new();
        for rule in top {
            let Some(stage) = Stage::from_keyword(&rule.stage) else {
                let message = format!("Logstash has no stage \"{}\"", rule.stage);
                self.find(rule, "stage", message, "The stages are input, filter and output.");
                continue;
            };
            match Construct::of(rule) {
                Some(Construct::Section) => parts.push(Part::Section(rule, stage)),
                Some(Construct::FileComment) => parts.push(Part::Comment(rule)),
                _ => loose.entry(stage).or_default().push(rule),
            }
        }
        for stage in Stage::ALL {
            let has_row = parts.iter().any(|part| matches!(part, Part::Section(_, of) if *of == stage));
            if loose.contains_key(&stage) && !has_row {
                let later = |part: &Part<'_>| matches!(part, Part::Section(_, of) | Part::Implied(of) if *of > stage);
                let place = parts.iter().position(later).unwrap_or(parts.len());
                parts.insert(place, Part::Implied(stage));
            }
        }
        let mut file = File::default();
        let mut comments = Vec::new();
        for part in parts {
            match part {
                Part::Comment(rule) => comments = joined(comments, self.remark_row(rule)),
                Part::Section(rule, stage) => {
                    fields::check(rule, Construct::Section, &mut self.findings);
                    let comments = joined(std::mem::take(&mut comments), self.comments(rule));
                    let mut inside = self.children.remove(&Some(rule.name.as_str())).unwrap_or_default();
                    inside.extend(loose.remove(&stage).unwrap_or_default());
                    inside.sort_by(|a, b| (a.position, &a.name).cmp(&(b.position, &b.name)));
                    file.sections.push(Section { comments, stage, block: self.block(&inside) });
                }
                Part::Implied(stage) => {
                    let inside = loose.remove(&stage).unwrap_or_default();
                    let comments = std::mem::take(&mut comments);
                    file.sections.push(Section { comments, stage, block: self.block(&inside) });
                }
            }
        }
        file.end = comments;
        file
    }

    fn block(&mut self, rules: &[&'a Rule]) -> Block {
        let mut block = Block::default();
        let mut comments = Vec::new();
        for rule in rules {
            let Some(construct) = Construct::of(rule) else {
                let message = format!("Logstash has no construct \"{}\"", rule.construct.as_deref().unwrap_or_default());
                let words = Construct::ALL.map(Construct::word).join(", ");
                self.find(rule, "construct", message, &format!("It is one of {words}, or NULL for a plugin."));
                continue;
            };
            if construct == Construct::Comment {
                comments = joined(comments, self.remark_row(rule));
                continue;
            }
            fields::check(rule, construct, &mut self.findings);
            let comments = joined(std::mem::take(&mut comments), self.comments(rule));
            match construct {
                Construct::Plugin => block.nodes.extend(self.plugin(rule, comments)),
                Construct::If => {
                    let condition = self.condition(rule);
                    let arm = self.arm(rule, comments, Test::If(condition));
                    block.nodes.push(Node::Branch(vec![arm]));
                }
                Construct::ElseIf | Construct::Else => {
                    let test = match construct {
                        Construct::ElseIf => Test::ElseIf(self.condition(rule)),
                        _ => Test::Else,
                    };
                    let arm = self.arm(rule, comments, test);
                    self.further_arm(rule, arm, &mut block.nodes);
                }
                Construct::Section | Construct::FileComment | Construct::Comment => {
                    let message = format!("a {} cannot stand in a section", construct.word());
                    self.find(rule, "parent", message, "Set its parent to NULL.");
                }
            }
        }
        block.end = comments;
        block
    }

    fn further_arm(&mut self, rule: &Rule, arm: Arm, before: &mut [Node]) {
        match before.last_mut() {
            Some(Node::Branch(arms)) if arms.last().is_some_and(|last| last.test != Test::Else) => arms.push(arm),
            _ => {
                let message = "there is no if or else if right before it";
                let hint = "Its position must follow that of an enabled if or else if of the same parent; disable it together with that one.";
                self.find(rule, "position", message, hint);
            }
        }
    }

    fn arm(&mut self, rule: &'a Rule, comments: Vec<Comment>, test: Test) -> Arm {
        let inside = self.children.remove(&Some(rule.name.as_str())).unwrap_or_default();
        Arm { comments, test, block: self.block(&inside) }
    }

    fn plugin(&mut self, rule: &Rule, comments: Vec<Comment>) -> Option<Node> {
        let Some(name) = rule.plugin.as_deref() else {
            self.find(rule, "plugin", "the rule names no plugin", "Set plugin, such as beats, grok or elasticsearch.");
            return None;
        };
        let plugin = match plugin_from_json(name, &rule.settings) {
            Ok(plugin) => plugin,
            Err(problems) => {
                self.findings.extend(problems.into_iter().map(|problem| Finding {
                    hint: problem.hint,
                    ..Finding::error(&rule.name, &problem.field, problem.message)
                }));
                return None;
            }
        };
        if rule.condition.is_none() {
            return Some(Node::Plugin { comments, plugin });
        }
        let test = Test::If(self.condition(rule));
        let nodes = vec![Node::Plugin { comments: Vec::new(), plugin }];
        Some(Node::Branch(vec![Arm { comments, test, block: Block { nodes, end: Vec::new() } }]))
    }

    fn condition(&mut self, rule: &Rule) -> String {
        let Some(condition) = rule.condition.as_deref().map(str::trim) else { return String::new() };
        if let Err(refusal) = condition::parse(condition) {
            let hint =
                refusal.hint.clone().unwrap_or_else(|| "Example: [type] == \"nginx\" and \"slow\" not in [tags]".to_owned());
            self.find(rule, "condition", refusal.to_string(), &hint);
        }
        condition.to_owned()
    }

    fn comments(&mut self, rule: &Rule) -> Vec<Comment> {
        let Some(column) = rule.comment.as_deref() else { return Vec::new() };
        match remark::from_column(column) {
            Ok(comments) => comments,
            Err(line_break) => {
                self.find(rule, "comment", line_break.to_string(), "Remove the carriage return.");
                Vec::new()
            }
        }
    }

    /// The comments of a row that is nothing else.
    fn remark_row(&mut self, rule: &Rule) -> Vec<Comment> {
        fields::check(rule, Construct::of(rule).unwrap_or(Construct::Comment), &mut self.findings);
        let mut comments = self.comments(rule);
        if let Some(first) = comments.first_mut() {
            first.same_line = rule.settings.get("same_line").is_some_and(|same_line| same_line == &serde_json::Value::Bool(true));
        }
        comments
    }
}

/// Nothing is on the first line before the first comment.
fn begin_with_own_line(file: &mut File) {
    let first = match file.sections.first_mut() {
        Some(section) => &mut section.comments,
        None => &mut file.end,
    };
    *first = on_own_lines(std::mem::take(first));
}

#[cfg(test)]
mod tests;
