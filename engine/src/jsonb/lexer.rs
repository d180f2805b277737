//! The pieces of JSON text: spaces, strings, numbers, literals, whole values to step over.
//!
//! Strict RFC 8259 over UTF-8 that was checked before. Positions are byte indices into the text; every function takes
//! the position of its first byte and returns the position behind its last. Nothing is decoded or copied here.

use super::fault::{JsonFault, JsonFaultReason};

/// Levels of objects and arrays that a value may have.
pub const DEPTH_MAX: usize = 128;

/// A string as it stands in the text, without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quoted {
    /// First byte behind the opening quote.
    pub start: usize,
    /// The closing quote.
    pub end: usize,
    /// Whether it holds a backslash.
    pub escaped: bool,
}

/// First byte at or behind `at` that is no JSON space.
#[inline]
pub fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The string whose opening quote stands at `at`.
///
/// # Errors
/// No quote there, no closing quote, a raw control character, a bad escape, half a surrogate pair, `\u0000`.
#[inline]
pub fn string(bytes: &[u8], at: usize) -> Result<Quoted, JsonFault> {
    if bytes.get(at) != Some(&b'"') {
        return Err(JsonFault::expected("a string", at));
    }
    let start = at + 1;
    let end = special(bytes, start);
    if bytes.get(end) == Some(&b'"') {
        return Ok(Quoted { start, end, escaped: false });
    }
    escaped_string(bytes, start, end)
}

/// The rest of a string from its first special byte that is no quote.
#[cold]
fn escaped_string(bytes: &[u8], start: usize, mut at: usize) -> Result<Quoted, JsonFault> {
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok(Quoted { start, end: at, escaped: true }),
            Some(b'\\') => at = special(bytes, escape(bytes, at)?),
            Some(_) => return Err(JsonFault::new(JsonFaultReason::Control, at)),
            None => return Err(JsonFault::expected("a closing quote", at)),
        }
    }
}

/// Behind the escape whose backslash stands at `at`.
fn escape(bytes: &[u8], at: usize) -> Result<usize, JsonFault> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match hex4(bytes, at + 2) {
            None => Err(JsonFault::new(JsonFaultReason::Escape, at)),
            Some(0) => Err(JsonFault::new(JsonFaultReason::Nul, at)),
            Some(0xdc00..=0xdfff) => Err(JsonFault::new(JsonFaultReason::Surrogate, at)),
            Some(0xd800..=0xdbff) => match (bytes.get(at + 6), bytes.get(at + 7), hex4(bytes, at + 8)) {
                (Some(b'\\'), Some(b'u'), Some(0xdc00..=0xdfff)) => Ok(at + 12),
                _ => Err(JsonFault::new(JsonFaultReason::Surrogate, at)),
            },
            Some(_) => Ok(at + 6),
        },
        _ => Err(JsonFault::new(JsonFaultReason::Escape, at)),
    }
}

/// Four hexadecimal digits.
pub(super) fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.iter().try_fold(0, |sum, &digit| Some(sum * 16 + char::from(digit).to_digit(16)?))
}

/// Behind the number that starts at `at`.
///
/// # Errors
/// Anything that JSON does not call a number: `NaN`, `+1`, `01`, `.5`, `1.`.
#[inline]
pub fn number(bytes: &[u8], at: usize) -> Result<usize, JsonFault> {
    let fault = || JsonFault::new(JsonFaultReason::Number, at);
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut end = at + usize::from(bytes.get(at) == Some(&b'-'));
    match bytes.get(end) {
        Some(b'0') => end += 1,
        Some(b'1'..=b'9') => end += digits(end),
        _ => return Err(fault()),
    }
    if bytes.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        if fraction == 0 {
            return Err(fault());
        }
        end += 1 + fraction;
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = bytes.get(end + 1 + sign..).map_or(0, |_| digits(end + 1 + sign));
        if exponent == 0 {
            return Err(fault());
        }
        end += 1 + sign + exponent;
    }
    match bytes.get(end) {
        Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'+' | b'-') => Err(fault()),
        _ => Ok(end),
    }
}

/// Behind `true`, `false` or `null`.
///
/// # Errors
/// None of them stands at `at`.
#[inline]
pub fn literal(bytes: &[u8], at: usize) -> Result<usize, JsonFault> {
    let rest = &bytes[at.min(bytes.len())..];
    let length = if rest.starts_with(b"true") || rest.starts_with(b"null") {
        4
    } else if rest.starts_with(b"false") {
        5
    } else {
        return Err(JsonFault::expected("a value", at));
    };
    match rest.get(length) {
        Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_') => Err(JsonFault::expected("a value", at)),
        _ => Ok(at + length),
    }
}

/// Behind the value that starts at `at`, whatever it is; everything in it is checked. `depth` levels are open around it.
///
/// # Errors
/// The value is not JSON, or nested too deep.
pub fn value(bytes: &[u8], at: usize, depth: usize) -> Result<usize, JsonFault> {
    match bytes.get(at) {
        Some(b'"') => Ok(string(bytes, at)?.end + 1),
        Some(b'-' | b'0'..=b'9') => number(bytes, at),
        Some(open @ (b'{' | b'[')) => {
            if depth >= DEPTH_MAX {
                return Err(JsonFault::new(JsonFaultReason::Deep, at));
            }
            container(bytes, at, *open == b'{', depth + 1)
        }
        _ => literal(bytes, at),
    }
}

fn container(bytes: &[u8], at: usize, is_object: bool, depth: usize) -> Result<usize, JsonFault> {
    let close = if is_object { b'}' } else { b']' };
    let mut at = skip_space(bytes, at + 1);
    if bytes.get(at) == Some(&close) {
        return Ok(at + 1);
    }
    loop {
        if is_object {
            at = skip_space(bytes, string(bytes, at)?.end + 1);
            if bytes.get(at) != Some(&b':') {
                return Err(JsonFault::expected("a colon", at));
            }
            at = skip_space(bytes, at + 1);
        }
        at = skip_space(bytes, value(bytes, at, depth)?);
        match bytes.get(at) {
            Some(b',') => at = skip_space(bytes, at + 1),
            Some(byte) if *byte == close => return Ok(at + 1),
            _ => return Err(JsonFault::expected(if is_object { "a comma or }" } else { "a comma or ]" }, at)),
        }
    }
}

/// First byte at or behind `at` that a string cannot hold as it is (quote, backslash, control character), or the length
/// of `bytes`.
#[inline]
pub fn special(bytes: &[u8], mut at: usize) -> usize {
    while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<16>()) {
        let mask = special_mask(block);
        if mask != 0 {
            return at + mask.trailing_zeros() as usize;
        }
        at += 16;
    }
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b'"' | b'\\' | 0..=0x1f) {
            break;
        }
        at += 1;
    }
    at
}

/// One bit for each special byte of the block, the first byte lowest.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "the compiler wants it for SSE2 instructions, although every x86_64 has them")]
#[inline(always)]
fn special_mask(block: &[u8; 16]) -> u32 {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8};
    let whole = u128::from_le_bytes(*block);
    // SAFETY: SSE2 is part of x86_64, and none of these reads or writes memory.
    unsafe {
        let bytes = _mm_set_epi64x((whole >> 64) as i64, whole as i64);
        let quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'"' as i8));
        let backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\\' as i8));
        let control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control)) as u32
    }
}

/// One bit for each special byte of the block, the first byte lowest.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn special_mask(block: &[u8; 16]) -> u32 {
    block.iter().enumerate().fold(0, |mask, (i, byte)| mask | u32::from(matches!(byte, b'"' | b'\\' | 0..=0x1f)) << i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_finds_the_first_of_each_kind_at_every_distance() {
        for length in 0..70 {
            for byte in [b'"', b'\\', 0, 0x1f, b'\n'] {
                let mut text = vec![0xe4; length];
                text.extend([byte, b'"', b'x']);
                assert_eq!(special(&text, 0), length);
                assert_eq!(special(&text[..length], 0), length);
            }
        }
        assert_eq!(special(b"\x7f\x80\xff !#[]", 0), 8);
    }

    #[test]
    fn numbers_are_those_of_json() {
        for good in ["0", "-0", "10", "1.10", "1e5", "1E+400", "-0.5e-7"] {
            assert_eq!(number(good.as_bytes(), 0), Ok(good.len()), "{good}");
        }
        for bad in ["", "-", "+1", "01", "1.", ".5", "1e", "1e+", "NaN", "Infinity", "0x10", "1a", "--1", "1.2.3"] {
            assert!(number(bad.as_bytes(), 0).is_err(), "{bad}");
        }
    }

    #[test]
    fn strings_are_those_of_json_and_text() {
        for good in [r#""""#, r#""a""#, r#""\u00e4\ud83d\ude00\n\/""#, "\"云梦\""] {
            assert_eq!(value(good.as_bytes(), 0, 0), Ok(good.len()), "{good}");
        }
        for bad in ["\"", "\"a\nb\"", r#""\x""#, r#""\u00g0""#, r#""\ud800""#, r#""\ud800\u0041""#, r#""\udc00""#, r#""\u0000""#]
        {
            assert!(value(bad.as_bytes(), 0, 0).is_err(), "{bad}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(value(nested(DEPTH_MAX).as_bytes(), 0, 0).is_ok());
        let fault = value(nested(DEPTH_MAX + 1).as_bytes(), 0, 0).unwrap_err();
        assert_eq!(fault.reason, JsonFaultReason::Deep);
    }
}
