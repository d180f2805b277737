//! Software that is changed by calls and not by files: what a sidecar does with a role's files in place of loading them.
//!
//! A [`Component`](strata_catalog::etl::component::Component) says what should be, as files, and is pure; an applier makes it so
//! on software that is somewhere else, and is the only part of a kind that has an effect. It remembers nothing: what is there it
//! asks, and what was wanted before it is told.
//!
//! **Invariant:** where everything is as the files say, nothing is called that changes anything.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;

/// Paths with their contents, as a sidecar has them.
pub type Contents = BTreeMap<String, String>;

/// From which files to which.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// What may be in effect, wholly or in part. Only what is in here may be taken away.
    pub before: &'a [Contents],
    /// What should be.
    pub after: &'a Contents,
}

/// Why something is not as the files say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Nobody answers. Nothing was changed.
    #[error("{0}")]
    Unreachable(String),
    /// It was asked and did not answer; whether it changed anything is not known.
    #[error("{0}")]
    Silent(String),
    /// It said no, or does not do such things. What was done before that is done.
    #[error("{0}")]
    Refused(String),
    /// It is something else than the files say.
    #[error("{0}")]
    Differs(String),
}

/// See the module. Every call may be repeated.
#[async_trait]
pub trait Applier: Send + Sync + fmt::Debug {
    /// Looks whether a change can be made, before anything is changed.
    ///
    /// # Errors
    /// Why not.
    async fn check(&self, change: Change<'_>) -> Result<(), ApplyError>;

    /// Makes a change, as far as it is not made yet. May return a little before it can be seen.
    ///
    /// # Errors
    /// What did not go; a part may have been done.
    async fn apply(&self, change: Change<'_>) -> Result<(), ApplyError>;

    /// Looks whether everything is as the files say.
    ///
    /// # Errors
    /// The first thing that is not.
    async fn look(&self, files: &Contents) -> Result<(), ApplyError>;

    /// The files that would make what is there now.
    ///
    /// # Errors
    /// It cannot be asked.
    async fn present(&self) -> Result<Contents, ApplyError>;
}
