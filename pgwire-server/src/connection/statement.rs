//! A prepared statement as the protocol sees it: types of parameters by OID.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, FieldRef};
use bytes::Bytes;
use datafusion::scalar::ScalarValue;
use strata_engine::session::{Parameters, Prepared};
use strata_engine::{EngineError, Result as EngineResult};

use crate::error::{Error, Result};
use crate::types::{self, Style, Type, decode};

/// A statement with the types of its parameters.
pub struct Statement {
    /// The engine's part.
    pub prepared: Prepared,
    /// OID of each parameter.
    pub types: Vec<Type>,
}

impl Statement {
    /// What the client declared, as the engine asks for it: `None` where the engine is to find out.
    pub fn declared(oids: &[u32]) -> Vec<Option<FieldRef>> {
        let field = |oid: &u32| Type::from_oid(*oid).and_then(|kind| types::parameter_field(&kind));
        oids.iter().map(|oid| field(oid).map(Arc::new)).collect()
    }

    /// Joins what the engine found with what the client declared.
    pub fn new(prepared: Prepared, oids: &[u32]) -> Self {
        let declared = |at: usize| oids.get(at).and_then(|oid| Type::from_oid(*oid));
        let known = |kind: &Type| types::parameter_field(kind).is_some();
        let inferred = prepared.parameters.iter().enumerate();
        let types = inferred.map(|(at, found)| declared(at).filter(known).unwrap_or_else(|| types::of_field(found)));
        Self { types: types.collect(), prepared }
    }

    /// The values of a Bind as the engine takes them.
    ///
    /// # Errors
    /// A wrong number of values or formats; a value that is none of its type, with its number.
    pub fn values(&self, formats: &[i16], values: &[Option<Bytes>], style: Style) -> Result<Parameters> {
        if values.len() != self.types.len() {
            return Err(Error::Protocol(format!(
                "bind message supplies {} parameters, but prepared statement requires {}",
                values.len(),
                self.types.len()
            )));
        }
        let binary = formats_of(formats, values.len())?;
        let mut parameters = Vec::with_capacity(values.len());
        for (at, value) in values.iter().enumerate() {
            let wanted = self.prepared.parameters.get(at).map(|field| field.data_type());
            let value = scalar(&self.types[at], wanted, value.as_deref(), binary[at], style);
            parameters.push(value.map_err(|source| Error::at(source, format!("unnamed portal parameter ${}", at + 1)))?);
        }
        Ok(parameters)
    }
}

fn scalar(kind: &Type, wanted: Option<&DataType>, value: Option<&[u8]>, binary: bool, style: Style) -> EngineResult<ScalarValue> {
    let field = types::parameter_field(kind).unwrap_or_else(|| Field::new("", DataType::Utf8View, true));
    let array: ArrayRef = decode::parameter(&field, value, binary, style)?;
    let scalar = ScalarValue::try_from_array(&array, 0).map_err(EngineError::from)?;
    match wanted {
        // A number keeps its own scale: the column's could round it.
        Some(wanted) if *wanted != scalar.data_type() && *kind != Type::NUMERIC => {
            scalar.cast_to(wanted).map_err(EngineError::from)
        }
        _ => Ok(scalar),
    }
}

/// One flag a column: whether it is binary. No format means text, a single one counts for all.
///
/// # Errors
/// Another number of formats; a format that is neither.
pub fn formats_of(formats: &[i16], count: usize) -> Result<Vec<bool>> {
    let flag = |format: &i16| match format {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Error::Protocol(format!("unsupported format code: {other}"))),
    };
    match formats {
        [] => Ok(vec![false; count]),
        [one] => Ok(vec![flag(one)?; count]),
        many if many.len() == count => many.iter().map(flag).collect(),
        many => Err(Error::Protocol(format!("message has {} formats but {count} columns or parameters", many.len()))),
    }
}
