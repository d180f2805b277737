//! The `attrs` column: every field that has no column of its own, as canonical jsonb text.

use arrow::array::ArrayRef;

use crate::jsonb::canonical::Canonicalizer;
use crate::jsonb::fault::JsonFault;
use crate::jsonb::quoted::{quote, unescape};

use super::cell::Cell;
use super::text_column::TextColumn;

/// Builds the column. Rows without such fields are NULL.
#[derive(Debug, Default)]
pub(super) struct AttrsColumn {
    column: TextColumn,
    canonical: Canonicalizer,
    text: String,
}

impl AttrsColumn {
    pub(super) fn append_null(&mut self) {
        self.column.append_null();
    }

    /// Appends an object of one string.
    pub(super) fn append_text(&mut self, name: &str, value: &str) {
        self.text.clear();
        self.text.push('{');
        quote(name, &mut self.text);
        self.text.push_str(": ");
        quote(value, &mut self.text);
        self.text.push('}');
        self.column.append_value(&self.text);
    }

    /// Appends the members of `attrs`, if it is an object, and `fields`. A field goes before a member of the same name, a
    /// later field before an earlier one.
    pub(super) fn append<'a>(&mut self, attrs: Cell<'a>, fields: impl Iterator<Item = (&'a str, Cell<'a>)>) {
        self.text.clear();
        let Self { column, canonical, text } = self;
        let object = canonical.open_object(text);
        let written = match attrs {
            Cell::Missing | Cell::Null => Ok(0),
            Cell::Nested(members) if members.starts_with('{') => canonical.object_members(members, 0, 1, text),
            other => canonical.member("attrs", text, |canonical, text| print(other, canonical, text)).map(|()| 0),
        };
        let written = written.and_then(|_| {
            fields
                .into_iter()
                .try_for_each(|(name, cell)| canonical.member(name, text, |canonical, text| print(cell, canonical, text)))
        });
        #[allow(clippy::expect_used, reason = "the line parser has checked every cell, nesting included")]
        written.expect("a cell is JSON");
        canonical.close_object(object, text);
        if text == "{}" {
            column.append_null();
        } else {
            column.append_value(text);
        }
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        self.column.finish()
    }
}

/// Appends the canonical form of a cell.
pub(super) fn print(cell: Cell<'_>, canonical: &mut Canonicalizer, out: &mut String) -> Result<(), JsonFault> {
    match cell {
        Cell::Missing | Cell::Null => out.push_str("null"),
        Cell::True => out.push_str("true"),
        Cell::False => out.push_str("false"),
        Cell::Number(text) => out.push_str(text),
        Cell::Text { raw, escaped: false } => {
            out.push('"');
            out.push_str(raw);
            out.push('"');
        }
        Cell::Text { raw, escaped: true } => {
            let mut text = String::with_capacity(raw.len());
            unescape(raw, &mut text);
            quote(&text, out);
        }
        Cell::Nested(text) => {
            canonical.value(text, 0, 1, out)?;
        }
    }
    Ok(())
}
