//! `jsonb_pretty(jsonb)`: a line for each member and element, four spaces for each level.

use datafusion::common::Result;
use strata_storage::json::{Kind, elements, members};

use super::function::{Argument, Body, Call, Definition};

pub(super) static DEFINITION: Definition =
    Definition { name: "jsonb_pretty", arguments: &[Argument::Jsonb], variadic: false, body: Body::Text(row) };

fn row(call: &Call, row: usize, out: &mut String) -> Result<bool> {
    let Some(value) = call.text(0, row) else { return Ok(false) };
    print(value, 0, out);
    Ok(true)
}

/// Levels are bounded, because the text was checked when it came in.
fn print(value: &str, level: usize, out: &mut String) {
    let parts: Vec<(Option<&str>, &str)> = match Kind::of(value) {
        Some(Kind::Object) => members(value).map(|(key, member)| (Some(key), member)).collect(),
        Some(Kind::Array) => elements(value).map(|element| (None, element)).collect(),
        _ => return out.push_str(value),
    };
    let (open, close) = if value.starts_with('{') { ("{", "}") } else { ("[", "]") };
    out.push_str(open);
    for (i, (key, part)) in parts.into_iter().enumerate() {
        out.push_str(if i == 0 { "\n" } else { ",\n" });
        indent(level + 1, out);
        if let Some(key) = key {
            out.push('"');
            out.push_str(key);
            out.push_str("\": ");
        }
        print(part, level + 1, out);
    }
    out.push('\n');
    indent(level, out);
    out.push_str(close);
}

fn indent(level: usize, out: &mut String) {
    (0..level).for_each(|_| out.push_str("    "));
}
