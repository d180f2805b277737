//! Settings of a rule as Logstash would understand them: what a port, a list or a name is, however it is written.
//!
//! A value that refers to the environment (`${...}`) is known to the instance only; whoever asks for it here gets nothing.

use serde_json::{Map, Value as Json};
use strata_catalog::etl::component::Rule;

use super::settings::REPEAT_KEY;

/// The settings of one plugin.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// The stage.
    pub stage: &'a str,
    /// The plugin's name.
    pub plugin: &'a str,
    settings: &'a Map<String, Json>,
}

impl<'a> Reading<'a> {
    /// Of a rule that is a plugin; `None` for other rows and for settings that are no object.
    #[must_use]
    pub fn of(rule: &'a Rule) -> Option<Reading<'a>> {
        Some(Reading { stage: &rule.stage, plugin: rule.plugin.as_deref()?, settings: rule.settings.as_object()? })
    }

    /// Whether the setting is there.
    #[must_use]
    pub fn has(&self, setting: &str) -> bool {
        self.settings.contains_key(setting)
    }

    /// The values of a setting: several if it is a list or is written more than once.
    pub fn all(&self, setting: &str) -> impl Iterator<Item = &'a Json> + use<'a> {
        let values = match self.settings.get(setting) {
            None => &[],
            Some(value) => match value.get(REPEAT_KEY) {
                Some(Json::Array(values)) => values.as_slice(),
                _ => std::slice::from_ref(value),
            },
        };
        values.iter().flat_map(|value| match value {
            Json::Array(items) => items.as_slice(),
            single => std::slice::from_ref(single),
        })
    }

    /// The texts of a setting, numbers included.
    pub fn texts(&self, setting: &str) -> impl Iterator<Item = String> + use<'a> {
        self.all(setting).filter_map(|value| match value {
            Json::String(text) => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
        })
    }

    /// The text of a setting; `usual` if it is not given.
    #[must_use]
    pub fn text_or(&self, setting: &str, usual: &str) -> String {
        self.texts(setting).last().unwrap_or_else(|| usual.to_owned())
    }

    /// Whether a setting is on; `usual` if it is not given.
    #[must_use]
    pub fn is_on(&self, setting: &str, usual: bool) -> bool {
        match self.all(setting).last() {
            Some(Json::Bool(on)) => *on,
            Some(Json::String(text)) => text == "true",
            _ => usual,
        }
    }

    /// The port of a setting, or `usual` if it is not given; `None` if there is neither, or only the instance knows it.
    #[must_use]
    pub fn port(&self, setting: &str, usual: Option<u16>) -> Option<u16> {
        match self.texts(setting).last() {
            Some(text) => text.parse().ok(),
            None if self.has(setting) => None,
            None => usual,
        }
    }
}
