//! Builders of declared columns: from a cell to a value of the column's type.
//!
//! A value is read as PostgreSQL's input function of the type would read its text; beyond that a whole number such as
//! `200.0` is an integer, and a number is a time. What does not fit is left to the caller.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanBuilder, PrimitiveBuilder, StringArray, new_empty_array, new_null_array};
use arrow::compute::{CastOptions, cast_with_options, concat};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use strata_storage::schema;

use crate::jsonb::canonical::Canonicalizer;
use crate::text_type::TextType;

use super::attrs::print;
use super::cell::Cell;
use super::number::{float, integer, whole_number};
use super::text_column::TextColumn;
use super::timestamp::TimeReader;

/// What all columns of a row share while they convert.
#[derive(Debug)]
pub(super) struct Conversion {
    pub(super) times: TimeReader,
    canonical: Canonicalizer,
    text: String,
}

impl Conversion {
    pub(super) fn new() -> Self {
        Self { times: TimeReader::new(0), canonical: Canonicalizer::default(), text: String::new() }
    }

    /// A cell as a time, microseconds since 1970.
    #[inline]
    pub(super) fn time(&mut self, cell: Cell<'_>) -> Option<i64> {
        match cell {
            Cell::Text { raw, escaped: false } => self.times.text(raw),
            Cell::Text { .. } => self.times.text(&cell.scalar_text()?),
            Cell::Number(text) => self.times.number(text),
            _ => None,
        }
    }

    /// The canonical jsonb text of a cell.
    fn jsonb(&mut self, cell: Cell<'_>) -> &str {
        self.text.clear();
        #[allow(clippy::expect_used, reason = "the line parser has checked every cell")]
        print(cell, &mut self.canonical, &mut self.text).expect("a cell is JSON");
        &self.text
    }
}

/// The builder of one column.
#[derive(Debug)]
pub(super) enum Column {
    Boolean(BooleanBuilder),
    Int16(PrimitiveBuilder<Int16Type>),
    Int32(PrimitiveBuilder<Int32Type>),
    Int64(PrimitiveBuilder<Int64Type>),
    Float32(PrimitiveBuilder<Float32Type>),
    Float64(PrimitiveBuilder<Float64Type>),
    Time(PrimitiveBuilder<TimestampMicrosecondType>),
    Text(TextColumn),
    Jsonb(TextColumn),
    Named(TextType, TextColumn),
    Other(CastColumn),
}

impl Column {
    pub(super) fn new(column: &schema::Column) -> Self {
        match (&column.data_type, column.sql_type.as_deref()) {
            (DataType::Utf8View | DataType::Utf8, Some(schema::JSONB)) => Self::Jsonb(TextColumn::default()),
            (DataType::Utf8View | DataType::Utf8, name) => match name.and_then(TextType::named) {
                Some(named) => Self::Named(named, TextColumn::default()),
                None => Self::Text(TextColumn::default()),
            },
            (DataType::Boolean, _) => Self::Boolean(BooleanBuilder::new()),
            (DataType::Int16, _) => Self::Int16(PrimitiveBuilder::new()),
            (DataType::Int32, _) => Self::Int32(PrimitiveBuilder::new()),
            (DataType::Int64, _) => Self::Int64(PrimitiveBuilder::new()),
            (DataType::Float32, _) => Self::Float32(PrimitiveBuilder::new()),
            (DataType::Float64, _) => Self::Float64(PrimitiveBuilder::new()),
            (zoned @ DataType::Timestamp(TimeUnit::Microsecond, _), _) => {
                Self::Time(PrimitiveBuilder::new().with_data_type(zoned.clone()))
            }
            (other, _) => Self::Other(CastColumn::new(other.clone())),
        }
    }

    pub(super) fn is_time(&self) -> bool {
        matches!(self, Self::Time(_))
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Appends a time that was read already.
    #[inline]
    pub(super) fn append_time(&mut self, us: i64) {
        if let Self::Time(builder) = self {
            builder.append_value(us);
        } else {
            debug_assert!(false, "only a time column is given a time");
        }
    }

    /// Appends the value of `cell`, or NULL; false if the cell holds a value that does not fit.
    #[inline]
    pub(super) fn append(&mut self, cell: Cell<'_>, conversion: &mut Conversion) -> bool {
        if cell.is_absent() {
            self.append_null();
            return true;
        }
        match self {
            Self::Boolean(builder) => {
                let value = boolean(cell);
                builder.append_option(value);
                value.is_some()
            }
            Self::Int16(builder) => append(builder, whole(cell).and_then(|value| value.try_into().ok())),
            Self::Int32(builder) => append(builder, whole(cell).and_then(|value| value.try_into().ok())),
            Self::Int64(builder) => append(builder, whole(cell)),
            Self::Float32(builder) => append(builder, real(cell).and_then(narrow)),
            Self::Float64(builder) => append(builder, real(cell)),
            Self::Time(builder) => append(builder, conversion.time(cell)),
            Self::Text(builder) => {
                match cell {
                    Cell::Text { raw, escaped: false } => builder.append_value(raw),
                    Cell::Nested(_) => builder.append_value(conversion.jsonb(cell)),
                    _ => builder.append_value(&cell.scalar_text().unwrap_or_default()),
                }
                true
            }
            Self::Jsonb(builder) => {
                builder.append_value(conversion.jsonb(cell));
                true
            }
            Self::Named(named, builder) => match cell.scalar_text().and_then(|text| named.canonical(&text)) {
                Some(text) => {
                    builder.append_value(&text);
                    true
                }
                None => {
                    builder.append_null();
                    false
                }
            },
            Self::Other(builder) => builder.append(cell),
        }
    }

    /// Whether the value of `cell` fits.
    pub(super) fn holds(&self, cell: Cell<'_>, conversion: &mut Conversion) -> bool {
        match self {
            Self::Text(_) | Self::Jsonb(_) => true,
            Self::Boolean(_) => boolean(cell).is_some(),
            Self::Int16(_) => whole(cell).is_some_and(|value| i16::try_from(value).is_ok()),
            Self::Int32(_) => whole(cell).is_some_and(|value| i32::try_from(value).is_ok()),
            Self::Int64(_) => whole(cell).is_some(),
            Self::Float32(_) => real(cell).and_then(narrow).is_some(),
            Self::Float64(_) => real(cell).is_some(),
            Self::Time(_) => conversion.time(cell).is_some(),
            Self::Named(named, _) => cell.scalar_text().is_some_and(|text| named.canonical(&text).is_some()),
            Self::Other(builder) => builder.cast(cell).is_some(),
        }
    }

    fn append_null(&mut self) {
        match self {
            Self::Boolean(builder) => builder.append_null(),
            Self::Int16(builder) => builder.append_null(),
            Self::Int32(builder) => builder.append_null(),
            Self::Int64(builder) => builder.append_null(),
            Self::Float32(builder) => builder.append_null(),
            Self::Float64(builder) => builder.append_null(),
            Self::Time(builder) => builder.append_null(),
            Self::Text(builder) | Self::Jsonb(builder) | Self::Named(_, builder) => builder.append_null(),
            Self::Other(builder) => builder.append_null(),
        }
    }

    /// Takes the column and starts anew.
    pub(super) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Int16(builder) => finish(builder),
            Self::Int32(builder) => finish(builder),
            Self::Int64(builder) => finish(builder),
            Self::Float32(builder) => finish(builder),
            Self::Float64(builder) => finish(builder),
            Self::Time(builder) => finish(builder),
            Self::Text(builder) | Self::Jsonb(builder) | Self::Named(_, builder) => builder.finish(),
            Self::Other(builder) => builder.finish(),
        }
    }
}

#[inline]
fn append<T: ArrowPrimitiveType>(builder: &mut PrimitiveBuilder<T>, value: Option<T::Native>) -> bool {
    builder.append_option(value);
    value.is_some()
}

/// Takes the array and keeps room for as many rows again.
fn finish<T: ArrowPrimitiveType>(builder: &mut PrimitiveBuilder<T>) -> ArrayRef {
    let array = builder.finish();
    *builder = PrimitiveBuilder::with_capacity(array.len()).with_data_type(array.data_type().clone());
    Arc::new(array)
}

#[inline]
fn whole(cell: Cell<'_>) -> Option<i64> {
    match cell {
        Cell::Number(text) => whole_number(text),
        Cell::Text { .. } => integer(&cell.scalar_text()?),
        _ => None,
    }
}

#[inline]
fn real(cell: Cell<'_>) -> Option<f64> {
    match cell {
        Cell::Number(text) | Cell::Text { raw: text, escaped: false } => float(text),
        Cell::Text { .. } => float(&cell.scalar_text()?),
        _ => None,
    }
}

/// A finite value must stay finite.
fn narrow(value: f64) -> Option<f32> {
    let narrow = value as f32;
    (narrow.is_finite() || !value.is_finite()).then_some(narrow)
}

/// `true`, `t`, `yes`, `on`, `1` and their opposites, any beginning of a word that is not ambiguous, any capitals.
fn boolean(cell: Cell<'_>) -> Option<bool> {
    let text = cell.scalar_text()?.trim().to_ascii_lowercase();
    let begins = |word: &str, least: usize| text.len() >= least && word.starts_with(text.as_str());
    if begins("true", 1) || begins("yes", 1) || begins("on", 2) || text == "1" {
        Some(true)
    } else if begins("false", 1) || begins("no", 1) || begins("off", 2) || text == "0" {
        Some(false)
    } else {
        None
    }
}

/// A column of a rare type: each value is cast from its text on its own.
#[derive(Debug)]
pub(super) struct CastColumn {
    data_type: DataType,
    values: Vec<ArrayRef>,
}

impl CastColumn {
    fn new(data_type: DataType) -> Self {
        Self { data_type, values: Vec::new() }
    }

    fn cast(&self, cell: Cell<'_>) -> Option<ArrayRef> {
        let text = cell.scalar_text()?;
        let text = StringArray::from(vec![text.as_ref()]);
        let options = CastOptions { safe: true, ..CastOptions::default() };
        cast_with_options(&text, &self.data_type, &options).ok().filter(|value| value.is_valid(0))
    }

    fn append(&mut self, cell: Cell<'_>) -> bool {
        let value = self.cast(cell);
        let fits = value.is_some();
        self.values.push(value.unwrap_or_else(|| new_null_array(&self.data_type, 1)));
        fits
    }

    fn append_null(&mut self) {
        self.values.push(new_null_array(&self.data_type, 1));
    }

    fn finish(&mut self) -> ArrayRef {
        let values = std::mem::take(&mut self.values);
        let parts: Vec<&dyn Array> = values.iter().map(AsRef::as_ref).collect();
        if parts.is_empty() {
            return new_empty_array(&self.data_type);
        }
        #[allow(clippy::expect_used, reason = "all parts were made with this type")]
        concat(&parts).expect("parts of one type")
    }
}
