//! DataFusion's errors in the engine's words, so that each kind gets its SQLSTATE and hint.
//!
//! Only what DataFusion says by type, or by a text that it has used for years, is taken apart; the rest goes on as it is.

use arrow::error::ArrowError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use strata_catalog::CatalogError;
use strata_storage::StorageError;

use super::{DataFault, EngineError, ObjectClass, Refusal};
use crate::session::{is_shared, shown_name, unmarked};

impl From<DataFusionError> for EngineError {
    fn from(error: DataFusionError) -> Self {
        match error {
            DataFusionError::External(inner) => external(inner),
            DataFusionError::ArrowError(inner, _) => arrow(*inner),
            DataFusionError::Context(_, inner) => Self::from(*inner),
            DataFusionError::Diagnostic(diagnostic, inner) => match diagnostic.span {
                Some(span) => {
                    Self::Placed { line: span.start.line, column: span.start.column, source: Box::new(Self::from(*inner)) }
                }
                None => Self::from(*inner),
            },
            DataFusionError::Shared(inner) => match std::sync::Arc::try_unwrap(inner) {
                Ok(inner) => Self::from(inner),
                Err(inner) => shared(&inner),
            },
            DataFusionError::Collection(mut errors) if !errors.is_empty() => Self::from(errors.swap_remove(0)),
            DataFusionError::SchemaError(inner, backtrace) => schema(*inner, *backtrace),
            DataFusionError::ResourcesExhausted(message) => Self::OutOfMemory { message },
            DataFusionError::NotImplemented(message) if message.contains("logical expression WindowFunction") => {
                let message = "window functions are not allowed here".into();
                Self::Refused { reason: Refusal::Windowing, message, hint: Some("Compute it in a subquery.".into()) }
            }
            DataFusionError::NotImplemented(message) => {
                Self::Unsupported { message: format!("not supported: {}", first_line(&message)), hint: None }
            }
            DataFusionError::Plan(message) => plan(unmarked(message)),
            DataFusionError::Execution(message) => execution(message),
            other => Self::DataFusion(Box::new(other)),
        }
    }
}

impl From<ArrowError> for EngineError {
    fn from(error: ArrowError) -> Self {
        arrow(error)
    }
}

fn external(inner: Box<dyn std::error::Error + Send + Sync>) -> EngineError {
    let inner = match inner.downcast::<EngineError>() {
        Ok(error) => return *error,
        Err(inner) => inner,
    };
    let inner = match inner.downcast::<StorageError>() {
        Ok(error) => return EngineError::Storage(*error),
        Err(inner) => inner,
    };
    let inner = match inner.downcast::<CatalogError>() {
        Ok(error) => return EngineError::Catalog(*error),
        Err(inner) => inner,
    };
    match inner.downcast::<DataFusionError>() {
        Ok(error) => EngineError::from(*error),
        Err(inner) => EngineError::DataFusion(Box::new(DataFusionError::External(inner))),
    }
}

/// An error that several partitions share; it cannot be taken apart, so the kinds that matter are told by their root.
fn shared(error: &std::sync::Arc<DataFusionError>) -> EngineError {
    let message = error.strip_backtrace();
    match error.find_root() {
        DataFusionError::ResourcesExhausted(message) => EngineError::OutOfMemory { message: message.clone() },
        DataFusionError::External(inner) => match inner.downcast_ref::<EngineError>() {
            Some(EngineError::Cancelled { message }) => EngineError::Cancelled { message: message.clone() },
            Some(EngineError::Data { reason, message, hint }) => {
                EngineError::Data { reason: *reason, message: message.clone(), hint: hint.clone() }
            }
            _ => EngineError::DataFusion(Box::new(DataFusionError::Shared(error.clone()))),
        },
        DataFusionError::ArrowError(inner, _) => arrow_text(inner, message),
        _ => EngineError::DataFusion(Box::new(DataFusionError::Shared(error.clone()))),
    }
}

fn arrow(error: ArrowError) -> EngineError {
    match error {
        ArrowError::ExternalError(inner) => external(inner),
        ArrowError::MemoryError(message) => EngineError::OutOfMemory { message },
        error => {
            let message = error.to_string();
            match arrow_text(&error, message) {
                EngineError::Internal(_) => EngineError::DataFusion(Box::new(DataFusionError::ArrowError(Box::new(error), None))),
                other => other,
            }
        }
    }
}

fn arrow_text(error: &ArrowError, message: String) -> EngineError {
    let data = |reason, message: String| EngineError::Data { reason, message, hint: None };
    match error {
        ArrowError::DivideByZero => data(DataFault::DivisionByZero, "division by zero".into()),
        ArrowError::ArithmeticOverflow(_) => data(DataFault::NumericOutOfRange, "value out of range".into()),
        ArrowError::CastError(text)
            if text.contains("overflow") || text.contains("out of range") || text.contains("Can't cast value") =>
        {
            data(DataFault::NumericOutOfRange, text.clone())
        }
        ArrowError::CastError(text) | ArrowError::ParseError(text) => {
            let reason = if text.contains("imestamp") || text.contains("Date") || text.contains("Time") || text.contains("date") {
                DataFault::InvalidDatetime
            } else {
                DataFault::InvalidText
            };
            data(reason, text.clone())
        }
        _ => EngineError::Internal(message),
    }
}

fn schema(error: SchemaError, backtrace: Option<String>) -> EngineError {
    match error {
        // A qualifier that no table in FROM has is a missing table, not a missing column.
        SchemaError::FieldNotFound { field, valid_fields }
            if field.relation.as_ref().is_some_and(|wanted| {
                !valid_fields.iter().any(|column| column.relation.as_ref().is_some_and(|found| found.table() == wanted.table()))
            }) =>
        {
            let name = field.relation.as_ref().map_or_else(String::new, |relation| relation.table().to_owned());
            EngineError::Undefined {
                what: ObjectClass::Relation,
                name,
                hint: Some("No table or alias in FROM has this name; a table with an alias is known by the alias alone.".into()),
            }
        }
        SchemaError::FieldNotFound { field, valid_fields }
            if valid_fields.iter().any(|column| is_shared(&column.name, &field.name)) =>
        {
            EngineError::ambiguous(&field.flat_name())
        }
        SchemaError::FieldNotFound { field, valid_fields } => {
            let mut names: Vec<&str> = valid_fields.iter().map(|column| shown_name(&column.name)).collect();
            names.dedup();
            names.truncate(12);
            let near = valid_fields.iter().find(|column| column.name.eq_ignore_ascii_case(&field.name));
            let hint = match near {
                Some(column) => Some(format!("There is \"{}\"; names with capitals need double quotes.", column.name)),
                None if names.is_empty() => None,
                None => Some(format!(
                    "There are {}; other fields of a record are in attrs, as in attrs ->> '{}'.",
                    names.join(", "),
                    field.name
                )),
            };
            EngineError::Undefined { what: ObjectClass::Column, name: field.flat_name(), hint }
        }
        SchemaError::AmbiguousReference { field } => EngineError::ambiguous(&field.flat_name()),
        other => EngineError::DataFusion(Box::new(DataFusionError::SchemaError(Box::new(other), Box::new(backtrace)))),
    }
}

fn plan(message: String) -> EngineError {
    let text = first_line(&message).to_owned();
    if let Some(rest) = text.strip_prefix("Invalid function '") {
        let name = rest.split('\'').next().unwrap_or(rest).to_owned();
        if OF_WINDOWS.contains(&name.as_str()) {
            return EngineError::Refused {
                reason: Refusal::WrongObjectType,
                message: format!("window function {name} requires an OVER clause"),
                hint: None,
            };
        }
        return EngineError::Undefined { what: ObjectClass::Function, name, hint: None };
    }
    if text.contains("must appear in the GROUP BY clause") || text.contains("must be part of GROUP BY clause") {
        return EngineError::Refused { reason: Refusal::Grouping, message: text, hint: None };
    }
    if message.contains("No function matches the given name and argument types") {
        let call = message.split("argument types '").nth(1).and_then(|rest| rest.split('\'').next()).unwrap_or("function");
        if let Some(error) = of_construct(call) {
            return error;
        }
        return EngineError::Undefined {
            what: ObjectClass::Function,
            name: call.to_owned(),
            hint: Some(
                "No function matches the given name and argument types. You might need to add explicit type casts.".into(),
            ),
        };
    }
    EngineError::DataFusion(Box::new(DataFusionError::Plan(message)))
}

/// Functions that are of windows only.
const OF_WINDOWS: [&str; 8] = ["rank", "dense_rank", "percent_rank", "cume_dist", "row_number", "ntile", "lag", "lead"];

/// The error of a call that the planner makes of another construct, whose name no user wrote.
fn of_construct(call: &str) -> Option<EngineError> {
    let mismatch = |message: &str| EngineError::Data { reason: DataFault::TypeMismatch, message: message.into(), hint: None };
    match call.split_once('(')? {
        ("coalesce", _) => Some(mismatch("COALESCE types cannot be matched")),
        ("make_array", _) => Some(mismatch("ARRAY types cannot be matched")),
        ("array_has", types) if !types.contains("List(") => Some(EngineError::Refused {
            reason: Refusal::WrongObjectType,
            message: "op ANY/ALL (array) requires array on right side".into(),
            hint: None,
        }),
        _ => None,
    }
}

fn execution(message: String) -> EngineError {
    if message.contains("egular expression") || message.contains("regex parse error") {
        return EngineError::Data { reason: DataFault::InvalidRegex, message, hint: None };
    }
    if message.contains("Error parsing timestamp") || message.contains("Error parsing date") {
        return EngineError::Data { reason: DataFault::InvalidDatetime, message, hint: None };
    }
    EngineError::DataFusion(Box::new(DataFusionError::Execution(message)))
}

fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}
