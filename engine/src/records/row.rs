//! Cells of a line to a row: which field goes to which column, and what goes to `attrs`.
//!
//! ```text
//! slots  0 .. n-1          declared columns, by their own names
//!        n .. n+2          other names of the time column: @timestamp, timestamp, time
//!        n+3, n+4          other names of message: msg, log
//!        last              attrs
//! ```
//!
//! **Invariant:** a row is appended to every column or to none, and no value that was sent is lost: what its column cannot
//! hold is in `attrs` under the name it came with.

use arrow::array::ArrayRef;
use strata_storage::schema::TopicSchema;

use super::attrs::AttrsColumn;
use super::cell::Cell;
use super::column::{Column, Conversion};
use super::line::{Cells, Fault, LineParser};

/// Other names of the time column, the best first.
const TIME_NAMES: [&str; 3] = ["@timestamp", "timestamp", "time"];
/// Other names of `message`, the best first. They count if they hold a string.
const MESSAGE_NAMES: [&str; 2] = ["msg", "log"];
const MESSAGE: &str = "message";
/// The number of no slot.
const NOWHERE: usize = usize::MAX;

/// Builders of all stored columns.
#[derive(Debug)]
pub(super) struct RowWriter {
    columns: Vec<DeclaredColumn>,
    time: Option<usize>,
    message: Option<usize>,
    attrs: AttrsColumn,
    conversion: Conversion,
    rows: usize,
    now_us: i64,
    /// Slots of this row whose value goes to `attrs`.
    leftover: Vec<usize>,
    slot_names: Vec<String>,
}

#[derive(Debug)]
struct DeclaredColumn {
    builder: Column,
    nullable: bool,
}

impl RowWriter {
    pub(super) fn new(schema: &TopicSchema) -> Self {
        let columns: Vec<_> = schema
            .declared
            .iter()
            .map(|column| DeclaredColumn { builder: Column::new(column), nullable: column.nullable })
            .collect();
        let position = |wanted: &dyn Fn(&strata_storage::schema::Column) -> bool| schema.declared.iter().position(wanted);
        let time = position(&|column| Some(column.id) == schema.time_column).filter(|i| columns[*i].builder.is_time());
        let message = position(&|column| column.name == MESSAGE).filter(|i| columns[*i].builder.is_text());
        let own_names = schema.declared.iter().map(|column| column.name.as_str());
        let slot_names = own_names.chain(TIME_NAMES).chain(MESSAGE_NAMES).chain(["attrs"]).map(str::to_owned).collect();
        Self {
            columns,
            time,
            message,
            attrs: AttrsColumn::default(),
            conversion: Conversion::new(),
            rows: 0,
            now_us: 0,
            leftover: Vec::new(),
            slot_names,
        }
    }

    /// The names that have a slot, in the order of the slots. The first of equal names counts.
    pub(super) fn slot_names(&self) -> Vec<String> {
        self.slot_names.clone()
    }

    /// Rows since the last [`RowWriter::finish`].
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// Sets the time of records that have none.
    pub(super) fn begin(&mut self, now_us: i64) {
        self.now_us = now_us;
        self.conversion.times.set_now(now_us);
    }

    /// Appends the row of a JSON line.
    ///
    /// # Errors
    /// A column that must not be NULL gets no value.
    #[inline]
    pub(super) fn append(&mut self, cells: &Cells<'_>, names: &LineParser) -> Result<(), Fault> {
        self.leftover.clear();
        let declared = self.columns.len();
        let message_from = self.message_slot(&cells.slots);
        let (time_from, time_us) = self.time_slot(&cells.slots);
        self.check_not_null(&cells.slots, message_from)?;
        for i in 0..declared {
            if Some(i) == self.time {
                self.columns[i].builder.append_time(time_us);
                if time_from != i && !cells.slots[i].is_absent() {
                    self.leftover.push(i);
                }
                continue;
            }
            let slot = if Some(i) == self.message { message_from } else { i };
            if !self.columns[i].builder.append(cells.slots[slot], &mut self.conversion) {
                self.leftover.push(i);
            }
        }
        for slot in declared..declared + TIME_NAMES.len() + MESSAGE_NAMES.len() {
            if cells.slots[slot] != Cell::Missing && slot != time_from && slot != message_from {
                self.leftover.push(slot);
            }
        }
        let attrs = cells.slots[declared + TIME_NAMES.len() + MESSAGE_NAMES.len()];
        if cells.undeclared.is_empty() && self.leftover.is_empty() && attrs.is_absent() {
            self.attrs.append_null();
        } else {
            let undeclared = cells.undeclared.iter().map(|(name, cell)| (names.name(*name), *cell));
            let leftover = self.leftover.iter().map(|slot| (self.slot_names[*slot].as_str(), cells.slots[*slot]));
            self.attrs.append(attrs, undeclared.chain(leftover));
        }
        self.rows += 1;
        Ok(())
    }

    /// Appends the row of a raw line: the line is the message, and the time is read from it.
    ///
    /// # Errors
    /// A column that must not be NULL gets no value.
    pub(super) fn append_message(&mut self, message: &str) -> Result<(), Fault> {
        let cell = Cell::Text { raw: message, escaped: false };
        for (i, column) in self.columns.iter().enumerate() {
            if !column.nullable && Some(i) != self.time && Some(i) != self.message {
                return Err(Fault::NotNull(self.slot_names[i].clone()));
            }
        }
        for (i, column) in self.columns.iter_mut().enumerate() {
            if Some(i) == self.time {
                let us = self.conversion.times.line(message.as_bytes()).unwrap_or(self.now_us);
                column.builder.append_time(us);
            } else {
                let cell = if Some(i) == self.message { cell } else { Cell::Missing };
                // A text column holds any message, any column holds NULL.
                column.builder.append(cell, &mut self.conversion);
            }
        }
        if self.message.is_some() {
            self.attrs.append_null();
        } else {
            // Not a cell of JSON: the message may hold anything but NUL, so it is quoted as text.
            self.attrs.append_text(MESSAGE, message);
        }
        self.rows += 1;
        Ok(())
    }

    /// Takes the columns, `attrs` last.
    pub(super) fn finish(&mut self) -> Vec<ArrayRef> {
        self.rows = 0;
        self.columns.iter_mut().map(|column| column.builder.finish()).chain([self.attrs.finish()]).collect()
    }

    /// The slot whose cell is the message.
    fn message_slot(&self, slots: &[Cell<'_>]) -> usize {
        let Some(own) = self.message else { return NOWHERE };
        if !slots[own].is_absent() {
            return own;
        }
        let first = self.columns.len() + TIME_NAMES.len();
        (first..first + MESSAGE_NAMES.len()).find(|slot| matches!(slots[*slot], Cell::Text { .. })).unwrap_or(own)
    }

    fn check_not_null(&mut self, slots: &[Cell<'_>], message_from: usize) -> Result<(), Fault> {
        for (i, column) in self.columns.iter().enumerate() {
            if column.nullable || Some(i) == self.time {
                continue;
            }
            let slot = if Some(i) == self.message { message_from } else { i };
            if slots[slot].is_absent() || !column.builder.holds(slots[slot], &mut self.conversion) {
                return Err(Fault::NotNull(self.slot_names[i].clone()));
            }
        }
        Ok(())
    }

    /// The slot whose cell is the time, and the time: under its own name, or else under another, or else now.
    #[inline]
    fn time_slot(&mut self, slots: &[Cell<'_>]) -> (usize, i64) {
        let Some(own) = self.time else { return (NOWHERE, 0) };
        if let Some(us) = self.conversion.time(slots[own]) {
            return (own, us);
        }
        let first = self.columns.len();
        (first..first + TIME_NAMES.len())
            .find_map(|slot| Some((slot, self.conversion.time(slots[slot])?)))
            .unwrap_or((NOWHERE, self.now_us))
    }
}
