//! Times and sizes as people write them, as the numbers that Kafka wants; `unlimited` is -1.

use serde_json::Value;

const UNLIMITED: &str = "unlimited";
const SECOND_MS: f64 = 1_000.0;
/// Beyond it numbers are not exact.
const MAX: f64 = 9_007_199_254_740_992.0;

/// Milliseconds: `7 days`, `90 min`, `500 ms`; a number alone is in seconds.
pub fn milliseconds(value: &Value) -> Option<String> {
    amount(value, |unit| {
        Some(match unit {
            "ms" | "milliseconds" => 1.0,
            "" | "s" | "sec" | "second" | "seconds" => SECOND_MS,
            "m" | "min" | "minute" | "minutes" => 60.0 * SECOND_MS,
            "h" | "hour" | "hours" => 3_600.0 * SECOND_MS,
            "d" | "day" | "days" => 86_400.0 * SECOND_MS,
            "w" | "week" | "weeks" => 7.0 * 86_400.0 * SECOND_MS,
            _ => return None,
        })
    })
}

/// Bytes: `10 GB` (thousands of thousands), `512 MiB`; a number alone is in bytes.
pub fn bytes(value: &Value) -> Option<String> {
    amount(value, |unit| {
        Some(match unit {
            "" | "b" => 1.0,
            "kb" => 1e3,
            "mb" => 1e6,
            "gb" => 1e9,
            "tb" => 1e12,
            "kib" => f64::from(1_u32 << 10),
            "mib" => f64::from(1_u32 << 20),
            "gib" => f64::from(1_u32 << 30),
            "tib" => f64::from(1_u32 << 30) * 1024.0,
            _ => return None,
        })
    })
}

fn amount(value: &Value, unit: impl Fn(&str) -> Option<f64>) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_lowercase(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    if text == UNLIMITED {
        return Some("-1".to_owned());
    }
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let amount = (number * unit(text[digits..].trim())?).round();
    (1.0..=MAX).contains(&amount).then(|| format!("{amount:.0}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn amounts_have_units() {
        for (value, expected) in [
            (json!("7 days"), Some("604800000")),
            (json!("1.5h"), Some("5400000")),
            (json!(60), Some("60000")),
            (json!("250 ms"), Some("250")),
            (json!("Unlimited"), Some("-1")),
            (json!("0 s"), None),
            (json!("-1 s"), None),
            (json!("soon"), None),
            (json!("7 moons"), None),
            (json!("1e300 d"), None),
            (json!(true), None),
        ] {
            assert_eq!(milliseconds(&value).as_deref(), expected, "{value}");
        }
        for (value, expected) in
            [(json!("10 GB"), Some("10000000000")), (json!("1 TiB"), Some("1099511627776")), (json!(512), Some("512"))]
        {
            assert_eq!(bytes(&value).as_deref(), expected, "{value}");
        }
    }
}
