//! How long a role's rollout may take: its settings `deadline`, `settle` and `max_in_flight`.

use std::time::Duration;

use serde_json::Value;

/// Settings of a role that the rollout reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// An instance that has not arrived by then is silent.
    pub deadline: Duration,
    /// So long it must stay healthy.
    pub settle: Duration,
    /// Instances that change at the same time; `None`: all.
    pub max_in_flight: Option<usize>,
}

/// Without a setting: Logstash is slow to start.
const DEADLINE: Duration = Duration::from_secs(120);
/// Without a setting.
const SETTLE: Duration = Duration::from_secs(5);
/// Longest of both.
const DURATION_MAX: Duration = Duration::from_secs(24 * 60 * 60);

impl Timing {
    /// Reads a role's settings.
    ///
    /// # Errors
    /// Which setting is none, and what it should be.
    pub fn of(settings: &Value) -> Result<Self, String> {
        let max_in_flight = match settings.get("max_in_flight") {
            None | Some(Value::Null) => None,
            Some(value) => Some(whole(value).ok_or("the role's setting \"max_in_flight\" must be a whole number from 1")?),
        };
        Ok(Self { deadline: time(settings, "deadline", DEADLINE)?, settle: time(settings, "settle", SETTLE)?, max_in_flight })
    }

    /// A role's settings, or the defaults where they are none: for what must go on.
    pub fn or_default(settings: &Value) -> Self {
        Self::of(settings).unwrap_or(Self { deadline: DEADLINE, settle: SETTLE, max_in_flight: None })
    }
}

fn whole(value: &Value) -> Option<usize> {
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
    usize::try_from(number).ok().filter(|number| *number > 0)
}

fn time(settings: &Value, name: &str, usual: Duration) -> Result<Duration, String> {
    let found = match settings.get(name) {
        None | Some(Value::Null) => return Ok(usual),
        Some(Value::Number(seconds)) => seconds.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        Some(Value::String(text)) => duration(text),
        Some(_) => None,
    };
    let refused = || format!("the role's setting \"{name}\" must be a time such as \"90 s\", at most a day");
    found.filter(|time| *time <= DURATION_MAX).ok_or_else(refused)
}

/// `90 s`, `500 ms`, `2 min`, `1 h`, or a number of seconds.
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let unit_s = match text[digits..].trim() {
        "ms" => 0.001,
        "" | "s" | "sec" | "second" | "seconds" => 1.0,
        "m" | "min" | "minute" | "minutes" => 60.0,
        "h" | "hour" | "hours" => 3600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number * unit_s).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_have_units() {
        for (text, expected_ms) in [
            ("90 s", Some(90_000)),
            ("500ms", Some(500)),
            ("1.5 min", Some(90_000)),
            ("2", Some(2_000)),
            ("1 h", Some(3_600_000)),
            ("", None),
            ("5 days", None),
            ("s", None),
        ] {
            assert_eq!(duration(text), expected_ms.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn settings_are_read_and_wrong_ones_named() {
        let timing = Timing::of(&json!({"deadline": 3, "settle": "200 ms", "max_in_flight": "2", "path": "x"})).unwrap();
        assert_eq!((timing.deadline, timing.settle), (Duration::from_secs(3), Duration::from_millis(200)));
        assert_eq!(timing.max_in_flight, Some(2));
        assert_eq!(Timing::of(&json!({})).unwrap().deadline, DEADLINE);
        for (settings, name) in [
            (json!({"deadline": "soon"}), "deadline"),
            (json!({"settle": "2000 h"}), "settle"),
            (json!({"max_in_flight": 0}), "max_in_flight"),
        ] {
            assert!(Timing::of(&settings).unwrap_err().contains(name));
            assert_eq!(Timing::or_default(&settings).deadline, DEADLINE);
        }
    }
}
