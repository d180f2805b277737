//! A configuration file as Vector sees it: options for the whole process, and components by stage.
//!
//! Sources come before transforms, transforms before sinks, and all of them behind the options, however a text had them.

use std::collections::HashMap;
use std::fmt;

use strata_catalog::etl::component::Refusal;

use super::format::Format;
use super::tree::{Entry, Place, Table, Value};

/// What a component does with records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Brings them in.
    Source,
    /// Changes, drops or directs them.
    Transform,
    /// Takes them out.
    Sink,
}

impl Stage {
    /// All of them, in the order in which records pass them.
    pub const ALL: [Stage; 3] = [Stage::Source, Stage::Transform, Stage::Sink];

    /// What `etl.rules.stage` says.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Stage::Source => "source",
            Stage::Transform => "transform",
            Stage::Sink => "sink",
        }
    }

    /// The key under which its components stand in a file.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Stage::Source => "sources",
            Stage::Transform => "transforms",
            Stage::Sink => "sinks",
        }
    }

    /// The stage of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Stage> {
        Stage::ALL.into_iter().find(|stage| stage.word() == word)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The components of one stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What they do.
    pub stage: Stage,
    /// Lines in front of the group.
    pub comments: Vec<String>,
    /// A comment on the line of the group's key.
    pub beside: Option<String>,
    /// Each is a table. At least one.
    pub components: Vec<Entry>,
    /// Comments behind the last component.
    pub end: Vec<String>,
}

/// A configuration file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct File {
    /// What is not about one component.
    pub options: Vec<Entry>,
    /// By stage, each at most once.
    pub groups: Vec<Group>,
    /// Comments behind everything.
    pub end: Vec<String>,
}

impl File {
    /// A tree that was read from a text of that notation.
    ///
    /// # Errors
    /// [`Refusal`] where Vector would not take it for a configuration: something else than tables of components, or one name
    /// for two of them.
    pub fn of(root: Table, format: Format) -> Result<File, Refusal> {
        let mut file = File { end: root.end, ..File::default() };
        let mut names: HashMap<String, Place> = HashMap::new();
        for entry in root.entries {
            let Some(stage) = Stage::ALL.into_iter().find(|stage| stage.key() == entry.key) else {
                file.options.push(entry);
                continue;
            };
            if entry.value == Value::Null || matches!(&entry.value, Value::Table(table) if table.entries.is_empty()) {
                file.options.push(entry);
                continue;
            }
            let Value::Table(components) = entry.value else {
                return Err(refused(entry.origin.at, format!("\"{}\" is no table of components", entry.key)));
            };
            for component in &components.entries {
                let at = component.origin.at;
                if !matches!(component.value, Value::Table(_)) {
                    return Err(refused(at, format!("the {stage} \"{}\" is no table", component.key)));
                }
                if let Some(first) = names.insert(component.key.clone(), at) {
                    let message = format!("there is a component \"{}\" already, in line {}", component.key, first.line);
                    return Err(refused(at, message));
                }
            }
            let mut group = Group {
                stage,
                comments: entry.comments,
                beside: entry.beside,
                components: components.entries,
                end: components.end,
            };
            if format == Format::Toml {
                group.comments_to_first();
            }
            file.groups.push(group);
        }
        file.groups.sort_by_key(|group| group.stage);
        Ok(file)
    }

    /// The tree that a text is printed from.
    #[must_use]
    pub fn into_table(self) -> Table {
        let mut entries = self.options;
        for Group { stage, comments, beside, components, end } in self.groups {
            entries.retain(|entry| entry.key != stage.key());
            let value = Value::Table(Table { entries: components, end });
            entries.push(Entry { comments, beside, ..Entry::new(stage.key(), value) });
        }
        let mut table = Table { entries, end: self.end };
        table.tidy();
        table
    }
}

impl Group {
    /// In TOML the first component has the group's header.
    pub fn comments_to_first(&mut self) {
        let Some(first) = self.components.first_mut() else { return };
        let mut comments = std::mem::take(&mut self.comments);
        comments.extend(self.beside.take());
        comments.append(&mut first.comments);
        first.comments = comments;
    }
}

fn refused(at: Place, message: String) -> Refusal {
    Refusal { line: at.line, column: at.column, message, hint: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(format: Format, text: &str, expected: &str) {
        let refusal = File::of(format.read(text).unwrap(), format).unwrap_err();
        assert_eq!(refusal.to_string(), expected);
    }

    #[test]
    fn what_is_no_configuration_is_refused_where_it_is() {
        refused(Format::Yaml, "a: 1\nsinks:\n  - x\n", "line 2, column 1: \"sinks\" is no table of components");
        refused(Format::Toml, "[sources]\n  a = 1\n", "line 2, column 3: the source \"a\" is no table");
        refused(Format::Json, "{\"sources\": {\n\"a\": []}}", "line 2, column 1: the source \"a\" is no table");
        refused(
            Format::Toml,
            "[sources.a]\ntype = \"stdin\"\n[sinks.a]\n",
            "line 3, column 8: there is a component \"a\" already, in line 1",
        );
    }

    #[test]
    fn stages_are_put_in_order() {
        let file =
            File::of(Format::Yaml.read("sinks:\n  b: {}\n# all\nsources: # in\n  a: {}\ntransforms:\n").unwrap(), Format::Yaml);
        let file = file.unwrap();
        assert_eq!(file.groups.iter().map(|group| group.stage).collect::<Vec<_>>(), [Stage::Source, Stage::Sink]);
        let text = Format::Yaml.print(&file.into_table());
        assert_eq!(text, "transforms: null\n\n# all\nsources: # in\n  a: {}\n\nsinks:\n  b: {}\n");
    }
}
