//! `current_setting` and `set_config`.

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Volatility;

use super::{Definition, text, text_of};
use crate::error::{EngineError, ObjectClass};

pub(super) static ALL: &[Definition] = &[
    Definition {
        name: "current_setting",
        aliases: &[],
        arguments: &[&[DataType::Utf8], &[DataType::Utf8, DataType::Boolean]],
        returns: text,
        volatility: Volatility::Stable,
        evaluate: |around, arguments| {
            let Some(name) = arguments.first().and_then(text_of) else { return Ok(ScalarValue::Utf8(None)) };
            let missing_ok = matches!(arguments.get(1), Some(ScalarValue::Boolean(Some(true))));
            match around.session.setting(name) {
                Some(value) => Ok(ScalarValue::Utf8(Some(value))),
                None if missing_ok => Ok(ScalarValue::Utf8(None)),
                None => Err(EngineError::Undefined { what: ObjectClass::Setting, name: name.to_owned(), hint: None }),
            }
        },
    },
    Definition {
        name: "set_config",
        aliases: &[],
        arguments: &[&[DataType::Utf8, DataType::Utf8, DataType::Boolean]],
        returns: text,
        volatility: Volatility::Volatile,
        evaluate: |around, arguments| {
            let [name, value, local] = arguments else { return Ok(ScalarValue::Utf8(None)) };
            let Some(name) = text_of(name) else { return Ok(ScalarValue::Utf8(None)) };
            let mut settings = around.session.settings.lock();
            match text_of(value) {
                Some(value) => settings.set(name, value, matches!(local, ScalarValue::Boolean(Some(true))))?,
                None => settings.reset(name)?,
            }
            Ok(ScalarValue::Utf8(settings.get(name)))
        },
    },
];
