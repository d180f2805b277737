//! Slows down whoever guesses at passwords.
//!
//! Failures are counted by address and user; names that nobody has count as one. Each failure doubles the pause before the
//! next attempt from there is looked at, and a while without attempts forgets them. The pause is short enough that a person
//! who mistyped hardly notices.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;
use strata_catalog::Oid;

/// Pause after the first failure.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest wait behind others.
const QUEUE_MAX: Duration = Duration::from_secs(50);
/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(3);
/// Failures are forgotten after this long, microseconds.
const FORGOTTEN_AFTER_US: i64 = 10 * 60 * 1_000_000;
/// Pairs of address and user that are counted; beyond, the one that was quiet longest is forgotten.
const PAIRS_MAX: usize = 10_000;

/// Failures of late.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<HashMap<(IpAddr, Option<Oid>), Failures>>);

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last_us: i64,
    /// When the last attempt that was made to wait is looked at.
    next_us: i64,
}

impl Attempts {
    /// How long the next attempt waits. Attempts at the same time wait one behind the other, so that many are not faster than one.
    pub fn pause(&self, address: IpAddr, user: Option<Oid>, now_us: i64) -> Duration {
        let mut known = self.0.lock();
        match known.get_mut(&(address, user)) {
            Some(failures) if now_us.saturating_sub(failures.last_us) < FORGOTTEN_AFTER_US => {
                let doublings = failures.count.saturating_sub(1).min(16);
                let pause = (FIRST_PAUSE * (1 << doublings)).min(PAUSE_MAX);
                let pause_us = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
                failures.next_us = failures.next_us.max(now_us).saturating_add(pause_us);
                let wait_us = failures.next_us.saturating_sub(now_us).unsigned_abs();
                Duration::from_micros(wait_us).min(QUEUE_MAX)
            }
            _ => Duration::ZERO,
        }
    }

    /// Counts an attempt; a good one forgets the failures.
    pub fn record(&self, address: IpAddr, user: Option<Oid>, now_us: i64, good: bool) {
        let mut failures = self.0.lock();
        let key = (address, user);
        if good {
            failures.remove(&key);
            return;
        }
        if failures.len() >= PAIRS_MAX && !failures.contains_key(&key) {
            let quiet = failures.iter().min_by_key(|(_, failures)| failures.last_us).map(|(key, _)| *key);
            quiet.and_then(|key| failures.remove(&key));
        }
        let known = failures.entry(key).or_insert(Failures { count: 0, last_us: now_us, next_us: now_us });
        known.count = known.count.saturating_add(1);
        known.last_us = now_us;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_are_forgotten() {
        let attempts = Attempts::default();
        let (here, there) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([10, 0, 0, 1]));
        let pause = |address, now_us| attempts.pause(address, Some(10), now_us).as_millis();
        assert_eq!(pause(here, 0), 0);
        let mut now_us = 0;
        for expected in [100, 200, 400, 800, 1600, 3000, 3000] {
            now_us += 10_000_000;
            attempts.record(here, Some(10), now_us, false);
            assert_eq!(pause(here, now_us), expected);
        }
        assert_eq!((pause(there, now_us), attempts.pause(here, None, now_us).as_millis()), (0, 0));
        // Many at once wait one behind the other.
        assert_eq!([pause(here, now_us), pause(here, now_us), pause(here, now_us + 1_000_000)], [6000, 9000, 11_000]);
        assert_eq!(pause(here, now_us + FORGOTTEN_AFTER_US), 0);
        attempts.record(here, Some(10), now_us, true);
        assert_eq!(pause(here, now_us + 1), 0);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let attempts = Attempts::default();
        for n in 0..PAIRS_MAX + 5 {
            let address = IpAddr::from(u32::try_from(n).unwrap().to_be_bytes());
            attempts.record(address, None, i64::try_from(n).unwrap(), false);
        }
        assert_eq!(attempts.0.lock().len(), PAIRS_MAX);
        assert_eq!(attempts.pause(IpAddr::from([0, 0, 0, 0]), None, 0), Duration::ZERO, "the oldest is forgotten");
    }
}
