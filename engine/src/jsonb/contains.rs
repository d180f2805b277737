//! `jsonb @> jsonb` and `jsonb <@ jsonb`: whether one value has all the parts of another.

use datafusion::common::Result;
use strata_storage::json::{Kind, elements, members};

use super::equal::scalars_equal;
use super::function::{Argument, Body, Call, Definition};

pub(super) static CONTAINS: Definition = Definition {
    name: "jsonb_contains",
    arguments: &[Argument::Jsonb, Argument::Jsonb],
    variadic: false,
    body: Body::Boolean(|call, row| Ok(both(call, row).map(|(left, right)| contains(left, right)))),
};

pub(super) static CONTAINED: Definition = Definition {
    name: "jsonb_contained",
    arguments: &[Argument::Jsonb, Argument::Jsonb],
    variadic: false,
    body: Body::Boolean(contained),
};

fn contained(call: &Call, row: usize) -> Result<Option<bool>> {
    Ok(both(call, row).map(|(left, right)| contains(right, left)))
}

fn both(call: &Call, row: usize) -> Option<(&str, &str)> {
    Some((call.text(0, row)?, call.text(1, row)?))
}

/// Whether `whole @> part`. An array contains a scalar that is one of its elements, at the top only.
fn contains(whole: &str, part: &str) -> bool {
    let scalar = |value| !matches!(Kind::of(value), Some(Kind::Object | Kind::Array));
    if Kind::of(whole) == Some(Kind::Array) && scalar(part) {
        return elements(whole).any(|element| scalar(element) && scalars_equal(element, part));
    }
    inside(whole, part)
}

fn inside(whole: &str, part: &str) -> bool {
    match (Kind::of(whole), Kind::of(part)) {
        (Some(Kind::Object), Some(Kind::Object)) => {
            // Both come in the order of their keys, so one walk finds every pair.
            let mut rest = members(whole);
            members(part).all(|(key, wanted)| rest.find(|(name, _)| *name == key).is_some_and(|(_, value)| inside(value, wanted)))
        }
        (Some(Kind::Array), Some(Kind::Array)) => {
            elements(part).all(|wanted| elements(whole).any(|element| inside(element, wanted)))
        }
        (Some(Kind::Object | Kind::Array), _) | (_, Some(Kind::Object | Kind::Array)) => false,
        _ => scalars_equal(whole, part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_postgresql() {
        for (whole, part, expected) in [
            (r#"{"a": 1, "b": [1, 2]}"#, r#"{"b": [2]}"#, true),
            (r#"{"a": 1, "b": [1, 2]}"#, r#"{"a": 2}"#, false),
            (r#"{"a": 1}"#, "{}", true),
            ("[1, 2, [1, 3]]", "[[3, 1, 3]]", true),
            ("[1, 2, [1, 3]]", "[1, 3]", false),
            ("[1, 2]", "1", true),
            ("[[1]]", "1", false),
            ("1", "[1]", false),
            ("[1.0]", "[1]", true),
            (r#"{"foo": {"bar": "baz"}}"#, r#"{"bar": "baz"}"#, false),
            (r#"{"foo": {"bar": "baz"}}"#, r#"{"foo": {}}"#, true),
            (r#"{"a": {"x": 1}}"#, r#"{"a": 1}"#, false),
            (r#""x""#, r#""x""#, true),
        ] {
            assert_eq!(contains(whole, part), expected, "{whole} @> {part}");
        }
    }
}
