//! Who may connect: users, and which of them stand in for which others.
//!
//! What PostgreSQL calls a role is a *user* here, because a *role* is something else in Strata: software whose
//! configuration is managed. The catalog keeps verifiers and never a password.

use async_trait::async_trait;

use crate::{Oid, Result};

/// Oid of the user that every catalog has from its first start and never loses: `strata`.
pub const FIRST_USER: Oid = 10;

/// Who may connect, or a name for several who may.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Identity; stays through a change of the name.
    pub oid: Oid,
    /// Name, unique among users.
    pub name: String,
    /// Whether one can connect as this user.
    pub login: bool,
    /// Whether every right is his.
    pub superuser: bool,
    /// Connections at the same time, at most; `None` for as many as the server takes.
    pub connection_limit: Option<u32>,
    /// When the password stops being good, microseconds; `None` for never.
    pub valid_until_us: Option<i64>,
    /// What a password is checked against, in PostgreSQL's text form `SCRAM-SHA-256$...`; `None` if no password is good.
    pub verifier: Option<String>,
}

/// Without the verifier: whoever has it can guess at the password.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("oid", &self.oid)
            .field("name", &self.name)
            .field("login", &self.login)
            .field("superuser", &self.superuser)
            .field("connection_limit", &self.connection_limit)
            .field("valid_until_us", &self.valid_until_us)
            .field("password", &self.verifier.is_some())
            .finish()
    }
}

/// `member` may act as `user`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Whose place is taken.
    pub user: Oid,
    /// Who takes it.
    pub member: Oid,
    /// Whether the member may make others members.
    pub admin: bool,
}

/// Stands for everybody where a right's user is named.
pub const PUBLIC: Oid = 0;

/// What can be granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Privilege {
    /// Reading a topic, a view or a system table.
    Select,
    /// Appending to a topic, adding to the configuration.
    Insert,
    /// Changing the configuration.
    Update,
    /// Removing from the configuration.
    Delete,
    /// Naming what is in a schema.
    Usage,
    /// Calling a procedure.
    Execute,
}

impl Privilege {
    /// All.
    pub const ALL: [Self; 6] = [Self::Select, Self::Insert, Self::Update, Self::Delete, Self::Usage, Self::Execute];

    /// `select`, `insert` ...
    pub fn name(self) -> &'static str {
        match self {
            Self::Select => "select",
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Usage => "usage",
            Self::Execute => "execute",
        }
    }

    /// The letter by which PostgreSQL lists it.
    pub fn letter(self) -> char {
        match self {
            Self::Select => 'r',
            Self::Insert => 'a',
            Self::Update => 'w',
            Self::Delete => 'd',
            Self::Usage => 'U',
            Self::Execute => 'X',
        }
    }
}

/// A user may do something with an object. Goes with either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// The topic, view or schema, or the number of something built in, below [`crate::FIRST_OBJECT`].
    pub object: Oid,
    /// Who may; [`PUBLIC`] is everybody.
    pub user: Oid,
    /// What.
    pub privilege: Privilege,
}

/// The part of the catalog that knows users. Each method is one transaction, durable when it returns.
#[async_trait]
pub trait UserCatalog {
    /// All users by oid, the first one with [`FIRST_USER`].
    async fn users(&self) -> Result<Vec<User>>;
    /// Adds a user; `oid` is given by the catalog and never used again. [`crate::CatalogError::Exists`] if the name is taken.
    async fn create_user(&self, user: &User) -> Result<User>;
    /// Replaces everything but the oid, by which the user is found.
    async fn alter_user(&self, user: &User) -> Result<()>;
    /// Removes a user with his memberships.
    async fn drop_user(&self, user: Oid) -> Result<()>;

    /// All memberships, by user and member.
    async fn memberships(&self) -> Result<Vec<Membership>>;
    /// Makes a member, or changes whether he may make others. [`crate::CatalogError::MemberCircle`] if the user is, through
    /// others, a member of the member already.
    async fn grant_membership(&self, membership: &Membership) -> Result<()>;
    /// Ends a membership; whether there was one.
    async fn revoke_membership(&self, user: Oid, member: Oid) -> Result<bool>;

    /// All rights, by object, user and privilege.
    async fn rights(&self) -> Result<Vec<Right>>;
    /// Gives all of the rights (`grant`), or takes them; those that are there, or are not, already are left alone.
    /// [`crate::CatalogError::NotFound`] for an object or a user that is not there; what is built in is there.
    async fn change_rights(&self, rights: &[Right], grant: bool) -> Result<()>;
}
