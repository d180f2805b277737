//! Columns that a scan reads: columns of the topic, and fields of `attrs` that are read like columns.
//!
//! An expression `attrs ->> 'k'` over the topic becomes a column of its own. A segment that stores the field as a column
//! gives it directly; elsewhere it is computed from `attrs` by the very expression it stands for.

use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef, Schema};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::{DataFusionError, Result};
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use strata_storage::ColumnId;
use strata_storage::schema::column_id;
use strata_storage::segment::ColumnRef;

/// SQL function behind `->>`.
const GET_TEXT: &str = "jsonb_get_text";
/// SQL function behind `->`.
const GET: &str = "jsonb_get";

/// One column that a scan reads.
#[derive(Debug, Clone)]
pub(crate) struct ScanColumn {
    /// Where it is stored.
    pub(crate) reference: ColumnRef,
    /// Name and logical type.
    pub(crate) field: FieldRef,
    /// For a field: how to compute it from `attrs`, which is column 0 of the expression's input.
    pub(crate) derivation: Option<Arc<dyn PhysicalExpr>>,
}

/// The columns of a scan. Grows while expressions are resolved against it; a position, once given, stays.
#[derive(Debug, Clone, Default)]
pub(crate) struct ScanColumns {
    columns: Vec<ScanColumn>,
}

impl ScanColumns {
    /// Columns that have their positions already.
    pub(crate) fn from_columns(columns: &[ScanColumn]) -> Self {
        Self { columns: columns.to_vec() }
    }

    /// The columns in the order of their positions.
    pub(crate) fn as_slice(&self) -> &[ScanColumn] {
        &self.columns
    }

    /// Position of a column of the topic, which `field` describes.
    ///
    /// # Errors
    /// When the field has no column id: it is not of a topic.
    pub(crate) fn add_topic_column(&mut self, field: &FieldRef) -> Result<usize> {
        let id = column_id(field).ok_or_else(|| DataFusionError::Internal(format!("column {} has no id", field.name())))?;
        Ok(self.add(ScanColumn { reference: ColumnRef::Column(id), field: Arc::clone(field), derivation: None }))
    }

    fn add(&mut self, column: ScanColumn) -> usize {
        if let Some(at) = self.columns.iter().position(|known| known.reference == column.reference) {
            return at;
        }
        self.columns.push(column);
        self.columns.len() - 1
    }

    /// Rewrites an expression over `input` (fields of a topic, at any positions) to one over these columns, adding what
    /// is missing; fields of `attrs` become columns.
    ///
    /// # Errors
    /// When the expression names a column that is not of the topic.
    pub(crate) fn resolve(&mut self, expr: &Arc<dyn PhysicalExpr>, input: &[ScanColumn]) -> Result<Arc<dyn PhysicalExpr>> {
        Arc::clone(expr)
            .transform_down(|node| {
                if let Some((attrs, path)) = field_path(&node)
                    && input.get(attrs).is_some_and(|column| column.reference == ColumnRef::Column(ColumnId::ATTRS))
                {
                    let attrs_field = &input[attrs].field;
                    let data_type = node.data_type(&Schema::new(vec![Arc::clone(attrs_field); attrs + 1]))?;
                    let name = format!("attrs ->> '{}'", path.join("' ->> '"));
                    let at = self.add(ScanColumn {
                        reference: ColumnRef::Field(path),
                        field: Arc::new(Field::new(&name, data_type, true)),
                        derivation: Some(over_column_zero(&node)?),
                    });
                    return Ok(Transformed::new(
                        Arc::new(Column::new(&name, at)),
                        true,
                        datafusion::common::tree_node::TreeNodeRecursion::Jump,
                    ));
                }
                let Some(column) = node.downcast_ref::<Column>() else { return Ok(Transformed::no(node)) };
                let wanted = input
                    .get(column.index())
                    .ok_or_else(|| DataFusionError::Internal(format!("column {column} is not of the topic")))?;
                let at = self.add(wanted.clone());
                Ok(Transformed::yes(Arc::new(Column::new(wanted.field.name(), at)) as Arc<dyn PhysicalExpr>))
            })
            .data()
    }
}

/// `attrs -> 'a' ->> 'b'` as the position of the column and the keys `a`, `b`; `None` for anything else.
fn field_path(expr: &Arc<dyn PhysicalExpr>) -> Option<(usize, Vec<String>)> {
    let call = expr.downcast_ref::<ScalarFunctionExpr>().filter(|call| call.name() == GET_TEXT)?;
    let mut keys = vec![key_of(call)?];
    let mut base = &call.args()[0];
    loop {
        if let Some(column) = base.downcast_ref::<Column>() {
            keys.reverse();
            return Some((column.index(), keys));
        }
        let inner = base.downcast_ref::<ScalarFunctionExpr>().filter(|call| call.name() == GET)?;
        keys.push(key_of(inner)?);
        base = &inner.args()[0];
    }
}

fn key_of(call: &ScalarFunctionExpr) -> Option<String> {
    let [_, key] = call.args() else { return None };
    let key = key.downcast_ref::<Literal>()?.value().try_as_str().flatten()?;
    // In an array a number is an index, for which the path of a field has no word.
    key.trim().parse::<i64>().is_err().then(|| key.to_owned())
}

fn over_column_zero(expr: &Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
    Arc::clone(expr)
        .transform_down(|node| match node.downcast_ref::<Column>() {
            Some(column) => Ok(Transformed::yes(Arc::new(Column::new(column.name(), 0)) as Arc<dyn PhysicalExpr>)),
            None => Ok(Transformed::no(node)),
        })
        .data()
}
