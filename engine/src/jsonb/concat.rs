//! `jsonb || jsonb`: objects are merged, the right one wins; anything else becomes elements of one array.

use datafusion::common::Result;
use strata_storage::json::Kind;

use super::canonical::Canonicalizer;
use super::function::{Argument, Body, Call, Definition};

pub(super) static DEFINITION: Definition =
    Definition { name: "jsonb_concat", arguments: &[Argument::Jsonb, Argument::Jsonb], variadic: false, body: Body::Jsonb(row) };

fn row(call: &Call, row: usize, out: &mut String) -> Result<bool> {
    let (Some(left), Some(right)) = (call.text(0, row), call.text(1, row)) else { return Ok(false) };
    if let (Some(Kind::Object), Some(Kind::Object)) = (Kind::of(left), Kind::of(right)) {
        // Of equal keys the later one wins when the object is made canonical.
        let joined = join(inner(left), inner(right), '{', '}');
        let written = Canonicalizer::default().text(&joined, out);
        debug_assert!(written.is_ok(), "canonical members make an object");
        return Ok(written.is_ok());
    }
    let part = |value| if Kind::of(value) == Some(Kind::Array) { inner(value) } else { value };
    out.push_str(&join(part(left), part(right), '[', ']'));
    Ok(true)
}

fn inner(value: &str) -> &str {
    &value[1..value.len() - 1]
}

fn join(left: &str, right: &str, open: char, close: char) -> String {
    let comma = if left.is_empty() || right.is_empty() { "" } else { ", " };
    format!("{open}{left}{comma}{right}{close}")
}
