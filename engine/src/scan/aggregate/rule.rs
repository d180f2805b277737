//! Optimizer rule: a partial aggregation over a topic that codes can do is done on codes.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::expressions::{CastExpr, Column, Literal};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::{ExecutionPlan, Partitioning};

use super::super::exec::TopicScanExec;
use super::function::Function;
use super::key::Key;
use super::{Aggregation, TopicAggregateExec};

/// The rule. It runs after all that change aggregations and scans.
#[derive(Debug, Default)]
pub struct AggregateOnCodes;

impl PhysicalOptimizerRule for AggregateOnCodes {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| match on_codes(&node) {
            Some(replaced) => Ok(Transformed::yes(Arc::new(replaced) as Arc<dyn ExecutionPlan>)),
            None => Ok(Transformed::no(node)),
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "aggregate_on_codes"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn on_codes(node: &Arc<dyn ExecutionPlan>) -> Option<TopicAggregateExec> {
    let aggregate = node.downcast_ref::<AggregateExec>()?;
    let scan = aggregate.input().downcast_ref::<TopicScanExec>()?;
    let plain = matches!(aggregate.mode(), AggregateMode::Partial)
        && !aggregate.group_expr().has_grouping_set()
        && aggregate.filter_expr().iter().all(Option::is_none)
        && aggregate.limit_options().is_none()
        && aggregate.dynamic_expressions_produced().is_empty()
        && scan.plan().fetch.is_none()
        && scan.plan().top.is_none();
    if !plain {
        return None;
    }
    let schema = aggregate.schema();
    let groups = aggregate.group_expr().expr();
    let keys: Vec<Key> =
        groups.iter().zip(schema.fields()).map(|((expr, _), field)| key(scan, expr, field.data_type())).collect::<Option<_>>()?;
    let functions: Vec<Function> =
        aggregate.aggr_expr().iter().map(|function| self::function(scan, function)).collect::<Option<_>>()?;
    let by: Vec<String> = groups.iter().map(|(expr, _)| expr.to_string()).collect();
    let gives: Vec<&str> = aggregate.aggr_expr().iter().map(|function| function.name()).collect();
    let shown = format!("by=[{}], gives=[{}]", by.join(", "), gives.join(", "));
    let aggregation = Aggregation { keys, functions, schema, shown };
    let mut plan = scan.plan().as_ref().clone();
    plan.only_counts = aggregation.only_counts();
    let properties = match aggregation.keys.as_slice() {
        [] => Arc::new(aggregate.properties().as_ref().clone().with_partitioning(Partitioning::UnknownPartitioning(1))),
        _ => Arc::clone(aggregate.properties()),
    };
    Some(TopicAggregateExec {
        scan: Arc::new(scan.with_plan(plan)),
        aggregation: Arc::new(aggregation),
        properties,
        metrics: ExecutionPlanMetricsSet::new(),
    })
}

/// A column of the scan's answer as its position among the columns that are read, with its type.
fn column<'a>(scan: &'a TopicScanExec, expr: &Arc<dyn PhysicalExpr>) -> Option<(usize, &'a DataType)> {
    let at = *scan.plan().output.get(expr.downcast_ref::<Column>()?.index())?;
    Some((at, scan.plan().columns[at].field.data_type()))
}

fn is_integer(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::Date32 | DataType::Timestamp(TimeUnit::Microsecond, _)
    )
}

fn key(scan: &TopicScanExec, expr: &Arc<dyn PhysicalExpr>, data_type: &DataType) -> Option<Key> {
    if let Some((column, of_column)) = column(scan, expr) {
        if *of_column == DataType::Utf8View {
            return Some(Key::Text { column });
        }
        return is_integer(of_column).then(|| Key::Integer { column, width: 1, data_type: of_column.clone() });
    }
    let call = expr.downcast_ref::<ScalarFunctionExpr>().filter(|call| call.name() == "date_trunc")?;
    let [unit, time] = call.args() else { return None };
    let (column, of_column) = column(scan, time)?;
    // In another time zone a day or an hour may begin elsewhere.
    let utc =
        matches!(of_column, DataType::Timestamp(TimeUnit::Microsecond, zone) if zone.as_deref().is_none_or(|zone| zone == "UTC"));
    let unit = unit.downcast_ref::<Literal>()?.value().try_as_str().flatten()?.to_lowercase();
    let width = match unit.as_str() {
        "second" => 1_000_000,
        "minute" => 60_000_000,
        "hour" => 3_600_000_000,
        "day" => 86_400_000_000,
        _ => return None,
    };
    (utc && of_column == data_type).then(|| Key::Integer { column, width, data_type: data_type.clone() })
}

fn function(scan: &TopicScanExec, function: &AggregateFunctionExpr) -> Option<Function> {
    if function.is_distinct() {
        return None;
    }
    let arguments = function.expressions();
    let returned = function.field();
    match (function.fun().name(), arguments.as_slice()) {
        ("count", [argument]) => match argument.downcast_ref::<Literal>() {
            Some(literal) => (!literal.value().is_null()).then_some(Function::Count(None)),
            None => Some(Function::Count(Some(column(scan, argument)?.0))),
        },
        ("sum", [argument]) => {
            let (column, of_column) = column(scan, uncast(argument, &DataType::Int64))?;
            let integers = matches!(of_column, DataType::Int16 | DataType::Int32 | DataType::Int64);
            (integers && *returned.data_type() == DataType::Int64).then_some(Function::Sum(column))
        }
        ("min" | "max", [argument]) => {
            let (column, of_column) = column(scan, argument)?;
            if !is_integer(of_column) || returned.data_type() != of_column {
                return None;
            }
            let least = function.fun().name() == "min";
            Some(if least { Function::Min(column, of_column.clone()) } else { Function::Max(column, of_column.clone()) })
        }
        ("approx_percentile_cont", [argument, _]) => {
            let (column, of_column) = column(scan, uncast(argument, &DataType::Float64))?;
            let numbers = matches!(of_column, DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::Float64);
            (numbers && *returned.data_type() == DataType::Float64).then_some(Function::Percentile(column))
        }
        _ => None,
    }
}

/// The argument of a cast to `data_type`.
fn uncast<'a>(expr: &'a Arc<dyn PhysicalExpr>, data_type: &DataType) -> &'a Arc<dyn PhysicalExpr> {
    match expr.downcast_ref::<CastExpr>() {
        Some(cast) if cast.cast_type() == data_type => cast.expr(),
        _ => expr,
    }
}
