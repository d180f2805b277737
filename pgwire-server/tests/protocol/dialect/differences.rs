//! What is known to differ from PostgreSQL, and why.
//!
//! A Markdown file: a heading and a reason for each group, then its statements, each on a line that begins with four spaces.

use std::collections::BTreeSet;
use std::path::Path;

/// The list.
pub struct Differences {
    groups: Vec<Group>,
}

struct Group {
    title: String,
    has_reason: bool,
    statements: BTreeSet<String>,
}

impl Differences {
    /// Reads the list.
    pub fn read(file: &Path) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for line in std::fs::read_to_string(file).unwrap().lines() {
            if let Some(title) = line.strip_prefix("## ") {
                groups.push(Group { title: title.to_owned(), has_reason: false, statements: BTreeSet::new() });
            } else if let Some(group) = groups.last_mut() {
                match line.strip_prefix("    ") {
                    Some(statement) => assert!(group.statements.insert(statement.to_owned()), "listed twice: {statement}"),
                    None => group.has_reason |= !line.is_empty(),
                }
            }
        }
        for group in &groups {
            assert!(group.has_reason, "no reason is given for \"{}\"", group.title);
        }
        Self { groups }
    }

    /// The titles of the groups, with the number of their statements.
    pub fn groups(&self) -> impl Iterator<Item = (&str, usize)> {
        self.groups.iter().map(|group| (group.title.as_str(), group.statements.len()))
    }

    /// What is not as the list says, given the statements that differ.
    pub fn compare(&self, different: &[String]) -> Vec<String> {
        let listed: BTreeSet<&str> = self.groups.iter().flat_map(|group| group.statements.iter().map(String::as_str)).collect();
        let different: BTreeSet<&str> = different.iter().map(String::as_str).collect();
        let unknown = different.difference(&listed).map(|sql| format!("differs and is not listed: {sql}"));
        let outdated = listed.difference(&different).map(|sql| format!("is listed and agrees, or is not asked any more: {sql}"));
        unknown.chain(outdated).collect()
    }
}
