//! Vectors of numbers in the catalog, as `indkey` has them, and lists: their elements and subscripts.
//!
//! `rewrite.rs` turns `unnest`, `generate_subscripts` and `information_schema._pg_expandarray` into these. A vector comes as text,
//! `1 2 3`, and counts from 0; a list counts from 1.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Builder, ListBuilder, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

/// What a function gives of each vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Gives {
    /// The elements of a vector.
    Elements,
    /// The subscripts of a list or a vector.
    Subscripts,
    /// The numbers of the elements, counted from 1.
    Numbers,
    /// Pairs of element and number, counted from 1.
    Pairs,
}

/// All functions of this module.
pub(super) fn all() -> impl Iterator<Item = ScalarUDF> {
    let named = [
        ("strata_vector", Gives::Elements),
        ("strata_subscripts", Gives::Subscripts),
        ("strata_numbers", Gives::Numbers),
        ("strata_expanded", Gives::Pairs),
    ];
    named.into_iter().map(|(name, gives)| {
        ScalarUDF::new_from_impl(Vector { name, gives, signature: Signature::variadic_any(Volatility::Immutable) })
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Vector {
    name: &'static str,
    gives: Gives,
    signature: Signature,
}

fn pair() -> Fields {
    Fields::from(vec![Field::new("x", DataType::Int32, true), Field::new("n", DataType::Int32, true)])
}

impl ScalarUDFImpl for Vector {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        let element = match self.gives {
            Gives::Elements | Gives::Subscripts | Gives::Numbers => DataType::Int32,
            Gives::Pairs => DataType::Struct(pair()),
        };
        Ok(DataType::List(Arc::new(Field::new_list_field(element, true))))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        let Some(first) = arguments.args.first() else {
            return datafusion::common::plan_err!("{} takes a vector", self.name);
        };
        let vectors = first.to_array(rows)?;
        let mut lists = ListBuilder::new(Int32Builder::new());
        for row in 0..rows {
            match self.of(&vectors, row)? {
                None => lists.append_null(),
                Some(numbers) => lists.append_value(numbers.into_iter().map(Some)),
            }
        }
        let lists = lists.finish();
        if self.gives != Gives::Pairs {
            return Ok(ColumnarValue::Array(Arc::new(lists)));
        }
        let mut numbers = Int32Builder::with_capacity(lists.values().len());
        for length in lists.offsets().lengths() {
            (1..).take(length).for_each(|number| numbers.append_value(number));
        }
        let pairs = StructArray::try_new(pair(), vec![lists.values().clone(), Arc::new(numbers.finish())], None)?;
        let element = Arc::new(Field::new_list_field(DataType::Struct(pair()), true));
        let (_, offsets, _, nulls) = lists.into_parts();
        Ok(ColumnarValue::Array(Arc::new(arrow::array::ListArray::try_new(element, offsets, Arc::new(pairs), nulls)?)))
    }
}

impl Vector {
    fn of(&self, vectors: &ArrayRef, row: usize) -> Result<Option<Vec<i32>>> {
        if vectors.is_null(row) {
            return Ok(None);
        }
        let (elements, base): (Vec<i32>, i32) = match vectors.data_type() {
            DataType::List(_) if matches!(self.gives, Gives::Subscripts | Gives::Numbers) => {
                (vec![0; vectors.as_list::<i32>().value_length(row) as usize], 1)
            }
            DataType::List(_) => {
                let numbers = cast(&vectors.as_list::<i32>().value(row), &DataType::Int32)?;
                (numbers.as_primitive::<arrow::datatypes::Int32Type>().iter().flatten().collect(), 1)
            }
            _ => {
                let text = cast(&vectors.slice(row, 1), &DataType::Utf8)?;
                let numbers = text.as_string::<i32>().value(0).split_ascii_whitespace().map(str::parse);
                let numbers: std::result::Result<Vec<i32>, _> = numbers.collect();
                match numbers {
                    Ok(numbers) => (numbers, 0),
                    Err(_) => return datafusion::common::exec_err!("a vector of the catalog is not one of numbers"),
                }
            }
        };
        Ok(Some(match self.gives {
            Gives::Elements | Gives::Pairs => elements,
            Gives::Subscripts => (base..).take(elements.len()).collect(),
            Gives::Numbers => (1..).take(elements.len()).collect(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::SessionContext;

    use super::*;

    async fn check(sql: &str, expected: &[&str]) {
        let context = SessionContext::new();
        all().for_each(|function| context.register_udf(function));
        let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
        let shown = arrow::util::pretty::pretty_format_batches(&batches).unwrap().to_string();
        let rows: Vec<&str> = shown.lines().skip(3).filter(|line| line.starts_with('|')).collect();
        assert_eq!(rows, expected, "{sql}");
    }

    #[tokio::test]
    async fn elements_and_subscripts() {
        check(
            "SELECT unnest(strata_vector(v)) AS x, unnest(strata_subscripts(v)) AS n FROM (VALUES ('5 7')) AS t(v)",
            &["| 5 | 0 |", "| 7 | 1 |"],
        )
        .await;
        check("SELECT unnest(strata_subscripts(make_array('a', 'b'), 1)) AS n", &["| 1 |", "| 2 |"]).await;
        check("SELECT unnest(strata_numbers(v)) AS n FROM (VALUES ('5 7')) AS t(v)", &["| 1 |", "| 2 |"]).await;
        check(
            "SELECT p['x'] AS x, p['n'] AS n FROM (SELECT unnest(strata_expanded(v)) AS p FROM (VALUES ('5 7')) AS t(v))",
            &["| 5 | 1 |", "| 7 | 2 |"],
        )
        .await;
        check("SELECT unnest(strata_vector(v)) AS x FROM (VALUES ('')) AS t(v)", &[]).await;
    }
}
