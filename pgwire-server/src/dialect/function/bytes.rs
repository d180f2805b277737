//! `bytea`: parts, bits, encodings.

use base64::Engine as _;
use datafusion::common::Result;
use strata_engine::error::DataFault;

use super::value::{Kind, Row, Value};
use super::{Function, Overload};
use crate::dialect::fault;

/// Characters of a line of base64, as in mail.
const BASE64_LINE: usize = 76;

/// The functions.
pub(super) const ALL: &[Function] = &[
    Function {
        name: "get_byte",
        overloads: &[Overload::new(&[Kind::Bytes, Kind::Int], Kind::Int, |row| {
            let at = index(row.bytes(0), row.int(1))?;
            Ok(Value::Int(row.bytes(0)[at].into()))
        })],
    },
    Function {
        name: "set_byte",
        overloads: &[Overload::new(&[Kind::Bytes, Kind::Int, Kind::Int], Kind::Bytes, |row| {
            let at = index(row.bytes(0), row.int(1))?;
            let mut bytes = row.bytes(0).to_vec();
            bytes[at] = u8::try_from(row.int(2).rem_euclid(256)).unwrap_or_default();
            Ok(Value::Bytes(bytes))
        })],
    },
    Function {
        name: "bit_count",
        overloads: &[Overload::new(&[Kind::Bytes], Kind::Long, |row| {
            Ok(Value::Int(row.bytes(0).iter().map(|byte| i64::from(byte.count_ones())).sum()))
        })],
    },
    Function {
        name: "encode",
        overloads: &[Overload::new(&[Kind::Bytes, Kind::Text], Kind::Text, |row| {
            Ok(Value::Text(encoded(row.bytes(0), row.text(1))?))
        })],
    },
    Function {
        name: "decode",
        overloads: &[Overload::new(&[Kind::Text, Kind::Text], Kind::Bytes, |row| {
            Ok(Value::Bytes(decoded(row.text(0), row.text(1))?))
        })],
    },
    Function {
        name: "convert_to",
        overloads: &[Overload::new(&[Kind::Text, Kind::Text], Kind::Bytes, |row| {
            Ok(Value::Bytes(row.text(0).as_bytes().to_vec()))
        })],
    },
    Function {
        name: "convert_from",
        overloads: &[Overload::new(&[Kind::Bytes, Kind::Text], Kind::Text, |row| match std::str::from_utf8(row.bytes(0)) {
            Ok(text) if !text.contains('\0') => Ok(Value::Text(text.to_owned())),
            _ => Err(fault::data(DataFault::InvalidEncoding, "invalid byte sequence for encoding \"UTF8\"")),
        })],
    },
];

fn index(bytes: &[u8], at: i64) -> Result<usize> {
    usize::try_from(at).ok().filter(|at| *at < bytes.len()).ok_or_else(|| {
        let last = i64::try_from(bytes.len()).unwrap_or(i64::MAX) - 1;
        fault::data(DataFault::ArraySubscript, format!("index {at} out of valid range, 0..{last}"))
    })
}

/// Some of the bytes, from a position counted from 1.
pub(super) fn part(row: &Row) -> Result<Value> {
    let bytes = row.bytes(0);
    let start = row.int(1);
    let end = match row.len() {
        3 if row.int(2) < 0 => return Err(fault::data(DataFault::InvalidSubstring, "negative substring length not allowed")),
        3 => start.saturating_add(row.int(2)),
        _ => i64::MAX,
    };
    let clamp = |at: i64| usize::try_from(at.saturating_sub(1).max(0)).unwrap_or(usize::MAX).min(bytes.len());
    let (start, end) = (clamp(start), clamp(end));
    Ok(Value::Bytes(bytes[start..end.max(start)].to_vec()))
}

fn unknown(encoding: &str) -> datafusion::error::DataFusionError {
    fault::data(DataFault::InvalidArgument, format!("unrecognized encoding: \"{encoding}\""))
}

fn encoded(bytes: &[u8], encoding: &str) -> Result<String> {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(bytes.len() * 2);
    match encoding.to_ascii_lowercase().as_str() {
        "hex" => bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}")).unwrap_or_default(),
        "base64" => {
            for (at, character) in base64::engine::general_purpose::STANDARD.encode(bytes).chars().enumerate() {
                if at > 0 && at % BASE64_LINE == 0 {
                    out.push('\n');
                }
                out.push(character);
            }
        }
        "escape" => {
            for byte in bytes {
                match byte {
                    0 | 0x80.. => write!(out, "\\{byte:03o}").unwrap_or_default(),
                    b'\\' => out.push_str("\\\\"),
                    _ => out.push(char::from(*byte)),
                }
            }
        }
        _ => return Err(unknown(encoding)),
    }
    Ok(out)
}

fn decoded(text: &str, encoding: &str) -> Result<Vec<u8>> {
    match encoding.to_ascii_lowercase().as_str() {
        "hex" => {
            let digits: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            if let Some(bad) = digits.chars().find(|c| !c.is_ascii_hexdigit()) {
                return Err(fault::data(DataFault::InvalidArgument, format!("invalid hexadecimal digit: \"{bad}\"")));
            }
            if digits.len() % 2 == 1 {
                return Err(fault::data(DataFault::InvalidArgument, "invalid hexadecimal data: odd number of digits"));
            }
            Ok((0..digits.len()).step_by(2).filter_map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect())
        }
        "base64" => {
            let digits: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            base64::engine::general_purpose::STANDARD
                .decode(digits)
                .map_err(|_| fault::data(DataFault::InvalidArgument, "invalid base64 end sequence"))
        }
        "escape" => crate::types::bytea::parse(text).map_err(fault::carried),
        _ => Err(unknown(encoding)),
    }
}
