//! `POST /v1/topics/{schema.topic}/records`: reads path and headers, then hands over to the upload.

use std::sync::Arc;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;

use super::decoding::Encoding;
use super::login::Caller;
use super::numbering::Numbering;
use super::refusal::Refusal;
use super::topic_name::TopicName;
use super::upload::{self, Upload};
use super::{Server, answer::Answer};

/// Bytes of a refused body that are read all the same, so that a client that writes first and reads then gets its answer
/// and not a broken pipe.
const REFUSED_BYTES_READ_MAX: usize = 8 << 20;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// A JSON object.
    Ndjson,
    /// A message.
    Raw,
}

/// See the module.
pub(super) async fn post(
    State(server): State<Arc<Server>>,
    Path(topic): Path<String>,
    RawQuery(query): RawQuery,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let announced_bytes = body.size_hint().lower();
    let answer = match prepare(&server, &caller, &topic, query.as_deref(), &headers, announced_bytes).await {
        Ok(upload) => upload::run(&server, upload, body).await,
        Err(refusal) => {
            read_away(body).await;
            Err(refusal)
        }
    };
    count(&answer);
    answer.into_response()
}

/// Everything that can be refused before the body is read.
async fn prepare(
    server: &Server,
    caller: &Caller,
    topic: &str,
    query: Option<&str>,
    headers: &HeaderMap,
    announced_bytes: u64,
) -> Result<Upload, Refusal> {
    let topic = TopicName::parse(topic)?;
    let raw = format(query, headers)? == Format::Raw;
    let encoding = Encoding::of(headers)?;
    let numbering = Numbering::of(headers)?;
    let bytes_max = match numbering {
        Numbering::Body { .. } => server.options.keyed_body_bytes_max,
        _ => server.options.body_bytes_max,
    };
    if encoding == Encoding::Plain && announced_bytes > bytes_max {
        return Err(Refusal::too_large("the body", bytes_max));
    }
    let topic = topic.resolve(&server.engine, caller).await?;
    Ok(Upload { topic, raw, encoding, numbering, bytes_max })
}

/// `?format=` wins over `Content-Type`.
fn format(query: Option<&str>, headers: &HeaderMap) -> Result<Format, Refusal> {
    let mut asked = None;
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        asked = match pair {
            "format=raw" => Some(Format::Raw),
            "format=ndjson" => Some(Format::Ndjson),
            _ => {
                return Err(Refusal::bad_request(format!("the query parameter \"{pair}\" is not known"))
                    .hint("Only format=ndjson and format=raw are."));
            }
        };
    }
    if let Some(format) = asked {
        return Ok(format);
    }
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(Format::Ndjson) };
    let media_type = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media_type.as_str() {
        "text/plain" => Ok(Format::Raw),
        // The last two are what clients send that were told nothing.
        "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/x-jsonlines"
        | "application/json"
        | "application/octet-stream"
        | "application/x-www-form-urlencoded" => Ok(Format::Ndjson),
        _ => Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("the Content-Type \"{media_type}\" is not supported"))
            .hint("Send application/x-ndjson, or text/plain for raw lines.")),
    }
}

async fn read_away(body: Body) {
    let mut frames = body.into_data_stream();
    let mut read = 0;
    while let Some(Ok(frame)) = frames.next().await {
        read += frame.len();
        if read > REFUSED_BYTES_READ_MAX {
            return;
        }
    }
}

fn count(answer: &Result<Answer, Refusal>) {
    let (status, accepted) = match answer {
        Ok(answer) => {
            metrics::counter!("strata_http_duplicate_records_total").increment(answer.duplicates);
            metrics::counter!("strata_http_rejected_lines_total").increment(answer.rejected_total);
            (StatusCode::OK, answer.accepted)
        }
        Err(refusal) => (refusal.status, refusal.accepted),
    };
    metrics::counter!("strata_http_accepted_records_total").increment(accepted);
    metrics::counter!("strata_http_uploads_total", "status" => status.as_u16().to_string()).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(query: Option<&str>, content_type: Option<&str>) -> Option<Format> {
        let mut headers = HeaderMap::new();
        if let Some(value) = content_type {
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
        }
        format(query, &headers).ok()
    }

    #[test]
    fn the_query_wins_over_the_content_type() {
        assert_eq!(of(None, None), Some(Format::Ndjson));
        assert_eq!(of(None, Some("text/plain; charset=utf-8")), Some(Format::Raw));
        assert_eq!(of(Some("format=ndjson"), Some("text/plain")), Some(Format::Ndjson));
        assert_eq!(of(Some("format=raw"), Some("image/png")), Some(Format::Raw));
        assert_eq!(of(None, Some("text/csv")), None);
        assert_eq!(of(Some("format=csv"), None), None);
        assert_eq!(of(Some("fromat=raw"), None), None);
    }
}
