//! DataFusion's errors in PostgreSQL's words.
//!
//! DataFusion gives most errors as prose, so the prose is looked at. What is not recognised keeps its text and the class
//! of its variant: a syntax or planning error is the user's, an internal error is ours.

use arrow::error::ArrowError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;

/// What went wrong, without a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The statement makes no sense.
    Syntax,
    /// No such column.
    UndefinedColumn,
    /// No such table.
    UndefinedTable,
    /// No such function, or none for these types.
    UndefinedFunction,
    /// A column that could be of several tables.
    AmbiguousColumn,
    /// A column twice.
    DuplicateColumn,
    /// A column that is neither grouped nor aggregated.
    Grouping,
    /// Types that do not go together.
    TypeMismatch,
    /// Text that is no value of the type.
    InvalidText,
    /// Text that is no date or time.
    InvalidDatetime,
    /// Division by zero.
    DivisionByZero,
    /// A number out of range.
    NumericOutOfRange,
    /// An argument that the function does not take.
    InvalidArgument,
    /// A regular expression that does not parse.
    InvalidRegex,
    /// An expression that ORDER BY or DISTINCT ON may not name here.
    InvalidColumnReference,
    /// A LIMIT below zero.
    InvalidLimit,
    /// An OFFSET below zero.
    InvalidOffset,
    /// Parts of a window that are less than one.
    InvalidNtile,
    /// A name twice in FROM or WITH.
    DuplicateAlias,
    /// No such window.
    UndefinedObject,
    /// A moment or an interval out of range.
    DatetimeOverflow,
    /// A subquery that gives more than one row where one is wanted.
    CardinalityViolation,
    /// Not there (yet).
    Unsupported,
    /// Memory or temporary files are used up.
    OutOfResources,
    /// The disk is full.
    DiskFull,
    /// The operating system said no.
    Io,
    /// A defect.
    Internal,
}

/// What to tell the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The class of the error.
    pub condition: Condition,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Words {
    fn new(condition: Condition, message: impl Into<String>) -> Self {
        Self { condition, message: message.into(), hint: None }
    }
}

/// The words for an error.
pub fn of(error: &DataFusionError) -> Words {
    match error {
        DataFusionError::ArrowError(error, _) => of_arrow(error),
        DataFusionError::ParquetError(error) => Words::new(Condition::Internal, format!("parquet: {error}")),
        DataFusionError::ObjectStore(error) => Words::new(Condition::Io, format!("object store: {error}")),
        DataFusionError::IoError(error) => match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Words::new(Condition::DiskFull, error.to_string())
            }
            _ => Words::new(Condition::Io, error.to_string()),
        },
        DataFusionError::SQL(error, _) => Words::new(Condition::Syntax, format!("syntax error: {}", bare_parser_text(error))),
        DataFusionError::NotImplemented(text) => Words::new(Condition::Unsupported, lower_first(strip_backtrace(text))),
        DataFusionError::Plan(text) | DataFusionError::Configuration(text) => of_plan(strip_backtrace(text)),
        DataFusionError::SchemaError(error, _) => of_schema(error),
        DataFusionError::Execution(text) => of_execution(strip_backtrace(text)),
        DataFusionError::ResourcesExhausted(text) => Words {
            hint: Some("Ask for less at once, or raise memory_limit.".to_owned()),
            ..Words::new(Condition::OutOfResources, format!("out of memory: {}", strip_backtrace(text)))
        },
        DataFusionError::External(error) => match error.downcast_ref::<ArrowError>() {
            Some(error) => of_arrow(error),
            None => match error.downcast_ref::<DataFusionError>() {
                Some(error) => of(error),
                None if error.to_string().contains("regex parse error") => of_execution(&error.to_string()),
                None => Words::new(Condition::Internal, error.to_string()),
            },
        },
        DataFusionError::Context(_, error) | DataFusionError::Diagnostic(_, error) => of(error),
        DataFusionError::Collection(errors) => match errors.first() {
            Some(error) => of(error),
            None => Words::new(Condition::Internal, "no error in a collection of errors"),
        },
        DataFusionError::Shared(error) => of(error),
        DataFusionError::Internal(text) => of_internal(strip_backtrace(text)),
        DataFusionError::ExecutionJoin(error) => Words::new(Condition::Internal, format!("a query task died: {error}")),
        DataFusionError::Substrait(text) | DataFusionError::Ffi(text) => Words::new(Condition::Internal, text.clone()),
    }
}

fn of_schema(error: &SchemaError) -> Words {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let name = match &field.relation {
                Some(relation) => format!("{}.{}", relation.table(), field.name),
                None => format!("\"{}\"", field.name),
            };
            let alike = |candidate: &&datafusion::common::Column| candidate.name.eq_ignore_ascii_case(&field.name);
            let hint = valid_fields.iter().find(alike).filter(|candidate| candidate.name != field.name).map(|candidate| {
                format!(
                    "Perhaps you meant to reference the column \"{}\": names in double quotes keep their case.",
                    candidate.name
                )
            });
            Words { hint, ..Words::new(Condition::UndefinedColumn, format!("column {name} does not exist")) }
        }
        SchemaError::AmbiguousReference { field } => {
            Words::new(Condition::AmbiguousColumn, format!("column reference \"{}\" is ambiguous", field.name))
        }
        SchemaError::DuplicateQualifiedField { qualifier, .. } => {
            let name = qualifier.table();
            Words::new(Condition::DuplicateAlias, format!("table name \"{name}\" specified more than once"))
        }
        SchemaError::DuplicateUnqualifiedField { name } => {
            Words::new(Condition::DuplicateColumn, format!("column \"{name}\" specified more than once"))
        }
    }
}

/// What the planner says, in lower case, and what it means.
const PLANNING: &[(&str, Condition)] = &[
    ("in an aggregate with distinct", Condition::InvalidColumnReference),
    ("for select distinct, order by", Condition::InvalidColumnReference),
    ("select distinct on expressions must match", Condition::InvalidColumnReference),
    ("order by column out of bounds", Condition::InvalidColumnReference),
    ("cannot find column with position", Condition::InvalidColumnReference),
    ("order by index starts at 1", Condition::InvalidColumnReference),
    ("names given as column alias", Condition::InvalidColumnReference),
    ("non-boolean predicate", Condition::TypeMismatch),
    ("requires a boolean expression", Condition::TypeMismatch),
    ("join condition must be boolean", Condition::TypeMismatch),
    ("failed to coerce then", Condition::TypeMismatch),
    ("incompatible inputs for union", Condition::TypeMismatch),
    ("a common type to coerce", Condition::UndefinedFunction),
    ("cannot infer common string type", Condition::UndefinedFunction),
    ("cannot coerce arithmetic expression", Condition::UndefinedFunction),
    ("cannot automatically convert", Condition::UndefinedFunction),
    ("can not find compatible types", Condition::UndefinedFunction),
    ("only supports signed numeric", Condition::UndefinedFunction),
    ("unnest() can only be applied", Condition::UndefinedFunction),
    ("aggregate functions are not allowed in the where", Condition::Grouping),
    ("step cannot be zero", Condition::InvalidArgument),
    ("must have even number of elements", Condition::InvalidArgument),
    ("ntile requires a positive integer", Condition::InvalidNtile),
    ("percentile value must be between", Condition::NumericOutOfRange),
    ("limit must be >= 0", Condition::InvalidLimit),
    ("offset must be >=0", Condition::InvalidOffset),
    ("expected limit to be an integer", Condition::InvalidText),
    ("with query name", Condition::DuplicateAlias),
    ("is not defined!", Condition::UndefinedObject),
    ("comparison operation struct(", Condition::Syntax),
];

fn of_plan(text: &str) -> Words {
    let lower = text.to_ascii_lowercase();
    if let Some((_, condition)) = PLANNING.iter().find(|(words, _)| lower.contains(words)) {
        return Words::new(*condition, lower_first(text.lines().next().unwrap_or(text)));
    }
    if let Some(name) = quoted(text, "Invalid function '") {
        return undefined_function(format!("function {name} does not exist"));
    }
    if let Some(signature) = quoted(text, "No function matches the given name and argument types '") {
        return undefined_function(format!("function {} does not exist", sql_signature(signature)));
    }
    if let Some(signature) = quoted(text, "No function matches '") {
        return undefined_function(format!("function {} does not exist", sql_signature(signature)));
    }
    if let Some((_, rest)) = text.split_once("Internal error: Function '")
        && let Some((name, _)) = rest.split_once('\'')
    {
        return undefined_function(format!("function {name} does not exist for these arguments"));
    }
    if lower.contains("failed to coerce arguments to satisfy a call to '") || lower.contains("expects zero arguments") {
        let name = text.split('\'').nth(1).unwrap_or_default();
        return undefined_function(format!("function {name} does not exist for these arguments"));
    }
    if let Some(name) = quoted(text, "table '").filter(|_| lower.contains("not found")) {
        let name = name.rsplit_once("logs.").map_or(name, |(_, bare)| bare);
        return Words::new(Condition::UndefinedTable, format!("relation \"{name}\" does not exist"));
    }
    if let Some(name) = quoted(text, "Invalid qualifier ") {
        return Words::new(Condition::UndefinedTable, format!("missing FROM-clause entry for table \"{name}\""));
    }
    if lower.contains("must appear in the group by clause")
        || lower.contains("must be an aggregate")
        || lower.contains("non-aggregate values")
    {
        return Words::new(Condition::Grouping, group_by_message(text));
    }
    if lower.contains("aggregate function calls cannot") || lower.contains("window function calls cannot") {
        return Words::new(Condition::Grouping, lower_first(text));
    }
    if lower.contains("cannot coerce")
        || lower.contains("cannot infer common")
        || lower.contains("incompatible types")
        || lower.contains("unsupported cast")
        || lower.contains("type_coercion")
    {
        return Words::new(Condition::TypeMismatch, lower_first(text.lines().next().unwrap_or(text)));
    }
    if lower.contains("ambiguous") {
        return Words::new(Condition::AmbiguousColumn, lower_first(text));
    }
    if lower.contains("regular expression") || lower.contains("regex parse error") {
        return Words::new(
            Condition::InvalidRegex,
            format!("invalid regular expression: {}", text.lines().last().unwrap_or(text)),
        );
    }
    if lower.contains("unsupported") || lower.contains("not supported") || lower.contains("not implemented") {
        return Words::new(Condition::Unsupported, lower_first(text));
    }
    Words::new(Condition::Syntax, lower_first(text))
}

fn undefined_function(message: String) -> Words {
    Words {
        hint: Some(
            "No function matches the given name and argument types. You might need to add explicit type casts.".to_owned(),
        ),
        ..Words::new(Condition::UndefinedFunction, message)
    }
}

fn group_by_message(text: &str) -> String {
    match quoted(text, "column \"").or_else(|| quoted(text, "Column \"")) {
        Some(column) => {
            format!("column \"{column}\" must appear in the GROUP BY clause or be used in an aggregate function")
        }
        None => lower_first(text.lines().next().unwrap_or(text)),
    }
}

fn of_execution(text: &str) -> Words {
    let lower = text.to_ascii_lowercase();
    if lower.contains("scalar subquery") || lower.contains("more than one row") {
        let message = "more than one row returned by a subquery used as an expression";
        return Words::new(Condition::CardinalityViolation, message);
    }
    if lower.contains("division by zero") || lower.contains("divide by zero") {
        return Words::new(Condition::DivisionByZero, "division by zero");
    }
    if let Some((_, condition)) = PLANNING.iter().find(|(words, _)| lower.contains(words)) {
        return Words::new(*condition, lower_first(text.lines().next().unwrap_or(text)));
    }
    if ["interval out of range", "timestamp out of range", "stride must be"].iter().any(|words| lower.contains(words)) {
        return Words::new(Condition::DatetimeOverflow, lower_first(text));
    }
    if lower.contains("overflow") || lower.contains("out of range") || lower.contains("is too large to store in a decimal") {
        return Words::new(Condition::NumericOutOfRange, out_of_range(&lower, text));
    }
    if lower.contains("regex") || lower.contains("regular expression") {
        return Words::new(
            Condition::InvalidRegex,
            format!("invalid regular expression: {}", text.lines().last().unwrap_or(text)),
        );
    }
    if lower.contains("error parsing timestamp") || lower.contains("error parsing date") {
        return of_timestamp(text);
    }
    if lower.contains("cannot cast string") || lower.contains("could not parse") || lower.contains("unable to parse") {
        return of_cast(text);
    }
    Words::new(Condition::InvalidArgument, lower_first(text))
}

fn of_arrow(error: &ArrowError) -> Words {
    match error {
        ArrowError::DivideByZero => Words::new(Condition::DivisionByZero, "division by zero"),
        ArrowError::ArithmeticOverflow(text) if ["interval", "imestamp"].iter().any(|word| text.contains(word)) => {
            Words::new(Condition::DatetimeOverflow, lower_first(text))
        }
        ArrowError::ArithmeticOverflow(text) => Words::new(Condition::NumericOutOfRange, out_of_range("", text)),
        ArrowError::CastError(text) => of_cast(text),
        ArrowError::ParseError(text) => match text.to_ascii_lowercase().contains("timestamp") {
            true => of_timestamp(text),
            false => of_cast(text),
        },
        ArrowError::NotYetImplemented(text) => Words::new(Condition::Unsupported, lower_first(text)),
        ArrowError::ComputeError(text) | ArrowError::InvalidArgumentError(text) => of_execution(text),
        ArrowError::ExternalError(error) => match error.downcast_ref::<DataFusionError>() {
            Some(error) => of(error),
            None => Words::new(Condition::Internal, error.to_string()),
        },
        ArrowError::MemoryError(text) => Words::new(Condition::OutOfResources, text.clone()),
        ArrowError::IoError(_, error) => Words::new(Condition::Io, error.to_string()),
        ArrowError::DictionaryKeyOverflowError | ArrowError::RunEndIndexOverflowError | ArrowError::OffsetOverflowError(_) => {
            Words::new(Condition::OutOfResources, "a batch grew beyond what its offsets can address")
        }
        ArrowError::SchemaError(_)
        | ArrowError::CsvError(_)
        | ArrowError::JsonError(_)
        | ArrowError::AvroError(_)
        | ArrowError::IpcError(_)
        | ArrowError::ParquetError(_)
        | ArrowError::CDataInterface(_) => Words::new(Condition::Internal, error.to_string()),
    }
}

/// The message of a bad value: Arrow's own wording, which names Arrow's types, becomes PostgreSQL's.
pub fn value_message(message: &str) -> String {
    if message.starts_with("Cannot cast string '") {
        of_cast(message).message
    } else if message.starts_with("Error parsing timestamp from '") {
        of_timestamp(message).message
    } else {
        message.to_owned()
    }
}

/// `Cannot cast string 'x' to value of Int64 type` and its relatives.
fn of_cast(text: &str) -> Words {
    let value = text.split('\'').nth(1);
    let target = sql_type_in(text);
    let lower = text.to_ascii_lowercase();
    if lower.contains("can't cast value") || lower.contains("too large to store") || lower.contains("out of range") {
        return Words::new(
            Condition::NumericOutOfRange,
            match target {
                Some(target) => format!("{target} out of range"),
                None => lower_first(text),
            },
        );
    }
    let datetime = matches!(target, Some("date" | "timestamp" | "time"));
    let condition = if datetime { Condition::InvalidDatetime } else { Condition::InvalidText };
    match (value, target) {
        (Some(value), Some(target)) => Words::new(condition, format!("invalid input syntax for type {target}: \"{value}\"")),
        _ => Words::new(condition, lower_first(text)),
    }
}

fn of_timestamp(text: &str) -> Words {
    let value = text.split('\'').nth(1).unwrap_or_default();
    Words::new(Condition::InvalidDatetime, format!("invalid input syntax for type timestamp: \"{value}\""))
}

fn out_of_range(lower: &str, text: &str) -> String {
    match sql_type_in(text).or_else(|| sql_type_in(lower)) {
        Some(target) => format!("{target} out of range"),
        None => "value out of range".to_owned(),
    }
}

/// Internal errors that a statement can provoke are its own fault.
fn of_internal(text: &str) -> Words {
    let lower = text.to_ascii_lowercase();
    if lower.contains("no function matches") || lower.contains("expects") && lower.contains("argument") {
        return of_plan(text);
    }
    let first = text.lines().next().unwrap_or(text);
    Words::new(Condition::Internal, format!("internal error: {first}"))
}

/// Arrow's names of types and PostgreSQL's, longest first where one is part of another.
const TYPES: &[(&str, &str)] = &[
    ("UInt8", "smallint"),
    ("UInt16", "integer"),
    ("UInt32", "bigint"),
    ("UInt64", "bigint"),
    ("Int8", "smallint"),
    ("Int16", "smallint"),
    ("Int32", "integer"),
    ("Int64", "bigint"),
    ("Float32", "real"),
    ("Float64", "double precision"),
    ("Boolean", "boolean"),
    ("Decimal", "numeric"),
    ("Date32", "date"),
    ("Date64", "date"),
    ("Timestamp", "timestamp"),
    ("Time64", "time"),
    ("Interval", "interval"),
    ("Utf8View", "text"),
    ("LargeUtf8", "text"),
    ("Utf8", "text"),
    ("BinaryView", "bytea"),
    ("Binary", "bytea"),
];

fn sql_type_in(text: &str) -> Option<&'static str> {
    let behind = text.rsplit(" to ").next().unwrap_or(text);
    let named = |text: &str| TYPES.iter().find(|(arrow, _)| text.contains(arrow)).map(|(_, sql)| *sql);
    named(behind).or_else(|| named(text))
}

/// `round(Utf8, Int64)` as `round(text, bigint)`.
fn sql_signature(signature: &str) -> String {
    TYPES.iter().fold(signature.to_owned(), |text, (arrow, sql)| text.replace(arrow, sql))
}

/// What stands between `before`, which ends with an opening quote, and the next quote of its kind.
fn quoted<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    let end = match before.chars().last() {
        Some(quote @ ('\'' | '"')) => {
            // A signature may hold quotes of its own; it ends at the last one before a full stop.
            if rest.contains("'. You might") && quote == '\'' { rest.find("'. You might") } else { rest.find(quote) }
        }
        _ => Some(rest.find(|c: char| c.is_whitespace()).unwrap_or(rest.len())),
    };
    Some(&rest[..end?])
}

fn bare_parser_text(error: &datafusion::sql::sqlparser::parser::ParserError) -> String {
    error.to_string().replace("sql parser error: ", "")
}

/// DataFusion may append a backtrace, and the request to report a bug.
fn strip_backtrace(text: &str) -> &str {
    let text = text.split("\n\nbacktrace:").next().unwrap_or(text);
    text.split("\nThis issue was likely caused by").next().unwrap_or(text).trim_end()
}

/// Messages begin with a small letter, unless the first word is an acronym or a name.
fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    match (characters.next(), characters.clone().next()) {
        (Some(first), Some(second)) if first.is_ascii_uppercase() && second.is_ascii_lowercase() => {
            format!("{}{}", first.to_ascii_lowercase(), characters.as_str()).trim_end_matches('.').to_owned()
        }
        _ => text.trim_end_matches('.').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use datafusion::common::Column;

    use super::*;

    fn check(error: DataFusionError, condition: Condition, message: &str) {
        let words = of(&error);
        assert_eq!((words.condition, words.message.as_str()), (condition, message));
    }

    #[test]
    fn known_shapes() {
        let field = Column::new_unqualified("lvl");
        check(
            DataFusionError::SchemaError(
                Box::new(SchemaError::FieldNotFound { field: Box::new(field), valid_fields: vec![] }),
                Box::new(None),
            ),
            Condition::UndefinedColumn,
            "column \"lvl\" does not exist",
        );
        check(
            DataFusionError::Plan("Invalid function 'foo'.\nDid you mean 'floor'?".into()),
            Condition::UndefinedFunction,
            "function foo does not exist",
        );
        check(
            DataFusionError::Plan(
                "No function matches the given name and argument types 'round(Utf8View)'. You might need to add explicit type casts.\n\tCandidate functions:".into(),
            ),
            Condition::UndefinedFunction,
            "function round(text) does not exist",
        );
        check(
            DataFusionError::from(ArrowError::CastError("Cannot cast string 'abc' to value of Int64 type".into())),
            Condition::InvalidText,
            "invalid input syntax for type bigint: \"abc\"",
        );
        check(
            DataFusionError::from(ArrowError::ParseError("Error parsing timestamp from 'x': error parsing date".into())),
            Condition::InvalidDatetime,
            "invalid input syntax for type timestamp: \"x\"",
        );
        check(DataFusionError::from(ArrowError::DivideByZero), Condition::DivisionByZero, "division by zero");
        check(
            DataFusionError::from(ArrowError::ArithmeticOverflow("Overflow happened on: 9223372036854775807 + 1".into())),
            Condition::NumericOutOfRange,
            "value out of range",
        );
        check(
            DataFusionError::NotImplemented("Unsupported thing".into()).context("planning"),
            Condition::Unsupported,
            "unsupported thing",
        );
        check(DataFusionError::Internal("boom".into()), Condition::Internal, "internal error: boom");
        assert_eq!(
            value_message("Cannot cast string 'ab' to value of Int32 type"),
            "invalid input syntax for type integer: \"ab\""
        );
        assert_eq!(value_message("a message of our own"), "a message of our own");
        assert_eq!(of(&DataFusionError::ResourcesExhausted("x".into())).condition, Condition::OutOfResources);
    }
}
