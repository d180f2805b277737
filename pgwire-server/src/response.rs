//! Answers that many statements share: column descriptions, errors, notices.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use pgwire::messages::PgWireBackendMessage as Backend;
use pgwire::messages::data::{FieldDescription, RowDescription};
use pgwire::messages::response::{ErrorResponse, NoticeResponse, ReadyForQuery, TransactionStatus as Letter};
use strata_engine::session::{Notice, TransactionStatus};

use crate::error::Error;
use crate::sqlstate::{self, Report};
use crate::types;

/// `RowDescription`. `binary` has one entry a column.
pub fn row_description(schema: &Schema, binary: &[bool]) -> Backend {
    let fields = schema.fields().iter().zip(binary);
    Backend::RowDescription(RowDescription::new(fields.map(|(field, binary)| describe(field, *binary)).collect()))
}

fn describe(field: &Arc<Field>, binary: bool) -> FieldDescription {
    let kind = types::of_field(field);
    FieldDescription::new(
        field.name().clone(),
        0,
        0,
        kind.oid(),
        types::size(&kind),
        types::modifier(field.data_type()),
        i16::from(binary),
    )
}

/// `ErrorResponse` for an error, `FATAL` if the connection ends with it.
pub fn error(error: &Error) -> Backend {
    failure(error, if error.is_fatal() { "FATAL" } else { "ERROR" })
}

/// `ErrorResponse` for an error that ends the connection, whatever it is.
pub fn fatal(error: &Error) -> Backend {
    failure(error, "FATAL")
}

fn failure(error: &Error, severity: &str) -> Backend {
    let Report { code, message, detail, hint, position, context } = sqlstate::report(error);
    let mut fields = vec![(b'S', severity.to_owned()), (b'V', severity.to_owned()), (b'C', code.to_owned()), (b'M', message)];
    fields.extend(detail.map(|text| (b'D', text)));
    fields.extend(hint.map(|text| (b'H', text)));
    fields.extend(position.map(|at| (b'P', at.to_string())));
    fields.extend(context.map(|text| (b'W', text)));
    Backend::ErrorResponse(ErrorResponse::new(without_nul(fields)))
}

/// `NoticeResponse`.
pub fn notice(notice: Notice) -> Backend {
    let severity = notice.severity.to_owned();
    let code = sqlstate::of_notice(notice.severity).to_owned();
    let mut fields = vec![(b'S', severity.clone()), (b'V', severity), (b'C', code), (b'M', notice.message)];
    fields.extend(notice.hint.map(|text| (b'H', text)));
    Backend::NoticeResponse(NoticeResponse::new(without_nul(fields)))
}

/// A NUL byte would end a field early and shift all that follow.
fn without_nul(fields: Vec<(u8, String)>) -> Vec<(u8, String)> {
    fields.into_iter().map(|(kind, text)| (kind, if text.contains('\0') { text.replace('\0', "\\0") } else { text })).collect()
}

/// `ReadyForQuery`.
pub fn ready(status: TransactionStatus) -> Backend {
    Backend::ReadyForQuery(ReadyForQuery::new(match status {
        TransactionStatus::Idle => Letter::Idle,
        TransactionStatus::Open => Letter::Transaction,
        TransactionStatus::Failed => Letter::Error,
    }))
}
