//! Users in memory, as the catalog has them, and whether a password lets somebody in.
//!
//! ```text
//! front end ── name, address ──▶ pause after failures ──▶ verifier (a false one for strangers) ──▶ proof or password ──▶ admit
//! ```
//!
//! As long as the first user has no password, loopback is trusted and there are no others, so that nobody locks himself out.
//! An unknown name gets a false verifier that always looks the same, so an attempt tells nothing about who exists.
//!
//! **Invariant:** no password is kept, and a verifier is never shown.

mod attempts;
mod right;
pub mod rules;
mod verifier;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use ring::rand::{SecureRandom, SystemRandom};
use strata_catalog::users::{FIRST_USER, Membership, Right, User};
use strata_catalog::{Catalog, Oid};

use self::attempts::Attempts;
pub use self::right::{MayInsert, MayRead, Target, is_open};
pub(crate) use self::right::{denied, schema_oid};
use self::rules::{Arrival, Method, Rules};
pub use self::verifier::{KEY_BYTES, Verifier};
use crate::Result;
use crate::error::{EngineError, ObjectClass};

/// Bytes of a new salt, as many as PostgreSQL takes.
const SALT_BYTES: usize = 16;

/// All users at a moment.
#[derive(Debug, Default)]
pub struct Known {
    users: Vec<Arc<User>>,
    memberships: Vec<Membership>,
    rights: Vec<Right>,
}

impl Known {
    /// All, by oid.
    pub fn users(&self) -> &[Arc<User>] {
        &self.users
    }

    /// Who may act as whom, without those that follow from others.
    pub fn memberships(&self) -> &[Membership] {
        &self.memberships
    }

    /// What was granted, without what follows from memberships.
    pub fn rights(&self) -> &[Right] {
        &self.rights
    }

    /// A user by name.
    pub fn named(&self, name: &str) -> Option<&Arc<User>> {
        self.users.iter().find(|user| user.name == name)
    }

    /// A user by oid.
    pub fn with_oid(&self, oid: Oid) -> Option<&Arc<User>> {
        self.users.iter().find(|user| user.oid == oid)
    }

    /// Whom `member` may act as: himself, and whomever he is a member of, through others too.
    pub fn acts_as(&self, member: Oid) -> Vec<Oid> {
        let mut above = vec![member];
        let mut next = 0;
        while let Some(&at) = above.get(next) {
            next += 1;
            for membership in self.memberships.iter().filter(|membership| membership.member == at) {
                if !above.contains(&membership.user) {
                    above.push(membership.user);
                }
            }
        }
        above
    }
}

/// What a password, or the proof of one, is checked against.
#[derive(Debug)]
pub struct Challenge {
    /// The user's, or a false one.
    pub verifier: Verifier,
    /// Who proves to know the password; `None` for a name that nobody has, or that has no password.
    user: Option<Arc<User>>,
}

/// Why somebody with a name is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// No such user, no such password, or one that is no longer good: which of them is not told.
    Password,
    /// He cannot connect, only others as members of him.
    NoLogin,
    /// He has as many connections as he may have.
    Connections,
}

/// Somebody whom the rules do not let in, in PostgreSQL's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why} for host \"{address}\", user \"{user}\", database \"{database}\", {encryption}")]
pub struct Barred {
    why: &'static str,
    address: IpAddr,
    user: String,
    database: String,
    encryption: &'static str,
}

/// See the module. One per engine.
#[derive(Debug)]
pub struct Users {
    catalog: Arc<dyn Catalog>,
    known: RwLock<Arc<Known>>,
    /// `None` lets in everybody who has a password.
    rules: RwLock<Option<Arc<Rules>>>,
    /// Held by whoever changes users.
    changing: tokio::sync::Mutex<()>,
    attempts: Attempts,
}

impl Users {
    /// Reads the catalog.
    pub(crate) async fn load(catalog: Arc<dyn Catalog>) -> Result<Self> {
        let known = RwLock::new(Arc::new(look(catalog.as_ref()).await?));
        let (rules, changing, attempts) = (RwLock::default(), tokio::sync::Mutex::default(), Attempts::default());
        Ok(Self { catalog, known, rules, changing, attempts })
    }

    /// Who there is now.
    pub fn known(&self) -> Arc<Known> {
        self.known.read().clone()
    }

    /// Whether everybody has to prove who he is: the first user has a password.
    pub fn password_needed(&self) -> bool {
        self.known.read().with_oid(FIRST_USER).is_some_and(|first| first.verifier.is_some())
    }

    /// Who may come from where; `None` if there are no rules.
    pub fn rules(&self) -> Option<Arc<Rules>> {
        self.rules.read().clone()
    }

    /// Puts other rules in force, for whoever comes from now on.
    pub fn set_rules(&self, rules: Option<Rules>) {
        *self.rules.write() = rules.map(Arc::new);
    }

    /// Asks the rules about somebody who has proven nothing yet.
    ///
    /// # Errors
    /// [`Barred`].
    pub fn let_near(&self, arrival: &Arrival<'_>) -> Result<(), Barred> {
        let Some(rules) = self.rules() else { return Ok(()) };
        let why = match rules.deciding(arrival, &self.known()).map(|rule| rule.method) {
            Some(Method::Scram) => return Ok(()),
            Some(Method::Reject) => "pg_hba.conf rejects connection",
            None => "no pg_hba.conf entry",
        };
        Err(Barred {
            why,
            address: arrival.address,
            user: arrival.user.to_owned(),
            database: arrival.database.to_owned(),
            encryption: if arrival.encrypted { "SSL encryption" } else { "no encryption" },
        })
    }

    /// What whoever says that he is `name` has to prove.
    ///
    /// # Errors
    /// A verifier in the catalog that is none.
    pub fn challenge(&self, name: &str) -> Result<Challenge> {
        let known = self.known();
        let user = known.named(name).filter(|user| user.verifier.is_some()).cloned();
        let verifier = match user.as_ref().and_then(|user| user.verifier.as_deref()) {
            Some(text) => parsed(text)?,
            None => {
                let secret = known.with_oid(FIRST_USER).and_then(|first| first.verifier.clone()).unwrap_or_default();
                Verifier::false_one(secret.as_bytes(), name)
            }
        };
        Ok(Challenge { verifier, user })
    }

    /// Lets in whoever answered a challenge, with `proven` or not, at `now_us`, while he has `connections`.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn admit(&self, challenge: &Challenge, proven: bool, now_us: i64, connections: usize) -> Result<Arc<User>, Denied> {
        let user = challenge.user.as_ref().filter(|_| proven).ok_or(Denied::Password)?;
        if user.valid_until_us.is_some_and(|until| until <= now_us) {
            return Err(Denied::Password);
        }
        if !user.login {
            return Err(Denied::NoLogin);
        }
        let limit = user.connection_limit.filter(|_| !user.superuser);
        if limit.is_some_and(|limit| connections >= limit as usize) {
            return Err(Denied::Connections);
        }
        Ok(user.clone())
    }

    /// How long an attempt as `name` from `address` has to wait before it is looked at.
    pub fn pause(&self, address: IpAddr, name: &str, now_us: i64) -> Duration {
        self.attempts.pause(address, self.known_oid(name), now_us)
    }

    /// Counts an attempt.
    pub fn attempted(&self, address: IpAddr, name: &str, now_us: i64, good: bool) {
        self.attempts.record(address, self.known_oid(name), now_us, good);
    }

    fn known_oid(&self, name: &str) -> Option<Oid> {
        self.known.read().named(name).map(|user| user.oid)
    }

    /// Adds a user.
    ///
    /// # Errors
    /// The name is taken; the catalog's.
    pub(crate) async fn create(&self, user: User) -> Result<Arc<User>> {
        let _changing = self.changing.lock().await;
        if self.known().named(&user.name).is_some() {
            return Err(EngineError::Duplicate { what: ObjectClass::Role, name: user.name });
        }
        let user = self.catalog.create_user(&user).await?;
        self.look_again().await?;
        Ok(Arc::new(user))
    }

    /// Changes the user of that oid by `change`, which sees him as he is now.
    ///
    /// # Errors
    /// Those of `change`; the catalog's.
    pub(crate) async fn alter(&self, oid: Oid, change: impl FnOnce(&Known, User) -> Result<User>) -> Result<()> {
        let _changing = self.changing.lock().await;
        let known = self.known();
        let user = known.with_oid(oid).ok_or_else(|| undefined(&oid.to_string()))?;
        let user = change(&known, user.as_ref().clone())?;
        self.catalog.alter_user(&user).await?;
        self.look_again().await
    }

    /// Removes a user.
    ///
    /// # Errors
    /// The catalog's.
    pub(crate) async fn drop(&self, oid: Oid) -> Result<()> {
        let _changing = self.changing.lock().await;
        self.catalog.drop_user(oid).await?;
        self.look_again().await
    }

    /// Makes a member.
    ///
    /// # Errors
    /// Each would be a member of the other; the catalog's.
    pub(crate) async fn grant(&self, membership: &Membership) -> Result<()> {
        let _changing = self.changing.lock().await;
        self.catalog.grant_membership(membership).await?;
        self.look_again().await
    }

    /// Ends a membership; whether there was one.
    ///
    /// # Errors
    /// The catalog's.
    pub(crate) async fn revoke(&self, user: Oid, member: Oid) -> Result<bool> {
        let _changing = self.changing.lock().await;
        let was = self.catalog.revoke_membership(user, member).await?;
        self.look_again().await?;
        Ok(was)
    }

    /// Gives rights or takes them, all or none.
    ///
    /// # Errors
    /// The catalog's.
    pub(crate) async fn change_rights(&self, rights: &[Right], grant: bool) -> Result<()> {
        let _changing = self.changing.lock().await;
        self.catalog.change_rights(rights, grant).await?;
        self.look_again().await
    }

    async fn look_again(&self) -> Result<()> {
        let known = look(self.catalog.as_ref()).await?;
        *self.known.write() = Arc::new(known);
        Ok(())
    }
}

async fn look(catalog: &dyn Catalog) -> Result<Known> {
    let users = catalog.users().await?.into_iter().map(Arc::new).collect();
    Ok(Known { users, memberships: catalog.memberships().await?, rights: catalog.rights().await? })
}

fn parsed(text: &str) -> Result<Verifier> {
    Verifier::parse(text).ok_or_else(|| EngineError::Internal("the catalog holds a verifier that is none".into()))
}

/// The error of a user that is not there.
pub(crate) fn undefined(name: &str) -> EngineError {
    EngineError::Undefined { what: ObjectClass::Role, name: name.to_owned(), hint: None }
}

/// A new salt, from the operating system's own randomness.
///
/// # Errors
/// The operating system gave none.
pub(crate) fn new_salt() -> Result<[u8; SALT_BYTES]> {
    let mut salt = [0; SALT_BYTES];
    let filled = SystemRandom::new().fill(&mut salt);
    filled.map_err(|_| EngineError::Internal("the operating system gives no random numbers".into()))?;
    Ok(salt)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(oid: Oid, name: &str, password: Option<&str>) -> User {
        User {
            oid,
            name: name.to_owned(),
            login: true,
            superuser: false,
            connection_limit: None,
            valid_until_us: None,
            verifier: password.map(|password| Verifier::of_password(password, &[7; SALT_BYTES]).to_string()),
        }
    }

    async fn users() -> Users {
        let users = Users::load(Arc::new(strata_catalog::SqliteCatalog::in_memory().unwrap())).await.unwrap();
        assert!(!users.password_needed());
        let secret = user(FIRST_USER, "strata", Some("first"));
        users.alter(FIRST_USER, |_, _| Ok(User { superuser: true, ..secret })).await.unwrap();
        assert!(users.password_needed());
        users
    }

    #[tokio::test]
    async fn only_the_right_password_in_time_lets_in() {
        let users = users().await;
        let ann = User { valid_until_us: Some(100), connection_limit: Some(2), ..user(0, "ann", Some("secret")) };
        users.create(ann).await.unwrap();
        users.create(User { login: false, ..user(0, "group", Some("secret")) }).await.unwrap();
        users.create(user(0, "nobody", None)).await.unwrap();
        let check = |name: &str, password: &str, now_us, connections| {
            let challenge = users.challenge(name).unwrap();
            let proven = challenge.verifier.matches(password);
            users.admit(&challenge, proven, now_us, connections).map(|user| user.name.clone())
        };
        assert_eq!(check("ann", "secret", 99, 1), Ok("ann".to_owned()));
        assert_eq!(check("ann", "Secret", 99, 0), Err(Denied::Password));
        assert_eq!(check("ann", "secret", 100, 0), Err(Denied::Password));
        assert_eq!(check("ann", "secret", 99, 2), Err(Denied::Connections));
        assert_eq!(check("group", "secret", 0, 0), Err(Denied::NoLogin));
        assert_eq!(check("group", "wrong", 0, 0), Err(Denied::Password));
        assert_eq!(check("nobody", "", 0, 0), Err(Denied::Password));
        assert_eq!(check("stranger", "secret", 0, 0), Err(Denied::Password));
        assert_eq!(check("strata", "first", 0, 1000), Ok("strata".to_owned()));
    }

    #[tokio::test]
    async fn a_stranger_gets_the_same_challenge_each_time() {
        let users = users().await;
        let salt = |name: &str| users.challenge(name).unwrap().verifier.salt().to_vec();
        assert_eq!(salt("stranger"), salt("stranger"));
        assert_ne!(salt("stranger"), salt("other"));
        assert_eq!(salt("stranger").len(), SALT_BYTES);
    }

    #[tokio::test]
    async fn members_act_as_whom_they_are_members_of() {
        let users = users().await;
        let mut oids = Vec::new();
        for name in ["a", "b", "c"] {
            oids.push(users.create(user(0, name, None)).await.unwrap().oid);
        }
        users.grant(&Membership { user: oids[0], member: oids[1], admin: false }).await.unwrap();
        users.grant(&Membership { user: oids[1], member: oids[2], admin: false }).await.unwrap();
        assert_eq!(users.known().acts_as(oids[2]), [oids[2], oids[1], oids[0]]);
        assert_eq!(users.known().acts_as(oids[0]), [oids[0]]);
    }
}
