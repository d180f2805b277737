//! What can go wrong with the catalog.

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
    /// The database refused.
    #[error("catalog database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A row holds something that was never written, or was written by a newer Strata.
    #[error("catalog is corrupt or from a newer version: {reason}")]
    Corrupt {
        /// What does not fit.
        reason: String,
    },
}

impl CatalogError {
    /// What the caller can do.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Exists { .. } => ErrorKind::Exists,
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::NotEmpty { .. } => ErrorKind::Dependent,
            Self::Corrupt { .. } => ErrorKind::Corrupt,
            Self::Sqlite(error) => match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DiskFull) => ErrorKind::Full,
                Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => ErrorKind::Corrupt,
                _ => ErrorKind::Failed,
            },
        }
    }
}
