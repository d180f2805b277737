//! Fields of roles and rules as columns, and rows in both forms.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Decimal128Builder, Int64Array, ListBuilder, RecordBatch, RecordBatchOptions,
    StringViewBuilder,
};
use arrow::datatypes::{DataType, Decimal128Type, Field, Schema, SchemaRef};
use serde_json::Value;
use strata_catalog::etl::{Field as EtlField, FieldKind, Position, Relation, Row, Uid};
use strata_storage::ColumnId;
use strata_storage::schema::{Column, JSONB};

use crate::Result;
use crate::error::{DataFault, EngineError};
use crate::jsonb::canonical_texts;

/// Name of the column that tells which object a row is. Only statements on `etl` see it.
pub const UID: &str = "strata uid";

/// `numeric(38, 18)`, which holds every position.
const POSITION: DataType = DataType::Decimal128(38, 18);

/// The columns of a relation.
pub fn columns(relation: Relation) -> Vec<Column> {
    (1..).zip(relation.fields()).map(|(id, field)| column(ColumnId(id), field)).collect()
}

fn column(id: ColumnId, field: &EtlField) -> Column {
    let (data_type, sql_type) = match field.kind {
        FieldKind::Name | FieldKind::Text | FieldKind::Reference(_) => (DataType::Utf8View, None),
        FieldKind::Flag => (DataType::Boolean, None),
        FieldKind::Settings => (DataType::Utf8View, Some(JSONB.to_owned())),
        FieldKind::Texts => (DataType::new_list(DataType::Utf8View, true), None),
        FieldKind::Position => (POSITION, None),
    };
    Column { id, name: field.name.to_owned(), data_type, nullable: true, sql_type }
}

/// The schema of a relation, with the uid last if `with_uid`.
pub fn schema(relation: Relation, with_uid: bool) -> SchemaRef {
    let mut fields: Vec<Field> = columns(relation).iter().map(Column::field).collect();
    fields.extend(with_uid.then(|| Field::new(UID, DataType::Int64, true)));
    Arc::new(Schema::new(fields))
}

/// Rows with names in references as a batch of [`schema`].
///
/// # Errors
/// Settings that are no canonical jsonb text.
pub fn batch(relation: Relation, rows: &[Row], uids: Option<&[Uid]>) -> Result<RecordBatch> {
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(relation.fields().len() + 1);
    for field in relation.fields() {
        let values = rows.iter().map(|row| row.get(field.name).unwrap_or(&Value::Null));
        arrays.push(array(field.kind, values)?);
    }
    arrays.extend(uids.map(|uids| Arc::new(Int64Array::from_iter_values(uids.iter().map(|uid| uid.0))) as ArrayRef));
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    Ok(RecordBatch::try_new_with_options(schema(relation, uids.is_some()), arrays, &options)?)
}

fn array<'a>(kind: FieldKind, values: impl Iterator<Item = &'a Value>) -> Result<ArrayRef> {
    Ok(match kind {
        FieldKind::Name | FieldKind::Text | FieldKind::Reference(_) => {
            let mut builder = StringViewBuilder::new();
            values.for_each(|value| builder.append_option(value.as_str()));
            Arc::new(builder.finish())
        }
        FieldKind::Flag => {
            let mut builder = BooleanBuilder::new();
            values.for_each(|value| builder.append_option(value.as_bool()));
            Arc::new(builder.finish())
        }
        FieldKind::Settings => {
            let mut builder = StringViewBuilder::new();
            values.for_each(|value| builder.append_option((!value.is_null()).then(|| value.to_string())));
            Arc::new(canonical_texts(&builder.finish())?)
        }
        FieldKind::Texts => {
            let mut builder = ListBuilder::new(StringViewBuilder::new());
            for value in values {
                match value.as_array() {
                    Some(items) => builder.append_value(items.iter().map(Value::as_str)),
                    None => builder.append_null(),
                }
            }
            Arc::new(builder.finish())
        }
        FieldKind::Position => {
            let mut builder = Decimal128Builder::new().with_data_type(POSITION);
            for value in values {
                builder.append_option(value.as_str().and_then(|text| text.parse::<Position>().ok()).map(Position::units));
            }
            Arc::new(builder.finish())
        }
    })
}

/// One value of an array that has the type of the field's column.
///
/// # Errors
/// A jsonb text that is none, which is a defect.
pub fn value(field: &EtlField, array: &ArrayRef, row: usize) -> Result<Value> {
    if array.is_null(row) {
        return Ok(Value::Null);
    }
    Ok(match field.kind {
        FieldKind::Name | FieldKind::Text | FieldKind::Reference(_) => Value::from(array.as_string_view().value(row)),
        FieldKind::Flag => Value::from(array.as_boolean().value(row)),
        FieldKind::Settings => serde_json::from_str(array.as_string_view().value(row)).map_err(|error| EngineError::Data {
            reason: DataFault::InvalidJson,
            message: format!("column \"{}\": {error}", field.name),
            hint: None,
        })?,
        FieldKind::Texts => {
            let items = array.as_list::<i32>().value(row);
            let items = items.as_string_view();
            items.iter().map(|item| item.map_or(Value::Null, Value::from)).collect()
        }
        FieldKind::Position => Value::from(Position::from_units(array.as_primitive::<Decimal128Type>().value(row)).to_string()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_come_back() {
        let row = |value: Value| value.as_object().unwrap().clone();
        let rows = [
            row(json!({
                "role": "web", "stage": "filter", "name": "a", "parent": null, "position": "-1.5", "construct": null,
                "plugin": "grok", "condition": "[a] == 1", "settings": {"a": [1, {"b": null}]}, "inputs": ["x", "y"],
                "body": "", "comment": null, "enabled": false,
            })),
            row(json!({
                "role": "web", "stage": "filter", "name": "b", "parent": "a", "position": "2", "construct": "if",
                "plugin": null, "condition": null, "settings": {}, "inputs": [], "body": null, "comment": "why",
                "enabled": true,
            })),
        ];
        let batch = batch(Relation::Rules, &rows, Some(&[Uid(3), Uid(4)])).unwrap();
        assert_eq!(batch.schema(), schema(Relation::Rules, true));
        for (number, expected) in rows.iter().enumerate() {
            for (i, field) in Relation::Rules.fields().iter().enumerate() {
                assert_eq!(value(field, batch.column(i), number).unwrap(), expected[field.name], "{}", field.name);
            }
        }
    }
}
