//! Compares what the server holds with what it promised. The slow and obvious way: reads every record in offset order.
//!
//! **Invariant:** only what a client can see counts; nothing here asks the server whether it is well.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use strata_harness::Sql;

use super::ledger::Account;

/// Records read with one query.
const PAGE_ROWS: i64 = 50_000;

/// One record as read back.
#[derive(Debug, Clone)]
pub struct Stored {
    /// `_offset`.
    pub offset: i64,
    /// Writer.
    pub producer: String,
    /// Its number.
    pub number: u64,
    /// What it says.
    pub body: String,
    /// The field that was not declared: the number again, from HTTP writers.
    pub field: Option<String>,
}

/// Reads a topic from its first record to its last.
///
/// # Errors
/// A query that fails: a server that cannot answer is a violation of its own.
pub fn read_topic(sql: &Sql, topic: &str) -> anyhow::Result<Vec<Stored>> {
    let mut records = Vec::new();
    loop {
        let from = records.last().map_or(0, |record: &Stored| record.offset + 1);
        let page = sql.rows(&format!(
            "SELECT _offset, producer, seq, body, attrs ->> 'n' FROM {topic} \
             WHERE _offset >= {from} AND _offset < {} ORDER BY _offset",
            from + PAGE_ROWS
        ))?;
        if page.is_empty() {
            return Ok(records);
        }
        for row in page {
            let [offset, producer, number, body, field] = <[Option<String>; 5]>::try_from(row)
                .map_err(|row| anyhow::anyhow!("five columns were asked for, {row:?} came"))?;
            let text = |value: Option<String>| value.unwrap_or_else(|| "NULL".to_owned());
            records.push(Stored {
                offset: text(offset).parse()?,
                producer: text(producer),
                number: text(number).parse()?,
                body: text(body),
                field,
            });
        }
    }
}

/// Everything that is wrong with a topic's records, in words. `accounts` are those of the topic's writers.
pub fn compare(topic: &str, accounts: &[Account], records: &[Stored]) -> Vec<String> {
    let mut violations = Vec::new();
    let by_name: BTreeMap<&str, &Account> = accounts.iter().map(|account| (account.producer.as_str(), account)).collect();
    let mut seen: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for (expected, record) in (0..).zip(records) {
        let Stored { offset, producer, number, .. } = record;
        let place = format!("{topic}: record {number} of {producer} at offset {offset}");
        if *offset != expected {
            violations.push(format!("{place}: offset {expected} was expected"));
        }
        let Some(account) = by_name.get(producer.as_str()) else {
            violations.push(format!("{place}: no such writer"));
            continue;
        };
        if record.body != account.body(*number) {
            violations.push(format!("{place}: its text is not what was sent"));
        }
        if account.way == super::ledger::Way::Http && record.field.as_deref() != Some(number.to_string().as_str()) {
            violations.push(format!("{place}: its field n is {:?}", record.field));
        }
        if *number == 0 || *number > account.sent {
            violations.push(format!("{place}: was never sent"));
        }
        let numbers = seen.entry(producer).or_default();
        if numbers.last().is_some_and(|last| last > number) && !numbers.contains(number) {
            violations.push(format!("{place}: came after a later one"));
        }
        if !numbers.insert(*number) {
            violations.push(format!("{place}: is there twice"));
        }
    }
    for account in accounts {
        let none = BTreeSet::new();
        let numbers = seen.get(account.producer.as_str()).unwrap_or(&none);
        for number in (1..=account.sent).filter(|number| !numbers.contains(number) && !account.unknown.contains(number)) {
            violations.push(format!("{topic}: record {number} of {} was acknowledged and is lost", account.producer));
        }
    }
    violations
}

/// Whether a batch that was not acknowledged is there as a whole or not at all. `COPY` promises that.
pub fn halves(account: &Account, records: &[Stored]) -> Option<String> {
    let there = records.iter().filter(|r| r.producer == account.producer && account.unknown.contains(&r.number)).count();
    let sent = account.unknown.len();
    (there != 0 && there != sent)
        .then(|| format!("{}: {there} of the {sent} records of one unacknowledged COPY of {}", account.topic, account.producer))
}

/// Compares `sys.segments` with the files, and its rows with the topics' rows. Empty when all agree.
///
/// # Errors
/// A query or a folder that cannot be read.
pub fn segments_agree(sql: &Sql, data_dir: &Path, rows: u64) -> anyhow::Result<Vec<String>> {
    let mut violations = Vec::new();
    let listed: BTreeMap<String, u64> = sql
        .rows("SELECT location, bytes FROM sys.segments WHERE state <> 'buffer'")?
        .into_iter()
        .filter_map(|row| Some((row.first()?.clone()?, row.get(1)?.as_ref()?.parse().ok()?)))
        .collect();
    let counted: u64 = sql.value("SELECT coalesce(sum(rows), 0) FROM sys.segments")?;
    if counted != rows {
        violations.push(format!("sys.segments counts {counted} rows, the topics hold {rows}"));
    }
    let files = super::segments::files(data_dir)?;
    for (location, bytes) in &listed {
        match files.get(location) {
            Some(length) if length == bytes => {}
            Some(length) => violations.push(format!("{location}: sys.segments says {bytes} bytes, the file has {length}")),
            None => violations.push(format!("{location}: is in sys.segments, the file is missing")),
        }
    }
    for location in files.keys().filter(|location| !listed.contains_key(*location)) {
        violations.push(format!("{location}: is a file, sys.segments does not know it"));
    }
    Ok(violations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::ledger::Way;

    fn account() -> Account {
        let mut account = Account::new(Way::Copy, 0, "t");
        account.sending(1..=3);
        account.acknowledged(1..=3);
        account.sending(4..=5);
        account
    }

    fn stored(account: &Account, numbers: &[u64]) -> Vec<Stored> {
        let record = |(offset, number): (i64, &u64)| Stored {
            offset,
            producer: account.producer.clone(),
            number: *number,
            body: account.body(*number),
            field: None,
        };
        (0..).zip(numbers).map(record).collect()
    }

    fn found(change: impl FnOnce(&mut Vec<Stored>), numbers: &[u64]) -> String {
        let account = account();
        let mut records = stored(&account, numbers);
        change(&mut records);
        compare("t", &[account], &records).join("; ")
    }

    #[test]
    fn what_was_promised_passes() {
        assert_eq!(found(|_| {}, &[1, 2, 3]), "");
        assert_eq!(found(|_| {}, &[1, 2, 3, 4, 5]), "");
    }

    #[test]
    fn every_kind_of_violation_is_seen() {
        assert!(found(|_| {}, &[1, 3]).contains("record 2 of copy-0 was acknowledged and is lost"));
        assert!(found(|_| {}, &[1, 2, 2, 3]).contains("is there twice"));
        assert!(found(|_| {}, &[1, 3, 2]).contains("came after a later one"));
        assert!(found(|_| {}, &[1, 2, 3, 4, 5, 6]).contains("was never sent"));
        assert!(found(|records| records[1].offset = 7, &[1, 2, 3]).contains("offset 1 was expected"));
        assert!(found(|records| records[1].body.push('x'), &[1, 2, 3]).contains("not what was sent"));
        assert!(found(|records| records[1].producer.push('x'), &[1, 2, 3]).contains("no such writer"));
    }

    #[test]
    fn half_a_copy_is_seen() {
        let account = account();
        assert_eq!(halves(&account, &stored(&account, &[1, 2, 3])), None);
        assert_eq!(halves(&account, &stored(&account, &[1, 2, 3, 4, 5])), None);
        assert!(halves(&account, &stored(&account, &[1, 2, 3, 4])).is_some());
    }
}
