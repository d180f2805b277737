//! What is wrong with a pipeline although the grammar takes it: names, settings that are missing, passwords in the open,
//! two rules on one port.

use serde_json::{Map, Value as Json};
use strata_catalog::etl::component::{Finding, Role, Rule};

use super::assembly::rendered;
use super::plugins::{Facts, Slot, facts, nearest_plugin, nearest_setting, other_slots};
use super::reserve::reservations;
use super::settings::{PLUGIN_KEY, REPEAT_KEY};
use super::tree::Stage;
use crate::component::clash::clashes;
use crate::component::literal_secret::{holds_password, holds_secret};

/// Setting of a role: names of plugins that its instances have and Logstash does not bring.
pub const PLUGINS_SETTING: &str = "plugins";

/// Everything there is to say about the rules that are rendered, rule by rule; then what two of them both claim.
#[must_use]
pub fn findings(role: &Role, rules: &[Rule]) -> Vec<Finding> {
    let mut check = Check { own_plugins: own_plugins(role), findings: Vec::new() };
    for rule in rendered(rules) {
        let (Some(stage), Some(name)) = (Stage::from_keyword(&rule.stage), rule.plugin.as_deref()) else { continue };
        check.plugin(rule, "plugin", Slot::Stage(stage), name, &rule.settings, "settings");
        check.secrets(rule, &rule.settings, "settings", false);
    }
    check.findings.extend(clashes(&reservations(rules)));
    check.findings
}

fn own_plugins(role: &Role) -> Vec<&str> {
    let names = role.settings.get(PLUGINS_SETTING).and_then(Json::as_array);
    names.into_iter().flatten().filter_map(Json::as_str).collect()
}

struct Check<'a> {
    own_plugins: Vec<&'a str>,
    findings: Vec<Finding>,
}

impl Check<'_> {
    /// Checks one plugin. `field` is where its name stands, `path` where its settings do.
    fn plugin(&mut self, rule: &Rule, field: &str, slot: Slot, name: &str, settings: &Json, path: &str) {
        let Json::Object(settings) = settings else { return };
        match facts(slot, name) {
            Some(facts) => self.settings(rule, field, (slot, name), facts, settings, path),
            None if self.own_plugins.contains(&name) => {}
            None => self.findings.push(unknown_plugin(rule, field, slot, name)),
        }
        for codec in values(settings, "codec") {
            let field = format!("{path}.codec");
            let none = Json::Object(Map::new());
            match (codec, codec.get(PLUGIN_KEY)) {
                (Json::String(name), _) if !name.contains("${") => self.plugin(rule, &field, Slot::Codec, name, &none, &field),
                (codec, Some(Json::String(name))) => self.plugin(rule, &field, Slot::Codec, name, codec, &field),
                _ => {}
            }
        }
    }

    fn settings(
        &mut self,
        rule: &Rule,
        field: &str,
        (slot, name): (Slot, &str),
        facts: &Facts,
        settings: &Map<String, Json>,
        path: &str,
    ) {
        if facts.to_be_installed && !self.own_plugins.contains(&name) {
            let hint = format!(
                "Install it on every instance (logstash-plugin install logstash-{slot}-{name}) and name it in the role's setting \"{PLUGINS_SETTING}\"."
            );
            let message = format!("{slot} plugin \"{name}\" is not bundled with Logstash");
            self.findings.push(Finding::warning(&rule.name, field, message).with_hint(hint));
        }
        for alternatives in &facts.required {
            if alternatives.iter().any(|setting| settings.contains_key(*setting)) {
                continue;
            }
            let names = alternatives.join("\" or \"");
            let message = format!("{slot} plugin \"{name}\" needs the setting \"{names}\"");
            let hint = format!("Set {path}.{}.", alternatives[0]);
            self.findings.push(Finding::error(&rule.name, &format!("{path}.{}", alternatives[0]), message).with_hint(hint));
        }
        if facts.takes_any {
            return;
        }
        for setting in settings.keys().filter(|key| !key.starts_with('$')) {
            if facts.settings.contains(setting.as_str()) {
                continue;
            }
            let message = format!("{slot} plugin \"{name}\" has no setting \"{setting}\" that is known here");
            let hint = match nearest_setting(facts, setting) {
                Some(nearest) => format!("Perhaps \"{nearest}\" was meant."),
                None => format!("Look it up in the documentation of the {slot} plugin {name}."),
            };
            self.findings.push(Finding::warning(&rule.name, &format!("{path}.{setting}"), message).with_hint(hint));
        }
    }

    /// Warns of secrets that stand in the settings themselves.
    fn secrets(&mut self, rule: &Rule, value: &Json, path: &str, secret: bool) {
        const HINT: &str = "Write ${secret:name} and keep the value on the instance, or ${NAME} for its environment.";
        match value {
            Json::Object(fields) => {
                for (key, value) in fields.iter().filter(|(key, _)| *key == REPEAT_KEY || !key.starts_with('$')) {
                    let is_mark = key == REPEAT_KEY;
                    let below = if is_mark { path.to_owned() } else { format!("{path}.{key}") };
                    let names_secret = if is_mark { secret } else { holds_secret(key) };
                    self.secrets(rule, value, &below, names_secret);
                }
            }
            Json::Array(values) => values.iter().for_each(|value| self.secrets(rule, value, path, secret)),
            Json::String(text) if secret && is_literal(text) => {
                self.findings.push(Finding::warning(&rule.name, path, "the value is a literal secret").with_hint(HINT));
            }
            Json::Number(_) if secret => {
                self.findings.push(Finding::warning(&rule.name, path, "the value is a literal secret").with_hint(HINT));
            }
            Json::String(text) if holds_password(text) => {
                self.findings.push(Finding::warning(&rule.name, path, "the URL holds a literal password").with_hint(HINT));
            }
            Json::String(_) | Json::Number(_) | Json::Null | Json::Bool(_) => {}
        }
    }
}

/// Neither empty nor a reference to the environment, a secret, or a field of the event.
fn is_literal(text: &str) -> bool {
    !text.is_empty() && !text.contains("${") && !text.contains("%{") && !text.starts_with('[')
}

/// The values of a setting that may be written more than once.
fn values<'j>(settings: &'j Map<String, Json>, key: &str) -> &'j [Json] {
    match settings.get(key) {
        None => &[],
        Some(value) => match value.get(REPEAT_KEY) {
            Some(Json::Array(values)) => values,
            _ => std::slice::from_ref(value),
        },
    }
}

fn unknown_plugin(rule: &Rule, field: &str, slot: Slot, name: &str) -> Finding {
    let hint = match (nearest_plugin(slot, name), other_slots(slot, name).next()) {
        (_, Some(other)) => format!("\"{name}\" is a plugin for {other}, not for {slot}."),
        (Some(nearest), None) => format!("Perhaps \"{nearest}\" was meant."),
        (None, None) => format!("If the instances have it, name it in the role's setting \"{PLUGINS_SETTING}\"."),
    };
    Finding::error(&rule.name, field, format!("there is no {slot} plugin \"{name}\"")).with_hint(hint)
}

#[cfg(test)]
mod tests;
