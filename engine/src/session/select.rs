//! `SELECT`, `VALUES`, `TABLE`, `WITH`: planning with parameters, and running.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, SchemaRef};
use datafusion::common::ParamValues;
use datafusion::common::metadata::{FieldMetadata, ScalarAndMetadata};
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::ast::{Query, Statement, Value, ValueWithSpan, Visit, Visitor};
use strata_storage::schema::SQL_TYPE;

use super::execution::Running;
use super::outcome::{Outcome, Parameters, Prepared};
use super::planner::Planner;
use super::{Session, column_names, inference};
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
        types: &[FieldRef],
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
        given: &[Option<FieldRef>],
    ) -> Result<(Vec<FieldRef>, SchemaRef)> {
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
        given: &[Option<FieldRef>],
    ) -> Result<Vec<FieldRef>> {
        let mut types: Vec<Option<FieldRef>> = (0..count.max(given.len())).map(|i| given.get(i).cloned().flatten()).collect();
        if types.iter().any(Option::is_none) {
            let statement = inference::prepared(statement, &mut types, state);
            let fields = if types.iter().all(Option::is_none) { Vec::new() } else { types.clone() };
            // When nothing is known, some expressions cannot be planned at all; then the unknown ones are text.
            if let Ok(plan) = Planner::new(state, self.relations.clone()).plan(statement.statement, fields).await {
                fill(&mut types, &plan)?;
            }
            statement.lists.into_iter().for_each(|at| inference::into_list(&mut types[at]));
        }
        Ok(or_text(types))
    }
}

/// Takes the types that a plan knows for the parameters that have none.
pub(super) fn fill(types: &mut [Option<FieldRef>], plan: &LogicalPlan) -> Result<()> {
    let found = parameter_fields(plan)?;
    for (i, slot) in types.iter_mut().enumerate() {
        if slot.is_none() {
            let field = found.get(&format!("${}", i + 1));
            *slot = field.filter(|field| *field.data_type() != DataType::Null).map(|field| type_of(field));
        }
    }
    if let Some(counts) = limit_parameters(plan) {
        for name in counts {
            let n: usize = name.trim_start_matches('$').parse().unwrap_or_default();
            if let Some(slot @ None) = n.checked_sub(1).and_then(|i| types.get_mut(i)) {
                *slot = Some(parameter(DataType::Int64));
            }
        }
    }
    Ok(())
}

/// The type of each parameter by its name, where planning told it. One that stands in several places has the type of the
/// first, and is marked only if it is in all.
fn parameter_fields(plan: &LogicalPlan) -> Result<HashMap<String, FieldRef>> {
    use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
    use datafusion::logical_expr::Expr;
    let mut found: HashMap<String, FieldRef> = HashMap::new();
    plan.apply_with_subqueries(|plan| {
        plan.apply_expressions(|expr| {
            expr.apply(|expr| {
                if let Expr::Placeholder(placeholder) = expr
                    && let Some(field) = &placeholder.field
                {
                    let known = found.entry(placeholder.id.clone()).or_insert_with(|| field.clone());
                    if known.metadata() != field.metadata() {
                        *known = parameter(known.data_type().clone());
                    }
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(found)
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
pub(super) fn bind(plan: LogicalPlan, count: usize, types: &[FieldRef], parameters: Parameters) -> Result<LogicalPlan> {
    if count == 0 {
        return Ok(plan);
    }
    if parameters.len() < count {
        return Err(missing_parameter(parameters.len() + 1));
    }
    let values = parameters.into_iter().enumerate().map(|(i, value)| {
        let Some(field) = types.get(i) else { return Ok(ScalarAndMetadata::new(value, None)) };
        let value = if value.data_type() == *field.data_type() {
            value
        } else {
            value.cast_to(field.data_type()).map_err(|error| EngineError::Data {
                reason: DataFault::InvalidText,
                message: format!("parameter ${}: {}", i + 1, error.strip_backtrace()),
                hint: None,
            })?
        };
        let mark = (!field.metadata().is_empty()).then(|| FieldMetadata::from(field.metadata()));
        Ok(ScalarAndMetadata::new(value, mark))
    });
    let values: Vec<ScalarAndMetadata> = values.collect::<Result<_>>()?;
    Ok(plan.with_param_values(ParamValues::List(values))?)
}

/// The error of a statement that names a parameter without a value.
pub(super) fn missing_parameter(number: usize) -> EngineError {
    EngineError::Refused { reason: Refusal::MissingParameter, message: format!("there is no parameter ${number}"), hint: None }
}

/// Known types as the planner wants them.
pub(super) fn known(types: &[FieldRef]) -> Vec<Option<FieldRef>> {
    types.iter().cloned().map(Some).collect()
}

/// The type of a parameter that nothing but its Arrow type is known of.
pub(super) fn parameter(data_type: DataType) -> FieldRef {
    Arc::new(Field::new("", data_type, true))
}

/// The type of a parameter that is compared with this column or stored in it: of its marks only the SQL type counts.
fn type_of(column: &Field) -> FieldRef {
    let mark = column.metadata().get(SQL_TYPE).map(|name| (SQL_TYPE.to_owned(), name.clone()));
    Arc::new(Field::new("", column.data_type().clone(), true).with_metadata(mark.into_iter().collect()))
}

/// What nothing is known of is text.
pub(super) fn or_text(types: Vec<Option<FieldRef>>) -> Vec<FieldRef> {
    types.into_iter().map(|known| known.unwrap_or_else(|| parameter(DataType::Utf8View))).collect()
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
