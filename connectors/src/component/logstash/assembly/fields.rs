//! Which columns a rule may fill, by what it is. One that would not reach the file is refused, not dropped.

use serde_json::Value as Json;
use strata_catalog::etl::component::{Finding, Rule};

use super::super::construct::Construct;

/// Notes every column of `rule` that its construct has no use for, or needs and does not have.
pub(super) fn check(rule: &Rule, construct: Construct, findings: &mut Vec<Finding>) {
    use Construct::{Comment, Else, ElseIf, FileComment, If, Plugin, Section};
    let mut unused = |field: &str, filled: bool| {
        if filled {
            let message = format!("a rule of construct \"{}\" has no {field}", construct.word());
            findings.push(Finding::error(&rule.name, field, message).with_hint(format!("Set {field} to NULL or leave it away.")));
        }
    };
    unused("inputs", !rule.inputs.is_empty());
    unused("body", rule.body.is_some());
    unused("plugin", construct != Plugin && rule.plugin.is_some());
    unused("condition", matches!(construct, Else | Section | Comment | FileComment) && rule.condition.is_some());
    let only_place = |settings: &Json| match settings {
        Json::Object(fields) => fields.iter().all(|(key, value)| key == "same_line" && value.is_boolean()),
        _ => settings.is_null(),
    };
    match construct {
        Plugin => {}
        Comment | FileComment => unused("settings", !only_place(&rule.settings)),
        If | ElseIf | Else | Section => {
            unused("settings", !(rule.settings.is_null() || rule.settings.as_object().is_some_and(serde_json::Map::is_empty)));
        }
    }
    let missing = match construct {
        If | ElseIf if rule.condition.is_none() => "condition",
        Comment | FileComment if rule.comment.is_none() => "comment",
        _ => return,
    };
    let message = format!("a rule of construct \"{}\" needs a {missing}", construct.word());
    findings.push(Finding::error(&rule.name, missing, message).with_hint(format!("Set {missing}.")));
}
