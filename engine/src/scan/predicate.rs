//! A filter as the scan evaluates it: a tree of AND and OR over leaves, each leaf with the cheapest way to find its rows.
//!
//! A leaf keeps the DataFusion expression it came from. Whatever shortcut is taken, by bounds, by dictionary, by binary
//! search or by a search over raw bytes, gives the rows for which that expression is TRUE; where no shortcut fits, the
//! expression itself is evaluated on the rows that are left.
//!
//! **Invariant:** only TRUE counts. AND and OR of "is TRUE" need no three-valued logic; NOT stays inside a leaf.

mod classify;
pub(crate) mod codes;
pub(crate) mod hex;
pub(crate) mod interval;
mod literals;
mod needle;
mod pattern;
pub(crate) mod sorted;
mod sweep;
pub(crate) mod text;
mod words;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, Literal};
use datafusion::physical_expr::utils::collect_columns;

use strata_storage::index::Question;

use super::bounds::Shape;

pub(crate) use classify::Search;

/// A node of the tree. Leaves are numbers of [`Filter::leaves`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// All must hold; none at all is TRUE.
    And(Vec<Node>),
    /// One must hold; none at all is FALSE.
    Or(Vec<Node>),
    /// A condition of its own.
    Leaf(usize),
}

/// A compiled filter.
#[derive(Debug)]
pub(crate) struct Filter {
    /// The tree.
    pub(crate) root: Node,
    /// Its leaves.
    pub(crate) leaves: Vec<Leaf>,
}

/// One condition.
#[derive(Debug)]
pub(crate) struct Leaf {
    /// The condition over columns `0..columns.len()`.
    expr: Arc<dyn PhysicalExpr>,
    /// Fields of those columns, logical.
    schema: SchemaRef,
    /// Their positions among the columns of the scan.
    pub(crate) columns: Vec<usize>,
    /// What bounds can say; of a leaf on one column.
    pub(crate) shape: Shape,
    /// A faster way than the expression; of a leaf on one column.
    pub(crate) search: Search,
    /// What indexes can be asked; of a leaf on one column.
    pub(crate) questions: Vec<Question>,
}

impl Filter {
    /// Compiles conjuncts over columns of `schema`.
    ///
    /// # Errors
    /// When an expression names a column that is not there.
    pub(crate) fn compile(conjuncts: &[Arc<dyn PhysicalExpr>], schema: &Schema) -> Result<Self> {
        let mut leaves = Vec::new();
        let parts = conjuncts.iter().map(|expr| node_of(expr, schema, &mut leaves)).collect::<Result<Vec<_>>>()?;
        let mut root = flatten_and(parts);
        order_by_cost(&mut root, &leaves);
        Ok(Self { root, leaves })
    }

    /// Whether it holds for every row.
    pub(crate) fn is_true(&self) -> bool {
        matches!(&self.root, Node::And(parts) if parts.is_empty())
    }
}

fn node_of(expr: &Arc<dyn PhysicalExpr>, schema: &Schema, leaves: &mut Vec<Leaf>) -> Result<Node> {
    if let Some(binary) = expr.downcast_ref::<BinaryExpr>() {
        let mut sides =
            || Ok::<_, DataFusionError>(vec![node_of(binary.left(), schema, leaves)?, node_of(binary.right(), schema, leaves)?]);
        match binary.op() {
            Operator::And => return Ok(flatten_and(sides()?)),
            Operator::Or => return Ok(Node::Or(sides()?)),
            _ => {}
        }
    }
    if let Some(literal) = expr.downcast_ref::<Literal>() {
        let holds = matches!(literal.value(), datafusion::scalar::ScalarValue::Boolean(Some(true)));
        return Ok(if holds { Node::And(Vec::new()) } else { Node::Or(Vec::new()) });
    }
    leaves.push(Leaf::new(expr, schema)?);
    Ok(Node::Leaf(leaves.len() - 1))
}

fn flatten_and(parts: Vec<Node>) -> Node {
    let mut flat = Vec::new();
    for part in parts {
        match part {
            Node::And(inner) => flat.extend(inner),
            other => flat.push(other),
        }
    }
    Node::And(flat)
}

fn order_by_cost(node: &mut Node, leaves: &[Leaf]) {
    if let Node::And(parts) | Node::Or(parts) = node {
        parts.iter_mut().for_each(|part| order_by_cost(part, leaves));
        parts.sort_by_key(|part| cost(part, leaves));
    }
}

fn cost(node: &Node, leaves: &[Leaf]) -> u32 {
    match node {
        Node::And(parts) | Node::Or(parts) => parts.iter().map(|part| cost(part, leaves)).sum(),
        Node::Leaf(at) => leaves[*at].cost(),
    }
}

impl Leaf {
    fn new(expr: &Arc<dyn PhysicalExpr>, schema: &Schema) -> Result<Self> {
        let mut columns: Vec<usize> = collect_columns(expr).iter().map(Column::index).collect();
        columns.sort_unstable();
        columns.dedup();
        let fields = columns
            .iter()
            .map(|at| schema.fields().get(*at).cloned())
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| DataFusionError::Internal(format!("{expr} names a column that is not scanned")))?;
        let own = Arc::clone(expr)
            .transform(|node| {
                let Some(column) = node.downcast_ref::<Column>() else { return Ok(Transformed::no(node)) };
                let at = columns.iter().position(|known| *known == column.index()).unwrap_or_default();
                Ok(Transformed::yes(Arc::new(Column::new(column.name(), at)) as Arc<dyn PhysicalExpr>))
            })
            .data()?;
        let (shape, search) = match fields.as_slice() {
            [field] => (classify::shape(&own, field), classify::search(&own, field)),
            _ => (Shape::Opaque, Search::Expression),
        };
        let questions = classify::questions(&own, &search, &shape);
        Ok(Self { expr: own, schema: Arc::new(Schema::new(fields)), columns, shape, search, questions })
    }

    /// Rough cost a row, to evaluate cheap conditions first.
    fn cost(&self) -> u32 {
        let texts = self.schema.fields().iter().filter(|field| field.data_type().is_string()).count();
        match (&self.search, &self.shape) {
            (Search::Text(text), _) => text.cost(),
            (Search::Words(_), _) => 8,
            (Search::Values(_), _) => 3,
            (Search::Expression, Shape::Compare(..) | Shape::IsNull | Shape::IsNotNull) if texts == 0 => 2,
            (Search::Expression, Shape::Compare(..) | Shape::In(_) | Shape::IsNull | Shape::IsNotNull) => 4,
            (Search::Expression, _) => 20 + 20 * u32::try_from(texts).unwrap_or(u32::MAX / 40),
        }
    }

    /// Whether it compares numbers or times of one column with literals: it cannot fail, and costs next to nothing a row.
    pub(crate) fn is_cheap_everywhere(&self) -> bool {
        matches!(self.shape, Shape::Compare(..) | Shape::In(_)) && self.columns.len() == 1 && self.data_type().is_primitive()
    }

    /// Logical type of its only column.
    pub(crate) fn data_type(&self) -> &arrow::datatypes::DataType {
        self.schema.field(0).data_type()
    }

    /// Evaluates the expression on logical arrays of `rows` rows, one a column.
    ///
    /// # Errors
    /// Whatever the expression raises: division by zero, a text that is no number ...
    pub(crate) fn evaluate(&self, arrays: Vec<ArrayRef>, rows: usize) -> Result<BooleanArray> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        // NULLs may stand in for values that a part does not have, whatever the schema says.
        let fields = self.schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect::<Vec<_>>();
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)?;
        let truth = self.expr.evaluate(&batch)?.into_array(rows)?;
        truth
            .as_boolean_opt()
            .cloned()
            .ok_or_else(|| DataFusionError::Internal(format!("filter {} is of type {}", self.expr, truth.data_type())))
    }
}
