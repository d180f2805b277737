//! `CREATE USER`, `ALTER USER`, `DROP USER`, membership, and `SET ROLE`.
//!
//! Two rules keep everybody from locking himself out: other users come only after the first one has a password, and the first
//! one can neither be dropped nor lose what he needs to come in. They take effect at once and for the sessions there are.

use chrono::Utc;
use datafusion::sql::sqlparser::ast::Ident;
use strata_catalog::Oid;
use strata_catalog::users::{FIRST_USER, Membership, User};

use super::Session;
use super::cancel::StopReason;
use super::ddl::check_name;
use super::insert::folded;
use super::outcome::Outcome;
use super::statement::user::{Password, UserName, UserOptions, UserStatement};
use crate::Result;
use crate::error::{DataFault, EngineError, Refusal};
use crate::users::{Known, Verifier, new_salt, undefined};

/// Names that stand for something else where a user is named.
const RESERVED: &[&str] = &["public", "none"];

/// A user, who is to be or not to be his member, and what there is between the two.
struct Pair {
    user: Oid,
    member: Oid,
    before: Option<Membership>,
}

impl Session {
    pub(super) async fn user_statement(&self, statement: &UserStatement) -> Result<Outcome> {
        self.refuse_when_read_only(statement.tag())?;
        if !self.transaction.lock().is_idle() {
            return Err(EngineError::Refused {
                reason: Refusal::ActiveTransaction,
                message: format!("{} cannot run inside a transaction block", statement.tag()),
                hint: Some("Run it outside of BEGIN and COMMIT; it takes effect at once and cannot be rolled back.".into()),
            });
        }
        match statement {
            UserStatement::Create { name, options, login } => self.create_user(name, options, *login).await?,
            UserStatement::Alter { name, options } => self.alter_user(&self.meant(name), options).await?,
            UserStatement::Rename { name, to } => self.rename_user(name, to).await?,
            UserStatement::Drop { names, if_exists } => self.drop_users(names, *if_exists).await?,
            UserStatement::Grant { users, members, admin } => self.grant_membership(users, members, *admin).await?,
            UserStatement::Revoke { users, members, admin_only } => self.revoke_membership(users, members, *admin_only).await?,
        }
        Ok(Outcome::done(statement.tag()))
    }

    /// `SET ROLE`; `None` is `NONE`.
    pub(super) fn become_role(&self, role: Option<&Ident>, local: bool) -> Result<()> {
        if local && self.transaction.lock().is_idle() {
            self.warning("SET LOCAL can only be used in transaction blocks");
            return Ok(());
        }
        let Some(role) = role.map(folded).filter(|role| role != "none") else {
            return self.info.settings.lock().reset("role");
        };
        let known = self.engine.users().known();
        let user = known.named(&role).ok_or_else(|| undefined(&role))?;
        let me = known.named(&self.info.user);
        if !me.is_some_and(|me| me.superuser || known.acts_as(me.oid).contains(&user.oid)) {
            return Err(forbidden(format!("permission denied to set role \"{role}\"")));
        }
        self.info.settings.lock().assume_role(&role, local);
        Ok(())
    }

    /// Whether every right is the current user's.
    pub(super) fn is_superuser(&self) -> bool {
        self.engine.users().is_superuser(&self.info.current_user())
    }

    fn meant(&self, name: &UserName) -> String {
        match name {
            UserName::Named(name) => name.clone(),
            UserName::Current => self.info.current_user(),
            UserName::Session => self.info.user.clone(),
        }
    }

    async fn create_user(&self, name: &str, options: &UserOptions, login: bool) -> Result<()> {
        if !self.is_superuser() {
            return Err(forbidden("permission denied to create role".into()));
        }
        check_user_name(name)?;
        let users = self.engine.users();
        if !users.password_needed() {
            return Err(EngineError::Refused {
                reason: Refusal::NoPassword,
                message: "there can be no other user while \"strata\" has no password".into(),
                hint: Some("Set one first, with \\password in psql or ALTER USER strata PASSWORD '...'; from then on every connection needs a password.".into()),
            });
        }
        let blank = User {
            oid: 0,
            name: name.to_owned(),
            login,
            superuser: false,
            connection_limit: None,
            valid_until_us: None,
            verifier: None,
        };
        let user = changed(blank, options)?;
        let known = users.known();
        let above = options.member_of.iter().map(|name| Ok(known.named(name).ok_or_else(|| undefined(name))?.oid));
        let above = above.collect::<Result<Vec<_>>>()?;
        let made = users.create(user).await?;
        for user in above {
            users.grant(&Membership { user, member: made.oid, admin: false }).await?;
        }
        Ok(())
    }

    async fn alter_user(&self, name: &str, options: &UserOptions) -> Result<()> {
        let users = self.engine.users();
        let known = users.known();
        let user = known.named(name).ok_or_else(|| undefined(name))?;
        let only_password = UserOptions { password: None, ..options.clone() } == UserOptions::default();
        if !(self.is_superuser() || only_password && self.info.current_user() == name) {
            return Err(forbidden("permission denied".into()));
        }
        if !options.member_of.is_empty() {
            return Err(EngineError::Syntax { message: "ALTER USER knows no IN ROLE; use GRANT".into(), position: None });
        }
        let oid = user.oid;
        users
            .alter(oid, |known, user| {
                let user = changed(user, options)?;
                if oid == FIRST_USER { keeps_a_way_in(known, &user).map(|()| user) } else { Ok(user) }
            })
            .await
    }

    async fn rename_user(&self, name: &str, to: &str) -> Result<()> {
        if !self.is_superuser() {
            return Err(forbidden("permission denied to rename role".into()));
        }
        check_user_name(to)?;
        let users = self.engine.users();
        let known = users.known();
        let user = known.named(name).ok_or_else(|| undefined(name))?;
        if user.oid == FIRST_USER || name == self.info.user {
            return Err(in_use(format!("session user \"{name}\" cannot be renamed")));
        }
        let to = to.to_owned();
        users
            .alter(user.oid, move |known, user| match known.named(&to) {
                Some(_) => Err(EngineError::Duplicate { what: crate::error::ObjectClass::Role, name: to }),
                None => Ok(User { name: to, ..user }),
            })
            .await?;
        // Whoever is connected under the old name is nobody now.
        self.end_sessions(name);
        Ok(())
    }

    async fn drop_users(&self, names: &[String], if_exists: bool) -> Result<()> {
        if !self.is_superuser() {
            return Err(forbidden("permission denied to drop role".into()));
        }
        let users = self.engine.users();
        for name in names {
            let known = users.known();
            let Some(user) = known.named(name) else {
                if !if_exists {
                    return Err(undefined(name));
                }
                self.notice(format!("role \"{name}\" does not exist, skipping"), None);
                continue;
            };
            if user.oid == FIRST_USER || *name == self.info.user || *name == self.info.current_user() {
                let why = if user.oid == FIRST_USER { "the server needs it" } else { "it is the current user" };
                return Err(in_use(format!("role \"{name}\" cannot be dropped: {why}")));
            }
            users.drop(user.oid).await?;
            self.end_sessions(name);
        }
        Ok(())
    }

    async fn grant_membership(&self, names: &[String], members: &[UserName], admin: bool) -> Result<()> {
        for name in names {
            for member in members {
                let pair = self.administered(name, member)?;
                let admin = admin || pair.before.is_some_and(|before| before.admin);
                self.engine.users().grant(&Membership { user: pair.user, member: pair.member, admin }).await?;
            }
        }
        Ok(())
    }

    async fn revoke_membership(&self, names: &[String], members: &[UserName], admin_only: bool) -> Result<()> {
        let users = self.engine.users();
        for name in names {
            for member in members {
                let pair = self.administered(name, member)?;
                if pair.before.is_none() {
                    self.warning(format!("role \"{}\" is not a member of role \"{name}\"", self.meant(member)));
                } else if admin_only {
                    users.grant(&Membership { user: pair.user, member: pair.member, admin: false }).await?;
                } else {
                    users.revoke(pair.user, pair.member).await?;
                }
            }
        }
        Ok(())
    }

    /// What is known of a membership that the current user may change.
    fn administered(&self, name: &str, member: &UserName) -> Result<Pair> {
        let (known, member) = (self.engine.users().known(), self.meant(member));
        let user = known.named(name).ok_or_else(|| undefined(name))?;
        let member = known.named(&member).ok_or_else(|| undefined(&member))?;
        self.may_administer(&known, user)?;
        let before = known.memberships().iter().find(|one| (one.user, one.member) == (user.oid, member.oid));
        Ok(Pair { user: user.oid, member: member.oid, before: before.cloned() })
    }

    fn may_administer(&self, known: &Known, user: &User) -> Result<()> {
        let me = known.named(&self.info.current_user());
        let admin = me.is_some_and(|me| {
            let names = known.acts_as(me.oid);
            known.memberships().iter().any(|one| one.user == user.oid && one.admin && names.contains(&one.member))
        });
        // Whoever hands out a superuser's place hands out everything.
        if me.is_some_and(|me| me.superuser) || admin && !user.superuser {
            return Ok(());
        }
        Err(forbidden(format!("must have admin option on role \"{}\"", user.name)))
    }

    fn end_sessions(&self, name: &str) {
        let sessions = self.engine.sessions().list();
        sessions.iter().filter(|session| session.user == name).for_each(|session| session.cancel.stop(StopReason::Terminate));
    }
}

/// The user as the options want him.
fn changed(user: User, options: &UserOptions) -> Result<User> {
    if let Some(word) = options.not_offered {
        return Err(EngineError::Unsupported { message: format!("{word} is not supported"), hint: None });
    }
    let verifier = match &options.password {
        None => user.verifier,
        Some(None) => None,
        Some(Some(password)) => Some(verifier(password)?),
    };
    let valid_until_us = match options.valid_until.as_deref() {
        None => user.valid_until_us,
        Some(text) => time(text)?,
    };
    let connection_limit = match options.connection_limit {
        None => user.connection_limit,
        Some(-1) => None,
        Some(limit) => Some(u32::try_from(limit).map_err(|_| unfit(format!("invalid connection limit: {limit}")))?),
    };
    Ok(User {
        login: options.login.unwrap_or(user.login),
        superuser: options.superuser.unwrap_or(user.superuser),
        connection_limit,
        valid_until_us,
        verifier,
        ..user
    })
}

/// Refuses a change of the first user after which nobody, or everybody, could come in.
fn keeps_a_way_in(known: &Known, first: &User) -> Result<()> {
    let fault = if !first.login || !first.superuser {
        "must be a superuser who can log in"
    } else if first.valid_until_us.is_some() {
        "must have a password without an end"
    } else if first.verifier.is_none() && known.users().len() > 1 {
        "must have a password while there are other users"
    } else {
        return Ok(());
    };
    Err(in_use(format!("role \"{}\" {fault}", first.name)))
}

/// The verifier of a password; a client may have made it already.
fn verifier(Password(password): &Password) -> Result<String> {
    if password.starts_with("SCRAM-SHA-256$") {
        let verifier = Verifier::parse(password).ok_or_else(|| unfit("the SCRAM-SHA-256 verifier is malformed".into()))?;
        return Ok(verifier.to_string());
    }
    if password.len() == 35 && password.starts_with("md5") && password[3..].bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(EngineError::Unsupported {
            message: "MD5 passwords are not supported".into(),
            hint: Some("Give the password itself, or a SCRAM-SHA-256 verifier as \\password in psql makes it.".into()),
        });
    }
    if password.is_empty() {
        return Err(unfit("an empty string is no password".into()));
    }
    Ok(Verifier::of_password(password, &new_salt()?).to_string())
}

fn time(text: &str) -> Result<Option<i64>> {
    if text.trim().eq_ignore_ascii_case("infinity") {
        return Ok(None);
    }
    match arrow::compute::kernels::cast_utils::string_to_datetime(&Utc, text.trim()) {
        Ok(time) => Ok(Some(time.timestamp_micros())),
        Err(_) => Err(EngineError::Data {
            reason: DataFault::InvalidDatetime,
            message: format!("invalid input syntax for type timestamp with time zone: \"{text}\""),
            hint: None,
        }),
    }
}

fn check_user_name(name: &str) -> Result<()> {
    check_name(name)?;
    if RESERVED.contains(&name) || name.starts_with("pg_") {
        return Err(EngineError::Refused {
            reason: Refusal::ReservedName,
            message: format!("role name \"{name}\" is reserved"),
            hint: None,
        });
    }
    Ok(())
}

fn forbidden(message: String) -> EngineError {
    EngineError::Refused { reason: Refusal::Privilege, message, hint: None }
}

fn in_use(message: String) -> EngineError {
    EngineError::Refused { reason: Refusal::InUse, message, hint: None }
}

fn unfit(message: String) -> EngineError {
    EngineError::Refused { reason: Refusal::InvalidParameter, message, hint: None }
}
