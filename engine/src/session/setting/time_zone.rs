//! Names of time zones as PostgreSQL takes them: IANA names, `UTC`, offsets.

use chrono_tz::TZ_VARIANTS;

/// The name that DataFusion understands: an IANA name with its proper capitals, or an offset `+hh:mm`.
///
/// A bare number is hours east of Greenwich, as in `SET TIME ZONE 2`. POSIX names (`UTC+3`) are not taken.
pub fn canonical_time_zone(text: &str) -> Option<String> {
    let text = text.trim().trim_matches('\'');
    match text.to_ascii_lowercase().as_str() {
        "default" | "local" | "utc" | "z" | "zulu" | "uct" => return Some("UTC".to_owned()),
        "gmt" => return Some("GMT".to_owned()),
        _ => {}
    }
    let named = TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(text));
    named.map(|zone| zone.name().to_owned()).or_else(|| offset(text))
}

fn offset(text: &str) -> Option<String> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ('-', &text[1..]),
        b'+' => ('+', &text[1..]),
        b'0'..=b'9' => ('+', text),
        _ => return None,
    };
    let (hours, minutes): (u32, u32) = match digits.split_once(':') {
        Some((hours, minutes)) => (hours.parse().ok()?, minutes.parse().ok()?),
        None if digits.len() == 4 => (digits[..2].parse().ok()?, digits[2..].parse().ok()?),
        None => {
            let hours: f64 = digits.parse().ok()?;
            if !(0.0..=15.0).contains(&hours) {
                return None;
            }
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 900")]
            let minutes = (hours * 60.0).round() as u32;
            (minutes / 60, minutes % 60)
        }
    };
    if hours > 15 || minutes > 59 {
        return None;
    }
    if (hours, minutes) == (0, 0) { Some("UTC".to_owned()) } else { Some(format!("{sign}{hours:02}:{minutes:02}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_offsets() {
        for (text, expected) in [
            ("utc", Some("UTC")),
            ("asia/shanghai", Some("Asia/Shanghai")),
            ("+08", Some("+08:00")),
            ("-5", Some("-05:00")),
            ("5.5", Some("+05:30")),
            ("-03:30", Some("-03:30")),
            ("0", Some("UTC")),
            ("Mars/Olympus", None),
            ("99", None),
            ("", None),
        ] {
            assert_eq!(canonical_time_zone(text).as_deref(), expected, "{text}");
        }
    }
}
