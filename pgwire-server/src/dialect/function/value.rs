//! Arguments of functions, from Arrow, row by row; [`super::results`] is the way back.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Float64Array, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Field, FieldRef, Float64Type, Int32Type, Int64Type, IntervalMonthDayNanoType,
    IntervalUnit, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
};
use bytes::BytesMut;
use datafusion::common::Result;
use strata_engine::error::DataFault;
use strata_engine::jsonb::jsonb_field;

use crate::dialect::fault;
use crate::dialect::numeric_type::FREE;
use crate::types::decode::ColumnBuilder;
use crate::types::interval::Interval;
use crate::types::{Style, Zone, encode};

/// What an argument or a result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int,
    Long,
    Float,
    Numeric,
    /// A `numeric` only, where an integer is taken as a float.
    Decimal,
    Text,
    Bytes,
    Date,
    Time,
    Timestamp,
    Timestamptz,
    Interval,
    Json,
    /// `text[]`.
    Texts,
    /// An array of `text[]`, as a result.
    TextLists,
    /// An array of anything, its elements as text.
    Array,
    /// An array of jsonb.
    Jsons,
    /// Arrays of one type, as results.
    Longs,
    Floats,
    Numerics,
    Timestamps,
    Timestamptzs,
    /// Anything, as its text.
    Any,
}

const TIMESTAMP: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

fn zoned() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn texts() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::Utf8View, true)))
}

impl Kind {
    /// How far a type is from this kind; `None` if it does not convert by itself.
    pub fn cost(self, data_type: &DataType) -> Option<u32> {
        // A literal without a type becomes what is wanted; a text with one stays text.
        let unknown = matches!(data_type, DataType::Null | DataType::Utf8);
        let text = matches!(data_type, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8);
        let decimal = matches!(data_type, DataType::Decimal128(..));
        Some(match self {
            Self::Any => 5,
            Self::Text if text => 0,
            Self::Json if text => 1,
            _ if unknown => 2,
            Self::Bool if *data_type == DataType::Boolean => 0,
            // A literal is a bigint here, so that a bigint is taken where PostgreSQL takes an integer.
            Self::Int | Self::Long if data_type.is_integer() => {
                u32::from((self == Self::Long) != (*data_type == DataType::Int64))
            }
            Self::Numeric | Self::Decimal if decimal => 0,
            Self::Decimal if data_type.is_numeric() => return None,
            Self::Float if data_type.is_floating() => 0,
            Self::Numeric if data_type.is_integer() => 1,
            Self::Float if data_type.is_integer() => 2,
            Self::Float if decimal => 3,
            Self::Bytes if matches!(data_type, DataType::Binary | DataType::BinaryView | DataType::LargeBinary) => 0,
            Self::Date if *data_type == DataType::Date32 => 0,
            Self::Timestamp if matches!(data_type, DataType::Timestamp(_, None)) => 0,
            Self::Timestamptz if matches!(data_type, DataType::Timestamp(_, Some(_))) => 0,
            Self::Timestamptz if matches!(data_type, DataType::Timestamp(_, None) | DataType::Date32) => 1,
            Self::Timestamp if *data_type == DataType::Date32 => 2,
            Self::Time if matches!(data_type, DataType::Time64(_)) => 0,
            Self::Interval if matches!(data_type, DataType::Interval(_) | DataType::Duration(_)) => 0,
            Self::Interval if matches!(data_type, DataType::Time64(_)) => 1,
            Self::Texts if matches!(data_type, DataType::List(inner) if matches!(inner.data_type(), DataType::Utf8View | DataType::Utf8 | DataType::Null)) => {
                0
            }
            Self::Array | Self::Jsons if matches!(data_type, DataType::List(_)) => 0,
            // The text form of an array.
            Self::Texts | Self::Array | Self::Jsons if text => 3,
            _ => return None,
        })
    }

    /// The Arrow type that the planner brings an argument to. A literal stays as it was written: a cast around it would hide what it
    /// says until it is folded, and the type of a result that follows from it would change under way.
    pub fn planned(self, given: &DataType) -> DataType {
        match (self, given) {
            (Self::Text, DataType::Utf8) => DataType::Utf8,
            _ => self.coerced(given),
        }
    }

    /// The Arrow type that an argument of a type is brought to.
    pub fn coerced(self, given: &DataType) -> DataType {
        match self {
            Self::Any | Self::Array | Self::Jsons => match given {
                // Read as an array where it arrives.
                DataType::Utf8 | DataType::Null if self != Self::Any => DataType::Utf8View,
                _ => given.clone(),
            },
            Self::Texts if matches!(given, DataType::Utf8 | DataType::Utf8View | DataType::Null) => DataType::Utf8View,
            Self::Numeric | Self::Decimal if matches!(given, DataType::Decimal128(..)) => given.clone(),
            Self::Numeric if given.is_integer() => DataType::Decimal128(20, 0),
            Self::Int if *given == DataType::Int64 => DataType::Int64,
            // The zone in which its fields are looked at.
            Self::Timestamptz if matches!(given, DataType::Timestamp(TimeUnit::Microsecond, Some(_))) => given.clone(),
            _ => self.data_type(),
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int => DataType::Int32,
            Self::Long => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Numeric | Self::Decimal => FREE,
            Self::Text | Self::Json | Self::Any => DataType::Utf8View,
            Self::Bytes => DataType::Binary,
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp => TIMESTAMP,
            Self::Timestamptz => zoned(),
            Self::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
            Self::Texts | Self::Array => texts(),
            Self::TextLists => DataType::new_list(texts(), true),
            Self::Jsons => DataType::List(Arc::new(jsonb_field("item"))),
            Self::Longs => DataType::new_list(DataType::Int64, true),
            Self::Floats => DataType::new_list(DataType::Float64, true),
            Self::Numerics => DataType::new_list(FREE, true),
            Self::Timestamps => DataType::new_list(TIMESTAMP, true),
            Self::Timestamptzs => DataType::new_list(zoned(), true),
        }
    }

    /// A field of this kind.
    pub fn field(self, name: &str) -> Field {
        match self {
            Self::Json => jsonb_field(name),
            _ => Field::new(name, self.data_type(), true),
        }
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// An integer, days of a date, microseconds of a time or timestamp.
    Int(i64),
    Float(f64),
    /// An unscaled `numeric` and its digits behind the point.
    Numeric(i128, i8),
    Text(String),
    Bytes(Vec<u8>),
    Interval(Interval),
    Texts(Vec<Option<String>>),
    /// A result that is a row of an array.
    Array(ArrayRef),
}

/// One argument for all rows.
pub(super) struct Column {
    values: ArrayRef,
    text: Option<encode::Column>,
    field: FieldRef,
    zone: Option<Zone>,
}

impl Column {
    pub fn new(kind: Kind, values: &ArrayRef, field: &FieldRef, style: Style) -> Result<Self> {
        let wanted = kind.coerced(values.data_type());
        let mut values = if *values.data_type() == wanted { values.clone() } else { cast(values, &wanted)? };
        if wanted == DataType::Utf8View && matches!(kind, Kind::Texts | Kind::Array | Kind::Jsons) {
            values = arrays(&values, style)?;
        }
        let text = match kind {
            Kind::Any => Some(encode::Column::new(field, &values).map_err(fault::carried)?),
            _ => None,
        };
        let zone = match values.data_type() {
            DataType::Timestamp(_, Some(name)) => Some(match name.as_ref() {
                "UTC" | "+00:00" => style.zone,
                name => Zone::parse(name).unwrap_or(style.zone),
            }),
            _ => None,
        };
        Ok(Self { values, text, field: field.clone(), zone })
    }
}

/// Texts like `{a,b}` as arrays of text.
fn arrays(values: &ArrayRef, style: Style) -> Result<ArrayRef> {
    let mut lists = ColumnBuilder::new(Arc::new(Field::new("", texts(), true)), style).map_err(fault::carried)?;
    for text in values.as_string_view() {
        match text {
            Some(text) => lists.append_text(text).map_err(fault::carried)?,
            None => lists.append_null(),
        }
    }
    lists.finish().map_err(fault::carried)
}

impl Column {
    /// A column of [`Kind::Float`].
    pub fn floats(&self) -> &Float64Array {
        self.values.as_primitive()
    }

    /// A column of [`Kind::Long`].
    pub fn longs(&self) -> &Int64Array {
        self.values.as_primitive()
    }

    /// A column of [`Kind::Numeric`].
    pub fn numerics(&self) -> &Decimal128Array {
        self.values.as_primitive()
    }

    /// A row of a column of text.
    pub fn text(&self, row: usize) -> &str {
        self.values.as_string_view().value(row)
    }

    /// Whether a row is NULL.
    pub fn is_null(&self, row: usize) -> bool {
        self.values.is_null(row) || *self.values.data_type() == DataType::Null
    }

    /// Appends the text of a row of a column of [`Kind::Any`].
    pub fn show(&self, row: usize, style: Style, out: &mut BytesMut) -> Result<()> {
        match &self.text {
            Some(text) => text.write_text(row, style, out).map_err(fault::carried),
            None => Ok(()),
        }
    }
}

/// The arguments of all rows.
pub(super) struct Batch<'a> {
    pub columns: &'a [Column],
    pub rows: usize,
    pub style: Style,
    /// What the result is.
    pub field: &'a FieldRef,
}

impl<'a> Batch<'a> {
    /// The arguments of one row.
    pub fn row(&self, row: usize) -> Row<'a> {
        Row { columns: self.columns, row, style: self.style, scale: 0 }
    }

    /// The precision and the scale of a result that is a `numeric`.
    pub fn decimal(&self) -> (u8, i8) {
        match self.field.data_type() {
            DataType::Decimal128(precision, scale) => (*precision, *scale),
            _ => (0, 0),
        }
    }
}

/// The arguments of one row. An argument that the overload does not take, or that is NULL, must not be asked for, except by
/// [`Row::is_null`].
pub(super) struct Row<'a> {
    pub columns: &'a [Column],
    pub row: usize,
    pub style: Style,
    /// Digits behind the point of a result of type `numeric`.
    pub scale: i8,
}

impl Row<'_> {
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    pub fn is_null(&self, at: usize) -> bool {
        self.columns[at].is_null(self.row)
    }

    pub fn field(&self, at: usize) -> &FieldRef {
        &self.columns[at].field
    }

    pub fn array(&self, at: usize) -> ArrayRef {
        self.columns[at].values.as_list::<i32>().value(self.row)
    }

    /// An argument as an array of one.
    pub fn one(&self, at: usize) -> ArrayRef {
        self.columns[at].values.slice(self.row, 1)
    }

    /// An array of the type of an argument, without elements.
    pub fn empty(&self, at: usize) -> ArrayRef {
        match self.columns[at].values.data_type() {
            DataType::List(element) => arrow::array::new_empty_array(element.data_type()),
            other => arrow::array::new_empty_array(other),
        }
    }

    pub fn bool(&self, at: usize) -> bool {
        self.columns[at].values.as_boolean().value(self.row)
    }

    pub fn int(&self, at: usize) -> i64 {
        let values = &self.columns[at].values;
        match values.data_type() {
            DataType::Int32 => values.as_primitive::<Int32Type>().value(self.row).into(),
            DataType::Date32 => values.as_primitive::<Date32Type>().value(self.row).into(),
            DataType::Time64(_) => values.as_primitive::<Time64MicrosecondType>().value(self.row),
            DataType::Timestamp(..) => values.as_primitive::<TimestampMicrosecondType>().value(self.row),
            _ => values.as_primitive::<Int64Type>().value(self.row),
        }
    }

    /// A timestamp as the clock on the wall shows it, in microseconds.
    pub fn local(&self, at: usize) -> i64 {
        let us = self.int(at);
        match self.columns[at].zone {
            Some(zone) if us != i64::MAX && us != i64::MIN => us.saturating_add(i64::from(zone.offset_at(us)) * 1_000_000),
            _ => us,
        }
    }

    pub fn float(&self, at: usize) -> f64 {
        self.columns[at].values.as_primitive::<Float64Type>().value(self.row)
    }

    pub fn numeric(&self, at: usize) -> (i128, i8) {
        let values = self.columns[at].values.as_primitive::<Decimal128Type>();
        (values.value(self.row), values.scale())
    }

    pub fn bytes(&self, at: usize) -> &[u8] {
        self.columns[at].values.as_binary::<i32>().value(self.row)
    }

    pub fn interval(&self, at: usize) -> Interval {
        let value = self.columns[at].values.as_primitive::<IntervalMonthDayNanoType>().value(self.row);
        Interval { months: value.months, days: value.days, time_us: value.nanoseconds.div_euclid(1000) }
    }

    pub fn text(&self, at: usize) -> &str {
        self.columns[at].values.as_string_view().value(self.row)
    }

    /// Anything as its text.
    pub fn shown(&self, at: usize) -> Result<String> {
        let mut out = BytesMut::new();
        if let Some(text) = &self.columns[at].text {
            text.write_text(self.row, self.style, &mut out).map_err(fault::carried)?;
        }
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    /// The elements of an array as texts.
    pub fn texts(&self, at: usize) -> Result<Vec<Option<String>>> {
        let elements = self.array(at);
        let field = match self.columns[at].values.data_type() {
            DataType::List(field) => field.clone(),
            other => Arc::new(Field::new("", other.clone(), true)),
        };
        let column = encode::Column::new(&field, &elements).map_err(fault::carried)?;
        let text = |row: usize| {
            if column.is_null(row) {
                return Ok(None);
            }
            let mut out = BytesMut::new();
            column.write_text(row, self.style, &mut out).map_err(fault::carried)?;
            Ok(Some(String::from_utf8_lossy(&out).into_owned()))
        };
        (0..elements.len()).map(text).collect()
    }
}

/// An unscaled number with other digits behind the point, rounded away from zero; `None` if it does not fit.
pub(super) fn rescaled(value: i128, from: i8, to: i8) -> Option<i128> {
    if to >= from {
        return value.checked_mul(10_i128.checked_pow(u32::from((to - from).unsigned_abs()))?);
    }
    let Some(one) = 10_i128.checked_pow(u32::from((from - to).unsigned_abs())) else { return Some(0) };
    Some((value + value.signum() * (one / 2)) / one)
}

pub(super) fn overflow() -> datafusion::error::DataFusionError {
    fault::data(DataFault::NumericOutOfRange, "value overflows numeric format")
}
