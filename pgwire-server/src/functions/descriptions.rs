//! Comments: `obj_description`, `col_description`, `shobj_description`.

use super::{Call, Definition, Returns, Value};
use crate::catalog::pg_proc;

/// The functions.
pub(super) const ALL: &[Definition] = &[
    Definition { name: "obj_description", arguments: 1..=2, returns: Returns::Text, evaluate: |call| Ok(comment(call, 0)) },
    Definition {
        name: "col_description",
        arguments: 2..=2,
        returns: Returns::Text,
        evaluate: |call| Ok(call.number(1).map_or(Value::Null, |column| comment(call, column))),
    },
    Definition { name: "shobj_description", arguments: 2..=2, returns: Returns::Text, evaluate: |call| Ok(comment(call, 0)) },
];

fn comment(call: &Call<'_>, column: i64) -> Value {
    let Some(oid) = call.oid(0) else { return Value::Null };
    // Oids of procedures are nobody else's.
    if let Some(procedure) = pg_proc::procedure(oid) {
        return procedure.comment.into();
    }
    let comments = &call.world().comments;
    let found = comments.iter().find(|(object, number, _)| *object == oid && i64::from(*number) == column);
    found.map(|(_, _, text)| text.as_str()).into()
}
