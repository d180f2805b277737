//! What can go wrong while answering SQL or taking records, in words for people.
//!
//! The SQLSTATE is given at the edge, in `pgwire-server`; here a variant names the condition.

mod planning;

use datafusion::error::DataFusionError;
use strata_catalog::CatalogError;
use strata_storage::StorageError;

/// An error of this crate. `hint` says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The text is no SQL.
    #[error("{message}")]
    Syntax {
        /// What and where.
        message: String,
        /// Character in the statement, from 1.
        position: Option<usize>,
    },
    /// What is wrong with a name at a place in the statement.
    #[error("{source}")]
    Placed {
        /// Line of the text, from 1.
        line: u64,
        /// Character in the line, from 1.
        column: u64,
        /// What.
        source: Box<EngineError>,
    },
    /// Something named does not exist.
    #[error("{what} \"{name}\" does not exist")]
    Undefined {
        /// What was meant.
        what: ObjectClass,
        /// Its name.
        name: String,
        /// What to do.
        hint: Option<String>,
    },
    /// Something named exists already.
    #[error("{what} \"{name}\" already exists")]
    Duplicate {
        /// What was meant.
        what: ObjectClass,
        /// Its name.
        name: String,
    },
    /// Something depends on it.
    #[error("cannot drop {what} \"{name}\" because other objects depend on it")]
    Dependent {
        /// What was meant.
        what: ObjectClass,
        /// Its name.
        name: String,
    },
    /// PostgreSQL has it, Strata has not.
    #[error("{message}")]
    Unsupported {
        /// What.
        message: String,
        /// What to do instead.
        hint: Option<String>,
    },
    /// A statement that makes no sense for this kind of relation, or here.
    #[error("{message}")]
    Refused {
        /// Which rule it breaks.
        reason: Refusal,
        /// What.
        message: String,
        /// What to do instead.
        hint: Option<String>,
    },
    /// A value does not fit.
    #[error("{message}")]
    Data {
        /// Which way.
        reason: DataFault,
        /// What and where.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// Stopped by a person, a timeout or a shutdown.
    #[error("{message}")]
    Cancelled {
        /// By whom.
        message: String,
    },
    /// An earlier error ended the transaction.
    #[error("current transaction is aborted, commands ignored until end of transaction block")]
    InFailedTransaction,
    /// Memory is used up.
    #[error("out of memory: {message}")]
    OutOfMemory {
        /// Who asked for how much.
        message: String,
    },
    /// The server stops.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// Below SQL.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The catalog.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// Planning or running a query.
    #[error("{0}")]
    DataFusion(Box<DataFusionError>),
    /// A defect of Strata.
    #[error("internal error: {0}")]
    Internal(String),
}

/// A class of named things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectClass {
    /// A schema.
    Schema,
    /// A table or view.
    Relation,
    /// A column.
    Column,
    /// A function or procedure.
    Function,
    /// An index.
    Index,
    /// A type.
    Type,
    /// A setting.
    Setting,
    /// A prepared statement.
    Prepared,
    /// A cursor or portal.
    Cursor,
    /// A savepoint.
    Savepoint,
    /// A role.
    Role,
    /// An operator between two types.
    Operator,
    /// What the functions of full text call a way to find words.
    TextSearchConfiguration,
}

impl std::fmt::Display for ObjectClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Schema => "schema",
            Self::Relation => "relation",
            Self::Column => "column",
            Self::Function => "function",
            Self::Index => "index",
            Self::Type => "type",
            Self::Setting => "configuration parameter",
            Self::Prepared => "prepared statement",
            Self::Cursor => "cursor",
            Self::Savepoint => "savepoint",
            Self::Role => "role",
            Self::Operator => "operator",
            Self::TextSearchConfiguration => "text search configuration",
        })
    }
}

/// Rules that a statement can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// `UPDATE` or `DELETE` on an append-only topic, DDL on a system table ...
    WrongObjectType,
    /// Writing `_offset` or `_ingested_at`.
    GeneratedColumn,
    /// Not inside a transaction block.
    ActiveTransaction,
    /// Only inside a transaction block.
    NoTransaction,
    /// A write in a read-only transaction or on a read-only folder.
    ReadOnly,
    /// A setting's value.
    InvalidParameter,
    /// Missing rights.
    Privilege,
    /// Other users before the first one has a password.
    NoPassword,
    /// A user that is needed as he is.
    InUse,
    /// A limit of the configuration.
    LimitExceeded,
    /// A setting that follows from the build or the configuration.
    CannotChangeNow,
    /// Nested deeper than the server goes.
    StatementTooComplex,
    /// A name that fits several columns or functions.
    Ambiguous,
    /// An operator between operands without a type.
    AmbiguousOperator,
    /// A column that is neither grouped nor aggregated.
    Grouping,
    /// A window function where there are no windows.
    Windowing,
    /// A definition that contradicts itself: a time column that is no timestamp, a sort column that is not there ...
    InvalidDefinition,
    /// A cursor that is not open, or cannot go where it was asked to.
    InvalidCursorState,
    /// A parameter `$n` without a value.
    MissingParameter,
    /// A statement kind that cannot be prepared, explained or declared as a cursor.
    InvalidStatementKind,
    /// A name that only the server may give.
    ReservedName,
    /// A view stands on it.
    DependentView,
    /// A configuration that its software would refuse.
    Unfit,
    /// An instance refused a layer, or fell silent.
    RolloutFailed,
}

/// Ways in which a value does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataFault {
    /// Text that is no value of the type.
    InvalidText,
    /// Text that is no date or time.
    InvalidDatetime,
    /// Date or time out of range, or no such day.
    DatetimeOverflow,
    /// Bytes that are no value of the type in its binary form.
    InvalidBinary,
    /// Number out of range.
    NumericOutOfRange,
    /// Division by zero.
    DivisionByZero,
    /// NULL in a NOT NULL column.
    NotNull,
    /// Types that do not go together.
    TypeMismatch,
    /// Bytes that are no UTF-8, or a NUL byte in text.
    InvalidEncoding,
    /// A COPY line with too few or too many columns.
    BadCopyFormat,
    /// A regular expression that does not parse.
    InvalidRegex,
    /// JSON that does not parse.
    InvalidJson,
    /// A `tsquery` or `tsvector` that does not parse.
    InvalidTextQuery,
    /// An argument that a function does not take.
    InvalidArgument,
    /// A type that cannot be cast to another.
    CannotCoerce,
    /// A logarithm of what has none.
    InvalidLogarithm,
    /// A power or a root that is no number.
    InvalidPower,
    /// A pattern that ends within an escape.
    InvalidEscape,
    /// An index outside of an array or of bytes.
    ArraySubscript,
    /// Bounds of buckets that bound nothing.
    InvalidBucket,
    /// A part of a text that is less than nothing.
    InvalidSubstring,
    /// More than a value can be asked to be.
    LimitExceeded,
    /// A file of the server's that is not there, or not to be seen.
    NoFile,
}

impl EngineError {
    /// Somebody says a name that stands for several columns.
    pub(crate) fn ambiguous(column: &str) -> Self {
        let message = format!("column reference \"{column}\" is ambiguous");
        Self::Refused { reason: Refusal::Ambiguous, message, hint: None }
    }

    /// Whether somebody was refused for want of a right.
    pub fn is_denial(&self) -> bool {
        match self {
            Self::Refused { reason: Refusal::Privilege, .. } => true,
            Self::Placed { source, .. } => source.is_denial(),
            _ => false,
        }
    }
}
