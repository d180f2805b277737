//! What somebody may do with a topic, a view, a schema or what is built in, and the proofs of it.
//!
//! A topic is read and written only by whoever holds a proof, and proofs are made here alone: what forgets to ask does not
//! compile. A superuser may do everything; anybody else what was granted to him or to a user he is a member of, and needs
//! USAGE on the schema besides. Everything belongs to superusers, so a view reads with a superuser's rights, and a procedure does
//! what it does with them.

use strata_catalog::Oid;
use strata_catalog::users::{PUBLIC, Privilege};

use super::{Known, Users};
use crate::Result;
use crate::builtin;
use crate::error::{EngineError, Refusal};
use crate::topics::{TopicState, Topics};

/// Proof that somebody may read something.
#[derive(Debug, Clone, Copy)]
pub struct MayRead(());

/// Proof that somebody may append to a topic.
#[derive(Debug, Clone, Copy)]
pub struct MayInsert(());

impl MayRead {
    /// What a view reads, its owner reads.
    pub(crate) fn through_a_view() -> Self {
        Self(())
    }
}

/// A topic, a view, a system table or a procedure.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// Name of the schema.
    pub schema: &'a str,
    /// Identity; `None` for a table of `pg_catalog` or `information_schema`.
    pub oid: Option<Oid>,
    /// Name.
    pub name: &'a str,
    /// `table`, `view`, `procedure`.
    pub kind: &'static str,
}

impl<'a> Target<'a> {
    /// A table that is built in.
    pub fn system_table(schema: &'a str, name: &'a str) -> Self {
        Self { schema, oid: builtin::relation(schema, name), name, kind: "table" }
    }

    /// A procedure.
    pub fn procedure(schema: &'a str, name: &'a str) -> Self {
        Self { schema, oid: builtin::procedure(schema, name), name, kind: "procedure" }
    }
}

/// Whether everybody may read a schema of the system's own: clients cannot do without.
#[must_use]
pub fn is_open(schema: &str) -> bool {
    matches!(schema, "pg_catalog" | "information_schema")
}

impl Known {
    /// Whether `user` has this right, by himself, as a member, or as everybody has it.
    pub fn may(&self, user: &str, object: Oid, privilege: Privilege) -> bool {
        let Some(user) = self.named(user) else { return false };
        let names = self.acts_as(user.oid);
        user.superuser
            || self
                .rights()
                .iter()
                .filter(|right| right.object == object && right.privilege == privilege)
                .any(|right| right.user == PUBLIC || names.contains(&right.user))
    }
}

impl Users {
    /// Whether every right is the user's. While loopback is trusted, everybody has them all.
    pub fn is_superuser(&self, user: &str) -> bool {
        !self.password_needed() || self.known().named(user).is_some_and(|user| user.superuser)
    }

    /// The proof that `user` may read the target.
    ///
    /// # Errors
    /// Permission denied, in PostgreSQL's words.
    pub fn may_read(&self, user: &str, target: Target<'_>, topics: &Topics) -> Result<MayRead> {
        self.check(user, target, topics, Privilege::Select).map(|()| MayRead(()))
    }

    /// The proof that `user` may append to the topic.
    ///
    /// # Errors
    /// Permission denied, in PostgreSQL's words.
    pub fn may_insert(&self, user: &str, topic: &TopicState, topics: &Topics) -> Result<MayInsert> {
        let topic = topic.definition();
        let target = Target { schema: &topic.schema, oid: Some(topic.oid()), name: &topic.name, kind: "table" };
        self.check(user, target, topics, Privilege::Insert).map(|()| MayInsert(()))
    }

    /// Refuses who has not this right on the target.
    ///
    /// # Errors
    /// Permission denied, in PostgreSQL's words.
    pub fn check(&self, user: &str, target: Target<'_>, topics: &Topics, privilege: Privilege) -> Result<()> {
        if self.is_superuser(user) {
            return Ok(());
        }
        let known = self.known();
        let (Some(schema), Some(oid)) = (schema_oid(target.schema, topics), target.oid) else {
            let open = privilege == Privilege::Select && is_open(target.schema);
            return if open { Ok(()) } else { Err(denied(target.kind, target.name)) };
        };
        if !known.may(user, schema, Privilege::Usage) {
            return Err(denied("schema", target.schema));
        }
        if known.may(user, oid, privilege) { Ok(()) } else { Err(denied(target.kind, target.name)) }
    }
}

/// The number of a schema, of topics or built in.
pub(crate) fn schema_oid(name: &str, topics: &Topics) -> Option<Oid> {
    builtin::schema(name).or_else(|| topics.schema_oid(name))
}

/// PostgreSQL's words for a right that is missing.
pub(crate) fn denied(kind: &str, name: &str) -> EngineError {
    EngineError::Refused { reason: Refusal::Privilege, message: format!("permission denied for {kind} {name}"), hint: None }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use strata_catalog::users::{Membership, Right, User};

    use super::*;

    #[test]
    fn rights_come_by_membership_and_superuser_does_not() {
        let user = |oid, name: &str, superuser| {
            let name = name.to_owned();
            Arc::new(User { oid, name, login: true, superuser, connection_limit: None, valid_until_us: None, verifier: None })
        };
        let member = |user, member| Membership { user, member, admin: false };
        let known = Known {
            users: vec![user(10, "strata", true), user(20, "ann", false), user(21, "readers", false), user(22, "admins", true)],
            memberships: vec![member(21, 20), member(22, 20)],
            rights: vec![
                Right { object: 7, user: 21, privilege: Privilege::Select },
                Right { object: 9, user: PUBLIC, privilege: Privilege::Execute },
            ],
        };
        let check = |name: &str, object, privilege, expected| assert_eq!(known.may(name, object, privilege), expected, "{name}");
        check("ann", 7, Privilege::Select, true);
        check("ann", 7, Privilege::Insert, false);
        check("ann", 8, Privilege::Select, false);
        check("readers", 7, Privilege::Select, true);
        check("admins", 8, Privilege::Insert, true);
        check("strata", 8, Privilege::Insert, true);
        check("nobody", 7, Privilege::Select, false);
        check("ann", 9, Privilege::Execute, true);
    }
}
