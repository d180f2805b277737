//! A syntax tree as rules: one row for each plugin and each arm of a branch.
//!
//! Sections get rows of their own only where the usual way (each at most once, in the order of the flow, without comments
//! in front) would lose something. A comment belongs to the rule after it; one that shares a line with what is before it,
//! or that comes last, is a row.
//!
//! **Invariant:** [`super::assembly`] makes the same tree of the rows again.

use serde_json::json;
use strata_catalog::etl::component::Rule;
use strata_catalog::etl::position::Position;

use super::construct::Construct;
use super::naming::Names;
use super::remark;
use super::settings::plugin_to_json;
use super::tree::{Arm, Block, Comment, File, Node, Plugin, Stage, Test};

/// The rules of a role that stand for the file. Positions are counted from 1 through the whole file.
#[must_use]
pub fn rules(role: &str, file: &File) -> Vec<Rule> {
    let mut rows = Rows { role, names: Names::default(), rules: Vec::new() };
    if sections_go_without_saying(file) {
        for section in &file.sections {
            rows.block(section.stage, None, &section.block);
        }
        return rows.rules;
    }
    let mut stage = Stage::Input;
    for section in &file.sections {
        stage = section.stage;
        let own = rows.comments(Construct::FileComment, stage, None, &section.comments);
        let name = rows.names.unique(stage.keyword().to_owned());
        rows.push(Construct::Section, stage, None, &name, own);
        rows.block(stage, Some(&name), &section.block);
    }
    let last = rows.comments(Construct::FileComment, stage, None, &file.end);
    rows.comment(Construct::FileComment, stage, None, last);
    rows.rules
}

/// Without rows for them, sections come out as they are: in order, once, none of them empty.
fn sections_go_without_saying(file: &File) -> bool {
    file.end.is_empty()
        && file.sections.windows(2).all(|pair| pair[0].stage < pair[1].stage)
        && file
            .sections
            .iter()
            .all(|section| section.comments.is_empty() && !(section.block.nodes.is_empty() && section.block.end.is_empty()))
}

struct Rows<'a> {
    role: &'a str,
    names: Names,
    rules: Vec<Rule>,
}

impl Rows<'_> {
    fn push(&mut self, construct: Construct, stage: Stage, parent: Option<&str>, name: &str, comments: &[Comment]) -> &mut Rule {
        let position = u32::try_from(self.rules.len() + 1).unwrap_or(u32::MAX);
        let rule = Rule {
            parent: parent.map(str::to_owned),
            position: Position::whole(position),
            construct: Some(construct.word().to_owned()),
            comment: remark::to_column(comments),
            ..Rule::new(self.role, stage.keyword(), name)
        };
        self.rules.push(rule);
        self.rules.last_mut().unwrap_or_else(|| unreachable!("it was just pushed"))
    }

    /// A row for a first comment that shares a line; the others are given back.
    fn comments<'c>(
        &mut self,
        construct: Construct,
        stage: Stage,
        parent: Option<&str>,
        comments: &'c [Comment],
    ) -> &'c [Comment] {
        match comments.split_first() {
            Some((first, others)) if first.same_line => {
                self.comment(construct, stage, parent, std::slice::from_ref(first));
                others
            }
            _ => comments,
        }
    }

    /// A row for comments that belong to no rule, if there are any.
    fn comment(&mut self, construct: Construct, stage: Stage, parent: Option<&str>, comments: &[Comment]) {
        let Some(first) = comments.first() else { return };
        let name = match construct {
            Construct::FileComment => "file_comment".to_owned(),
            _ => format!("{}_comment", stage.keyword()),
        };
        let name = self.names.unique(name);
        let same_line = first.same_line;
        let rule = self.push(construct, stage, parent, &name, comments);
        if same_line {
            rule.settings = json!({"same_line": true});
        }
    }

    fn block(&mut self, stage: Stage, parent: Option<&str>, block: &Block) {
        for node in &block.nodes {
            match node {
                Node::Plugin { comments, plugin } => self.plugin(stage, parent, comments, plugin),
                Node::Branch(arms) => self.branch(stage, parent, arms),
            }
        }
        let last = self.comments(Construct::Comment, stage, parent, &block.end);
        self.comment(Construct::Comment, stage, parent, last);
    }

    fn plugin(&mut self, stage: Stage, parent: Option<&str>, comments: &[Comment], plugin: &Plugin) {
        let own = self.comments(Construct::Comment, stage, parent, comments);
        let name = self.names.plugin(stage, plugin);
        let rule = self.push(Construct::Plugin, stage, parent, &name, own);
        rule.plugin = Some(plugin.name.text().to_owned());
        rule.settings = plugin_to_json(plugin);
    }

    fn branch(&mut self, stage: Stage, parent: Option<&str>, arms: &[Arm]) {
        let mut first_name = String::new();
        for arm in arms {
            let own = self.comments(Construct::Comment, stage, parent, &arm.comments);
            let (construct, condition, name) = match &arm.test {
                Test::If(condition) => (Construct::If, Some(condition), self.names.conditional(stage, "if", condition)),
                Test::ElseIf(condition) => {
                    (Construct::ElseIf, Some(condition), self.names.conditional(stage, "else_if", condition))
                }
                Test::Else => (Construct::Else, None, self.names.unique(format!("{first_name}_else"))),
            };
            let rule = self.push(construct, stage, parent, &name, own);
            rule.condition = condition.cloned();
            self.block(stage, Some(&name), &arm.block);
            if construct == Construct::If {
                first_name = name;
            }
        }
    }
}
