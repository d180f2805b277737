//! Functions that DataFusion has too: that both give the same, and what a row costs in each.
//!
//! ```sh
//! DIALECT_ROWS=1000000 cargo test --workspace --lib --config 'profile.dev.package."strata-pgwire".opt-level=3' -- kernels --nocapture
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{Array, ArrayRef, Decimal128Array, Float64Array, Int64Array, StringViewArray, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::{Result, ScalarValue};
use datafusion::functions::{datetime, math, string, unicode};
use datafusion::logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, Signature, Volatility};

use super::{Called, FAMILIES};

/// The best of so many runs counts.
const RUNS: usize = 5;

/// A name of ours with its arguments, and a function of DataFusion's with its own.
type Case = (&'static str, Vec<ColumnarValue>, Arc<ScalarUDF>, Vec<ColumnarValue>);

fn ours(name: &str) -> ScalarUDF {
    let function = FAMILIES.iter().flat_map(|family| family.iter()).find(|function| function.name == name).unwrap();
    ScalarUDF::new_from_impl(Called { function, signature: Signature::user_defined(Volatility::Immutable) })
}

fn run(function: &ScalarUDF, arguments: &[ColumnarValue], rows: usize) -> Result<(ArrayRef, Duration)> {
    let fields: Vec<FieldRef> =
        arguments.iter().map(|argument| Arc::new(Field::new("", argument.data_type(), true)) as FieldRef).collect();
    let scalars: Vec<Option<&ScalarValue>> = arguments
        .iter()
        .map(|argument| match argument {
            ColumnarValue::Scalar(value) => Some(value),
            ColumnarValue::Array(_) => None,
        })
        .collect();
    let return_field = function.return_field_from_args(ReturnFieldArgs { arg_fields: &fields, scalar_arguments: &scalars })?;
    let mut best = Duration::MAX;
    let mut found = None;
    for _ in 0..RUNS {
        let call = ScalarFunctionArgs {
            args: arguments.to_vec(),
            arg_fields: fields.clone(),
            number_rows: rows,
            return_field: return_field.clone(),
            config_options: Arc::new(ConfigOptions::default()),
        };
        let start = Instant::now();
        let result = function.invoke_with_args(call)?;
        best = best.min(start.elapsed());
        found = Some(result.into_array(rows)?);
    }
    Ok((found.unwrap(), best))
}

fn array(values: impl Array + 'static) -> ColumnarValue {
    ColumnarValue::Array(Arc::new(values))
}

fn text(value: &str) -> ColumnarValue {
    ColumnarValue::Scalar(ScalarValue::Utf8View(Some(value.to_owned())))
}

fn long(value: i64) -> ColumnarValue {
    ColumnarValue::Scalar(ScalarValue::Int64(Some(value)))
}

#[test]
fn kernels_give_what_datafusions_give() {
    let rows: usize = std::env::var("DIALECT_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(10_000);
    let count = i64::try_from(rows).unwrap();
    let floats = || array((0..count).map(|n| (n % 7 != 0).then_some(n as f64 / 8.0 + 0.25)).collect::<Float64Array>());
    let ratios = || array((0..count).map(|n| Some(n as f64 / count as f64)).collect::<Float64Array>());
    let longs = || array((0..count).map(Some).collect::<Int64Array>());
    let decimals = || {
        let values: Decimal128Array = (0..count).map(|n| Some(i128::from(n) * 37)).collect();
        array(values.with_precision_and_scale(12, 2).unwrap())
    };
    let texts = || array((0..count).map(|n| Some(format!("record {n} of {count}"))).collect::<StringViewArray>());
    let times = || array((0..count).map(|n| Some(n * 61_234_567)).collect::<TimestampMicrosecondArray>());
    let cases: Vec<Case> = vec![
        ("sqrt", vec![floats()], math::sqrt(), vec![floats()]),
        ("ln", vec![floats()], math::ln(), vec![floats()]),
        ("exp", vec![ratios()], math::exp(), vec![ratios()]),
        ("sin", vec![floats()], math::sin(), vec![floats()]),
        ("asin", vec![ratios()], math::asin(), vec![ratios()]),
        ("floor", vec![floats()], math::floor(), vec![floats()]),
        ("ceil", vec![floats()], math::ceil(), vec![floats()]),
        ("trunc", vec![floats()], math::trunc(), vec![floats()]),
        ("power", vec![floats(), ratios()], math::power(), vec![floats(), ratios()]),
        ("round", vec![decimals(), long(1)], math::round(), vec![decimals(), ColumnarValue::Scalar(ScalarValue::Int32(Some(1)))]),
        ("trunc", vec![decimals(), long(1)], math::trunc(), vec![floats(), long(1)]),
        ("substring_of", vec![texts(), long(2), long(5)], unicode::substr(), vec![texts(), long(2), long(5)]),
        ("concat", vec![texts(), text("!")], string::concat(), vec![texts(), text("!")]),
        ("concat_ws", vec![text("/"), texts(), texts()], string::concat_ws(), vec![text("/"), texts(), texts()]),
        ("to_hex", vec![longs()], string::to_hex(), vec![longs()]),
        ("date_part", vec![text("hour"), times()], datetime::date_part(), vec![text("hour"), times()]),
        ("date_part", vec![text("month"), times()], datetime::date_part(), vec![text("month"), times()]),
        ("extract_field", vec![text("hour"), times()], datetime::date_part(), vec![text("hour"), times()]),
        ("extract_field", vec![text("doy"), times()], datetime::date_part(), vec![text("doy"), times()]),
        (
            "to_char",
            vec![times(), text("YYYY-MM-DD HH24:MI:SS")],
            datetime::to_char(),
            vec![times(), ColumnarValue::Scalar(ScalarValue::Utf8(Some("%Y-%m-%d %H:%M:%S".into())))],
        ),
    ];
    for (name, arguments, theirs, their_arguments) in cases {
        let (found, time) = run(&ours(name), &arguments, rows).unwrap();
        let (expected, their_time) = run(&theirs, &their_arguments, rows).unwrap();
        let nanos = |time: Duration| time.as_nanos() / rows as u128;
        let ratio = time.as_secs_f64() / their_time.as_secs_f64();
        println!("{name:>14} {:>5} ns a row, DataFusion {:>5} ns, {ratio:.2}", nanos(time), nanos(their_time));
        // Of decimals DataFusion has no `trunc`; it is timed beside that of floats.
        if matches!((name, found.data_type()), ("trunc", DataType::Decimal128(..))) {
            continue;
        }
        let same = DataType::Utf8;
        let by_value = if found.data_type().is_numeric() { &DataType::Float64 } else { &same };
        assert_eq!(&cast(&found, by_value).unwrap(), &cast(&expected, by_value).unwrap(), "{name}");
    }
}
