//! Types of parameters that a cast names: in `$1::int8` the parameter is an int8, as in PostgreSQL.

use std::ops::ControlFlow;

use arrow::datatypes::FieldRef;
use datafusion::sql::sqlparser::ast::{Expr, Statement, Value, visit_expressions};

use super::sql_type::field;

/// Fills the types that nobody gave from the casts directly around parameters. The first cast of a parameter counts.
pub(super) fn with_casts(statement: &Statement, given: &[Option<FieldRef>], zone: &str) -> Vec<Option<FieldRef>> {
    let mut types = given.to_vec();
    let _: ControlFlow<()> = visit_expressions(statement, |expr| {
        if let Expr::Cast { expr, data_type, .. } = expr
            && let Some(at) = parameter(expr)
            && let Ok(field) = field(data_type, zone)
        {
            types.resize(types.len().max(at), None);
            types[at - 1].get_or_insert(field);
        }
        ControlFlow::Continue(())
    });
    types
}

/// The n of `$n`.
pub(super) fn parameter(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Nested(inner) => parameter(inner),
        Expr::Value(value) => match &value.value {
            Value::Placeholder(name) => {
                name.strip_prefix('$')?.parse().ok().filter(|at| (1..=usize::from(u16::MAX)).contains(at))
            }
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    use super::*;

    #[test]
    fn a_cast_names_the_type_of_its_parameter() {
        let statements = Parser::parse_sql(&PostgreSqlDialect {}, "SELECT $2::int8, ($1)::float4, $3, $2::text").unwrap();
        let types = |given: &[Option<FieldRef>]| -> Vec<DataType> {
            with_casts(&statements[0], given, "UTC").into_iter().map(|field| field.unwrap().data_type().clone()).collect()
        };
        assert_eq!(types(&[]), [DataType::Float32, DataType::Int64]);
        assert_eq!(types(&[Some(crate::session::select::parameter(DataType::Boolean))]), [DataType::Boolean, DataType::Int64]);
    }
}
