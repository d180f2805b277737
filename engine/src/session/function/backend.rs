//! Other sessions: stopping what they run, ending them, telling them something.

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Volatility;

use super::{Definition, Surroundings, text, text_of};
use crate::Result;
use crate::error::{EngineError, Refusal};
use crate::session::cancel::StopReason;
use crate::session::notification::Notification;

pub(super) static ALL: &[Definition] = &[
    Definition {
        name: "pg_cancel_backend",
        aliases: &[],
        arguments: &[&[DataType::Int32]],
        returns: || DataType::Boolean,
        volatility: Volatility::Volatile,
        evaluate: |around, arguments| stop(around, arguments, StopReason::UserRequest),
    },
    Definition {
        name: "pg_terminate_backend",
        aliases: &[],
        arguments: &[&[DataType::Int32]],
        returns: || DataType::Boolean,
        volatility: Volatility::Volatile,
        evaluate: |around, arguments| stop(around, arguments, StopReason::Terminate),
    },
    Definition {
        name: "pg_notify",
        aliases: &[],
        arguments: &[&[DataType::Utf8, DataType::Utf8]],
        returns: text,
        volatility: Volatility::Volatile,
        evaluate: |around, arguments| {
            let [Some(channel), Some(payload)] = [arguments.first().and_then(text_of), arguments.get(1).and_then(text_of)] else {
                return Ok(ScalarValue::Utf8(None));
            };
            let notification =
                Notification { sender: around.session.id, channel: channel.to_owned(), payload: payload.to_owned() };
            around.engine.sessions().bus().notify(&notification);
            Ok(ScalarValue::Utf8(Some(String::new())))
        },
    },
];

fn stop(around: &Surroundings, arguments: &[ScalarValue], reason: StopReason) -> Result<ScalarValue> {
    let [ScalarValue::Int32(Some(id))] = arguments else { return Ok(ScalarValue::Boolean(None)) };
    let session = around.engine.sessions().get(*id);
    if let Some(session) = &session {
        let me = around.session.current_user();
        if session.user != me && !around.engine.users().is_superuser(&me) {
            return Err(EngineError::Refused {
                reason: Refusal::Privilege,
                message: "must be a superuser to stop what others run".into(),
                hint: None,
            });
        }
        session.cancel.stop(reason);
    }
    Ok(ScalarValue::Boolean(Some(session.is_some())))
}
