//! Vector configurations as rules: import without loss, render without surprises, in TOML, YAML and JSON.
//!
//! ```text
//! text --reader--> tree --file--> rows --> etl.rules --assembly--> tree --printer--> text
//! ```
//!
//! **Invariant:** the text at the end means what the text at the beginning meant and has all its comments, and a text that is
//! rendered was read back before anybody else sees it.

mod address;
pub mod assembly;
pub mod check;
pub mod file;
pub mod form;
pub mod format;
mod json_text;
mod lines;
mod pattern;
pub mod program;
pub mod remark;
mod remark_line;
pub mod rows;
mod toml_printer;
mod toml_reader;
pub mod topology;
pub mod traffic;
pub mod tree;
pub mod types;
mod yaml_printer;
mod yaml_reader;

use strata_catalog::etl::component::{Component, Endpoint, Finding, Refusal, RenderedFile, Reservation, Role, Rule, RuleEdge};

use file::File;
use format::Format;

/// The component kind `vector`: configuration files of components that are wired by name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Vector;

impl Component for Vector {
    fn kind(&self) -> &'static str {
        "vector"
    }

    /// The notation is that of the role's setting `path`; without it, what the text looks like.
    fn import(&self, role: &Role, text: &str) -> Result<Vec<Rule>, Refusal> {
        let told = role.settings.get(assembly::PATH_SETTING).and_then(|path| path.as_str()).and_then(Format::of_path);
        let format = told.unwrap_or_else(|| Format::of_text(text));
        let file = File::of(format.read(text)?, format)?;
        let path = assembly::usual_path(role, format).unwrap_or_else(|_| format!("{}.{}", role.name, format.extension()));
        rows::rules(&role.name, &path, &file)
    }

    fn validate(&self, role: &Role, rules: &[Rule]) -> Vec<Finding> {
        let mut findings = self.render(role, rules).err().unwrap_or_default();
        findings.extend(check::findings(rules));
        findings
    }

    fn render(&self, role: &Role, rules: &[Rule]) -> Result<Vec<RenderedFile>, Vec<Finding>> {
        assembly::files(role, rules)
    }

    fn reserve(&self, _role: &Role, rules: &[Rule]) -> Vec<Reservation> {
        traffic::reservations(rules)
    }

    fn endpoints(&self, _role: &Role, rules: &[Rule]) -> Vec<Endpoint> {
        traffic::endpoints(rules)
    }

    fn edges(&self, _role: &Role, rules: &[Rule]) -> Vec<RuleEdge> {
        topology::edges(rules)
    }
}
