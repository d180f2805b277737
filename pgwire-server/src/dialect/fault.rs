//! Errors of functions and casts, as DataFusion carries them.

use datafusion::error::DataFusionError;
use strata_engine::EngineError;
use strata_engine::error::DataFault;

/// A value that does not fit.
pub(super) fn data(reason: DataFault, message: impl Into<String>) -> DataFusionError {
    carried(EngineError::Data { reason, message: message.into(), hint: None })
}

/// An error of the engine inside one of DataFusion.
pub(super) fn carried(error: EngineError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
