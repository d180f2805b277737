//! The kinds of components that this server knows, as the binary gave them.
//!
//! The engine asks them through their trait and never names one. A role may be of a kind that is not among them: its rows are
//! kept like any others, and whatever needs the kind says that it is not there.

use std::sync::Arc;

use strata_catalog::etl::component::Component;

use crate::Result;
use crate::error::{EngineError, Refusal};

/// See the module. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Components(Arc<[Arc<dyn Component>]>);

impl Components {
    /// These kinds. Of two with one name the first counts.
    pub fn new(components: Vec<Arc<dyn Component>>) -> Self {
        Self(components.into())
    }

    /// The component of a kind.
    ///
    /// # Errors
    /// There is none; the hint names those that there are.
    pub fn of_kind(&self, kind: &str) -> Result<&dyn Component> {
        self.find(kind).ok_or_else(|| EngineError::Refused {
            reason: Refusal::InvalidParameter,
            message: self.missing(kind),
            hint: Some(self.known()),
        })
    }

    /// The component of a kind, if there is one.
    pub fn find(&self, kind: &str) -> Option<&dyn Component> {
        self.0.iter().find(|component| component.kind() == kind).map(|component| &**component)
    }

    /// What is wrong with a role of a kind that is not known.
    pub(crate) fn missing(&self, kind: &str) -> String {
        format!("this server has no component of kind \"{kind}\"")
    }

    /// What to do about it.
    pub(crate) fn known(&self) -> String {
        if self.0.is_empty() {
            return "It was started without any components.".to_owned();
        }
        let kinds: Vec<&str> = self.0.iter().map(|component| component.kind()).collect();
        format!("There is {}.", kinds.join(", "))
    }
}
