//! Any file: a rule is a file, its name the path, its body the content. No grammar, so whether the content is right is for the
//! sidecar's validate command.
//!
//! A rule without a body that has settings is a JSON file of them, two spaces a level.

use strata_catalog::etl::component::{Component, Endpoint, Finding, Refusal, RenderedFile, Reservation, Role, Rule, RuleEdge};

use super::file_rules;

/// The component kind `generic`: a file a rule.
#[derive(Debug, Clone, Copy, Default)]
pub struct Generic;

impl Component for Generic {
    fn kind(&self) -> &'static str {
        "generic"
    }

    /// The text becomes one rule.
    fn import(&self, role: &Role, text: &str) -> Result<Vec<Rule>, Refusal> {
        Ok(file_rules::imported(role, text))
    }

    fn validate(&self, _role: &Role, rules: &[Rule]) -> Vec<Finding> {
        let mut findings = file_rules::misshapen(rules, &[]);
        for rule in file_rules::enabled(rules) {
            if rule.body.is_some() && has_settings(rule) {
                let finding = Finding::error(&rule.name, "settings", "the rule has a body and settings");
                findings.push(finding.with_hint("The content is one of the two; set the other to NULL or '{}'."));
            }
        }
        findings
    }

    fn render(&self, role: &Role, rules: &[Rule]) -> Result<Vec<RenderedFile>, Vec<Finding>> {
        file_rules::files(rules, self.validate(role, rules), content)
    }

    fn reserve(&self, _role: &Role, _rules: &[Rule]) -> Vec<Reservation> {
        Vec::new()
    }

    fn endpoints(&self, _role: &Role, _rules: &[Rule]) -> Vec<Endpoint> {
        Vec::new()
    }

    fn edges(&self, _role: &Role, _rules: &[Rule]) -> Vec<RuleEdge> {
        Vec::new()
    }
}

fn has_settings(rule: &Rule) -> bool {
    rule.settings.as_object().is_some_and(|settings| !settings.is_empty())
}

fn content(rule: &Rule) -> String {
    match &rule.body {
        Some(body) => body.clone(),
        None if has_settings(rule) => format!("{:#}\n", rule.settings),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn role(settings: Value) -> Role {
        Role { name: "web".to_owned(), kind: "generic".to_owned(), description: None, settings, enabled: true }
    }

    fn file(path: &str, body: &str) -> Rule {
        Rule { body: Some(body.to_owned()), ..Rule::new("web", "file", path) }
    }

    #[track_caller]
    fn check(rules: &[Rule], expected: &[(&str, &str)]) {
        let files = Generic.render(&role(json!({})), rules).unwrap();
        let files: Vec<(&str, &str)> = files.iter().map(|file| (file.path.as_str(), file.content.as_str())).collect();
        assert_eq!(files, expected);
    }

    #[track_caller]
    fn refused(rules: &[Rule], expected: &[&str]) {
        let found = Generic.render(&role(json!({})), rules).unwrap_err();
        let found: Vec<String> = found.into_iter().map(|one| format!("{} {}", one.rule.unwrap(), one.field.unwrap())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_rule_is_a_file() {
        let json = Rule { settings: json!({"z": 1, "a": [true]}), ..Rule::new("web", "file", "a.json") };
        let off = Rule { enabled: false, ..file("off", "x") };
        check(
            &[file("z/b.txt", "b\n"), json, off, Rule::new("web", "file", "empty")],
            &[("a.json", "{\n  \"z\": 1,\n  \"a\": [\n    true\n  ]\n}\n"), ("empty", ""), ("z/b.txt", "b\n")],
        );
        check(&[], &[]);
    }

    #[test]
    fn what_cannot_be_a_file_is_refused() {
        refused(&[file("/etc/passwd", "")], &["/etc/passwd name"]);
        refused(&[file("a/../b", "")], &["a/../b name"]);
        refused(&[file("a", ""), file("a/b", "")], &["a/b name"]);
        refused(&[Rule { settings: json!({"a": 1}), ..file("x", "y") }], &["x settings"]);
        refused(&[Rule { plugin: Some("p".to_owned()), stage: "input".to_owned(), ..file("x", "y") }], &["x stage", "x plugin"]);
    }

    #[test]
    fn a_text_is_imported_as_one_file() {
        for (settings, path) in [(json!({}), "web.conf"), (json!({"path": "conf.d/x"}), "conf.d/x")] {
            let rules = Generic.import(&role(settings), "any\ntext").unwrap();
            check(&rules, &[(path, "any\ntext")]);
        }
    }
}
