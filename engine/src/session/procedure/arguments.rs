//! What a procedure is called with: values by place, then values by name.

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use strata_catalog::etl::LayerId;

use crate::Result;
use crate::error::{EngineError, ObjectClass};

/// See the module.
#[derive(Debug, Clone, Default)]
pub(in crate::session) struct Arguments {
    /// By place.
    pub places: Vec<ScalarValue>,
    /// By name: `name => value`.
    pub names: Vec<(String, ScalarValue)>,
}

impl Arguments {
    /// As many texts by place as `example` shows, and nothing by name.
    pub fn texts<const N: usize>(&self, example: &str) -> Result<[&str; N]> {
        let texts: Option<Vec<&str>> = self.places.iter().map(|value| value.try_as_str().flatten()).collect();
        let texts = texts.and_then(|texts| <[&str; N]>::try_from(texts).ok()).filter(|_| self.names.is_empty());
        texts.ok_or_else(|| called_otherwise(example))
    }

    /// The number of a layer by place, and nothing else but what is named in `names`.
    pub fn layer(&self, names: &[&str], example: &str) -> Result<LayerId> {
        self.number(names, example).map(LayerId)
    }

    /// One number by place, and nothing else but what is named in `names`.
    pub fn number(&self, names: &[&str], example: &str) -> Result<i64> {
        let known = self.names.iter().all(|(name, _)| names.contains(&name.as_str()));
        match self.places.as_slice() {
            [value] if known => match value.cast_to(&DataType::Int64) {
                Ok(ScalarValue::Int64(Some(number))) => Ok(number),
                _ => Err(called_otherwise(example)),
            },
            _ => Err(called_otherwise(example)),
        }
    }

    /// A text by name.
    pub fn named_text(&self, name: &str) -> Option<&str> {
        self.names.iter().find(|(known, _)| known == name)?.1.try_as_str().flatten()
    }
}

/// The error of a call that does not fit.
pub(super) fn called_otherwise(example: &str) -> EngineError {
    EngineError::Undefined {
        what: ObjectClass::Function,
        name: example.split('(').next().unwrap_or(example).to_owned(),
        hint: Some(format!("Call it as {example}.")),
    }
}
