//! What became of all lines.

use std::sync::Arc;
use std::time::Duration;

/// Rejected lines that are shown.
const SHOWN_MAX: usize = 20;

/// Counts, and the first rejected lines.
#[derive(Debug, Default)]
pub struct Report {
    /// Records that are durable now.
    pub accepted: u64,
    /// Records that were durable before.
    pub duplicates: u64,
    rejected: u64,
    shown: Vec<RejectedLine>,
}

/// A line that is not stored.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RejectedLine {
    /// The file.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

impl Report {
    /// Lines that were rejected.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Counts rejected lines and keeps the first ones.
    pub fn reject(&mut self, total: u64, lines: impl IntoIterator<Item = RejectedLine>) {
        self.rejected += total;
        self.shown.extend(lines);
        self.shown.sort();
        self.shown.truncate(SHOWN_MAX);
    }

    /// Adds what another connection or file came to.
    pub fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.duplicates += other.duplicates;
        self.reject(other.rejected, other.shown);
    }

    /// Tells people: counts on standard output, rejected lines on standard error.
    pub fn print(&self, took: Duration) {
        for RejectedLine { file, line, reason } in &self.shown {
            eprintln!("{file}:{line}: {reason}");
        }
        let not_shown = self.rejected - self.shown.len() as u64;
        if not_shown > 0 {
            eprintln!("... and {not_shown} more rejected lines");
        }
        println!("{}", self.summary(took));
    }

    fn summary(&self, took: Duration) -> String {
        let seconds = took.as_secs_f64();
        let mut text = format!("{} records stored in {seconds:.2} s", self.accepted);
        if seconds > 0.0 && self.accepted > 0 {
            #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
            let rate = self.accepted as f64 / seconds;
            text += &format!(", {rate:.0} a second");
        }
        if self.duplicates > 0 {
            text += &format!("; {} were stored before", self.duplicates);
        }
        if self.rejected > 0 {
            text += &format!("; {} lines rejected", self.rejected);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rejected_lines_are_kept_whatever_order_they_come_in() {
        let line = |line| RejectedLine { file: "f".into(), line, reason: String::new() };
        let mut report = Report { accepted: 10, duplicates: 1, ..Report::default() };
        report.reject(100, (50..150).map(line));
        report.add({
            let mut other = Report::default();
            other.reject(2, [line(3), line(1)]);
            other
        });
        assert_eq!((report.rejected(), report.shown.len(), report.shown[1].line), (102, SHOWN_MAX, 3));
        let summary = report.summary(Duration::from_secs(2));
        assert_eq!(summary, "10 records stored in 2.00 s, 5 a second; 1 were stored before; 102 lines rejected");
    }
}
