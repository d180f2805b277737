//! What can go wrong with the catalog.

use crate::etl::LayerError;
use crate::etl::config_store::StoreError;

/// What the caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The name is taken.
    Exists,
    /// There is no such thing.
    NotFound,
    /// Something depends on it.
    Dependent,
    /// The disk is full.
    Full,
    /// The catalog's own file is damaged.
    Corrupt,
    /// The store said no; nothing was changed.
    Failed,
    /// The store went silent; the change may have happened.
    Unknown,
}

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The name is taken.
    #[error("{what} \"{name}\" already exists")]
    Exists {
        /// `schema`, `relation`, ...
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// There is no such thing.
    #[error("{what} \"{name}\" does not exist")]
    NotFound {
        /// `schema`, `relation`, ...
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Something is in it.
    #[error("cannot drop {what} \"{name}\" because other objects depend on it")]
    NotEmpty {
        /// `schema`, ...
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Each would be a member of the other.
    #[error("role \"{user}\" is a member of role \"{member}\"")]
    MemberCircle {
        /// Whose member was to be made.
        user: String,
        /// The member, of whom the user is a member already.
        member: String,
    },
    /// Two live segments would hold the same offsets of a topic. Nothing was changed.
    #[error("segment {added} of topic {topic} overlaps live segment {live}")]
    Overlap {
        /// The topic's id.
        topic: u64,
        /// Location of the segment that was to be added.
        added: String,
        /// Location of the one that is there.
        live: String,
    },
    /// A catalog can be restored only while no topic is in it.
    #[error("the catalog is not empty")]
    NotBlank,
    /// All names of a kind are used up.
    #[error("no {what} left")]
    Exhausted {
        /// `object ids`, ...
        what: &'static str,
    },
    /// The database refused.
    #[error("catalog database: {0}")]
    Sqlite(#[source] rusqlite::Error),
    /// The file was written by a newer Strata.
    #[error("the catalog has format {found}, and this version knows formats up to {known}")]
    TooNew {
        /// Format of the file.
        found: i64,
        /// Newest format that this version reads.
        known: i64,
    },
    /// The file holds something that was never written.
    #[error("the catalog is corrupt: {reason}")]
    Corrupt {
        /// What does not fit.
        reason: String,
    },
    /// A change of the configuration that cannot be made.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// What the config store could not do.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The runtime stopped while the database worked.
    #[error("the runtime stopped before the catalog answered")]
    Interrupted,
}

impl CatalogError {
    /// What the caller can do.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Exists { .. } => ErrorKind::Exists,
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::NotEmpty { .. } => ErrorKind::Dependent,
            Self::Corrupt { .. } | Self::TooNew { .. } => ErrorKind::Corrupt,
            Self::MemberCircle { .. } | Self::Overlap { .. } | Self::NotBlank | Self::Exhausted { .. } | Self::Layer(_) => {
                ErrorKind::Failed
            }
            Self::Store(error) => error.kind(),
            Self::Interrupted => ErrorKind::Unknown,
            Self::Sqlite(error) => match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DiskFull) => ErrorKind::Full,
                _ => ErrorKind::Failed,
            },
        }
    }

    /// What a person can do, as a sentence.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Layer(error) => return error.hint(),
            Self::Store(error) => return error.hint(),
            Self::Corrupt { .. } => {
                "Stop the server, move the catalog file away and run `strata rebuild-catalog`: topics and their records are rebuilt from the segments."
            }
            Self::TooNew { .. } => "Start the version of Strata that wrote it, or a newer one.",
            Self::NotBlank => "Move the catalog file away first.",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

impl From<rusqlite::Error> for CatalogError {
    /// Damage that SQLite meets is [`CatalogError::Corrupt`]; a value of a type that was never written counts as such.
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match &error {
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..) => Self::Corrupt { reason: error.to_string() },
            _ => match error.sqlite_error_code() {
                Some(DatabaseCorrupt | NotADatabase) => Self::Corrupt { reason: error.to_string() },
                _ => Self::Sqlite(error),
            },
        }
    }
}
