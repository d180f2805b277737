//! Days and microseconds of the proleptic Gregorian calendar, UTC.

/// Microseconds of a day.
pub(super) const DAY_US: i64 = 86_400_000_000;

/// Days since 1970-01-01 of a day that exists; `None` for 30 February and the like. Years 0 to 9999.
pub(super) fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(0..=9999).contains(&year) || !(1..=12).contains(&month) || day < 1 || day > month_length(year, month) {
        return None;
    }
    // Counted from 1 March, so that the leap day is the last of its year.
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The year in which the microsecond `us` lies.
pub(super) fn year_of(us: i64) -> i64 {
    let days_since_march_0 = us.div_euclid(DAY_US) + 719_468;
    let era = days_since_march_0.div_euclid(146_097);
    let day_of_era = days_since_march_0.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Days 306 and later of a year that starts in March belong to January and February of the next.
    era * 400 + year_of_era + i64::from(day_of_year >= 306)
}

/// A date whose year is not written: the latest one that is not more than a day after `now_us`.
pub(super) fn days_near(month: i64, day: i64, time_us: i64, now_us: i64) -> Option<i64> {
    let year = year_of(now_us);
    // Nine years reach back to a leap year even across 1900 or 2100.
    (year - 8..=year + 1)
        .rev()
        .filter_map(|year| days(year, month, day))
        .find(|days| days * DAY_US + time_us <= now_us.saturating_add(DAY_US))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_chrono_on_every_day() {
        let mut date = chrono::NaiveDate::from_ymd_opt(1, 1, 1).unwrap();
        while date.to_string().as_str() < "2500-01-01" {
            use chrono::Datelike;
            let since = (date - chrono::NaiveDate::from_ymd_opt(1970, 1, 1).unwrap()).num_days();
            assert_eq!(days(date.year().into(), date.month().into(), date.day().into()), Some(since));
            assert_eq!(year_of(since * DAY_US), i64::from(date.year()));
            assert_eq!(year_of(since * DAY_US + DAY_US - 1), i64::from(date.year()));
            date = date.succ_opt().unwrap();
        }
        for (year, month, day) in [(2023, 2, 29), (1900, 2, 29), (2024, 4, 31), (2024, 13, 1), (2024, 0, 1), (2024, 1, 0)] {
            assert_eq!(days(year, month, day), None);
        }
    }

    #[test]
    fn a_missing_year_is_the_latest_that_is_not_in_the_future() {
        let at = |year, month, day| days(year, month, day).unwrap() * DAY_US;
        assert_eq!(days_near(6, 14, 0, at(2026, 6, 20)), days(2026, 6, 14));
        assert_eq!(days_near(6, 14, 0, at(2026, 6, 13)), days(2026, 6, 14));
        assert_eq!(days_near(6, 14, 1, at(2026, 6, 13)), days(2025, 6, 14));
        assert_eq!(days_near(12, 31, 0, at(2026, 1, 1)), days(2025, 12, 31));
        assert_eq!(days_near(1, 1, 0, at(2025, 12, 31)), days(2026, 1, 1));
        assert_eq!(days_near(2, 29, 0, at(2026, 6, 1)), days(2024, 2, 29));
        assert_eq!(days_near(2, 30, 0, at(2026, 6, 1)), None);
    }
}
