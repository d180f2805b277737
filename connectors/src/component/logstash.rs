//! Logstash pipelines as rules: import without loss, render without surprises.
//!
//! ```text
//! text --grammar--> tree --rows--> etl.rules --assembly--> tree --printer--> text
//! ```
//!
//! **Invariant:** the tree at the end is the tree at the beginning, comments included, and a text that is rendered was
//! read back by the grammar before anybody else sees it.

pub mod assembly;
pub mod check;
pub mod condition;
pub mod construct;
mod cursor;
pub mod endpoints;
pub mod flow;
pub mod form;
pub mod grammar;
pub mod listener;
pub mod naming;
pub mod plugins;
pub mod printer;
pub mod quoting;
pub mod reading;
pub mod remark;
pub mod reserve;
pub mod rows;
pub mod settings;
pub mod tree;

use strata_catalog::etl::component::{
    Component, Endpoint, Finding, Refusal, RenderedFile, Reservation, Role, Rule, RuleEdge, Severity,
};

/// Setting of a role: the path of its file below the sidecar's root. Without it, the role's name and `.conf`.
pub const PATH_SETTING: &str = "path";

/// The component kind `logstash`: one pipeline file a role.
#[derive(Debug, Clone, Copy, Default)]
pub struct Logstash;

impl Component for Logstash {
    fn kind(&self) -> &'static str {
        "logstash"
    }

    fn import(&self, role: &Role, text: &str) -> Result<Vec<Rule>, Refusal> {
        Ok(rows::rules(&role.name, &grammar::parse(text)?))
    }

    fn validate(&self, role: &Role, rules: &[Rule]) -> Vec<Finding> {
        let mut findings = self.render(role, rules).err().unwrap_or_default();
        findings.extend(check::findings(role, rules));
        findings
    }

    fn render(&self, role: &Role, rules: &[Rule]) -> Result<Vec<RenderedFile>, Vec<Finding>> {
        let tree = assembly::assemble(rules)?;
        let content = printer::print(&tree);
        if content.is_empty() {
            return Ok(Vec::new());
        }
        if let Err(refusal) = grammar::parse(&content).map_err(|refusal| refusal.to_string()).and_then(|read| {
            if read == tree { Ok(()) } else { Err("it would be read as something else than the rules say".to_owned()) }
        }) {
            return Err(vec![about_role(format!("the pipeline cannot be written: {refusal}"))]);
        }
        let path = match role.settings.get(PATH_SETTING) {
            None => format!("{}.conf", role.name),
            Some(path) => match path.as_str() {
                Some(path) => path.to_owned(),
                None => return Err(vec![about_role(format!("the role's setting \"{PATH_SETTING}\" is no text"))]),
            },
        };
        let file = RenderedFile::new(&path, content).map_err(|bad| vec![about_role(bad.to_string())])?;
        Ok(vec![file])
    }

    fn reserve(&self, _role: &Role, rules: &[Rule]) -> Vec<Reservation> {
        reserve::reservations(rules)
    }

    fn endpoints(&self, _role: &Role, rules: &[Rule]) -> Vec<Endpoint> {
        endpoints::endpoints(rules)
    }

    fn edges(&self, _role: &Role, rules: &[Rule]) -> Vec<RuleEdge> {
        flow::edges(rules)
    }
}

fn about_role(message: String) -> Finding {
    Finding { severity: Severity::Error, rule: None, field: None, message, hint: None }
}
