//! `has_table_privilege` and its relatives. Arguments are `[user,] object, privilege[, ...]`; several privileges mean any of them.

use strata_catalog::Privilege;
use strata_engine::users::is_open;

use super::{Call, Definition, Returns, Value, regclass};
use crate::catalog::pg_proc;

/// The functions.
pub(super) const ALL: &[Definition] = &[
    definition("has_any_column_privilege", 2, 3, |call| on_relation(call, false)),
    definition("has_column_privilege", 3, 4, |call| on_relation(call, true)),
    definition("has_table_privilege", 2, 3, |call| on_relation(call, false)),
    definition("has_schema_privilege", 2, 3, on_schema),
    definition("has_database_privilege", 2, 3, |call| asks(call, "connect")),
    definition("has_function_privilege", 2, 3, on_function),
    definition("has_language_privilege", 2, 3, |call| asks(call, "usage")),
    definition("has_type_privilege", 2, 3, |call| asks(call, "usage")),
    definition("has_foreign_data_wrapper_privilege", 2, 3, superusers),
    definition("has_parameter_privilege", 2, 3, superusers),
    definition("has_sequence_privilege", 2, 3, superusers),
    definition("has_server_privilege", 2, 3, superusers),
    definition("has_tablespace_privilege", 2, 3, superusers),
    definition("pg_has_role", 2, 3, has_role),
    definition("row_security_active", 1, 1, |_| Ok(Value::Bool(false))),
];

type Evaluate = fn(&Call<'_>) -> strata_engine::Result<Value>;

const fn definition(name: &'static str, min: usize, max: usize, evaluate: Evaluate) -> Definition {
    Definition { name, arguments: min..=max, returns: Returns::Bool, evaluate }
}

/// The user who is meant, and where the object stands among `arguments` arguments of which a user may be the first.
fn user(call: &Call<'_>, arguments: usize) -> (String, usize) {
    if call.count() < arguments {
        return (call.source().session.current_user(), 0);
    }
    let known = call.source().engine.users().known();
    let by_oid = call.oid(0).and_then(|oid| known.with_oid(oid).map(|user| user.name.clone()));
    (by_oid.or_else(|| call.text(0).map(str::to_owned)).unwrap_or_default(), 1)
}

/// The names of the privileges, without `WITH GRANT OPTION`.
fn privileges<'a>(call: &Call<'a>, at: usize) -> impl Iterator<Item = String> + use<'a> {
    let names = call.text(at).unwrap_or_default().split(',');
    names.map(|name| name.trim().to_ascii_lowercase()).map(|name| name.trim_end_matches(" with grant option").to_owned())
}

fn on_relation(call: &Call<'_>, column: bool) -> strata_engine::Result<Value> {
    let (user, at) = user(call, if column { 4 } else { 3 });
    let oid = call.oid(at).or_else(|| call.text(at).and_then(|name| regclass::relation_oid(call, name)));
    let Some(relation) = oid.and_then(|oid| call.world().relation(oid)) else { return Ok(Value::Null) };
    let users = call.source().engine.users();
    if users.is_superuser(&user) {
        return Ok(Value::Bool(true));
    }
    let known = users.known();
    let open = is_open(&relation.schema);
    let any = privileges(call, at + 1 + usize::from(column)).any(|name| {
        let privilege = Privilege::ALL.into_iter().find(|privilege| privilege.name() == name);
        open && name == "select" || privilege.is_some_and(|privilege| known.may(&user, relation.oid, privilege))
    });
    Ok(Value::Bool(any))
}

fn on_schema(call: &Call<'_>) -> strata_engine::Result<Value> {
    let (user, at) = user(call, 3);
    let namespaces = &call.world().namespaces;
    let found = namespaces.iter().find(|(oid, name)| call.oid(at) == Some(*oid) || call.text(at) == Some(name));
    let Some((oid, name)) = found else { return Ok(Value::Null) };
    let users = call.source().engine.users();
    let open = is_open(name) || users.known().may(&user, *oid, Privilege::Usage);
    let usage = privileges(call, at + 1).any(|name| name == "usage");
    Ok(Value::Bool(users.is_superuser(&user) || open && usage))
}

/// A procedure needs its right; functions are everybody's.
fn on_function(call: &Call<'_>) -> strata_engine::Result<Value> {
    let (user, at) = user(call, 3);
    let named = |name| regclass::procedure_oid(call, name);
    let Some(oid) = call.oid(at).or_else(|| call.text(at).and_then(named)) else { return Ok(Value::Null) };
    let users = call.source().engine.users();
    let asked = privileges(call, at + 1).any(|name| name == Privilege::Execute.name());
    let is_procedure = pg_proc::procedure(oid).is_some();
    let may = asked && (!is_procedure || users.known().may(&user, oid, Privilege::Execute));
    Ok(Value::Bool(may || users.is_superuser(&user)))
}

/// What everybody may, and nothing more.
fn asks(call: &Call<'_>, everybodys: &str) -> strata_engine::Result<Value> {
    let (user, at) = user(call, 3);
    let asked = privileges(call, at + 1).any(|name| name == everybodys);
    Ok(Value::Bool(asked || call.source().engine.users().is_superuser(&user)))
}

fn superusers(call: &Call<'_>) -> strata_engine::Result<Value> {
    let (user, _) = user(call, 3);
    Ok(Value::Bool(call.source().engine.users().is_superuser(&user)))
}

fn has_role(call: &Call<'_>) -> strata_engine::Result<Value> {
    let (user, at) = user(call, 3);
    let users = call.source().engine.users();
    let known = users.known();
    let of = call.oid(at).or_else(|| call.text(at).and_then(|name| known.named(name)).map(|user| user.oid));
    let member = known.named(&user).zip(of).is_some_and(|(user, of)| known.acts_as(user.oid).contains(&of));
    Ok(Value::Bool(member || users.is_superuser(&user)))
}
