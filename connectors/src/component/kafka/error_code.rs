//! Kafka's numbers for what went wrong, by the names that its documents use.

/// There is such a topic already.
pub const TOPIC_ALREADY_EXISTS: i16 = 36;
/// There is no such topic, or not yet, or not any more.
pub const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;

/// The name of a code that requests about topics are answered with.
pub fn name(code: i16) -> String {
    let name = match code {
        -1 => "UNKNOWN_SERVER_ERROR",
        3 => "UNKNOWN_TOPIC_OR_PARTITION",
        7 => "REQUEST_TIMED_OUT",
        17 => "INVALID_TOPIC_EXCEPTION",
        29 => "TOPIC_AUTHORIZATION_FAILED",
        31 => "CLUSTER_AUTHORIZATION_FAILED",
        35 => "UNSUPPORTED_VERSION",
        36 => "TOPIC_ALREADY_EXISTS",
        37 => "INVALID_PARTITIONS",
        38 => "INVALID_REPLICATION_FACTOR",
        39 => "INVALID_REPLICA_ASSIGNMENT",
        40 => "INVALID_CONFIG",
        41 => "NOT_CONTROLLER",
        42 => "INVALID_REQUEST",
        44 => "POLICY_VIOLATION",
        60 => "REASSIGNMENT_IN_PROGRESS",
        73 => "TOPIC_DELETION_DISABLED",
        89 => "THROTTLING_QUOTA_EXCEEDED",
        _ => return format!("error code {code}"),
    };
    name.to_owned()
}
