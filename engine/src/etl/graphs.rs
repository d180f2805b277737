//! `etl.role_graph`, `etl.rule_graph`, `etl.instance_graph`: the edges of [`super::graph`] as tables.

use async_trait::async_trait;

use super::graph::{Edge, Graph};
use crate::Result;
use crate::system::table::{Kind, Surroundings, SystemColumn, SystemTable, Value, column};

fn drawn<T>(around: &Surroundings, look: impl FnOnce(&Graph<'_>) -> T) -> T {
    let configuration = around.engine.configuration();
    let (fold, instances) = (configuration.stack().fold(), configuration.fleet().all());
    look(&Graph::of(&fold, configuration.components(), &instances))
}

fn row(edge: Edge) -> Vec<Value> {
    vec![Value::Text(edge.from), Value::Text(edge.to), Value::Text(edge.via)]
}

#[derive(Debug)]
pub(super) struct RoleGraphTable;

#[async_trait]
impl SystemTable for RoleGraphTable {
    fn name(&self) -> &'static str {
        "role_graph"
    }

    fn comment(&self) -> &'static str {
        "One row a way from role to role, derived from the rules."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        const COLUMNS: &[SystemColumn] = &[
            column("from_role", Kind::Text, "The role that records leave."),
            column("to_role", Kind::Text, "The role that they reach."),
            column("via", Kind::Text, "How and where: kafka logs, beats hub:5044 ..."),
        ];
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        Ok(drawn(around, |graph| graph.roles()).into_iter().map(row).collect())
    }
}

#[derive(Debug)]
pub(super) struct RuleGraphTable;

#[async_trait]
impl SystemTable for RuleGraphTable {
    fn name(&self) -> &'static str {
        "rule_graph"
    }

    fn comment(&self) -> &'static str {
        "One row a way from rule to rule within a role."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        const COLUMNS: &[SystemColumn] = &[
            column("role", Kind::Text, "The role."),
            column("from_rule", Kind::Text, "The rule that records leave."),
            column("to_rule", Kind::Text, "The rule that gets them next."),
        ];
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        let rows = drawn(around, |graph| graph.rules()).into_iter();
        Ok(rows.map(|(role, from, to)| vec![Value::Text(role), Value::Text(from), Value::Text(to)]).collect())
    }
}

#[derive(Debug)]
pub(super) struct InstanceGraphTable;

#[async_trait]
impl SystemTable for InstanceGraphTable {
    fn name(&self) -> &'static str {
        "instance_graph"
    }

    fn comment(&self) -> &'static str {
        "One row a way from instance to instance, derived from the rules of their roles and from where they are."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        const COLUMNS: &[SystemColumn] = &[
            column("from_instance", Kind::Text, "role/id of the instance that records leave."),
            column("to_instance", Kind::Text, "role/id of the instance that they can reach."),
            column("via", Kind::Text, "How and where: kafka logs, beats hub:5044 ..."),
        ];
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        Ok(drawn(around, |graph| graph.instances()).into_iter().map(row).collect())
    }
}
