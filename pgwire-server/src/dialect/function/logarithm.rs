//! Roots, exponentials, logarithms and powers of `numeric`, with as many digits as PostgreSQL gives.
//!
//! Numbers are fixed-point here, 100 bits behind the point in 256; the results are right to 27 digits, of which at most 20 are shown.
//! How many digits stand behind the point follows from the size of the argument, which is known for a literal; for a column they are
//! those of a quotient.

use arrow::datatypes::i256;
use datafusion::common::{Result, ScalarValue};
use strata_engine::error::DataFault;

use super::value::{Row, Value, overflow};
use crate::dialect::fault;

/// Bits behind the point.
const BITS: u8 = 100;
/// Digits that count, at least.
const DIGITS: i32 = 16;
/// The natural logarithm of 2, in fixed point.
const LN_2: i128 = 878_668_439_483_319_573_618_263_538_048;

fn one() -> i256 {
    i256::from_i128(1_i128 << BITS)
}

fn times(a: i256, b: i256) -> i256 {
    a.wrapping_mul(b) >> BITS
}

fn over(a: i256, b: i256) -> Option<i256> {
    a.checked_mul(one())?.checked_div(b)
}

fn ten(power: i32) -> Option<i256> {
    i256::from_i128(10).checked_pow(u32::try_from(power).ok()?)
}

/// The natural logarithm of an unscaled number above zero.
fn ln((value, scale): (i128, i8)) -> Option<i256> {
    let shift = value.leading_zeros() - 1;
    let mut mantissa = i256::from_i128(value << shift).checked_mul(one())?.checked_div(ten(scale.into())?)?;
    let mut power = -i64::from(shift);
    while mantissa >= one() << 1 {
        mantissa = mantissa >> 1;
        power += 1;
    }
    while mantissa < one() {
        mantissa = mantissa << 1;
        power -= 1;
    }
    // ln m = 2 (t + t^3/3 + t^5/5 ...) with t = (m - 1) / (m + 1), at most a third.
    let t = over(mantissa.wrapping_sub(one()), mantissa.wrapping_add(one()))?;
    let square = times(t, t);
    let (mut term, mut sum, mut nth) = (t, t, 1_i128);
    while term != i256::ZERO {
        term = times(term, square);
        nth += 2;
        sum = sum.wrapping_add(term.checked_div(i256::from_i128(nth))?);
    }
    let doubled: i256 = sum << 1;
    Some(doubled.wrapping_add(i256::from_i128(LN_2).wrapping_mul(i256::from_i128(power.into()))))
}

/// `e` to the power of a fixed-point number, unscaled with `scale` digits; `None` if it does not fit.
fn exp(power: i256, scale: i8) -> Option<i128> {
    let ln_2 = i256::from_i128(LN_2);
    let halvings = power.checked_div(ln_2)?.to_i128()?;
    if halvings > 128 {
        return None;
    }
    if halvings < -300 {
        return Some(0);
    }
    let rest = power.wrapping_sub(ln_2.wrapping_mul(i256::from_i128(halvings)));
    // The series of a 64th, squared six times.
    let small = rest >> 6;
    let (mut term, mut sum, mut nth) = (one(), one(), 1_i128);
    while term != i256::ZERO && nth < 64 {
        term = times(term, small).checked_div(i256::from_i128(nth))?;
        sum = sum.wrapping_add(term);
        nth += 1;
    }
    for _ in 0..6 {
        sum = times(sum, sum);
    }
    let scaled = sum.checked_mul(ten(scale.into())?)?;
    match u8::try_from(i128::from(BITS) - halvings) {
        Ok(shift) if shift > 0 => (scaled >> (shift - 1)).wrapping_add(i256::ONE).checked_div(i256::from_i128(2))?.to_i128(),
        // So far below the point that nothing of it is shown.
        _ if halvings < 0 => Some(0),
        _ => scaled.checked_mul(i256::from_i128(2).checked_pow(u32::try_from(halvings - i128::from(BITS)).ok()?)?)?.to_i128(),
    }
}

/// A fixed-point number, unscaled with `scale` digits and rounded.
fn unscaled(value: i256, scale: i8) -> Option<i128> {
    let doubled: i256 = value.checked_abs()?.checked_mul(ten(scale.into())?)? >> (BITS - 1);
    let rounded = doubled.checked_add(i256::ONE)?.checked_div(i256::from_i128(2))?.to_i128()?;
    Some(if value < i256::ZERO { -rounded } else { rounded })
}

/// A number in fixed point.
fn fixed((value, scale): (i128, i8)) -> Option<i256> {
    i256::from_i128(value).checked_mul(one())?.checked_div(ten(scale.into())?)
}

fn positive(value: (i128, i8)) -> Result<(i128, i8)> {
    let bad = |message| Err(fault::data(DataFault::InvalidLogarithm, message));
    match value.0.signum() {
        0 => bad("cannot take logarithm of zero"),
        -1 => bad("cannot take logarithm of a negative number"),
        _ => Ok(value),
    }
}

fn given(value: Option<i128>, scale: i8) -> Result<Value> {
    value.map(|value| Value::Numeric(value, scale)).ok_or_else(overflow)
}

/// `sqrt(numeric)`.
pub(super) fn root(row: &Row) -> Result<Value> {
    let (value, scale) = row.numeric(0);
    if value < 0 {
        return Err(fault::data(DataFault::InvalidPower, "cannot take square root of a negative number"));
    }
    // The root of four times the number with twice the digits is twice the root.
    let places = 2 * i32::from(row.scale) - i32::from(scale);
    let number = i256::from_i128(value);
    let number = if places >= 0 {
        number.checked_mul(ten(places).ok_or_else(overflow)?)
    } else {
        number.checked_div(ten(-places).ok_or_else(overflow)?)
    };
    let doubled = number.and_then(|number| whole_root(number.checked_mul(i256::from_i128(4))?)).ok_or_else(overflow)?;
    given(doubled.wrapping_add(i256::ONE).checked_div(i256::from_i128(2)).and_then(i256::to_i128), row.scale)
}

/// The whole part of a root, by Newton's method from above.
fn whole_root(number: i256) -> Option<i256> {
    if number == i256::ZERO {
        return Some(number);
    }
    let bits = 256 - number.leading_zeros();
    let mut at = i256::ONE << u8::try_from(bits / 2 + 1).ok()?;
    loop {
        let next = at.checked_add(number.checked_div(at)?)? >> 1;
        if next >= at {
            return Some(at);
        }
        at = next;
    }
}

/// `exp(numeric)`.
pub(super) fn exponential(row: &Row) -> Result<Value> {
    given(fixed(row.numeric(0)).and_then(|power| exp(power, row.scale)), row.scale)
}

/// `ln(numeric)`.
pub(super) fn natural(row: &Row) -> Result<Value> {
    let value = positive(row.numeric(0))?;
    given(ln(value).and_then(|value| unscaled(value, row.scale)), row.scale)
}

/// `log(numeric)`, to the base 10.
pub(super) fn common(row: &Row) -> Result<Value> {
    let value = positive(row.numeric(0))?;
    given(ratio(value, (10, 0)).and_then(|value| unscaled(value, row.scale)), row.scale)
}

/// `log(base, numeric)`.
pub(super) fn to_base(row: &Row) -> Result<Value> {
    let (base, value) = (positive(row.numeric(0))?, positive(row.numeric(1))?);
    if ln(base) == Some(i256::ZERO) {
        return Err(fault::data(DataFault::DivisionByZero, "division by zero"));
    }
    given(ratio(value, base).and_then(|value| unscaled(value, row.scale)), row.scale)
}

fn ratio(value: (i128, i8), base: (i128, i8)) -> Option<i256> {
    over(ln(value)?, ln(base)?)
}

/// `power(numeric, numeric)` with an exponent that is not whole.
pub(super) fn power(row: &Row) -> Result<Value> {
    let (base, exponent) = (row.numeric(0), row.numeric(1));
    let bad = |message| Err(fault::data(DataFault::InvalidPower, message));
    match (base.0.signum(), exponent.0.signum()) {
        (_, 0) => return given(ten(row.scale.into()).and_then(i256::to_i128), row.scale),
        (0, -1) => return bad("zero raised to a negative power is undefined"),
        (0, _) => return given(Some(0), row.scale),
        _ => {}
    }
    let unit = ten(exponent.1.into()).and_then(i256::to_i128).ok_or_else(overflow)?;
    if base.0 < 0 && exponent.0 % unit != 0 {
        return bad("a negative number raised to a non-integer power yields a complex result");
    }
    let odd = exponent.0 / unit % 2 != 0;
    let size = fixed(exponent).zip(ln((base.0.saturating_abs(), base.1))).and_then(|(exponent, ln)| {
        // The product of two numbers that may both be large.
        exponent.checked_mul(ln).map(|product| product >> BITS)
    });
    let value = size.and_then(|size| exp(size, row.scale)).ok_or_else(overflow)?;
    given(Some(if base.0 < 0 && odd { -value } else { value }), row.scale)
}

/// Digits behind the point of a result, from the arguments that are constants; `None` where one is none.
pub(super) type Digits = fn(&[Option<&ScalarValue>]) -> Option<i8>;

/// Digits that no written number has: a number with as many was computed, and its digits are not known where a plan begins.
const COMPUTED: u8 = 28;

/// A constant, as it was written, as an unscaled number, and what it is about.
fn constant(value: Option<&ScalarValue>) -> Option<(i128, i8, f64)> {
    let (value, scale) = match value? {
        ScalarValue::Decimal128(Some(value), precision, scale) if *precision < COMPUTED && (*precision, *scale) != (20, 0) => {
            (*value, *scale)
        }
        _ => return None,
    };
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    let about = value as f64 / 10_f64.powi(scale.into());
    Some((value, scale, about))
}

/// Within what a type can have, and not fewer than the arguments have.
fn clamped(digits: i32, scale: i8) -> Option<i8> {
    i8::try_from(digits.max(i32::from(scale)).clamp(0, 30)).ok()
}

/// Of a root: half as many digits before the point, counted in groups of four.
pub(super) const ROOT: Digits = |constants| {
    let (_, scale, about) = constant(constants[0])?;
    let weight = if about == 0.0 { 0 } else { whole(about.abs().log10().floor()).div_euclid(4) };
    clamped(DIGITS - ((weight + 1) * 2 - 1), scale)
};

/// Of `e` to a power.
pub(super) const EXPONENTIAL: Digits = |constants| {
    let (_, scale, about) = constant(constants[0])?;
    clamped(DIGITS - whole(about * std::f64::consts::LOG10_E), scale)
};

/// Of a natural logarithm.
pub(super) const NATURAL: Digits = |constants| {
    let (_, scale, about) = constant(constants[0])?;
    clamped(DIGITS - weight_of_ln(about), scale)
};

/// Of a logarithm to the base 10.
pub(super) const COMMON: Digits = |constants| {
    let (_, scale, about) = constant(constants[0])?;
    clamped(DIGITS - (weight_of_ln(about) - weight_of_ln(10.0)), scale)
};

/// Of a logarithm to any base.
pub(super) const TO_BASE: Digits = |constants| {
    let ((_, a, base), (_, b, about)) = (constant(constants[0])?, constant(constants[1])?);
    clamped(DIGITS - (weight_of_ln(about) - weight_of_ln(base)), a.max(b))
};

/// Of a power.
pub(super) const POWER: Digits = |constants| {
    let ((_, a, base), (_, b, exponent)) = (constant(constants[0])?, constant(constants[1])?);
    let size = if base == 0.0 { 0 } else { whole(exponent * base.abs().log10()) };
    clamped(DIGITS - size, a.max(b))
};

/// The power of ten of a logarithm, cut towards zero; of one near zero it is that of what the number is more than 1.
fn weight_of_ln(about: f64) -> i32 {
    if (0.9..=1.1).contains(&about) {
        let more = (about - 1.0).abs();
        return if more == 0.0 { 0 } else { whole(more.log10().floor()) };
    }
    whole(about.ln().abs().log10())
}

#[allow(clippy::cast_possible_truncation, reason = "the logarithm of a number of at most 38 digits")]
fn whole(value: f64) -> i32 {
    if value.is_finite() { value as i32 } else { 0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(value: Option<i128>, scale: i8) -> String {
        let mut out = bytes::BytesMut::new();
        crate::types::numeric::write_text(&value.unwrap().to_string(), scale, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn known_digits() {
        assert_eq!(text(unscaled(ln((2, 0)).unwrap(), 25), 25), "0.6931471805599453094172321");
        assert_eq!(text(unscaled(ln((10, 0)).unwrap(), 25), 25), "2.3025850929940456840179915");
        assert_eq!(text(unscaled(ln((1, 30)).unwrap(), 16), 16), "-69.0775527898213705");
        assert_eq!(text(exp(fixed((1, 0)).unwrap(), 25), 25), "2.7182818284590452353602875");
        assert_eq!(text(exp(fixed((-5, 0)).unwrap(), 25), 25), "0.0067379469990854670966360");
        assert_eq!(text(exp(fixed((50, 0)).unwrap(), 3), 3), "5184705528587072464087.453");
        assert_eq!(exp(fixed((-2000, 0)).unwrap(), 20), Some(0));
        assert_eq!(exp(fixed((100, 0)).unwrap(), 20), None);
        assert_eq!(whole_root(i256::from_i128(99)), Some(i256::from_i128(9)));
        assert_eq!(whole_root(i256::from_i128(100)), Some(i256::from_i128(10)));
    }

    proptest! {
        #[test]
        fn they_are_near_those_of_floats(value in 1_i128..i128::from(i64::MAX), scale in 0_i8..15) {
            let about = value as f64 / 10_f64.powi(scale.into());
            let found: f64 = text(unscaled(ln((value, scale)).unwrap(), 16), 16).parse().unwrap();
            prop_assert!((found - about.ln()).abs() < 1e-12, "{found} and {}", about.ln());
        }

        #[test]
        fn the_logarithm_of_a_power_is_its_exponent(power in -40_000_000_000_000_i128..40_000_000_000_000) {
            // Thirteen digits behind the point; the power has 30 to 4 left of it.
            let raised = exp(fixed((power, 13)).unwrap(), 19).unwrap();
            prop_assume!(raised > 1_000_000_000_000_000);
            let back = unscaled(ln((raised, 19)).unwrap(), 13).unwrap();
            prop_assert!((back - power).abs() <= 1, "{back} and {power}");
        }
    }
}
