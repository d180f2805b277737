//! Waiting for what must come.

use std::time::{Duration, Instant};

/// What anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether it came to hold within a minute.
#[must_use]
pub fn eventually(holds: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while !holds() {
        if begun.elapsed() >= PATIENCE {
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    true
}
