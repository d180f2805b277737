//! The settings that a topic can have, by Kafka's own names, and what they can be.
//!
//! A broker may have settings of its own, so that an unknown name is a warning; a known one with a value that cannot be is an
//! error.

/// What a setting can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A whole number, at least so much.
    Number(i64),
    /// `true` or `false`.
    Truth,
    /// A number from 0 to 1.
    Ratio,
    /// One of these.
    One(&'static [&'static str]),
    /// Some of these, with commas between.
    Some(&'static [&'static str]),
    /// Anything.
    Any,
}

use Shape::{Any, Number, One, Ratio, Some as Several, Truth};

/// Kafka's settings of a topic, in alphabetical order.
pub const KNOWN: [(&str, Shape); 29] = [
    ("cleanup.policy", Several(&["compact", "delete"])),
    ("compression.gzip.level", Number(-1)),
    ("compression.lz4.level", Number(1)),
    ("compression.type", One(&["gzip", "lz4", "producer", "snappy", "uncompressed", "zstd"])),
    ("compression.zstd.level", Number(-131_072)),
    ("delete.retention.ms", Number(0)),
    ("file.delete.delay.ms", Number(0)),
    ("flush.messages", Number(1)),
    ("flush.ms", Number(0)),
    ("follower.replication.throttled.replicas", Any),
    ("index.interval.bytes", Number(0)),
    ("leader.replication.throttled.replicas", Any),
    ("local.retention.bytes", Number(-2)),
    ("local.retention.ms", Number(-2)),
    ("max.compaction.lag.ms", Number(1)),
    ("max.message.bytes", Number(0)),
    ("message.timestamp.after.max.ms", Number(0)),
    ("message.timestamp.before.max.ms", Number(0)),
    ("message.timestamp.type", One(&["CreateTime", "LogAppendTime"])),
    ("min.cleanable.dirty.ratio", Ratio),
    ("min.compaction.lag.ms", Number(0)),
    ("min.insync.replicas", Number(1)),
    ("preallocate", Truth),
    ("remote.storage.enable", Truth),
    (RETENTION_BYTES, Number(-1)),
    (RETENTION_MS, Number(-1)),
    ("segment.bytes", Number(14)),
    ("segment.index.bytes", Number(4)),
    ("segment.ms", Number(1)),
];

/// How long records stay; -1 is for ever.
pub const RETENTION_MS: &str = "retention.ms";
/// How many bytes of a partition stay; -1 is all.
pub const RETENTION_BYTES: &str = "retention.bytes";

/// What a setting can be; `None` for a name that Kafka does not have.
pub fn shape(name: &str) -> Option<Shape> {
    KNOWN.binary_search_by(|(known, _)| known.cmp(&name)).ok().map(|at| KNOWN[at].1)
}

/// The known name that is most like this one, if any is.
pub fn nearest(name: &str) -> Option<&'static str> {
    let likeness = |known: &str| strsim::jaro_winkler(known, name);
    let best = KNOWN.iter().map(|(known, _)| (likeness(known), *known)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.85).then_some(best.1)
}

impl Shape {
    /// What a value should be, if it cannot be this one.
    pub fn refusal(self, value: &str) -> Option<String> {
        match self {
            Any => None,
            Number(least) => {
                let fits = value.parse::<i64>().is_ok_and(|number| number >= least);
                (!fits).then(|| format!("a whole number from {least} on"))
            }
            Truth => (!matches!(value, "true" | "false")).then(|| "true or false".to_owned()),
            Ratio => {
                let fits = value.parse::<f64>().is_ok_and(|number| (0.0..=1.0).contains(&number));
                (!fits).then(|| "a number from 0 to 1".to_owned())
            }
            One(names) => (!names.contains(&value)).then(|| format!("one of {}", names.join(", "))),
            Several(names) => {
                let fits = value.split(',').all(|part| names.contains(&part.trim()));
                (!fits).then(|| format!("one or more of {}, with commas between", names.join(", ")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found() {
        assert!(KNOWN.is_sorted_by(|(a, _), (b, _)| a < b), "names are looked up by halving");
        assert!(KNOWN.iter().all(|(name, found)| shape(name) == Some(*found)));
        assert_eq!(shape("retention"), None);
        assert_eq!(nearest("retention.mss"), Some("retention.ms"));
        assert_eq!(nearest("cleanup_policy"), Some("cleanup.policy"));
        assert_eq!(nearest("x"), None);
    }

    #[test]
    fn values_have_their_shape() {
        for (name, value, fits) in [
            ("retention.ms", "-1", true),
            ("retention.ms", "-2", false),
            ("retention.ms", "7 days", false),
            ("cleanup.policy", "compact, delete", true),
            ("cleanup.policy", "", false),
            ("compression.type", "zip", false),
            ("min.cleanable.dirty.ratio", "0.5", true),
            ("min.cleanable.dirty.ratio", "1.5", false),
            ("preallocate", "yes", false),
            ("leader.replication.throttled.replicas", "*", true),
        ] {
            assert_eq!(shape(name).unwrap().refusal(value).is_none(), fits, "{name} = {value}");
        }
    }
}
