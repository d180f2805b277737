//! The headers that make an upload exactly-once.
//!
//! `Strata-Producer: name` with `Strata-Sequence: first-last` numbers the lines of the body, rejected and empty ones
//! included. `Idempotency-Key: key` numbers the body as a whole.

use std::sync::Arc;

use axum::http::HeaderMap;

use super::refusal::Refusal;

/// Name of the producer.
const PRODUCER: &str = "strata-producer";
/// Numbers of the first and the last line.
const SEQUENCE: &str = "strata-sequence";
/// Name of the whole body.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Longest name in bytes.
const NAME_BYTES_MAX: usize = 256;

/// How the lines of a body are told from lines that were sent before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Numbering {
    /// Not at all: sent again, they are stored again.
    None,
    /// A number each.
    Lines {
        producer: Arc<str>,
        /// Number of the first line.
        first: u64,
        /// How many lines there must be.
        lines: u64,
    },
    /// One number for all.
    Body { key: Arc<str> },
}

impl Numbering {
    /// Reads the headers.
    ///
    /// # Errors
    /// 400 for what makes no sense.
    pub fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        match (name(headers, PRODUCER)?, text(headers, SEQUENCE)?, name(headers, IDEMPOTENCY_KEY)?) {
            (None, None, None) => Ok(Self::None),
            (None, None, Some(key)) => Ok(Self::Body { key }),
            (Some(producer), Some(sequence), None) => {
                let (first, lines) = span(sequence).ok_or_else(|| {
                    Refusal::bad_request("Strata-Sequence is not of the form first-last")
                        .hint("Two whole numbers, the first not above the last, such as 1000-1999 for a body of 1,000 lines.")
                })?;
                Ok(Self::Lines { producer, first, lines })
            }
            (_, _, Some(_)) => Err(Refusal::bad_request("Idempotency-Key does not go together with Strata-Producer")
                .hint("Number the lines with Strata-Producer and Strata-Sequence, or the body with Idempotency-Key.")),
            (Some(_), None, None) => {
                Err(Refusal::bad_request("Strata-Producer needs Strata-Sequence").hint("Such as Strata-Sequence: 1000-1999."))
            }
            (None, Some(_), None) => {
                Err(Refusal::bad_request("Strata-Sequence needs Strata-Producer").hint("Name the producer with Strata-Producer."))
            }
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, header: &str) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(header).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let value = std::str::from_utf8(value.as_bytes()).ok().map(str::trim);
    match (value, values.next()) {
        (Some(value), None) => Ok(Some(value)),
        _ => Err(Refusal::bad_request(format!("the header {header} is not one UTF-8 text"))),
    }
}

fn name(headers: &HeaderMap, header: &str) -> Result<Option<Arc<str>>, Refusal> {
    let Some(value) = text(headers, header)? else { return Ok(None) };
    if value.is_empty() || value.len() > NAME_BYTES_MAX {
        return Err(Refusal::bad_request(format!("the header {header} has not 1 to {NAME_BYTES_MAX} bytes")));
    }
    Ok(Some(value.into()))
}

/// First number and count of `first-last`.
fn span(sequence: &str) -> Option<(u64, u64)> {
    let (first, last) = sequence.split_once('-')?;
    let number = |text: &str| text.trim().parse::<u64>().ok().filter(|_| !text.trim().starts_with('+'));
    let (first, last) = (number(first)?, number(last)?);
    Some((first, last.checked_sub(first)?.checked_add(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(headers: &[(&'static str, &str)]) -> Result<Numbering, Refusal> {
        Numbering::of(&headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect())
    }

    #[test]
    fn headers_are_read_or_refused() {
        assert_eq!(of(&[]), Ok(Numbering::None));
        let lines = Numbering::Lines { producer: "p".into(), first: 1000, lines: 1000 };
        assert_eq!(of(&[(PRODUCER, "p"), (SEQUENCE, "1000-1999")]), Ok(lines));
        assert_eq!(of(&[(IDEMPOTENCY_KEY, "k")]), Ok(Numbering::Body { key: "k".into() }));
        let long = "x".repeat(NAME_BYTES_MAX + 1);
        for headers in [
            &[(PRODUCER, "p")][..],
            &[(SEQUENCE, "1-2")],
            &[(PRODUCER, "p"), (SEQUENCE, "2-1")],
            &[(PRODUCER, "p"), (SEQUENCE, "1")],
            &[(PRODUCER, "p"), (SEQUENCE, "-1-2")],
            &[(PRODUCER, "p"), (SEQUENCE, "+1-2")],
            &[(PRODUCER, "p"), (SEQUENCE, "0-18446744073709551615")],
            &[(PRODUCER, "p"), (SEQUENCE, "0-18446744073709551616")],
            &[(PRODUCER, ""), (SEQUENCE, "1-2")],
            &[(PRODUCER, &long), (SEQUENCE, "1-2")],
            &[(PRODUCER, "p"), (PRODUCER, "q"), (SEQUENCE, "1-2")],
            &[(PRODUCER, "p"), (SEQUENCE, "1-2"), (IDEMPOTENCY_KEY, "k")],
        ] {
            assert!(of(headers).is_err(), "{headers:?}");
        }
    }
}
