//! A time zone: a fixed offset or a name of the tz database.

use chrono::{DateTime, Offset, TimeZone};

/// A time zone, `UTC` by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Zone {
    /// Seconds east of UTC.
    Fixed(i32),
    /// With daylight saving and history.
    Named(chrono_tz::Tz),
}

impl Default for Zone {
    fn default() -> Self {
        Self::Named(chrono_tz::Tz::UTC)
    }
}

/// Abbreviations that stand for one offset all over the world, as PostgreSQL's default set has them.
const ABBREVIATIONS: &[(&str, i32)] = &[
    ("z", 0),
    ("zulu", 0),
    ("ut", 0),
    ("cet", 1),
    ("cest", 2),
    ("bst", 1),
    ("msk", 3),
    ("jst", 9),
    ("kst", 9),
    ("est", -5),
    ("edt", -4),
    ("cst", -6),
    ("cdt", -5),
    ("mst", -7),
    ("mdt", -6),
    ("pst", -8),
    ("pdt", -7),
];

impl Zone {
    /// Reads a name (`Europe/Berlin`, any case), an abbreviation (`PST`) or an offset (`+02`, `-0330`, `+05:30`),
    /// positive to the east.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.starts_with(['+', '-']) {
            return parse_offset(text).map(Self::Fixed);
        }
        if let Ok(zone) = text.parse() {
            return Some(Self::Named(zone));
        }
        if let Some((_, hours)) = ABBREVIATIONS.iter().find(|(name, _)| text.eq_ignore_ascii_case(name)) {
            return Some(Self::Fixed(hours * 3600));
        }
        chrono_tz::TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(text)).map(|zone| Self::Named(*zone))
    }

    /// Seconds east of UTC at a moment given in microseconds since 1970 UTC. Beyond the years that the tz database can
    /// be asked about, the offset of its last or first year.
    pub fn offset_at(self, utc_us: i64) -> i32 {
        match self {
            Self::Fixed(seconds) => seconds,
            Self::Named(chrono_tz::Tz::UTC) => 0,
            Self::Named(zone) => {
                let bounded = utc_us.clamp(-8_000_000_000_000_000_000, 8_000_000_000_000_000_000);
                let Some(utc) = DateTime::from_timestamp_micros(bounded) else { return 0 };
                zone.offset_from_utc_datetime(&utc.naive_utc()).fix().local_minus_utc()
            }
        }
    }

    /// The moment that a clock on the wall in this zone shows as `local_us`. A time that is skipped in spring is read
    /// with the offset before the jump, one that comes twice in autumn as the second; `None` outside the range of `i64`.
    pub fn to_utc(self, local_us: i64) -> Option<i64> {
        let standard = |offset: i32| local_us.checked_sub(i64::from(offset) * 1_000_000);
        match self {
            Self::Fixed(seconds) => standard(seconds),
            Self::Named(_) => {
                // Offsets change by less than a day, so the two candidates are those a day before and after.
                let before = self.offset_at(local_us.saturating_sub(super::civil::DAY_US));
                let after = self.offset_at(local_us.saturating_add(super::civil::DAY_US));
                let with_before = standard(before)?;
                let with_after = standard(after)?;
                if self.offset_at(with_after) == after { Some(with_after) } else { Some(with_before) }
            }
        }
    }
}

/// Seconds of `+HH`, `+HHMM`, `+HH:MM` or `+HH:MM:SS`, less than 16 hours either way.
pub fn parse_offset(text: &str) -> Option<i32> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    if rest.is_empty() || !rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b':') {
        return None;
    }
    let parts: Vec<&str> = match rest.contains(':') {
        true => rest.split(':').collect(),
        false if rest.len() <= 2 => vec![rest],
        false if rest.len() <= 4 => vec![&rest[..rest.len() - 2], &rest[rest.len() - 2..]],
        false => return None,
    };
    let mut seconds = 0;
    for (unit, part) in [3600, 60, 1].iter().zip(parts.iter().copied()) {
        let value: i32 = part.parse().ok()?;
        if *unit != 3600 && value >= 60 {
            return None;
        }
        seconds += value.checked_mul(*unit)?;
    }
    (parts.len() <= 3 && seconds < 16 * 3600).then_some(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn us(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros()
    }

    #[test]
    fn names_and_offsets() {
        assert_eq!(Zone::parse("+05:30"), Some(Zone::Fixed(19_800)));
        assert_eq!(Zone::parse("-0330"), Some(Zone::Fixed(-12_600)));
        assert_eq!(Zone::parse("-8"), Some(Zone::Fixed(-28_800)));
        assert_eq!(Zone::parse("europe/berlin"), Some(Zone::Named(chrono_tz::Europe::Berlin)));
        assert_eq!(Zone::parse("pst"), Some(Zone::Fixed(-28_800)));
        for text in ["", "+", "Mars/Olympus", "+16", "+1:60", "+1:2:3:4"] {
            assert_eq!(Zone::parse(text), None, "{text}");
        }
    }

    #[test]
    fn daylight_saving() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        assert_eq!(berlin.offset_at(us("2024-07-01T00:00:00Z")), 7200);
        assert_eq!(berlin.to_utc(us("2024-07-01T12:00:00Z")), Some(us("2024-07-01T10:00:00Z")));
        // Skipped: read as winter time. Twice: the second.
        assert_eq!(berlin.to_utc(us("2024-03-31T02:30:00Z")), Some(us("2024-03-31T01:30:00Z")));
        assert_eq!(berlin.to_utc(us("2024-10-27T02:30:00Z")), Some(us("2024-10-27T01:30:00Z")));
    }
}
