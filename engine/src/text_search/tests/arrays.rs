//! `ts_match` over every form a column of text may have.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, Int8Array, LargeStringArray, StringArray, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int8Type, UInt16Type};
use datafusion::common::ScalarValue;
use datafusion::common::config::ConfigOptions;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};

use super::super::match_text;

fn run(text: ColumnarValue, query: ColumnarValue, rows: usize) -> ColumnarValue {
    let tokenizer = ColumnarValue::Scalar(ScalarValue::Utf8(Some("simple".into())));
    let args = vec![text, query, tokenizer];
    let arg_fields = args.iter().map(|value| Arc::new(Field::new("", value.data_type(), true))).collect();
    let args = ScalarFunctionArgs {
        args,
        arg_fields,
        number_rows: rows,
        return_field: Arc::new(Field::new("", DataType::Boolean, true)),
        config_options: Arc::new(ConfigOptions::default()),
    };
    match_text::udf().invoke_with_args(args).unwrap()
}

fn query(text: Option<&str>) -> ColumnarValue {
    ColumnarValue::Scalar(ScalarValue::Utf8(text.map(str::to_owned)))
}

#[test]
fn every_kind_of_array() {
    let texts = [Some("disk full"), None, Some("disk"), Some("full disk"), Some("disk full")];
    let plain: ArrayRef = Arc::new(StringArray::from_iter(texts));
    let wide = DictionaryArray::<Int8Type>::try_new(
        Int8Array::from(vec![Some(4), None, Some(5), Some(6), Some(4)]),
        Arc::new(StringArray::from(vec!["unused", "u", "v", "w", "disk full", "disk", "full disk"])),
    );
    let arrays: Vec<ArrayRef> = vec![
        plain.clone(),
        Arc::new(LargeStringArray::from_iter(texts)),
        Arc::new(StringViewArray::from_iter(texts)),
        Arc::new(texts.into_iter().collect::<DictionaryArray<UInt16Type>>()),
        Arc::new(wide.unwrap()),
    ];
    let queries: ArrayRef = Arc::new(StringArray::from(vec!["'disk' <-> 'full'"; texts.len()]));
    for array in arrays {
        for query in [query(Some("'disk' <-> 'full'")), ColumnarValue::Array(queries.clone())] {
            let found = run(ColumnarValue::Array(array.clone()), query, texts.len()).to_array(texts.len()).unwrap();
            let found: Vec<_> = found.as_boolean().iter().collect();
            assert_eq!(found, [Some(true), None, Some(false), Some(false), Some(true)], "{}", array.data_type());
        }
        let found = run(ColumnarValue::Array(cast(&array, &DataType::Utf8).unwrap()), query(None), texts.len());
        assert_eq!(found.to_array(texts.len()).unwrap().null_count(), texts.len());
    }
    let one = run(ColumnarValue::Scalar(ScalarValue::Utf8View(Some("a".into()))), query(Some("!'b'")), 8192);
    assert!(matches!(one, ColumnarValue::Scalar(ScalarValue::Boolean(Some(true)))));
}
