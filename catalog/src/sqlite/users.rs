//! Users and memberships.

use async_trait::async_trait;
use rusqlite::{OptionalExtension, Transaction};

use super::{SqliteCatalog, counters};
use crate::users::{Membership, PUBLIC, Privilege, Right, User, UserCatalog};
use crate::{CatalogError, FIRST_OBJECT, Oid, Result};

#[async_trait]
impl UserCatalog for SqliteCatalog {
    async fn users(&self) -> Result<Vec<User>> {
        self.run(list).await
    }

    async fn create_user(&self, user: &User) -> Result<User> {
        let user = user.clone();
        self.run(move |transaction| create(transaction, user)).await
    }

    async fn alter_user(&self, user: &User) -> Result<()> {
        let user = user.clone();
        self.run(move |transaction| alter(transaction, &user)).await
    }

    async fn drop_user(&self, user: Oid) -> Result<()> {
        self.run(move |transaction| {
            let gone = transaction.execute("DELETE FROM users WHERE oid = ?1", [user])?;
            if gone == 0 { Err(missing(user)) } else { Ok(()) }
        })
        .await
    }

    async fn memberships(&self) -> Result<Vec<Membership>> {
        self.run(memberships).await
    }

    async fn grant_membership(&self, membership: &Membership) -> Result<()> {
        let membership = membership.clone();
        self.run(move |transaction| grant(transaction, &membership)).await
    }

    async fn revoke_membership(&self, user: Oid, member: Oid) -> Result<bool> {
        self.run(move |transaction| {
            Ok(transaction.execute("DELETE FROM memberships WHERE user = ?1 AND member = ?2", (user, member))? > 0)
        })
        .await
    }

    async fn rights(&self) -> Result<Vec<Right>> {
        self.run(rights).await
    }

    async fn change_rights(&self, rights: &[Right], grant: bool) -> Result<()> {
        let rights = rights.to_vec();
        self.run(move |transaction| rights.iter().try_for_each(|right| change_right(transaction, right, grant))).await
    }
}

fn missing(user: impl std::fmt::Display) -> CatalogError {
    CatalogError::NotFound { what: "role", name: user.to_string() }
}

fn list(transaction: &Transaction<'_>) -> Result<Vec<User>> {
    let mut statement = transaction.prepare_cached(
        "SELECT oid, name, login, superuser, connection_limit, valid_until_us, verifier FROM users ORDER BY oid",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(User {
            oid: row.get(0)?,
            name: row.get(1)?,
            login: row.get(2)?,
            superuser: row.get(3)?,
            connection_limit: row.get(4)?,
            valid_until_us: row.get(5)?,
            verifier: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Refuses a name that somebody other than `oid` has.
fn check_free(transaction: &Transaction<'_>, oid: Oid, name: &str) -> Result<()> {
    let taken: Option<Oid> =
        transaction.query_row("SELECT oid FROM users WHERE name = ?1", [name], |row| row.get(0)).optional()?;
    match taken {
        Some(other) if other != oid => Err(CatalogError::Exists { what: "role", name: name.to_owned() }),
        _ => Ok(()),
    }
}

fn create(transaction: &Transaction<'_>, mut user: User) -> Result<User> {
    user.oid = counters::next_oid(transaction)?;
    check_free(transaction, user.oid, &user.name)?;
    transaction.execute(
        "INSERT INTO users (oid, name, login, superuser, connection_limit, valid_until_us, verifier)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        (user.oid, &user.name, user.login, user.superuser, user.connection_limit, user.valid_until_us, &user.verifier),
    )?;
    Ok(user)
}

fn alter(transaction: &Transaction<'_>, user: &User) -> Result<()> {
    check_free(transaction, user.oid, &user.name)?;
    let changed = transaction.execute(
        "UPDATE users SET name = ?2, login = ?3, superuser = ?4, connection_limit = ?5, valid_until_us = ?6, verifier = ?7
         WHERE oid = ?1",
        (user.oid, &user.name, user.login, user.superuser, user.connection_limit, user.valid_until_us, &user.verifier),
    )?;
    if changed == 0 { Err(missing(&user.name)) } else { Ok(()) }
}

fn memberships(transaction: &Transaction<'_>) -> Result<Vec<Membership>> {
    let mut statement = transaction.prepare_cached("SELECT user, member, admin FROM memberships ORDER BY user, member")?;
    let rows = statement.query_map([], |row| Ok(Membership { user: row.get(0)?, member: row.get(1)?, admin: row.get(2)? }))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn grant(transaction: &Transaction<'_>, membership: &Membership) -> Result<()> {
    let name = |oid: Oid| -> Result<String> {
        let name = transaction.query_row("SELECT name FROM users WHERE oid = ?1", [oid], |row| row.get(0)).optional()?;
        name.ok_or_else(|| missing(oid))
    };
    let (user, member) = (name(membership.user)?, name(membership.member)?);
    // Whom the user may act as already, himself included.
    let circle: bool = transaction.query_row(
        "WITH RECURSIVE above (oid) AS (
             SELECT ?1 UNION SELECT memberships.user FROM memberships JOIN above ON memberships.member = above.oid
         ) SELECT EXISTS (SELECT 1 FROM above WHERE oid = ?2)",
        (membership.user, membership.member),
        |row| row.get(0),
    )?;
    if circle {
        return Err(CatalogError::MemberCircle { user, member });
    }
    transaction.execute(
        "INSERT INTO memberships (user, member, admin) VALUES (?1, ?2, ?3)
         ON CONFLICT (user, member) DO UPDATE SET admin = excluded.admin",
        (membership.user, membership.member, membership.admin),
    )?;
    Ok(())
}

fn rights(transaction: &Transaction<'_>) -> Result<Vec<Right>> {
    let mut statement =
        transaction.prepare_cached("SELECT object, user, privilege FROM rights ORDER BY object, user, privilege")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?)))?;
    rows.map(|row| {
        let (object, user, name) = row?;
        let privilege = Privilege::ALL.into_iter().find(|privilege| privilege.name() == name);
        let privilege = privilege.ok_or_else(|| CatalogError::Corrupt { reason: format!("there is no privilege {name}") })?;
        Ok(Right { object, user, privilege })
    })
    .collect()
}

fn change_right(transaction: &Transaction<'_>, right: &Right, grant: bool) -> Result<()> {
    let key = (right.object, right.user, right.privilege.name());
    if !grant {
        transaction.execute("DELETE FROM rights WHERE object = ?1 AND user = ?2 AND privilege = ?3", key)?;
        return Ok(());
    }
    let (built_in, everybody) = (right.object < FIRST_OBJECT, right.user == PUBLIC);
    for (what, table, oid, known) in [("relation", "objects", right.object, built_in), ("role", "users", right.user, everybody)] {
        let there: bool = known
            || transaction
                .query_row(&format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE oid = ?1)"), [oid], |row| row.get(0))?;
        if !there {
            return Err(CatalogError::NotFound { what, name: oid.to_string() });
        }
    }
    transaction.execute("INSERT INTO rights (object, user, privilege) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING", key)?;
    Ok(())
}
