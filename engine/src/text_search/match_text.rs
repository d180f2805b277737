//! `ts_match(text, query, tokenizer)`: what `text @@ query` is planned as, and what a scan looks for.
//!
//! The query is a literal in most plans, in its canonical form; it is read once a batch and not for each row. Words are found by
//! looking at every text: a scan with an index asks this of fewer rows, and gets the same answer.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::{cast, take};
use arrow::datatypes::DataType;
use datafusion::common::{Result as PlanResult, ScalarValue, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use strata_storage::words::{Matcher, Tokenizer};

use super::configuration;
use super::function::external;
use super::parse::parse_canonical;
use super::types::is_text;
use crate::Result;

/// Name of the function. Its arguments are the text, the query in canonical form as `Utf8` and the tokenizer's name as `Utf8`.
pub const MATCH: &str = "ts_match";

/// The function.
pub(super) fn udf() -> ScalarUDF {
    ScalarUDF::new_from_impl(TextMatch { signature: Signature::user_defined(Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct TextMatch {
    signature: Signature,
}

impl ScalarUDFImpl for TextMatch {
    fn name(&self) -> &str {
        MATCH
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The text stays in whatever form a scan has it.
    fn coerce_types(&self, types: &[DataType]) -> PlanResult<Vec<DataType>> {
        let textual = |data_type: &DataType| is_text(data_type) || data_type.is_null();
        match types {
            [text, query, tokenizer] if textual(text) && textual(query) && textual(tokenizer) => {
                let text = if text.is_null() { DataType::Utf8View } else { text.clone() };
                Ok(vec![text, DataType::Utf8, DataType::Utf8])
            }
            _ => plan_err!("{MATCH} takes a text, a query and the name of a tokenizer"),
        }
    }

    fn return_type(&self, _types: &[DataType]) -> PlanResult<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> PlanResult<ColumnarValue> {
        let constant = args.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let texts = args.args[0].to_array(rows)?;
        let found = match (&args.args[1], &args.args[2]) {
            (ColumnarValue::Scalar(query), ColumnarValue::Scalar(tokenizer)) => {
                match (query.try_as_str().flatten(), tokenizer.try_as_str().flatten()) {
                    (Some(query), Some(tokenizer)) => same_query(&texts, query, tokenizer).map_err(external)?,
                    _ => BooleanArray::new_null(rows),
                }
            }
            (queries, tokenizers) => {
                let texts = cast(&texts, &DataType::Utf8View)?;
                let queries = cast(&queries.to_array(rows)?, &DataType::Utf8View)?;
                let tokenizers = cast(&tokenizers.to_array(rows)?, &DataType::Utf8View)?;
                let rows = texts.as_string_view().iter().zip(queries.as_string_view()).zip(tokenizers.as_string_view());
                let matches = |((text, query), tokenizer): ((Option<&str>, Option<&str>), Option<&str>)| {
                    let (Some(text), Some(query), Some(tokenizer)) = (text, query, tokenizer) else { return Ok(None) };
                    Ok(Some(parse_canonical(query)?.matches(configuration::tokenizer(tokenizer)?, text)))
                };
                rows.map(matches).collect::<Result<BooleanArray>>().map_err(external)?
            }
        };
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&found, 0)?));
        }
        Ok(ColumnarValue::Array(Arc::new(found)))
    }
}

fn same_query(texts: &ArrayRef, query: &str, tokenizer: &str) -> Result<BooleanArray> {
    let mut matcher = Matcher::new(&parse_canonical(query)?);
    matches(texts, configuration::tokenizer(tokenizer)?, &mut matcher)
}

fn matches(texts: &ArrayRef, tokenizer: Tokenizer, matcher: &mut Matcher) -> Result<BooleanArray> {
    let mut holds = |text: Option<&str>| text.map(|text| matcher.matches(tokenizer, text));
    Ok(match texts.data_type() {
        DataType::Utf8 => texts.as_string::<i32>().iter().map(holds).collect(),
        DataType::LargeUtf8 => texts.as_string::<i64>().iter().map(holds).collect(),
        DataType::Utf8View => texts.as_string_view().iter().map(holds).collect(),
        // Each value of the dictionary once, unless there are more of them than rows.
        DataType::Dictionary(..) if texts.as_any_dictionary().values().len() <= texts.len() => {
            let dictionary = texts.as_any_dictionary();
            let values = matches(dictionary.values(), tokenizer, matcher)?;
            take(&values, dictionary.keys(), None)?.as_boolean().clone()
        }
        _ => {
            let texts = cast(texts, &DataType::Utf8View)?;
            texts.as_string_view().iter().map(&mut holds).collect()
        }
    })
}
