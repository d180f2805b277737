//! Where a rule stands among its siblings: a decimal key that is given once and never renumbered.
//!
//! A rule that is put between two others gets a key between theirs, so that order does not tie unrelated layers together.
//! The key has 18 decimals, which is what SQL shows as `numeric(38, 18)`: at least 50 rules fit one after the other into
//! the same gap, and then [`Position::between`] says that there is no room instead of moving anything.
//!
//! **Invariant:** a position never changes by itself, and text -> position -> text keeps the value.

use std::fmt;
use std::str::FromStr;

/// Digits after the point.
const DECIMALS: u32 = 18;
/// One, in units of the smallest difference.
const ONE: i128 = 10_i128.pow(DECIMALS);
/// Digits in all: what a `numeric(38, 18)` holds.
const DIGITS_MAX: u32 = 38;

/// A sort key in units of 10⁻¹⁸.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(i128);

/// A text that is no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("position \"{text}\" is no decimal number of at most {DIGITS_MAX} digits, {DECIMALS} of them after the point")]
pub struct BadPosition {
    /// What was given.
    pub text: String,
}

impl Position {
    /// A whole number: what import and `INSERT` without a position count with.
    #[must_use]
    pub fn whole(number: u32) -> Position {
        Position(i128::from(number) * ONE)
    }

    /// The position `units` x 10⁻¹⁸, as a `numeric(38, 18)` holds it.
    #[must_use]
    pub fn from_units(units: i128) -> Position {
        Position(units)
    }

    /// In units of 10⁻¹⁸.
    #[must_use]
    pub fn units(self) -> i128 {
        self.0
    }

    /// The next whole number after this one: where a rule goes that comes last.
    #[must_use]
    pub fn after(self) -> Position {
        Position((self.0.div_euclid(ONE) + 1) * ONE)
    }

    /// The shortest decimal strictly between two positions; `None` if they touch or are in the wrong order.
    #[must_use]
    pub fn between(before: Position, after: Position) -> Option<Position> {
        let mut step = ONE;
        while step > 0 {
            // The multiple of `step` nearest to the middle, if one lies inside.
            let middle = before.0 + (after.0 - before.0) / 2;
            let candidate = middle.div_euclid(step) * step;
            for candidate in [candidate, candidate + step] {
                if before.0 < candidate && candidate < after.0 {
                    return Some(Position(candidate));
                }
            }
            step /= 10;
        }
        None
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let units = self.0.unsigned_abs();
        let (whole, fraction) = (units / ONE.unsigned_abs(), units % ONE.unsigned_abs());
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{fraction:018}");
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

impl FromStr for Position {
    type Err = BadPosition;

    fn from_str(text: &str) -> Result<Position, BadPosition> {
        let bad = || BadPosition { text: text.to_owned() };
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let fraction = fraction.trim_end_matches('0');
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(bad());
        }
        let decimals = u32::try_from(fraction.len()).ok().filter(|decimals| *decimals <= DECIMALS).ok_or_else(bad)?;
        let scaled: i128 = format!("{whole}{fraction}").parse().map_err(|_| bad())?;
        let units = scaled.checked_mul(10_i128.pow(DECIMALS - decimals)).ok_or_else(bad)?;
        if units >= 10_i128.pow(DIGITS_MAX) {
            return Err(bad());
        }
        Ok(Position(if negative { -units } else { units }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn position(text: &str) -> Position {
        text.parse().unwrap()
    }

    #[test]
    fn the_shortest_decimal_between_two_is_taken() {
        for (before, after, expected) in [
            ("1", "3", "2"),
            ("1", "2", "1.5"),
            ("1", "1.5", "1.2"),
            ("1.1", "1.2", "1.15"),
            ("-1", "1", "0"),
            ("0.000000000000000001", "0.000000000000000003", "0.000000000000000002"),
        ] {
            assert_eq!(
                Position::between(position(before), position(after)).unwrap().to_string(),
                expected,
                "{before} and {after}"
            );
        }
        assert_eq!(Position::between(position("2"), position("2.000000000000000001")), None);
        assert_eq!(Position::between(position("2"), position("1")), None);
    }

    #[test]
    fn the_next_whole_number_comes_after() {
        for (from, expected) in [("1", "2"), ("1.5", "2"), ("-0.5", "0"), ("-1", "0")] {
            assert_eq!(position(from).after().to_string(), expected);
        }
    }

    #[test]
    fn at_least_fifty_fit_into_one_gap() {
        let (mut before, after) = (position("1"), position("2"));
        for n in 0..50 {
            before = Position::between(before, after).unwrap_or_else(|| panic!("no room for number {n}"));
        }
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in ["", ".", "1e3", "a", "1.0000000000000000001", "100000000000000000000", " 1", "--1", "+1"] {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
        assert_eq!(position("1.50").to_string(), "1.5");
        assert_eq!(position("1.").to_string(), "1");
    }

    proptest! {
        #[test]
        fn text_and_position_agree(units in -10_i128.pow(37)..10_i128.pow(37)) {
            let position = Position::from_units(units);
            prop_assert_eq!(position.to_string().parse::<Position>().unwrap(), position);
        }

        #[test]
        fn between_lies_between(a in -10_i128.pow(22)..10_i128.pow(22), b in -10_i128.pow(22)..10_i128.pow(22)) {
            let (before, after) = (Position::from_units(a.min(b)), Position::from_units(a.max(b)));
            match Position::between(before, after) {
                Some(found) => prop_assert!(before < found && found < after),
                None => prop_assert!(a.abs_diff(b) <= 1),
            }
        }
    }
}
