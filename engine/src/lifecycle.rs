//! What happens to records after the ack: sealing, merging, retention, garbage, and the reverse at start-up.
//!
//! One background task per engine looks around when it is told to (a buffer is large, memory is short) and every
//! second otherwise. It never holds the engine alive.

pub(crate) mod pressure;
