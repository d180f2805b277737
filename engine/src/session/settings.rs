//! The values of a session's configuration parameters, with what transactions do to them.
//!
//! ```text
//! SHOW reads:   SET LOCAL of this block ──▶ SET ──▶ start-up parameters ──▶ default
//! ROLLBACK restores the first two as they were at BEGIN; COMMIT drops only the first.
//! ```

use std::collections::BTreeMap;

use super::setting::{Scope, Setting, registry};
use crate::Result;
use crate::error::{EngineError, ObjectClass, Refusal};

/// The part that a transaction can take back.
#[derive(Debug, Clone, Default)]
pub struct Assigned {
    session: BTreeMap<String, String>,
    local: BTreeMap<String, String>,
}

/// All values of one session.
#[derive(Debug)]
pub struct Settings {
    /// From the start-up packet and the server; what `RESET` goes back to.
    initial: BTreeMap<String, String>,
    assigned: Assigned,
    /// Last values told to the client.
    reported: BTreeMap<&'static str, String>,
}

/// Most parameters of the client's own that one session may hold.
const CUSTOM_MAX: usize = 1000;

impl Settings {
    /// Values of a new session. `fixed` overrides defaults of the registry; `startup` is what the client asked for.
    ///
    /// # Errors
    /// As [`Settings::set`], for the start-up parameters.
    pub fn new(fixed: impl IntoIterator<Item = (&'static str, String)>, startup: &[(String, String)]) -> Result<Self> {
        let mut settings = Self {
            initial: fixed.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect(),
            assigned: Assigned::default(),
            reported: BTreeMap::new(),
        };
        for (name, value) in startup {
            let (key, value) = settings.check(name, value)?;
            settings.initial.insert(key, value);
        }
        settings.reported = settings.reportable().collect();
        Ok(settings)
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<String> {
        let key = name.to_ascii_lowercase();
        let assigned = self.assigned.local.get(&key).or_else(|| self.assigned.session.get(&key));
        assigned
            .or_else(|| self.initial.get(&key))
            .cloned()
            .or_else(|| registry::find(name).map(|setting| setting.default.to_owned()))
    }

    /// The value of a parameter as a number of its unit; 0 if it has none.
    pub fn number(&self, name: &str) -> i64 {
        let setting = registry::find(name);
        setting.and_then(|setting| setting.number(&self.get(name)?)).unwrap_or_default()
    }

    /// Whether the value differs from the default, and by what: for `sys.settings`.
    pub fn source(&self, setting: &Setting) -> &'static str {
        let key = setting.name.to_ascii_lowercase();
        if self.assigned.local.contains_key(&key) || self.assigned.session.contains_key(&key) {
            "session"
        } else if self.initial.contains_key(&key) {
            if setting.scope == Scope::Fixed { "server" } else { "client" }
        } else {
            "default"
        }
    }

    /// Sets a parameter, for the transaction only if `local`.
    ///
    /// # Errors
    /// Undefined setting, a value that does not fit, or a setting that cannot be changed.
    pub fn set(&mut self, name: &str, value: &str, local: bool) -> Result<()> {
        let (key, value) = self.check(name, value)?;
        if local {
            self.assigned.local.insert(key, value);
        } else {
            self.assigned.local.remove(&key);
            self.assigned.session.insert(key, value);
        }
        Ok(())
    }

    /// Makes `role` the current user, for the transaction only if `local`. Whether the session may is the caller's to check.
    pub(super) fn assume_role(&mut self, role: &str, local: bool) {
        let key = "role".to_owned();
        if local {
            self.assigned.local.insert(key, role.to_owned());
        } else {
            self.assigned.local.remove(&key);
            self.assigned.session.insert(key, role.to_owned());
        }
    }

    /// Back to the value of the session's start.
    ///
    /// # Errors
    /// As [`Settings::set`].
    pub fn reset(&mut self, name: &str) -> Result<()> {
        self.changeable(name)?;
        let key = name.to_ascii_lowercase();
        self.assigned.local.remove(&key);
        self.assigned.session.remove(&key);
        Ok(())
    }

    /// All back to the values of the session's start.
    pub fn reset_all(&mut self) {
        self.assigned = Assigned::default();
    }

    /// What a transaction may have to restore.
    pub fn checkpoint(&self) -> Assigned {
        self.assigned.clone()
    }

    /// Takes back what was set since the checkpoint.
    pub fn restore(&mut self, checkpoint: Assigned) {
        self.assigned = checkpoint;
    }

    /// Ends a transaction: what was set with `LOCAL` goes.
    pub fn end_transaction(&mut self) {
        self.assigned.local.clear();
    }

    /// Parameters that clients are told of and that changed since the last call.
    pub fn changed(&mut self) -> Vec<(String, String)> {
        let now: BTreeMap<_, _> = self.reportable().collect();
        let changed = now.iter().filter(|(name, value)| self.reported.get(*name) != Some(value));
        let changed = changed.map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        self.reported = now;
        changed
    }

    /// All parameters that clients are told of at the start.
    pub fn reportable(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
        registry::ALL
            .iter()
            .filter(|setting| setting.reported)
            .filter_map(|setting| Some((setting.name, self.get(setting.name)?)))
    }

    /// Names and values of the client's own parameters.
    pub fn custom(&self) -> Vec<(String, String)> {
        let keys = self.initial.keys().chain(self.assigned.session.keys()).chain(self.assigned.local.keys());
        let mut keys: Vec<_> = keys.filter(|key| registry::find(key).is_none()).collect();
        keys.sort();
        keys.dedup();
        keys.into_iter().filter_map(|key| Some((key.clone(), self.get(key)?))).collect()
    }

    fn changeable(&self, name: &str) -> Result<Option<&'static Setting>> {
        match registry::find(name) {
            Some(setting) if setting.scope == Scope::Fixed => Err(EngineError::Refused {
                reason: Refusal::CannotChangeNow,
                message: format!("parameter \"{}\" cannot be changed", setting.name),
                hint: None,
            }),
            None if !name.contains('.') => {
                Err(EngineError::Undefined { what: ObjectClass::Setting, name: name.to_owned(), hint: None })
            }
            None if name.to_ascii_lowercase().starts_with("strata.") => Err(EngineError::Undefined {
                what: ObjectClass::Setting,
                name: name.to_owned(),
                hint: Some("The strata parameters are strata.producer and strata.sequence.".into()),
            }),
            found => Ok(found),
        }
    }

    fn check(&self, name: &str, value: &str) -> Result<(String, String)> {
        let key = name.to_ascii_lowercase();
        let Some(setting) = self.changeable(name)? else {
            if self.initial.len() + self.assigned.session.len() + self.assigned.local.len() > CUSTOM_MAX {
                return Err(EngineError::Refused {
                    reason: Refusal::LimitExceeded,
                    message: format!("a session holds at most {CUSTOM_MAX} parameters"),
                    hint: None,
                });
            }
            return Ok((key, value.to_owned()));
        };
        if key == "role" || key == "session_authorization" {
            return Err(EngineError::Refused {
                reason: Refusal::CannotChangeNow,
                message: format!("parameter \"{key}\" cannot be set this way"),
                hint: Some("Use SET ROLE.".into()),
            });
        }
        if key == "strata.sequence" && !value.is_empty() && value.parse::<u64>().is_err() {
            return Err(EngineError::Refused {
                reason: Refusal::InvalidParameter,
                message: format!("invalid value for parameter \"strata.sequence\": \"{value}\""),
                hint: Some("Use a whole number that is not negative.".into()),
            });
        }
        Ok((key, setting.parse(value)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings::new([("memory_limit", "1000".to_owned())], &[("application_name".into(), "psql".into())]).unwrap()
    }

    #[test]
    fn local_hides_session_until_the_end() {
        let mut settings = settings();
        settings.set("TimeZone", "Asia/Tokyo", false).unwrap();
        let before = settings.checkpoint();
        settings.set("timezone", "europe/paris", true).unwrap();
        settings.set("statement_timeout", "5s", false).unwrap();
        assert_eq!(settings.get("TIMEZONE").as_deref(), Some("Europe/Paris"));
        settings.restore(before);
        assert_eq!((settings.get("timezone").as_deref(), settings.number("statement_timeout")), (Some("Asia/Tokyo"), 0));
        settings.set("statement_timeout", "5s", true).unwrap();
        settings.end_transaction();
        assert_eq!(settings.number("statement_timeout"), 0);
    }

    #[test]
    fn only_changes_are_told() {
        let mut settings = settings();
        assert!(settings.changed().is_empty());
        settings.set("application_name", "x", false).unwrap();
        settings.set("search_path", "public", false).unwrap();
        assert_eq!(settings.changed(), [("application_name".to_owned(), "x".to_owned())]);
        settings.reset_all();
        assert_eq!(settings.changed(), [("application_name".to_owned(), "psql".to_owned())]);
    }

    #[test]
    fn unknown_and_fixed_ones_are_refused_and_custom_ones_kept() {
        let mut settings = settings();
        assert!(matches!(settings.set("no_such", "1", false), Err(EngineError::Undefined { .. })));
        assert!(matches!(settings.set("strata.no_such", "1", false), Err(EngineError::Undefined { .. })));
        assert!(matches!(settings.set("memory_limit", "1", false), Err(EngineError::Refused { .. })));
        settings.set("app.user", "7", false).unwrap();
        assert_eq!(settings.get("App.User").as_deref(), Some("7"));
        assert!(settings.set("strata.sequence", "-1", false).is_err());
    }
}
