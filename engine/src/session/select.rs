//! `SELECT`, `VALUES`, `TABLE`, `WITH`: planning with parameters, and running.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, SchemaRef};
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::ast::{Query, Statement, Value, ValueWithSpan, Visit, Visitor};

use super::execution::Running;
use super::outcome::{Outcome, Parameters, Prepared};
use super::planner::Planner;
use super::{Session, column_names};
use crate::Result;
use crate::error::{DataFault, EngineError, Refusal};

/// Highest `$n`, as in PostgreSQL's protocol.
const PARAMETERS_MAX: usize = 65_535;

impl Session {
    pub(super) async fn select(
        &self,
        query: &Query,
        prepared: &Prepared,
        parameters: Parameters,
        running: Running,
    ) -> Result<Outcome> {
        let state = self.state();
        let statement = Statement::Query(Box::new(query.clone()));
        let plan = running.unless_stopped(self.plan_query(&state, statement, &prepared.parameters, parameters)).await?;
        let stream = running.into_rows(&state, &plan).await?;
        Ok(Outcome::Rows { columns: stream.schema(), stream, verb: "SELECT" })
    }

    /// A query as a plan without parameters.
    pub(super) async fn plan_query(
        &self,
        state: &SessionState,
        statement: Statement,
        types: &[DataType],
        parameters: Parameters,
    ) -> Result<LogicalPlan> {
        let statement = self.rewritten(statement);
        let count = parameter_count(&statement)?;
        let mut planner = Planner::new(state, self.relations.clone());
        let plan = planner.plan(statement, known(types)).await?;
        bind(plan, count, types, parameters)
    }

    /// The statement as extensions want it planned.
    pub(super) fn rewritten(&self, mut statement: Statement) -> Statement {
        for extension in self.engine.extensions() {
            extension.rewrite(&mut statement);
        }
        statement
    }

    /// Types of a query's parameters and columns.
    pub(super) async fn describe_query(
        &self,
        statement: &Statement,
        given: &[Option<DataType>],
    ) -> Result<(Vec<DataType>, SchemaRef)> {
        let state = self.state();
        let statement = self.rewritten(statement.clone());
        let count = parameter_count(&statement)?;
        let types = self.infer(&state, &statement, count, given).await?;
        let plan = Planner::new(&state, self.relations.clone()).plan(statement, known(&types)).await?;
        let plan = state.analyzer().execute_and_check(plan, state.config_options(), |_, _| {})?;
        Ok((types, column_names::shown(plan.schema().inner())))
    }

    /// Types of all parameters: the given ones, those that planning finds, and text for the rest.
    async fn infer(
        &self,
        state: &SessionState,
        statement: &Statement,
        count: usize,
        given: &[Option<DataType>],
    ) -> Result<Vec<DataType>> {
        let mut types: Vec<Option<DataType>> = (0..count.max(given.len())).map(|i| given.get(i).cloned().flatten()).collect();
        if types.iter().any(Option::is_none) {
            let fields: Vec<Option<FieldRef>> = types.iter().map(|known| known.as_ref().map(field)).collect();
            let fields = if fields.iter().all(Option::is_none) { Vec::new() } else { fields };
            // When nothing is known, some expressions cannot be planned at all; then the unknown ones are text.
            if let Ok(plan) = Planner::new(state, self.relations.clone()).plan(statement.clone(), fields).await {
                fill(&mut types, &plan)?;
            }
        }
        Ok(types.into_iter().map(|known| known.unwrap_or(DataType::Utf8View)).collect())
    }
}

/// Takes the types that a plan knows for the parameters that have none.
pub(super) fn fill(types: &mut [Option<DataType>], plan: &LogicalPlan) -> Result<()> {
    let found: HashMap<String, Option<DataType>> = plan.get_parameter_types()?;
    for (i, slot) in types.iter_mut().enumerate() {
        if slot.is_none() {
            *slot = found.get(&format!("${}", i + 1)).cloned().flatten().filter(|found| *found != DataType::Null);
        }
    }
    if let Some(counts) = limit_parameters(plan) {
        for name in counts {
            let n: usize = name.trim_start_matches('$').parse().unwrap_or_default();
            if let Some(slot @ None) = n.checked_sub(1).and_then(|i| types.get_mut(i)) {
                *slot = Some(DataType::Int64);
            }
        }
    }
    Ok(())
}

/// Parameters of LIMIT and OFFSET, whose type the planner does not tell.
fn limit_parameters(plan: &LogicalPlan) -> Option<Vec<String>> {
    use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
    use datafusion::logical_expr::Expr;
    let mut names = Vec::new();
    plan.apply(|node| {
        if let LogicalPlan::Limit(limit) = node {
            for expr in [&limit.skip, &limit.fetch].into_iter().flatten() {
                expr.apply(|expr| {
                    if let Expr::Placeholder(placeholder) = expr {
                        names.push(placeholder.id.clone());
                    }
                    Ok(TreeNodeRecursion::Continue)
                })?;
            }
        }
        Ok(TreeNodeRecursion::Continue)
    })
    .ok()?;
    Some(names)
}

/// Puts values in the place of parameters.
pub(super) fn bind(plan: LogicalPlan, count: usize, types: &[DataType], parameters: Parameters) -> Result<LogicalPlan> {
    if count == 0 {
        return Ok(plan);
    }
    if parameters.len() < count {
        return Err(missing_parameter(parameters.len() + 1));
    }
    let values = parameters.into_iter().enumerate().map(|(i, value)| match types.get(i) {
        Some(data_type) if value.data_type() != *data_type => value.cast_to(data_type).map_err(|error| EngineError::Data {
            reason: DataFault::InvalidText,
            message: format!("parameter ${}: {}", i + 1, error.strip_backtrace()),
            hint: None,
        }),
        _ => Ok(value),
    });
    let values: Vec<ScalarValue> = values.collect::<Result<_>>()?;
    Ok(plan.with_param_values(ParamValues::from(values))?)
}

/// The error of a statement that names a parameter without a value.
pub(super) fn missing_parameter(number: usize) -> EngineError {
    EngineError::Refused { reason: Refusal::MissingParameter, message: format!("there is no parameter ${number}"), hint: None }
}

/// Known types as the planner wants them.
pub(super) fn known(types: &[DataType]) -> Vec<Option<FieldRef>> {
    types.iter().map(|data_type| Some(field(data_type))).collect()
}

fn field(data_type: &DataType) -> FieldRef {
    Arc::new(Field::new("", data_type.clone(), true))
}

/// The highest n of all `$n`.
pub(super) fn parameter_count(statement: &Statement) -> Result<usize> {
    struct Highest(usize);
    impl Visitor for Highest {
        type Break = String;

        fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<String> {
            if let Value::Placeholder(name) = &value.value {
                match name.strip_prefix('$').and_then(|n| n.parse::<usize>().ok()).filter(|n| (1..=PARAMETERS_MAX).contains(n)) {
                    Some(n) => self.0 = self.0.max(n),
                    None => return ControlFlow::Break(name.clone()),
                }
            }
            ControlFlow::Continue(())
        }
    }
    let mut highest = Highest(0);
    match statement.visit(&mut highest) {
        ControlFlow::Continue(()) => Ok(highest.0),
        ControlFlow::Break(name) => Err(EngineError::Refused {
            reason: Refusal::MissingParameter,
            message: format!("there is no parameter {name}"),
            hint: Some("Parameters are written $1, $2 ...".into()),
        }),
    }
}
