//! Whether two scalars of jsonb are equal: numbers by value, whatever digits they came with.

/// Whether two scalars in canonical form are equal.
pub(super) fn scalars_equal(left: &str, right: &str) -> bool {
    left == right || matches!((decimal(left), decimal(right)), (Some(left), Some(right)) if left == right)
}

/// A number as its sign, its digits without zeros at the ends, and the power of ten of the last digit.
fn decimal(text: &str) -> Option<(bool, Vec<u8>, i64)> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).skip_while(|digit| *digit == b'0').collect();
    let mut power = exponent.parse::<i64>().ok()?.checked_sub(fraction.len() as i64)?;
    while digits.last() == Some(&b'0') {
        digits.pop();
        power = power.checked_add(1)?;
    }
    if digits.is_empty() { Some((false, digits, 0)) } else { Some((negative, digits, power)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_by_value() {
        for (left, right) in [("1", "1.0"), ("100", "1e2"), ("0.10", "1E-1"), ("-0", "0.00"), ("1e400", "10e399")] {
            assert!(scalars_equal(left, right), "{left} {right}");
        }
        for (left, right) in [("1", "-1"), ("1", "10"), ("1", "\"1\""), ("1e400", "1e401"), ("true", "false"), ("null", "0")] {
            assert!(!scalars_equal(left, right), "{left} {right}");
        }
    }
}
