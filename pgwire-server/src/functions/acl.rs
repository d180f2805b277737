//! `aclexplode`: the single rights in a list such as `{ann=r/strata}`, one record each.
//!
//! `rewrite.rs` turns it into an `unnest` of this.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int32Array, ListArray, StringArray, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use super::Source;

/// What each letter permits.
const PRIVILEGES: [(char, &str); 14] = [
    ('a', "INSERT"),
    ('r', "SELECT"),
    ('w', "UPDATE"),
    ('d', "DELETE"),
    ('D', "TRUNCATE"),
    ('x', "REFERENCES"),
    ('t', "TRIGGER"),
    ('X', "EXECUTE"),
    ('U', "USAGE"),
    ('C', "CREATE"),
    ('c', "CONNECT"),
    ('T', "TEMPORARY"),
    ('s', "SET"),
    ('A', "ALTER SYSTEM"),
];

/// One right.
#[derive(Debug, PartialEq, Eq)]
struct Right<'a> {
    grantor: &'a str,
    /// Empty: everybody.
    grantee: &'a str,
    privilege: &'static str,
    grantable: bool,
}

/// The rights of one item, `ann=r*w/strata`; none if it is something else.
fn rights(item: &str) -> Vec<Right<'_>> {
    let Some((granted, grantor)) = item.rsplit_once('/') else { return Vec::new() };
    let Some((grantee, letters)) = granted.rsplit_once('=') else { return Vec::new() };
    let mut rights = Vec::new();
    for letter in letters.chars() {
        match PRIVILEGES.iter().find(|(known, _)| *known == letter) {
            Some((_, privilege)) => rights.push(Right { grantor, grantee, privilege, grantable: false }),
            None => rights.last_mut().into_iter().for_each(|right| right.grantable |= letter == '*'),
        }
    }
    rights
}

/// `strata_aclexplode(list)`: a list of records.
#[derive(Debug)]
pub(super) struct AclExplode {
    source: Source,
    signature: Signature,
}

impl AclExplode {
    pub fn new(source: Source) -> Self {
        Self { source, signature: Signature::any(1, Volatility::Stable) }
    }

    fn oid(&self, user: &str) -> i32 {
        let oid = self.source.engine.users().known().named(user).map(|user| user.oid);
        oid.and_then(|oid| i32::try_from(oid).ok()).unwrap_or_default()
    }

    fn records(&self, rights: &[Right<'_>]) -> Result<StructArray> {
        let oids = |users: Vec<&str>| -> ArrayRef {
            Arc::new(Int32Array::from_iter_values(users.into_iter().map(|user| self.oid(user))))
        };
        let privileges = StringArray::from_iter_values(rights.iter().map(|right| right.privilege));
        let grantable = BooleanArray::from_iter(rights.iter().map(|right| Some(right.grantable)));
        let grantors = oids(rights.iter().map(|right| right.grantor).collect());
        let grantees = oids(rights.iter().map(|right| right.grantee).collect());
        let columns = vec![grantors, grantees, Arc::new(privileges), Arc::new(grantable)];
        Ok(StructArray::try_new(fields(), columns, None)?)
    }
}

fn fields() -> Fields {
    let field = |name: &str, data_type| Field::new(name, data_type, true);
    Fields::from(vec![
        field("grantor", DataType::Int32),
        field("grantee", DataType::Int32),
        field("privilege_type", DataType::Utf8),
        field("is_grantable", DataType::Boolean),
    ])
}

fn element() -> Arc<Field> {
    Arc::new(Field::new_list_field(DataType::Struct(fields()), true))
}

impl PartialEq for AclExplode {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for AclExplode {}

impl Hash for AclExplode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl ScalarUDFImpl for AclExplode {
    fn name(&self) -> &'static str {
        "strata_aclexplode"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(element()))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let lists = arguments.args[0].to_array(arguments.number_rows)?;
        let mut texts = Vec::new();
        for row in 0..lists.len() {
            // What is no list, such as an untyped NULL, has no rights in it.
            let list = lists.as_list_opt::<i32>().filter(|lists| lists.is_valid(row)).map(|lists| lists.value(row));
            texts.push(list.map(|list| arrow::compute::cast(&list, &DataType::Utf8)).transpose()?);
        }
        let rights: Vec<Vec<Right<'_>>> = texts
            .iter()
            .map(|list| list.iter().flat_map(|list| list.as_string::<i32>().iter().flatten()).flat_map(rights).collect())
            .collect();
        let offsets = OffsetBuffer::from_lengths(rights.iter().map(Vec::len));
        let nulls = NullBuffer::from_iter(texts.iter().map(Option::is_some));
        let records = self.records(&rights.into_iter().flatten().collect::<Vec<_>>())?;
        Ok(ColumnarValue::Array(Arc::new(ListArray::try_new(element(), offsets, Arc::new(records), Some(nulls))?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items() {
        let right = |grantee, privilege, grantable| Right { grantor: "strata", grantee, privilege, grantable };
        assert_eq!(rights("ann=r*a/strata"), [right("ann", "SELECT", true), right("ann", "INSERT", false)]);
        assert_eq!(rights("=U/strata"), [right("", "USAGE", false)]);
        assert_eq!(rights("a=b=r/strata"), [right("a=b", "SELECT", false)]);
        assert_eq!(rights("nothing"), []);
    }
}
