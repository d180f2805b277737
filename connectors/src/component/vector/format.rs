//! The three notations that Vector reads, told apart by the file's extension.

use std::fmt;

use strata_catalog::etl::component::Refusal;

use super::tree::Table;
use super::{json_text, toml_printer, toml_reader, yaml_printer, yaml_reader};

/// A notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// `.toml`
    Toml,
    /// `.yaml` and `.yml`
    Yaml,
    /// `.json`
    Json,
}

impl Format {
    /// What Vector takes a file of this name for; `None` if it would not read it.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Format> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let (before, extension) = name.rsplit_once('.')?;
        match extension {
            _ if before.is_empty() => None,
            "toml" => Some(Format::Toml),
            "yaml" | "yml" => Some(Format::Yaml),
            "json" => Some(Format::Json),
            _ => None,
        }
    }

    /// What a text most likely is, by its first line that means something.
    #[must_use]
    pub fn of_text(text: &str) -> Format {
        let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
        let key = line.split(['=', ':']).next().unwrap_or_default();
        if line.starts_with('{') {
            Format::Json
        } else if line.starts_with('[') || line[key.len()..].starts_with('=') {
            Format::Toml
        } else {
            Format::Yaml
        }
    }

    /// Its usual extension.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Format::Toml => "toml",
            Format::Yaml => "yaml",
            Format::Json => "json",
        }
    }

    /// Reads a whole text.
    ///
    /// # Errors
    /// [`Refusal`] where the text is none of this notation.
    pub fn read(self, text: &str) -> Result<Table, Refusal> {
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        match self {
            Format::Toml => toml_reader::read(text),
            Format::Yaml => yaml_reader::read(text),
            Format::Json => json_text::read(text),
        }
    }

    /// The text of a tree.
    #[must_use]
    pub fn print(self, root: &Table) -> String {
        match self {
            Format::Toml => toml_printer::print(root),
            Format::Yaml => yaml_printer::print(root),
            Format::Json => json_text::print(root),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Toml => "TOML",
            Format::Yaml => "YAML",
            Format::Json => "JSON",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notation_is_told_by_name_or_text() {
        for (path, expected) in [
            ("a.toml", Some(Format::Toml)),
            ("conf.d/a.b.yml", Some(Format::Yaml)),
            ("a.json", Some(Format::Json)),
            ("a.TOML", None),
            (".toml", None),
            ("conf.toml/a", None),
        ] {
            assert_eq!(Format::of_path(path), expected, "{path}");
        }
        for (text, expected) in [
            ("# x\n\n[sources.a]\n", Format::Toml),
            ("data_dir = \"a:b\"", Format::Toml),
            (" {\n\"sources\": {}}", Format::Json),
            ("data_dir: \"a=b\"", Format::Yaml),
            ("sources:\n", Format::Yaml),
            ("", Format::Yaml),
        ] {
            assert_eq!(Format::of_text(text), expected, "{text}");
        }
    }
}
