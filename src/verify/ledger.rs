//! What each writer was promised, kept outside the server that may die.
//!
//! **Invariant:** a number is in `acknowledged` only after the server said so, and everything that was ever sent is in
//! `acknowledged` or in `unknown`.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// How a writer sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// NDJSON over HTTP with producer and sequence in headers; sends again until acknowledged.
    Http,
    /// `COPY` with `strata.producer` and `strata.sequence`; sends again until acknowledged.
    Copy,
    /// `INSERT` of one row without a producer; what was not acknowledged may be there or not.
    Insert,
}

impl Way {
    /// Its name in producer ids and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Copy => "copy",
            Self::Insert => "insert",
        }
    }
}

/// One writer's account. Numbers count up from 1.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its name, which is its producer id.
    pub producer: String,
    /// The topic it writes to.
    pub topic: String,
    /// How it sends.
    pub way: Way,
    /// Numbers up to here were sent, and are acknowledged unless in `unknown`.
    pub sent: u64,
    /// Sent, but the answer never came.
    pub unknown: BTreeSet<u64>,
    /// What the server said that it must not say.
    pub violations: Vec<String>,
}

impl Account {
    /// An account of a writer that has sent nothing.
    pub fn new(way: Way, number: usize, topic: &str) -> Self {
        let producer = format!("{}-{number}", way.name());
        Self { producer, topic: topic.to_owned(), way, sent: 0, unknown: BTreeSet::new(), violations: Vec::new() }
    }

    /// Notes that `numbers` go out now; until an answer they are unknown.
    pub fn sending(&mut self, numbers: RangeInclusive<u64>) {
        self.sent = self.sent.max(*numbers.end());
        self.unknown.extend(numbers);
    }

    /// Notes that the server promised `numbers`.
    pub fn acknowledged(&mut self, numbers: RangeInclusive<u64>) {
        for number in numbers {
            self.unknown.remove(&number);
        }
    }

    /// How many numbers are promised.
    pub fn promised(&self) -> u64 {
        self.sent - self.unknown.len() as u64
    }

    /// Numbers that were sent and not answered, if the writer sends again.
    pub fn to_resend(&self) -> Option<RangeInclusive<u64>> {
        match self.way {
            Way::Http | Way::Copy => Some(*self.unknown.first()?..=*self.unknown.last()?),
            Way::Insert => None,
        }
    }

    /// What record `number` of this writer says: 8 to 107 characters that follow from the writer and the number.
    pub fn body(&self, number: u64) -> String {
        let mut state = self.producer.bytes().fold(number, |state, byte| state.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let length = 8 + usize::try_from(number % 100).unwrap_or(0);
        let mut text = String::with_capacity(length + 16);
        while text.len() < length {
            // One step of splitmix64.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            text.push_str(&format!("{:016x}", mixed ^ (mixed >> 27)));
        }
        text.truncate(length);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_tells_promised_from_unknown() {
        let mut account = Account::new(Way::Http, 0, "logs.a");
        account.sending(1..=10);
        account.acknowledged(1..=10);
        account.sending(11..=15);
        assert_eq!((account.promised(), account.to_resend()), (10, Some(11..=15)));
        account.acknowledged(11..=15);
        assert_eq!((account.promised(), account.to_resend()), (15, None));
    }

    #[test]
    fn bodies_differ_and_repeat() {
        let (a, b) = (Account::new(Way::Http, 0, "logs.a"), Account::new(Way::Copy, 0, "logs.a"));
        assert_eq!(a.body(7), a.body(7));
        assert_ne!(a.body(7), b.body(7));
        assert_ne!(a.body(107), a.body(207));
        assert_eq!(a.body(99).len(), 107);
    }
}
