//! Every SQLSTATE that clients see, in one place.
//!
//! Each error enum of Strata has one `match` without a wildcard, so a new variant cannot be forgotten. DataFusion's errors
//! are told apart by kind and by shape of message in `planner_words.rs`, which names a [`Condition`] and never a code.

use datafusion::error::DataFusionError;
use strata_catalog::CatalogError;
use strata_catalog::etl::config_store::StoreError;
use strata_catalog::etl::{BreakKind, LayerError};
use strata_engine::EngineError;
use strata_engine::error::{DataFault, ObjectClass, Refusal};
use strata_engine::users::Denied;
use strata_storage::StorageError;

use crate::error::Error;
use crate::planner_words::{self, Condition};

/// An error as the client sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Five characters.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// More about it.
    pub detail: Option<String>,
    /// What to do.
    pub hint: Option<String>,
    /// Character in the statement, from 1.
    pub position: Option<usize>,
    /// Where in the client's data.
    pub context: Option<String>,
}

impl Report {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: None, hint: None, position: None, context: None }
    }

    fn hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }
}

/// The report of an error of this crate.
pub fn report(error: &Error) -> Report {
    let code = match error {
        Error::Engine(error) => return of_engine(error),
        Error::InText { position, source } => return Report { position: Some(*position), ..of_engine(source) },
        Error::At { context, source } => return Report { context: Some(context.clone()), ..of_engine(source) },
        Error::Protocol(_) => "08P01",
        Error::UnsupportedProtocol { .. } => "0A000",
        Error::TooManyConnections => "53300",
        Error::StartupTimeout => "57014",
        Error::UndefinedDatabase(_) => "3D000",
        Error::Denied { denied: Denied::Password, .. } => "28P01",
        Error::Denied { denied: Denied::Connections, .. } => "53300",
        Error::Denied { denied: Denied::NoLogin, .. }
        | Error::NoUser
        | Error::Barred(_)
        | Error::NoEncryption(_)
        | Error::NoPassword(_) => "28000",
        Error::Tls(_) => "F0000",
        Error::CopyFailed(_) => "57014",
        Error::Terminated => "57P01",
        Error::IdleSession => "57P05",
        Error::IdleInTransaction => "25P03",
        Error::Limit(_) => "54000",
        Error::Io(_) => "08006",
    };
    Report::new(code, error.to_string())
}

/// The SQLSTATE of a notice by its severity.
pub fn of_notice(severity: &str) -> &'static str {
    if severity == "WARNING" { "01000" } else { "00000" }
}

/// The report of an error of the engine.
pub fn of_engine(error: &EngineError) -> Report {
    match error {
        EngineError::Syntax { message, position } => Report { position: *position, ..Report::new("42601", message) },
        EngineError::Placed { source, .. } => of_engine(source),
        EngineError::Undefined { what, hint, .. } => Report::new(undefined(*what), error.to_string()).hint(hint.clone()),
        EngineError::Duplicate { what, .. } => Report::new(duplicate(*what), error.to_string()),
        EngineError::Dependent { .. } => Report::new("2BP01", error.to_string()),
        EngineError::Unsupported { message, hint } => Report::new("0A000", message).hint(hint.clone()),
        EngineError::Refused { reason, message, hint } => Report::new(refused(*reason), message).hint(hint.clone()),
        EngineError::Data { reason, message, hint } => {
            Report::new(data(*reason), planner_words::value_message(message)).hint(hint.clone())
        }
        EngineError::Cancelled { message } => Report::new("57014", message),
        EngineError::InFailedTransaction => Report::new("25P02", error.to_string()),
        EngineError::OutOfMemory { .. } => {
            Report::new("53200", error.to_string()).hint(Some("Ask for less at once, or raise memory_limit.".to_owned()))
        }
        EngineError::ShuttingDown => Report::new("57P01", "terminating connection due to administrator command"),
        EngineError::Storage(error) => of_storage(error),
        EngineError::Catalog(error) => of_catalog(error),
        EngineError::DataFusion(error) => of_datafusion(error),
        EngineError::Internal(_) => Report::new("XX000", error.to_string()),
    }
}

fn undefined(what: ObjectClass) -> &'static str {
    match what {
        ObjectClass::Schema => "3F000",
        ObjectClass::Relation => "42P01",
        ObjectClass::Column => "42703",
        ObjectClass::Function | ObjectClass::Operator => "42883",
        ObjectClass::Index
        | ObjectClass::Type
        | ObjectClass::Setting
        | ObjectClass::Role
        | ObjectClass::TextSearchConfiguration => "42704",
        ObjectClass::Prepared => "26000",
        ObjectClass::Cursor => "34000",
        ObjectClass::Savepoint => "3B001",
    }
}

fn duplicate(what: ObjectClass) -> &'static str {
    match what {
        ObjectClass::Schema => "42P06",
        ObjectClass::Relation | ObjectClass::Index => "42P07",
        ObjectClass::Column => "42701",
        ObjectClass::Function | ObjectClass::Operator => "42723",
        ObjectClass::Type | ObjectClass::Setting | ObjectClass::Role | ObjectClass::TextSearchConfiguration => "42710",
        ObjectClass::Prepared => "42P05",
        ObjectClass::Cursor => "42P03",
        ObjectClass::Savepoint => "3B001",
    }
}

fn refused(reason: Refusal) -> &'static str {
    match reason {
        Refusal::WrongObjectType => "42809",
        Refusal::GeneratedColumn => "428C9",
        Refusal::ActiveTransaction => "25001",
        Refusal::NoTransaction => "25P01",
        Refusal::ReadOnly => "25006",
        Refusal::InvalidParameter => "22023",
        Refusal::Privilege => "42501",
        Refusal::NoPassword => "55000",
        Refusal::InUse => "55006",
        Refusal::LimitExceeded => "54000",
        Refusal::CannotChangeNow => "55P02",
        Refusal::StatementTooComplex => "54001",
        Refusal::Ambiguous => "42702",
        Refusal::AmbiguousOperator => "42725",
        Refusal::Grouping => "42803",
        Refusal::Windowing => "42P20",
        Refusal::InvalidDefinition => "42P17",
        Refusal::InvalidCursorState => "24000",
        Refusal::MissingParameter => "42P02",
        Refusal::InvalidStatementKind => "42P14",
        Refusal::ReservedName => "42939",
        Refusal::DependentView => "2BP01",
        Refusal::Unfit => "23514",
        Refusal::RolloutFailed => "38000",
    }
}

fn data(reason: DataFault) -> &'static str {
    match reason {
        DataFault::InvalidText | DataFault::InvalidJson => "22P02",
        DataFault::InvalidDatetime => "22007",
        DataFault::DatetimeOverflow => "22008",
        DataFault::InvalidBinary => "22P03",
        DataFault::NumericOutOfRange => "22003",
        DataFault::DivisionByZero => "22012",
        DataFault::NotNull => "23502",
        DataFault::TypeMismatch => "42804",
        DataFault::InvalidEncoding => "22021",
        DataFault::BadCopyFormat => "22P04",
        DataFault::InvalidRegex => "2201B",
        DataFault::InvalidTextQuery => "42601",
        DataFault::InvalidArgument => "22023",
        DataFault::CannotCoerce => "42846",
        DataFault::InvalidLogarithm => "2201E",
        DataFault::InvalidPower => "2201F",
        DataFault::InvalidEscape => "22025",
        DataFault::ArraySubscript => "2202E",
        DataFault::InvalidBucket => "2201G",
        DataFault::InvalidSubstring => "22011",
        DataFault::LimitExceeded => "54000",
        DataFault::NoFile => "58P01",
    }
}

fn of_storage(error: &StorageError) -> Report {
    let code = match error {
        StorageError::Full { .. } => "53100",
        StorageError::OutOfMemory { .. } => "53200",
        StorageError::CorruptLog { .. }
        | StorageError::CorruptSegment { .. }
        | StorageError::BrokenSegments { .. }
        | StorageError::BrokenIndex { .. } => "XX001",
        StorageError::MissingSegment { .. } => "58P01",
        StorageError::Poisoned { .. } | StorageError::Io { .. } | StorageError::Store(_) => "58030",
        StorageError::Locked { .. } => "55006",
        StorageError::Arrow(_) | StorageError::Parquet(_) | StorageError::Internal(_) => "XX000",
    };
    Report::new(code, error.to_string())
}

fn of_catalog(error: &CatalogError) -> Report {
    let code = match error {
        CatalogError::Exists { what: "schema", .. } => "42P06",
        CatalogError::Exists { what: "role", .. } => "42710",
        CatalogError::Exists { .. } => "42P07",
        CatalogError::NotFound { what: "schema", .. } => "3F000",
        CatalogError::NotFound { what: "index" | "role", .. } => "42704",
        CatalogError::MemberCircle { .. } => "0LP01",
        CatalogError::NotFound { .. } => "42P01",
        CatalogError::NotEmpty { .. } => "2BP01",
        CatalogError::Overlap { .. } | CatalogError::NotBlank => "XX000",
        CatalogError::Exhausted { .. } => "54000",
        CatalogError::Sqlite(_) => "58030",
        CatalogError::TooNew { .. } => "0A000",
        CatalogError::Corrupt { .. } => "XX001",
        CatalogError::Interrupted => "08007",
        CatalogError::Layer(error) => layer(error),
        CatalogError::Store(error) => config_store(error),
    };
    Report::new(code, error.to_string()).hint(error.hint())
}

fn layer(error: &LayerError) -> &'static str {
    match error {
        LayerError::NoLayer { .. } | LayerError::NoObject { .. } => "42704",
        LayerError::NotInFold { .. }
        | LayerError::AlreadyDropped { .. }
        | LayerError::NotDropped { .. }
        | LayerError::Transition { .. } => "55000",
        LayerError::Orphans { .. } | LayerError::Broken { .. } => "2BP01",
        LayerError::Constraint { first, .. } => match first.kind {
            BreakKind::SameName => "23505",
            BreakKind::NoRole | BreakKind::NoParent | BreakKind::ForeignParent => "23503",
            BreakKind::Circle => "23514",
        },
        LayerError::NoReference { .. } => "23503",
        LayerError::PlanMoved | LayerError::Conflict { .. } | LayerError::Revision { .. } => "40001",
        LayerError::NoField { .. } => "42703",
        LayerError::NullField { .. } => "23502",
        LayerError::WrongType { .. } => "42804",
        LayerError::TooLarge { .. } => "54000",
        LayerError::BadPosition(_) => "22P02",
        LayerError::Inconsistent { .. } => "XX001",
    }
}

fn config_store(error: &StoreError) -> &'static str {
    match error {
        StoreError::Conflict { .. } | StoreError::Compacted { .. } => "40001",
        StoreError::NoLease { .. } => "55000",
        StoreError::TooLarge { .. } => "54000",
        StoreError::Twice { .. } => "XX000",
        StoreError::BadKey(_) => "42602",
        StoreError::Unreachable { .. } => "08001",
        StoreError::Silent { .. } => "08007",
        StoreError::Refused { .. } => "58000",
        StoreError::Malformed { .. } => "XX001",
    }
}

fn of_datafusion(error: &DataFusionError) -> Report {
    if let Some(engine) = nested(error) {
        return of_engine(engine);
    }
    if let Some(storage) = nested::<StorageError>(error) {
        return of_storage(storage);
    }
    let words = planner_words::of(error);
    let code = match words.condition {
        Condition::Syntax => "42601",
        Condition::UndefinedColumn => "42703",
        Condition::UndefinedTable => "42P01",
        Condition::UndefinedFunction => "42883",
        Condition::AmbiguousColumn => "42702",
        Condition::DuplicateColumn => "42701",
        Condition::Grouping => "42803",
        Condition::TypeMismatch => "42804",
        Condition::InvalidText => "22P02",
        Condition::InvalidDatetime => "22007",
        Condition::DivisionByZero => "22012",
        Condition::NumericOutOfRange => "22003",
        Condition::InvalidArgument => "22023",
        Condition::InvalidRegex => "2201B",
        Condition::InvalidColumnReference => "42P10",
        Condition::InvalidLimit => "2201W",
        Condition::InvalidOffset => "2201X",
        Condition::InvalidNtile => "22014",
        Condition::DuplicateAlias => "42712",
        Condition::UndefinedObject => "42704",
        Condition::DatetimeOverflow => "22008",
        Condition::CardinalityViolation => "21000",
        Condition::Unsupported => "0A000",
        Condition::OutOfResources => "53200",
        Condition::DiskFull => "53100",
        Condition::Io => "58030",
        Condition::Internal => "XX000",
    };
    Report::new(code, words.message).hint(words.hint)
}

/// An error of type `E` that somebody wrapped into one of DataFusion or Arrow.
fn nested<E: std::error::Error + 'static>(error: &DataFusionError) -> Option<&E> {
    let mut sources: Vec<&(dyn std::error::Error + 'static)> = vec![error];
    while let Some(source) = sources.pop() {
        if let Some(found) = source.downcast_ref::<E>() {
            return Some(found);
        }
        if let Some(DataFusionError::External(inner)) = source.downcast_ref() {
            sources.push(inner.as_ref());
        }
        if let Some(DataFusionError::Shared(inner)) = source.downcast_ref() {
            sources.push(inner.as_ref());
        }
        if let Some(DataFusionError::Collection(inner)) = source.downcast_ref() {
            sources.extend(inner.first().map(|first| first as &(dyn std::error::Error + 'static)));
        }
        if let Some(arrow::error::ArrowError::ExternalError(inner)) = source.downcast_ref() {
            sources.push(inner.as_ref());
        }
        sources.extend(source.source());
    }
    None
}

#[cfg(test)]
mod tests {
    use strata_catalog::etl::LayerId;

    use super::*;

    fn engine_errors() -> Vec<EngineError> {
        let name = || "x".to_owned();
        let classes = [
            ObjectClass::Schema,
            ObjectClass::Relation,
            ObjectClass::Column,
            ObjectClass::Function,
            ObjectClass::Index,
            ObjectClass::Type,
            ObjectClass::Setting,
            ObjectClass::Prepared,
            ObjectClass::Cursor,
            ObjectClass::Savepoint,
            ObjectClass::Role,
            ObjectClass::Operator,
            ObjectClass::TextSearchConfiguration,
        ];
        let mut all = vec![
            EngineError::Syntax { message: name(), position: Some(3) },
            EngineError::Dependent { what: ObjectClass::Schema, name: name() },
            EngineError::Unsupported { message: name(), hint: None },
            EngineError::Refused { reason: Refusal::GeneratedColumn, message: name(), hint: None },
            EngineError::Data { reason: DataFault::NotNull, message: name(), hint: Some(name()) },
            EngineError::Cancelled { message: name() },
            EngineError::InFailedTransaction,
            EngineError::OutOfMemory { message: name() },
            EngineError::ShuttingDown,
            EngineError::Storage(StorageError::Full { what: name() }),
            EngineError::Catalog(CatalogError::NotFound { what: "relation", name: name() }),
            EngineError::Catalog(CatalogError::Layer(LayerError::PlanMoved)),
            EngineError::Catalog(CatalogError::Layer(LayerError::NoLayer { layer: LayerId(3) })),
            EngineError::Catalog(CatalogError::Store(StoreError::Unreachable { address: name(), reason: name() })),
            EngineError::DataFusion(Box::new(DataFusionError::NotImplemented(name()))),
            EngineError::Internal(name()),
        ];
        all.extend(classes.map(|what| EngineError::Undefined { what, name: name(), hint: None }));
        all.extend(classes.map(|what| EngineError::Duplicate { what, name: name() }));
        all
    }

    #[test]
    fn every_error_has_a_code_and_a_message() {
        for error in engine_errors() {
            let report = of_engine(&error);
            assert_eq!(report.code.len(), 5, "{error:?}");
            assert!(report.code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()), "{error:?}");
            assert!(!report.message.is_empty(), "{error:?}");
            // Only defects may look like defects.
            assert_eq!(report.code == "XX000", matches!(error, EngineError::Internal(_)), "{error:?}");
            // However deep DataFusion wraps it, the client sees the same.
            let expected = report;
            let wrapped = DataFusionError::ArrowError(
                Box::new(arrow::error::ArrowError::ExternalError(Box::new(DataFusionError::External(Box::new(error))))),
                None,
            );
            let wrapped = DataFusionError::Shared(std::sync::Arc::new(wrapped.context("somewhere")));
            assert_eq!(of_engine(&EngineError::from(wrapped)), expected);
        }
    }

    #[test]
    fn errors_of_the_front_end() {
        for (error, code) in [
            (Error::Protocol("x".into()), "08P01"),
            (Error::UnsupportedProtocol { major: 2, minor: 0 }, "0A000"),
            (Error::TooManyConnections, "53300"),
            (Error::StartupTimeout, "57014"),
            (Error::UndefinedDatabase("x".into()), "3D000"),
            (Error::NoUser, "28000"),
            (Error::CopyFailed("x".into()), "57014"),
            (Error::Terminated, "57P01"),
            (Error::IdleSession, "57P05"),
            (Error::IdleInTransaction, "25P03"),
            (Error::Limit("x".into()), "54000"),
            (Error::Io(std::io::ErrorKind::BrokenPipe.into()), "08006"),
        ] {
            assert_eq!(report(&error).code, code, "{error}");
        }
        let at = Error::at(EngineError::InFailedTransaction, "COPY t, line 1");
        assert_eq!(report(&at).context.as_deref(), Some("COPY t, line 1"));
    }
}
