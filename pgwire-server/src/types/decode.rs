//! Text and binary values from the client to Arrow arrays, column by column.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryBuilder, BinaryViewBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Decimal256Builder,
    FixedSizeBinaryBuilder, Float32Builder, Float64Builder, Int8Builder, Int16Builder, Int32Builder, Int64Builder,
    IntervalMonthDayNanoBuilder, LargeStringBuilder, ListArray, NullBufferBuilder, StringBuilder, StringViewBuilder,
    Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, IntervalMonthDayNano, IntervalUnit, TimeUnit};
use postgres_types::Kind;
use strata_engine::text_type::TextType;
use strata_engine::{EngineError, Result};

use super::array::{self, Element};
use super::interval::Interval;
use super::{Style, Type, boolean, bytea, date, float, inet, integer, interval, invalid_binary, json, numeric, of_field, string};
use super::{time, timestamp, uuid};

/// Bytes of a text value that a column of type `text` takes, at most: PostgreSQL's own bound.
const VALUE_BYTES_MAX: usize = 1 << 30;

/// Collects the values of one column.
pub struct ColumnBuilder {
    field: FieldRef,
    kind: Type,
    style: Style,
    values: Builder,
    bytes: usize,
}

enum Builder {
    Bool(BooleanBuilder),
    I8(Int8Builder),
    I16(Int16Builder),
    I32(Int32Builder),
    I64(Int64Builder),
    F32(Float32Builder),
    F64(Float64Builder),
    Decimal(Decimal128Builder, u8, i8),
    WideDecimal(Decimal256Builder, u8, i8),
    Text(StringBuilder),
    LargeText(LargeStringBuilder),
    TextView(StringViewBuilder),
    Bytes(BinaryBuilder),
    BytesView(BinaryViewBuilder),
    Uuid(FixedSizeBinaryBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder, bool),
    Interval(IntervalMonthDayNanoBuilder),
    List { offsets: Vec<i32>, nulls: NullBufferBuilder, child: Box<ColumnBuilder> },
}

/// Runs one expression for whichever builder it is.
macro_rules! each_builder {
    ($values:expr, $builder:ident => $body:expr, list($offsets:ident, $nulls:ident, $child:ident) => $list:expr) => {
        match $values {
            Builder::Bool($builder) => $body,
            Builder::I8($builder) => $body,
            Builder::I16($builder) => $body,
            Builder::I32($builder) => $body,
            Builder::I64($builder) => $body,
            Builder::F32($builder) => $body,
            Builder::F64($builder) => $body,
            Builder::Decimal($builder, _, _) => $body,
            Builder::WideDecimal($builder, _, _) => $body,
            Builder::Text($builder) => $body,
            Builder::LargeText($builder) => $body,
            Builder::TextView($builder) => $body,
            Builder::Bytes($builder) => $body,
            Builder::BytesView($builder) => $body,
            Builder::Uuid($builder) => $body,
            Builder::Date($builder) => $body,
            Builder::Time($builder) => $body,
            Builder::Timestamp($builder, _) => $body,
            Builder::Interval($builder) => $body,
            Builder::List { offsets: $offsets, nulls: $nulls, child: $child } => $list,
        }
    };
}

impl ColumnBuilder {
    /// An empty column of a field's type.
    ///
    /// # Errors
    /// An Arrow type that has no input form.
    pub fn new(field: FieldRef, style: Style) -> Result<Self> {
        let kind = of_field(&field);
        let values = match field.data_type() {
            DataType::Boolean => Builder::Bool(BooleanBuilder::new()),
            DataType::Int8 => Builder::I8(Int8Builder::new()),
            DataType::Int16 => Builder::I16(Int16Builder::new()),
            DataType::Int32 => Builder::I32(Int32Builder::new()),
            DataType::Int64 => Builder::I64(Int64Builder::new()),
            DataType::Float32 => Builder::F32(Float32Builder::new()),
            DataType::Float64 => Builder::F64(Float64Builder::new()),
            DataType::Decimal128(precision, scale) => {
                Builder::Decimal(Decimal128Builder::new().with_precision_and_scale(*precision, *scale)?, *precision, *scale)
            }
            DataType::Decimal256(precision, scale) => {
                Builder::WideDecimal(Decimal256Builder::new().with_precision_and_scale(*precision, *scale)?, *precision, *scale)
            }
            DataType::Utf8 => Builder::Text(StringBuilder::new()),
            DataType::LargeUtf8 => Builder::LargeText(LargeStringBuilder::new()),
            DataType::Utf8View => Builder::TextView(StringViewBuilder::new()),
            DataType::Binary => Builder::Bytes(BinaryBuilder::new()),
            DataType::BinaryView => Builder::BytesView(BinaryViewBuilder::new()),
            DataType::FixedSizeBinary(16) => Builder::Uuid(FixedSizeBinaryBuilder::new(16)),
            DataType::Date32 => Builder::Date(Date32Builder::new()),
            DataType::Time64(TimeUnit::Microsecond) => Builder::Time(Time64MicrosecondBuilder::new()),
            DataType::Timestamp(TimeUnit::Microsecond, zone) => {
                Builder::Timestamp(TimestampMicrosecondBuilder::new().with_timezone_opt(zone.clone()), zone.is_some())
            }
            DataType::Interval(IntervalUnit::MonthDayNano) => Builder::Interval(IntervalMonthDayNanoBuilder::new()),
            DataType::List(child) => Builder::List {
                offsets: vec![0],
                nulls: NullBufferBuilder::new(0),
                child: Box::new(Self::new(Arc::new(super::element_of(&field, child)), style)?),
            },
            other => {
                return Err(EngineError::Unsupported {
                    message: format!("values of type {other} cannot be read from the client"),
                    hint: None,
                });
            }
        };
        Ok(Self { field, kind, style, values, bytes: 0 })
    }

    /// Bytes of the values so far, about.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Appends NULL.
    pub fn append_null(&mut self) {
        self.bytes += 8;
        each_builder!(&mut self.values, builder => builder.append_null(), list(offsets, nulls, _child) => {
            offsets.push(offsets.last().copied().unwrap_or_default());
            nulls.append_null();
        });
    }

    /// Appends a value in its text form.
    ///
    /// # Errors
    /// What PostgreSQL's input function would say.
    pub fn append_text(&mut self, text: &str) -> Result<()> {
        self.bytes += text.len().max(8);
        let int = |min: i64, max: i64, name: &str| integer::parse(text, min, max, name);
        match &mut self.values {
            Builder::Bool(builder) => builder.append_value(boolean::parse(text)?),
            Builder::I8(builder) => builder.append_value(narrow(int(i8::MIN.into(), i8::MAX.into(), "smallint")?)),
            Builder::I16(builder) => builder.append_value(narrow(int(i16::MIN.into(), i16::MAX.into(), "smallint")?)),
            Builder::I32(builder) => builder.append_value(narrow(int(i32::MIN.into(), i32::MAX.into(), "integer")?)),
            Builder::I64(builder) if self.kind == Type::OID => builder.append_value(int(0, u32::MAX.into(), "oid")?),
            Builder::I64(builder) => builder.append_value(int(i64::MIN, i64::MAX, "bigint")?),
            Builder::F32(builder) => builder.append_value(float::parse_real(text)?),
            Builder::F64(builder) => builder.append_value(float::parse_double(text)?),
            Builder::Decimal(builder, precision, scale) => {
                let value = numeric::parse(text, *precision, *scale)?;
                builder.append_value(value.to_i128().ok_or_else(|| super::out_of_range("numeric", text))?);
            }
            Builder::WideDecimal(builder, precision, scale) => builder.append_value(numeric::parse(text, *precision, *scale)?),
            Builder::Text(_) | Builder::LargeText(_) | Builder::TextView(_) => return self.append_string(text),
            Builder::Bytes(builder) => builder.append_value(bytea::parse(text)?),
            Builder::BytesView(builder) => builder.append_value(bytea::parse(text)?),
            Builder::Uuid(builder) => builder.append_value(uuid::parse(text)?)?,
            Builder::Date(builder) => builder.append_value(date::parse(text)?),
            Builder::Time(builder) => builder.append_value(time::parse(text)?),
            Builder::Timestamp(builder, zoned) => {
                builder.append_value(timestamp::parse(text, zoned.then_some(self.style.zone))?);
            }
            Builder::Interval(builder) => builder.append_value(to_arrow(interval::parse(text)?, text)?),
            Builder::List { .. } => {
                let elements = array::parse(text)?;
                return self.append_elements(&elements);
            }
        }
        Ok(())
    }

    fn append_string(&mut self, text: &str) -> Result<()> {
        if text.len() > VALUE_BYTES_MAX {
            return Err(super::out_of_range("text", text));
        }
        let parsed: std::borrow::Cow<'_, str> = match self.kind {
            Type::UUID => {
                let mut canonical = bytes::BytesMut::with_capacity(36);
                uuid::write_text(&uuid::parse(text)?, &mut canonical);
                String::from_utf8_lossy(&canonical).into_owned().into()
            }
            Type::INET => TextType::Inet.parse(text)?.into(),
            Type::CIDR => TextType::Cidr.parse(text)?.into(),
            Type::JSON | Type::JSONB => {
                json::check(text)?;
                text.into()
            }
            _ => text.into(),
        };
        match &mut self.values {
            Builder::Text(builder) => builder.append_value(parsed),
            Builder::LargeText(builder) => builder.append_value(parsed),
            Builder::TextView(builder) => builder.try_append_value(parsed)?,
            _ => {}
        }
        Ok(())
    }

    fn append_elements(&mut self, elements: &[Element]) -> Result<()> {
        let Builder::List { offsets, nulls, child } = &mut self.values else {
            return Err(super::invalid_text(self.kind.name(), "{"));
        };
        for element in elements {
            match element {
                Element::Null => child.append_null(),
                Element::Value(text) => child.append_text(text)?,
                Element::Array(inner) => child.append_elements(inner)?,
            }
        }
        offsets.push(i32::try_from(child.len()).map_err(|_| super::out_of_range("array", "too many elements"))?);
        nulls.append_non_null();
        Ok(())
    }

    /// Appends a value in its binary form.
    ///
    /// # Errors
    /// Bytes that are no value of the type.
    pub fn append_binary(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes += bytes.len().max(8);
        let int = |width: usize, name: &str| integer::from_binary(bytes, width, name);
        match &mut self.values {
            Builder::Bool(builder) => builder.append_value(boolean::from_binary(bytes)?),
            Builder::I8(builder) => {
                let value = int(2, "smallint")?;
                builder.append_value(i8::try_from(value).map_err(|_| super::out_of_range("smallint", &value.to_string()))?);
            }
            Builder::I16(builder) => builder.append_value(narrow(int(2, "smallint")?)),
            Builder::I32(builder) => builder.append_value(narrow(int(4, "integer")?)),
            Builder::I64(builder) if self.kind == Type::OID => builder.append_value(int(4, "oid")? & 0xFFFF_FFFF),
            Builder::I64(builder) => builder.append_value(int(8, "bigint")?),
            Builder::F32(builder) => {
                builder.append_value(f32::from_be_bytes(bytes.try_into().map_err(|_| invalid_binary("real"))?));
            }
            Builder::F64(builder) => {
                builder.append_value(f64::from_be_bytes(bytes.try_into().map_err(|_| invalid_binary("double precision"))?));
            }
            Builder::Decimal(..) | Builder::WideDecimal(..) => return self.append_text(&numeric::binary_to_text(bytes)?),
            Builder::Text(_) | Builder::LargeText(_) | Builder::TextView(_) => match self.kind {
                Type::JSONB => return self.append_string(string::check(json::jsonb_from_binary(bytes)?)?),
                Type::UUID => {
                    let mut text = bytes::BytesMut::with_capacity(36);
                    uuid::write_text(bytes.try_into().map_err(|_| invalid_binary("uuid"))?, &mut text);
                    return self.append_string(string::check(&text)?);
                }
                Type::INET | Type::CIDR => return self.append_string(&inet::text_of_binary(bytes, self.kind.name())?),
                _ => return self.append_string(string::check(bytes)?),
            },
            Builder::Bytes(builder) => builder.append_value(bytes),
            Builder::BytesView(builder) => builder.try_append_value(bytes)?,
            Builder::Uuid(builder) => builder.append_value(bytes).map_err(|_| invalid_binary("uuid"))?,
            Builder::Date(builder) => builder.append_value(date::from_binary(bytes)?),
            Builder::Time(builder) => builder.append_value(time::from_binary(bytes)?),
            Builder::Timestamp(builder, _) => builder.append_value(timestamp::from_binary(bytes)?),
            Builder::Interval(builder) => builder.append_value(to_arrow(interval::from_binary(bytes)?, "interval")?),
            Builder::List { .. } => {
                let binary = array::read_binary(bytes)?;
                return self.append_dimensions(&binary.dimensions, &binary.values);
            }
        }
        Ok(())
    }

    fn append_dimensions(&mut self, dimensions: &[usize], values: &[Option<&[u8]>]) -> Result<()> {
        let Builder::List { offsets, nulls, child } = &mut self.values else {
            return Err(invalid_binary("array"));
        };
        match dimensions {
            [] | [_] => {
                for value in values {
                    match value {
                        None => child.append_null(),
                        Some(bytes) => child.append_binary(bytes)?,
                    }
                }
            }
            [outer, inner @ ..] => {
                let each = values.len() / (*outer).max(1);
                for part in values.chunks(each.max(1)) {
                    child.append_dimensions(inner, part)?;
                }
            }
        }
        offsets.push(i32::try_from(child.len()).map_err(|_| super::out_of_range("array", "too many elements"))?);
        nulls.append_non_null();
        Ok(())
    }

    /// Values so far.
    #[allow(clippy::len_without_is_empty, reason = "nobody asks")]
    pub fn len(&self) -> usize {
        use arrow::array::ArrayBuilder;
        each_builder!(&self.values, builder => builder.len(), list(offsets, _nulls, _child) => offsets.len() - 1)
    }

    /// The values so far as an array; the column is empty afterwards and can be used again.
    ///
    /// # Errors
    /// Arrow's, for a list whose parts do not fit.
    pub fn finish(&mut self) -> Result<ArrayRef> {
        self.bytes = 0;
        Ok(each_builder!(&mut self.values, builder => Arc::new(builder.finish()) as ArrayRef, list(offsets, nulls, child) => {
            let DataType::List(element) = self.field.data_type() else { return Err(invalid_binary("array")) };
            let offsets = OffsetBuffer::new(std::mem::replace(offsets, vec![0]).into());
            Arc::new(ListArray::try_new(Arc::clone(element), offsets, child.finish()?, nulls.finish())?)
        }))
    }
}

/// The value of one parameter as an array of one row, of the type that the client declared.
///
/// # Errors
/// What PostgreSQL's input function would say.
pub fn parameter(field: &Field, value: Option<&[u8]>, binary: bool, style: Style) -> Result<ArrayRef> {
    let mut field = field.clone();
    if let (DataType::Decimal128(_, _), Some(bytes)) = (field.data_type(), value) {
        // A parameter has no declared scale: it is as wide as the number that comes.
        let text = if binary { numeric::binary_to_text(bytes)? } else { string::check(bytes)?.to_owned() };
        if let Some((precision, scale)) = numeric::width(&text) {
            let scale = i8::try_from(scale.min(37)).unwrap_or(37);
            let precision = u8::try_from(precision.clamp(1, 76)).unwrap_or(76);
            field = field.with_data_type(match precision {
                0..=38 => DataType::Decimal128(precision, scale),
                _ => DataType::Decimal256(precision, scale),
            });
        }
    }
    let mut builder = ColumnBuilder::new(Arc::new(field), style)?;
    match value {
        None => builder.append_null(),
        Some(bytes) if binary => builder.append_binary(bytes)?,
        Some(bytes) => builder.append_text(string::check(bytes)?)?,
    }
    let array = builder.finish()?;
    debug_assert_eq!(array.len(), 1);
    Ok(array)
}

/// Whether a type is an array type.
pub fn is_array(kind: &Type) -> bool {
    matches!(kind.kind(), Kind::Array(_))
}

fn to_arrow(interval: Interval, text: &str) -> Result<IntervalMonthDayNano> {
    let nanoseconds = interval.time_us.checked_mul(1000).ok_or_else(|| super::datetime_out_of_range(text))?;
    Ok(IntervalMonthDayNano::new(interval.months, interval.days, nanoseconds))
}

/// To a width whose bounds were checked.
fn narrow<T: TryFrom<i64> + Default>(value: i64) -> T {
    T::try_from(value).unwrap_or_default()
}
