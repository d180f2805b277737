//! `pg_get_keywords()`: the words that the parser knows, and which of them are no names without quotes.

use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::{MemTable, TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::error::Result;
use datafusion::sql::sqlparser::keywords::ALL_KEYWORDS;

use super::quoting;

/// The function.
#[derive(Debug)]
pub(super) struct Keywords;

impl TableFunctionImpl for Keywords {
    fn call_with_args(&self, arguments: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        if !arguments.exprs().is_empty() {
            return datafusion::common::plan_err!("pg_get_keywords takes no arguments");
        }
        let words: Vec<String> = ALL_KEYWORDS.iter().map(|word| word.to_ascii_lowercase()).collect();
        let reserved: Vec<bool> = words.iter().map(|word| quoting::ident(word) != *word).collect();
        let text = |of: fn(bool) -> &'static str| Arc::new(StringArray::from_iter_values(reserved.iter().map(|it| of(*it))));
        let columns: Vec<arrow::array::ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(&words)),
            text(|reserved| if reserved { "R" } else { "U" }),
            text(|reserved| if reserved { "reserved" } else { "unreserved" }),
        ];
        let names = ["word", "catcode", "catdesc"];
        let schema = Schema::new(names.map(|name| Field::new(name, DataType::Utf8, false)).to_vec());
        let batch = RecordBatch::try_new(Arc::new(schema), columns)?;
        Ok(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))
    }
}
