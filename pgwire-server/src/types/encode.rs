//! Arrow arrays to the text and binary form of their values.
//!
//! A [`Column`] is made once a batch: types are looked at there, and not again for each value.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryViewArray, BooleanArray, Date32Array, Decimal128Array, Decimal256Array,
    FixedSizeBinaryArray, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, IntervalMonthDayNanoArray,
    LargeBinaryArray, LargeStringArray, StringArray, StringViewArray, Time64MicrosecondArray, TimestampMicrosecondArray,
    UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date64Type, DurationMicrosecondType, Field, IntervalDayTimeType, IntervalMonthDayNano, IntervalUnit,
    IntervalYearMonthType, TimeUnit, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::{BufMut, BytesMut};
use postgres_types::Kind;
use strata_engine::Result;

use super::interval::Interval;
use super::{
    Style, Type, array, boolean, bytea, date, float, inet, integer, interval, json, numeric, of_field, out_of_range, time,
};
use super::{timestamp, tsquery, tsvector, uuid};

/// A column of a batch, ready to be written value by value.
pub struct Column {
    kind: Type,
    values: Values,
    nulls: Option<NullBuffer>,
}

/// The arrays that are told apart. Others are brought into one of these forms.
enum Values {
    AllNull,
    Bool(BooleanArray),
    I8(Int8Array),
    I16(Int16Array),
    I32(Int32Array),
    I64(Int64Array),
    U8(UInt8Array),
    U16(UInt16Array),
    U32(UInt32Array),
    U64(UInt64Array),
    F32(Float32Array),
    F64(Float64Array),
    Text(StringArray),
    LargeText(LargeStringArray),
    TextView(StringViewArray),
    Bytes(BinaryArray),
    LargeBytes(LargeBinaryArray),
    BytesView(BinaryViewArray),
    FixedBytes(FixedSizeBinaryArray),
    Date(Date32Array),
    Time(Time64MicrosecondArray),
    Timestamp(TimestampMicrosecondArray),
    Decimal(Decimal128Array),
    WideDecimal(Decimal256Array),
    Interval(IntervalMonthDayNanoArray),
    List(OffsetBuffer<i32>, Box<Column>),
    Record(Vec<Column>),
    /// Arrow types without a counterpart: their text by Arrow.
    Display(ArrayRef),
}

impl Column {
    /// Prepares the array of a field.
    ///
    /// # Errors
    /// Arrow's, when the array cannot be brought into a form that is written.
    pub fn new(field: &Field, column: &ArrayRef) -> Result<Self> {
        let kind = of_field(field);
        let column = unwrap_encoding(column)?;
        let nulls = column.logical_nulls();
        let values = Values::new(field, &column)?;
        Ok(Self { kind, values, nulls })
    }

    /// Whether the value of a row is NULL.
    pub fn is_null(&self, row: usize) -> bool {
        matches!(self.values, Values::AllNull) || self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// Appends the text of a value that is not NULL.
    ///
    /// # Errors
    /// None for values that the type has; Arrow's for types that only Arrow can show.
    pub fn write_text(&self, row: usize, style: Style, out: &mut BytesMut) -> Result<()> {
        match &self.values {
            Values::AllNull => {}
            Values::Bool(values) => out.put_slice(boolean::text(values.value(row))),
            Values::F32(values) => float::write_real(values.value(row), out),
            Values::F64(values) => float::write_double(values.value(row), out),
            Values::U64(values) => integer::write_unsigned_text(values.value(row), out),
            Values::I8(_)
            | Values::I16(_)
            | Values::I32(_)
            | Values::I64(_)
            | Values::U8(_)
            | Values::U16(_)
            | Values::U32(_) => integer::write_text(self.integer(row).unwrap_or_default(), out),
            Values::Text(_) | Values::LargeText(_) | Values::TextView(_) => out.put_slice(self.bytes(row)),
            Values::FixedBytes(values) if self.kind == Type::UUID && values.value_length() == 16 => {
                let mut value = [0; 16];
                value.copy_from_slice(values.value(row));
                uuid::write_text(&value, out);
            }
            Values::Bytes(_) | Values::LargeBytes(_) | Values::BytesView(_) | Values::FixedBytes(_) => {
                bytea::write_text(self.bytes(row), out);
            }
            Values::Date(values) => date::write_text(values.value(row), out),
            Values::Time(values) => time::write_text(values.value(row), out),
            Values::Timestamp(values) => {
                let zone = (self.kind == Type::TIMESTAMPTZ).then_some(style.zone);
                timestamp::write_text(values.value(row), zone, out);
            }
            Values::Decimal(values) => numeric::write_shown(values.value(row), values.precision(), values.scale(), out),
            Values::WideDecimal(values) => numeric::write_text(&values.value(row).to_string(), values.scale(), out),
            Values::Interval(values) => interval::write_text(parts(values.value(row)), out),
            Values::List(offsets, child) => return self.write_list_text(offsets, child, row, style, out),
            Values::Record(fields) => return write_record_text(fields, row, style, out),
            Values::Display(values) => {
                let options = FormatOptions::new();
                let text = ArrayFormatter::try_new(values, &options)?.value(row).try_to_string()?;
                out.put_slice(text.as_bytes());
            }
        }
        Ok(())
    }

    /// Appends the binary form of a value that is not NULL.
    ///
    /// # Errors
    /// A number that the SQL type cannot hold.
    pub fn write_binary(&self, row: usize, style: Style, out: &mut BytesMut) -> Result<()> {
        match &self.values {
            Values::Bool(values) => out.put_u8(u8::from(values.value(row))),
            Values::I8(_)
            | Values::I16(_)
            | Values::I32(_)
            | Values::I64(_)
            | Values::U8(_)
            | Values::U16(_)
            | Values::U32(_) => {
                return self.write_integer(self.integer(row).unwrap_or_default(), out);
            }
            Values::U64(values) => {
                let value = values.value(row);
                let signed = i64::try_from(value).map_err(|_| out_of_range("bigint", &value.to_string()))?;
                return self.write_integer(signed, out);
            }
            Values::F32(values) => out.put_f32(values.value(row)),
            Values::F64(values) => out.put_f64(values.value(row)),
            Values::Text(_) | Values::LargeText(_) | Values::TextView(_) => match self.kind {
                Type::JSONB => {
                    out.put_u8(json::JSONB_VERSION);
                    out.put_slice(self.bytes(row));
                }
                Type::UUID => {
                    let text = std::str::from_utf8(self.bytes(row)).unwrap_or_default();
                    out.put_slice(&uuid::parse(text)?);
                }
                Type::INET | Type::CIDR => {
                    inet::write_binary(std::str::from_utf8(self.bytes(row)).unwrap_or_default(), self.kind == Type::CIDR, out)?;
                }
                Type::TSQUERY => tsquery::write_binary(std::str::from_utf8(self.bytes(row)).unwrap_or_default(), out)?,
                Type::TS_VECTOR => tsvector::write_binary(std::str::from_utf8(self.bytes(row)).unwrap_or_default(), out)?,
                _ => out.put_slice(self.bytes(row)),
            },
            Values::Bytes(_) | Values::LargeBytes(_) | Values::BytesView(_) | Values::FixedBytes(_) => {
                out.put_slice(self.bytes(row));
            }
            Values::Date(values) => out.put_slice(&date::to_binary(values.value(row))),
            Values::Time(values) => out.put_i64(values.value(row)),
            Values::Timestamp(values) => out.put_slice(&timestamp::to_binary(values.value(row))),
            Values::Decimal(_) | Values::WideDecimal(_) => {
                let mut text = BytesMut::new();
                self.write_text(row, style, &mut text)?;
                numeric::write_binary(std::str::from_utf8(&text).unwrap_or_default(), out);
            }
            Values::Interval(values) => interval::write_binary(parts(values.value(row)), out),
            Values::List(_, child) => return self.write_list_binary(child, row, style, out),
            Values::Record(fields) => {
                out.put_i32(i32::try_from(fields.len()).unwrap_or(i32::MAX));
                for field in fields {
                    out.put_u32(field.kind.oid());
                    field.write_sized(row, true, style, out)?;
                }
            }
            Values::AllNull | Values::Display(_) => return self.write_text(row, style, out),
        }
        Ok(())
    }

    /// Appends a length as `i32` and the value in the form that is wanted; -1 and nothing for NULL.
    ///
    /// # Errors
    /// As [`Self::write_text`] and [`Self::write_binary`].
    pub fn write_sized(&self, row: usize, binary: bool, style: Style, out: &mut BytesMut) -> Result<()> {
        if self.is_null(row) {
            out.put_i32(-1);
            return Ok(());
        }
        let start = out.len();
        out.put_i32(0);
        if binary {
            self.write_binary(row, style, out)?
        } else {
            self.write_text(row, style, out)?
        }
        let length = i32::try_from(out.len() - start - 4).unwrap_or(i32::MAX);
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }

    fn integer(&self, row: usize) -> Option<i64> {
        Some(match &self.values {
            Values::I8(values) => i64::from(values.value(row)),
            Values::I16(values) => i64::from(values.value(row)),
            Values::I32(values) => i64::from(values.value(row)),
            Values::I64(values) => values.value(row),
            Values::U8(values) => i64::from(values.value(row)),
            Values::U16(values) => i64::from(values.value(row)),
            Values::U32(values) => i64::from(values.value(row)),
            _ => return None,
        })
    }

    /// As wide as the SQL type is.
    fn write_integer(&self, value: i64, out: &mut BytesMut) -> Result<()> {
        let too_large = || out_of_range(self.kind.name(), &value.to_string());
        match (super::size(&self.kind), &self.kind) {
            (2, _) => out.put_i16(i16::try_from(value).map_err(|_| too_large())?),
            (4, kind) if *kind != Type::INT4 => out.put_u32(u32::try_from(value).map_err(|_| too_large())?),
            (4, _) => out.put_i32(i32::try_from(value).map_err(|_| too_large())?),
            _ => out.put_i64(value),
        }
        Ok(())
    }

    fn bytes(&self, row: usize) -> &[u8] {
        match &self.values {
            Values::Text(values) => values.value(row).as_bytes(),
            Values::LargeText(values) => values.value(row).as_bytes(),
            Values::TextView(values) => values.value(row).as_bytes(),
            Values::Bytes(values) => values.value(row),
            Values::LargeBytes(values) => values.value(row),
            Values::BytesView(values) => values.value(row),
            Values::FixedBytes(values) => values.value(row),
            _ => &[],
        }
    }

    fn write_list_text(
        &self,
        offsets: &OffsetBuffer<i32>,
        child: &Self,
        row: usize,
        style: Style,
        out: &mut BytesMut,
    ) -> Result<()> {
        let vector = matches!(self.kind, Type::INT2_VECTOR | Type::OID_VECTOR);
        if !vector {
            out.put_u8(b'{');
        }
        let mut element = BytesMut::new();
        for (nth, at) in range(offsets, row).enumerate() {
            if nth > 0 {
                out.put_u8(if vector { b' ' } else { b',' });
            }
            if child.is_null(at) {
                out.put_slice(b"NULL");
            } else if matches!(child.values, Values::List(..)) {
                child.write_text(at, style, out)?;
            } else {
                element.clear();
                child.write_text(at, style, &mut element)?;
                array::write_element(&element, out);
            }
        }
        if !vector {
            out.put_u8(b'}');
        }
        Ok(())
    }

    fn write_list_binary(&self, child: &Self, row: usize, style: Style, out: &mut BytesMut) -> Result<()> {
        let mut dimensions = Vec::new();
        let mut leaf = self;
        let mut rows = row..row + 1;
        while let Values::List(offsets, child) = &leaf.values {
            let next = if rows.is_empty() { 0..0 } else { range(offsets, rows.start).start..range(offsets, rows.end - 1).end };
            let length = if rows.is_empty() { 0 } else { next.len() / rows.len() };
            if length * rows.len() != next.len() {
                return Err(super::invalid_text("array", "arrays of different lengths in one array"));
            }
            dimensions.push(length);
            rows = next;
            leaf = child;
        }
        let empty = rows.is_empty();
        let has_null = rows.clone().any(|at| leaf.is_null(at));
        let element = match self.kind.kind() {
            Kind::Array(element) => element.oid(),
            _ => child.kind.oid(),
        };
        out.put_i32(if empty { 0 } else { i32::try_from(dimensions.len()).unwrap_or(i32::MAX) });
        out.put_i32(i32::from(has_null));
        out.put_u32(element);
        if !empty {
            for length in dimensions {
                out.put_i32(i32::try_from(length).unwrap_or(i32::MAX));
                out.put_i32(1);
            }
        }
        for at in rows {
            leaf.write_sized(at, true, style, out)?;
        }
        Ok(())
    }
}

/// `(1,"a ""b""",)`.
fn write_record_text(fields: &[Column], row: usize, style: Style, out: &mut BytesMut) -> Result<()> {
    out.put_u8(b'(');
    let mut value = BytesMut::new();
    for (nth, field) in fields.iter().enumerate() {
        if nth > 0 {
            out.put_u8(b',');
        }
        if field.is_null(row) {
            continue;
        }
        value.clear();
        field.write_text(row, style, &mut value)?;
        let special = |byte: &u8| matches!(byte, b'"' | b'\\' | b'(' | b')' | b',') || byte.is_ascii_whitespace();
        if !value.is_empty() && !value.iter().any(special) {
            out.put_slice(&value);
            continue;
        }
        out.put_u8(b'"');
        for byte in &value {
            if matches!(byte, b'"' | b'\\') {
                out.put_u8(*byte);
            }
            out.put_u8(*byte);
        }
        out.put_u8(b'"');
    }
    out.put_u8(b')');
    Ok(())
}

fn range(offsets: &OffsetBuffer<i32>, row: usize) -> std::ops::Range<usize> {
    let at = |index: usize| usize::try_from(offsets[index]).unwrap_or_default();
    at(row)..at(row + 1)
}

fn parts(value: IntervalMonthDayNano) -> Interval {
    Interval { months: value.months, days: value.days, time_us: value.nanoseconds.div_euclid(1000) }
}

/// Dictionaries and runs to plain arrays.
fn unwrap_encoding(column: &ArrayRef) -> Result<ArrayRef> {
    Ok(match column.data_type() {
        DataType::Dictionary(_, value) => cast(column, value)?,
        DataType::RunEndEncoded(_, values) => cast(column, values.data_type())?,
        _ => column.clone(),
    })
}

impl Values {
    fn new(field: &Field, column: &ArrayRef) -> Result<Self> {
        Ok(match column.data_type() {
            DataType::Null => Self::AllNull,
            DataType::Boolean => Self::Bool(column.as_boolean().clone()),
            DataType::Int8 => Self::I8(column.as_primitive().clone()),
            DataType::Int16 => Self::I16(column.as_primitive().clone()),
            DataType::Int32 => Self::I32(column.as_primitive().clone()),
            DataType::Int64 => Self::I64(column.as_primitive().clone()),
            DataType::UInt8 => Self::U8(column.as_primitive().clone()),
            DataType::UInt16 => Self::U16(column.as_primitive().clone()),
            DataType::UInt32 => Self::U32(column.as_primitive().clone()),
            DataType::UInt64 => Self::U64(column.as_primitive().clone()),
            DataType::Float16 => Self::F32(cast(column, &DataType::Float32)?.as_primitive().clone()),
            DataType::Float32 => Self::F32(column.as_primitive().clone()),
            DataType::Float64 => Self::F64(column.as_primitive().clone()),
            DataType::Utf8 => Self::Text(column.as_string().clone()),
            DataType::LargeUtf8 => Self::LargeText(column.as_string().clone()),
            DataType::Utf8View => Self::TextView(column.as_string_view().clone()),
            DataType::Binary => Self::Bytes(column.as_binary().clone()),
            DataType::LargeBinary => Self::LargeBytes(column.as_binary().clone()),
            DataType::BinaryView => Self::BytesView(column.as_binary_view().clone()),
            DataType::FixedSizeBinary(_) => Self::FixedBytes(column.as_fixed_size_binary().clone()),
            DataType::Date32 => Self::Date(column.as_primitive().clone()),
            DataType::Date64 => {
                let millis = column.as_primitive::<Date64Type>();
                #[allow(clippy::cast_possible_truncation, reason = "clamped to 32 bits")]
                Self::Date(millis.unary(|ms| ms.div_euclid(86_400_000).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32))
            }
            DataType::Time32(_) | DataType::Time64(_) => {
                Self::Time(cast(column, &DataType::Time64(TimeUnit::Microsecond))?.as_primitive().clone())
            }
            DataType::Timestamp(unit, _) => Self::Timestamp(match unit {
                TimeUnit::Second => column.as_primitive::<TimestampSecondType>().unary(|s| s.saturating_mul(1_000_000)),
                TimeUnit::Millisecond => column.as_primitive::<TimestampMillisecondType>().unary(|ms| ms.saturating_mul(1000)),
                TimeUnit::Microsecond => column.as_primitive().clone(),
                TimeUnit::Nanosecond => column.as_primitive::<TimestampNanosecondType>().unary(|ns| ns.div_euclid(1000)),
            }),
            DataType::Decimal32(_, scale) => {
                Self::Decimal(cast(column, &DataType::Decimal128(38, *scale))?.as_primitive().clone())
            }
            DataType::Decimal64(_, scale) => {
                Self::Decimal(cast(column, &DataType::Decimal128(38, *scale))?.as_primitive().clone())
            }
            DataType::Decimal128(_, _) => Self::Decimal(column.as_primitive().clone()),
            DataType::Decimal256(_, _) => Self::WideDecimal(column.as_primitive().clone()),
            DataType::Interval(unit) => Self::Interval(match unit {
                IntervalUnit::MonthDayNano => column.as_primitive().clone(),
                IntervalUnit::YearMonth => {
                    column.as_primitive::<IntervalYearMonthType>().unary(|months| IntervalMonthDayNano::new(months, 0, 0))
                }
                IntervalUnit::DayTime => column
                    .as_primitive::<IntervalDayTimeType>()
                    .unary(|value| IntervalMonthDayNano::new(0, value.days, i64::from(value.milliseconds) * 1_000_000)),
            }),
            DataType::Duration(_) => {
                let micros = cast(column, &DataType::Duration(TimeUnit::Microsecond))?;
                let micros = micros.as_primitive::<DurationMicrosecondType>();
                Self::Interval(micros.unary(|us| IntervalMonthDayNano::new(0, 0, us.saturating_mul(1000))))
            }
            DataType::List(child) => {
                let list = column.as_list::<i32>();
                Self::List(list.offsets().clone(), Box::new(Column::new(&super::element_of(field, child), list.values())?))
            }
            DataType::LargeList(child) | DataType::FixedSizeList(child, _) => {
                let list = cast(column, &DataType::List(Arc::clone(child)))?;
                let list = list.as_list::<i32>();
                Self::List(list.offsets().clone(), Box::new(Column::new(&super::element_of(field, child), list.values())?))
            }
            DataType::Struct(fields) => {
                let columns = column.as_struct().columns();
                Self::Record(fields.iter().zip(columns).map(|(field, column)| Column::new(field, column)).collect::<Result<_>>()?)
            }
            _ => Self::Display(column.clone()),
        })
    }
}
