//! rsyslog configurations: a file a rule, as a folder that rsyslog includes in the order of the names.
//!
//! ```text
//! name               construct  plugin  condition         settings          the file
//! 10-in.conf                                                               the body as it is
//! 20-tcp.conf        input      imtcp                      {"port": "514"}   input(type="imtcp" port="514")
//! 30-forward.conf    action     omfwd   $msg contains "x"  {"target": "h"}   if $msg contains "x" then { action(...) }
//! ```
//!
//! **Invariant:** what is rendered has its brackets, strings and comments closed, and begins no statement with an object
//! that rsyslog has not. Everything else only rsyslog can tell.

pub mod object;
pub mod scanner;
mod traffic;

use strata_catalog::etl::component::{Component, Endpoint, Finding, Refusal, RenderedFile, Reservation, Role, Rule, RuleEdge};

use super::file_rules;

/// The component kind `rsyslog`: a file a rule.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rsyslog;

impl Component for Rsyslog {
    fn kind(&self) -> &'static str {
        "rsyslog"
    }

    /// The text becomes one rule, if its brackets, strings and comments are closed.
    fn import(&self, role: &Role, text: &str) -> Result<Vec<Rule>, Refusal> {
        let scan = scanner::scan(text);
        if let Some(fault) = scan.faults.into_iter().find(|fault| fault.is_open) {
            return Err(Refusal { line: fault.line, column: fault.column, message: fault.message, hint: fault.hint });
        }
        Ok(file_rules::imported(role, text))
    }

    fn validate(&self, _role: &Role, rules: &[Rule]) -> Vec<Finding> {
        let mut findings = file_rules::misshapen(rules, &["construct", "plugin", "condition"]);
        for rule in file_rules::enabled(rules) {
            findings.extend(object::misused(rule));
            findings.extend(scanner::scan(&object::content(rule)).faults.into_iter().map(|fault| {
                let message = format!("line {}, column {}: {}", fault.line, fault.column, fault.message);
                let finding = Finding::error(&rule.name, if rule.body.is_some() { "body" } else { "settings" }, message);
                Finding { hint: fault.hint, ..finding }
            }));
        }
        findings.extend(out_of_order(rules));
        findings
    }

    fn render(&self, role: &Role, rules: &[Rule]) -> Result<Vec<RenderedFile>, Vec<Finding>> {
        file_rules::files(rules, self.validate(role, rules), object::content)
    }

    fn reserve(&self, _role: &Role, rules: &[Rule]) -> Vec<Reservation> {
        traffic::reservations(rules)
    }

    fn endpoints(&self, _role: &Role, rules: &[Rule]) -> Vec<Endpoint> {
        traffic::endpoints(rules)
    }

    /// None: which message reaches which action is decided by conditions, message by message.
    fn edges(&self, _role: &Role, _rules: &[Rule]) -> Vec<RuleEdge> {
        Vec::new()
    }
}

/// rsyslog goes by names; positions that say something else are not what happens.
fn out_of_order(rules: &[Rule]) -> Vec<Finding> {
    let rules = file_rules::enabled(rules);
    let late = rules.windows(2).filter(|pair| pair[0].position > pair[1].position);
    late.map(|pair| {
        let message = format!("the position says that the file is read before \"{}\", the name says after", pair[0].name);
        Finding::warning(&pair[1].name, "position", message).with_hint("rsyslog reads files in the order of their names.")
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn role() -> Role {
        Role { name: "edge".to_owned(), kind: "rsyslog".to_owned(), description: None, settings: json!({}), enabled: true }
    }

    fn file(name: &str, body: &str) -> Rule {
        Rule { body: Some(body.to_owned()), ..Rule::new("edge", "file", name) }
    }

    #[track_caller]
    fn found(rules: &[Rule], expected: &[&str]) {
        let found: Vec<String> = Rsyslog
            .validate(&role(), rules)
            .into_iter()
            .map(|one| format!("{} {} {}: {}", one.severity, one.rule.unwrap(), one.field.unwrap(), one.message))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn objects_are_written_from_settings() {
        let mut rule = Rule::new("edge", "file", "20.conf");
        rule.construct = Some("action".to_owned());
        rule.plugin = Some("omfwd".to_owned());
        rule.condition = Some("$msg contains \"disk\"".to_owned());
        rule.comment = Some("to the hub\nsince March".to_owned());
        rule.settings = json!({"target": "hub", "port": 514, "keepalive": true, "tag": "a\"b\\", "list": ["x", "y"]});
        let files = Rsyslog.render(&role(), std::slice::from_ref(&rule)).unwrap();
        let expected = concat!(
            "# to the hub\n# since March\n",
            "if $msg contains \"disk\" then {\n",
            "  action(type=\"omfwd\" target=\"hub\" port=\"514\" keepalive=\"on\" tag=\"a\\\"b\\\\\" list=[\"x\", \"y\"])\n",
            "}\n",
        );
        assert_eq!(files[0].content, expected);
        rule.construct = Some("module".to_owned());
        rule.condition = None;
        rule.comment = None;
        rule.settings = json!({});
        assert_eq!(Rsyslog.render(&role(), &[rule]).unwrap()[0].content, "module(load=\"omfwd\")\n");
    }

    #[test]
    fn findings_say_where() {
        found(
            &[file("a.conf", "module(load=\"imtcp\")\nmodul(load=\"x\")\n")],
            &["error a.conf body: line 2, column 1: there is no object or statement \"modul\""],
        );
        found(&[file("a.conf", "if $msg then {\n  stop\n")], &["error a.conf body: line 1, column 14: \"{\" is never closed"]);
        let early = Rule { position: "1".parse().unwrap(), ..file("b.conf", "stop\n") };
        let late = Rule { position: "2".parse().unwrap(), ..file("a.conf", "stop\n") };
        found(
            &[early, late],
            &["warning b.conf position: the position says that the file is read before \"a.conf\", the name says after"],
        );
        let both = Rule { construct: Some("input".to_owned()), ..file("c.conf", "stop\n") };
        found(&[both], &["error c.conf construct: the rule has a body and an object"]);
    }

    #[test]
    fn an_open_text_is_not_imported() {
        let refusal = Rsyslog.import(&role(), "# x\naction(type=\"omfile\n").unwrap_err();
        assert_eq!((refusal.line, refusal.column), (2, 13));
        let rules = Rsyslog.import(&role(), "*.* /var/log/all\n").unwrap();
        assert_eq!((rules[0].name.as_str(), rules.len()), ("edge.conf", 1));
    }
}
