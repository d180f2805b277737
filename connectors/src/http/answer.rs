//! What a client is told about the lines it sent, and how answers are written.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Rejected lines that are listed; all are counted.
pub(super) const REJECTED_MAX: usize = 1000;

/// Body of 200: `{"accepted": 2, "duplicates": 0, "rejected": [{"line": 2, "reason": "..."}], "rejected_total": 1}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Answer {
    /// Records that are durable and visible.
    pub accepted: u64,
    /// Records that were durable before, by their sequence numbers.
    pub duplicates: u64,
    /// The first rejected lines.
    pub rejected: Vec<RejectedLine>,
    /// How many lines were rejected.
    pub rejected_total: u64,
}

/// A line that is not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct RejectedLine {
    /// Line of the body, from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

impl Answer {
    /// Counts a rejected line, and lists it while there is room.
    pub fn reject(&mut self, line: u64, reason: String) {
        self.rejected_total += 1;
        if self.rejected.len() < REJECTED_MAX {
            self.rejected.push(RejectedLine { line, reason });
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        json(StatusCode::OK, &self)
    }
}

/// A response with a JSON body.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let text = serde_json::to_vec(body).expect("texts and numbers always become JSON");
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_rejected_lines_is_bounded_and_the_count_is_not() {
        let mut answer = Answer { accepted: 2, ..Answer::default() };
        answer.reject(2, "no JSON".to_owned());
        let json = serde_json::to_string(&answer).unwrap();
        let expected = r#"{"accepted":2,"duplicates":0,"rejected":[{"line":2,"reason":"no JSON"}],"rejected_total":1}"#;
        assert_eq!(json, expected);
        (0..5000).for_each(|line| answer.reject(line, String::new()));
        assert_eq!((answer.rejected.len(), answer.rejected_total), (REJECTED_MAX, 5001));
    }
}
