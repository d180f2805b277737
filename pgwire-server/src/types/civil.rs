//! The proleptic Gregorian calendar in plain integers, beyond the years that time libraries allow.
//!
//! Days are counted from 1970-01-01; year 0 is 1 BC.

/// Microseconds of a day.
pub const DAY_US: i64 = 86_400_000_000;
/// Days from 1970-01-01 to 2000-01-01, where PostgreSQL's binary dates begin.
pub const POSTGRES_EPOCH_DAYS: i32 = 10_957;
/// The same in microseconds.
pub const POSTGRES_EPOCH_US: i64 = POSTGRES_EPOCH_DAYS as i64 * DAY_US;

/// Days since 1970-01-01 of a calendar day.
pub fn days(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month = i64::from(month);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a count of days since 1970-01-01.
pub fn date(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, u32::try_from(month).unwrap_or_default(), u32::try_from(day).unwrap_or_default())
}

/// Days of a month.
pub fn month_days(year: i64, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_days() {
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2000, 1, 1), i64::from(POSTGRES_EPOCH_DAYS));
        assert_eq!(date(-1), (1969, 12, 31));
        assert_eq!(days(-4713, 11, 24), -2_440_588);
        assert_eq!(month_days(1900, 2), 28);
        assert_eq!(month_days(2000, 2), 29);
        assert_eq!(month_days(0, 2), 29);
    }

    proptest! {
        #[test]
        fn days_and_dates_agree(count in -3_000_000_000i64..3_000_000_000) {
            let (year, month, day) = date(count);
            prop_assert!((1..=12).contains(&month) && (1..=month_days(year, month)).contains(&day));
            prop_assert_eq!(days(year, month, day), count);
        }

        #[test]
        fn agrees_with_chrono(count in -90_000_000i32..90_000_000) {
            use chrono::Datelike;
            let expected = chrono::NaiveDate::from_epoch_days(count).unwrap();
            prop_assert_eq!(date(i64::from(count)), (i64::from(expected.year()), expected.month(), expected.day()));
        }
    }
}
