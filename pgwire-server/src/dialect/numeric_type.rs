//! How `numeric` is told apart by the scale of its Arrow type.
//!
//! A `numeric` of PostgreSQL carries its number of digits behind the point with each value; a column of Arrow has one for all. So:
//!
//! | type | is | shown |
//! |---|---|---|
//! | `Decimal128(p, s)` | a literal, `numeric(p,s)`, sums and products of them | with `s` digits |
//! | `Decimal128(38, 10)` | `numeric` without a precision, where the value says nothing of digits | without zeros at the end |
//! | `Decimal128(38, 20)` | a quotient, an average | with as many digits as PostgreSQL gives a quotient of that size |

use arrow::datatypes::DataType;

/// Scale of a `numeric` that has as many digits as it needs.
pub(crate) const FREE_SCALE: i8 = 10;
/// Scale of a quotient.
pub(crate) const QUOTIENT_SCALE: i8 = 20;
/// `numeric` without a precision.
pub(crate) const FREE: DataType = DataType::Decimal128(38, FREE_SCALE);
/// A quotient.
pub(crate) const QUOTIENT: DataType = DataType::Decimal128(38, QUOTIENT_SCALE);

/// Digits before the point of a result: as many as [`FREE`] has, so that the two can be compared in 38 digits.
const WHOLE_DIGITS: i8 = 28;

/// The type of a result with so many digits behind the point.
pub(crate) fn of_scale(scale: i8) -> DataType {
    DataType::Decimal128((WHOLE_DIGITS + scale).clamp(1, 38).unsigned_abs(), scale)
}

/// How many digits behind the point are shown of an unscaled value.
pub(crate) fn shown_digits(digits: &str, scale: i8) -> usize {
    let digits = digits.trim_start_matches('-');
    let places = usize::from(scale.unsigned_abs());
    match scale {
        FREE_SCALE => {
            let zeros = digits.len() - digits.trim_end_matches('0').len();
            places - if digits == "0" { places } else { zeros.min(places) }
        }
        // PostgreSQL keeps 16 significant digits, counted in groups of four from the group of the first one.
        // A quotient of one is of numbers that begin alike, for which PostgreSQL expects one below one.
        QUOTIENT_SCALE
            if digits == "0"
                || digits.len() == places + 1 && digits[1..].bytes().all(|digit| digit == b'0') && digits.starts_with('1') =>
        {
            places
        }
        QUOTIENT_SCALE => {
            let whole = digits.len().saturating_sub(places);
            let groups = whole.div_ceil(4);
            (20 - (4 * groups).min(20)).min(places)
        }
        _ => places,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_postgresqls() {
        assert_eq!(shown_digits("15000000000", FREE_SCALE), 1);
        assert_eq!(shown_digits("20000000000", FREE_SCALE), 0);
        assert_eq!(shown_digits("0", FREE_SCALE), 0);
        // 2.5 and 0.333 and 12500.
        assert_eq!(shown_digits("250000000000000000000", QUOTIENT_SCALE), 16);
        assert_eq!(shown_digits("33333333333333333333", QUOTIENT_SCALE), 20);
        assert_eq!(shown_digits("1250000000000000000000000", QUOTIENT_SCALE), 12);
        assert_eq!(shown_digits("1234", 2), 2);
    }
}
