//! Objects of the fold as the rows that a component is asked about, and its imported rules as rows to be staged.
//!
//! Every field goes over in both directions; nothing is decided here.

use serde_json::{Value, json};

use super::component::{Role, Rule};
use super::{Fold, Object, Relation, Row, Uid};

fn text(row: &mut Row, field: &str) -> Option<String> {
    match row.remove(field) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// A text that every object has.
fn needed(row: &mut Row, field: &str) -> String {
    text(row, field).unwrap_or_default()
}

fn flag(row: &mut Row, field: &str) -> bool {
    row.remove(field) == Some(Value::Bool(true))
}

impl Fold {
    /// The role of that name as its component sees it, and its rules by position.
    pub fn for_component(&self, role: &str) -> Option<(Role, Vec<Rule>)> {
        let role = self.role(role)?;
        let rules = self.of_relation(Relation::Rules).filter(|rule| rule.reference("role") == Some(role.uid));
        let mut rules: Vec<Rule> = rules.filter_map(|rule| self.component_rule(rule)).collect();
        rules.sort_by(|one, other| (one.position, &one.name).cmp(&(other.position, &other.name)));
        Some((self.component_role(role.uid)?, rules))
    }

    fn component_role(&self, uid: Uid) -> Option<Role> {
        let mut row = self.row(uid)?;
        Some(Role {
            name: needed(&mut row, "name"),
            kind: needed(&mut row, "kind"),
            description: text(&mut row, "description"),
            settings: row.remove("settings")?,
            enabled: flag(&mut row, "enabled"),
        })
    }

    fn component_rule(&self, rule: &Object) -> Option<Rule> {
        let mut row = self.row(rule.uid)?;
        let inputs = match row.remove("inputs") {
            Some(Value::Array(inputs)) => inputs.into_iter().filter_map(|input| input.as_str().map(str::to_owned)).collect(),
            _ => Vec::new(),
        };
        Some(Rule {
            role: needed(&mut row, "role"),
            stage: needed(&mut row, "stage"),
            name: needed(&mut row, "name"),
            parent: text(&mut row, "parent"),
            position: rule.position().unwrap_or_default(),
            construct: text(&mut row, "construct"),
            plugin: text(&mut row, "plugin"),
            condition: text(&mut row, "condition"),
            settings: row.remove("settings")?,
            inputs,
            body: text(&mut row, "body"),
            comment: text(&mut row, "comment"),
            enabled: flag(&mut row, "enabled"),
        })
    }
}

/// A rule as a row of `etl.rules`.
pub fn row_of_rule(rule: &Rule) -> Row {
    let row = json!({
        "role": rule.role, "stage": rule.stage, "name": rule.name, "parent": rule.parent,
        "position": rule.position.to_string(), "construct": rule.construct, "plugin": rule.plugin, "condition": rule.condition,
        "settings": rule.settings, "inputs": rule.inputs, "body": rule.body, "comment": rule.comment, "enabled": rule.enabled,
    });
    match row {
        Value::Object(row) => row,
        other => unreachable!("a rule became {other}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::etl::{Staging, UidCounter};

    #[test]
    fn rules_come_back_as_they_were_imported() {
        let mut whole = Rule::new("web", "filter", "inner");
        whole.parent = Some("outer".to_owned());
        whole.position = "1.5".parse().unwrap();
        whole.construct = Some("if".to_owned());
        whole.plugin = Some("grok".to_owned());
        whole.condition = Some("[a] == 1".to_owned());
        whole.settings = json!({"z": [1, {"b": null}], "a": {}});
        whole.inputs = vec!["x".to_owned(), "y".to_owned()];
        whole.body = Some(String::new());
        whole.comment = Some("why".to_owned());
        whole.enabled = false;
        let mut outer = Rule::new("web", "filter", "outer");
        outer.position = "2".parse().unwrap();
        let rules = vec![whole, outer];

        let mut staging = Staging::new(Arc::default(), Arc::new(UidCounter::new(Uid(1))));
        let role = json!({"name": "web", "kind": "logstash", "settings": {"settle": "5 s"}}).as_object().unwrap().clone();
        staging.insert(Relation::Roles, vec![role]).unwrap();
        staging.insert(Relation::Rules, rules.iter().map(row_of_rule).collect()).unwrap();
        let (role, found) = staging.fold().for_component("web").unwrap();
        assert_eq!(found, rules);
        assert_eq!(found[0].settings.to_string(), r#"{"z":[1,{"b":null}],"a":{}}"#, "keys keep their order");
        assert_eq!((role.kind.as_str(), role.description, role.enabled), ("logstash", None, true));
        assert_eq!(role.settings, json!({"settle": "5 s"}));
        assert!(staging.fold().for_component("none").is_none());
    }
}
