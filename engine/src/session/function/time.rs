//! What time it is: of the transaction, of the statement, of the clock.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Volatility;
use strata_storage::schema::timestamptz;

use super::Definition;

fn at(us: i64) -> ScalarValue {
    ScalarValue::TimestampMicrosecond(Some(us), Some("UTC".into()))
}

pub(super) static ALL: &[Definition] = &[
    Definition::constant("now", &["current_timestamp", "transaction_timestamp"], timestamptz, |around, _| {
        Ok(at(around.session.transaction_start_us()))
    }),
    Definition::constant("statement_timestamp", &[], timestamptz, |around, _| Ok(at(around.session.statement_start_us()))),
    Definition {
        name: "clock_timestamp",
        aliases: &[],
        arguments: &[&[]],
        returns: timestamptz,
        volatility: Volatility::Volatile,
        evaluate: |around, _| Ok(at(around.engine.clock().now_us())),
    },
    Definition::constant(
        "localtimestamp",
        &[],
        || DataType::Timestamp(TimeUnit::Microsecond, None),
        |around, _| {
            let zone = around.session.setting("TimeZone").unwrap_or_default();
            let now = at(around.session.transaction_start_us());
            let local = now.cast_to(&DataType::Timestamp(TimeUnit::Microsecond, Some(zone.into())))?;
            Ok(local.cast_to(&DataType::Timestamp(TimeUnit::Microsecond, None))?)
        },
    ),
];
