//! `sys.producers`: which sequence numbers of which producers are stored.

use async_trait::async_trait;
use strata_storage::RangeSet;

use super::table::{Kind, Surroundings, SystemColumn, SystemTable, Value, column};
use crate::Result;

#[derive(Debug)]
pub(super) struct ProducersTable;

#[async_trait]
impl SystemTable for ProducersTable {
    fn name(&self) -> &'static str {
        "producers"
    }

    fn comment(&self) -> &'static str {
        "One row a producer of a topic: the sequence numbers that are settled."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        const COLUMNS: &[SystemColumn] = &[
            column("topic", Kind::Text, "Schema and name."),
            column("producer", Kind::Text, "The producer's own name for itself."),
            column("ranges", Kind::Text, "Sequence numbers that are settled: first-last, ..."),
            column("last_seen", Kind::Time, "When it was last heard of."),
        ];
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        let mut rows = Vec::new();
        for topic in around.engine.topics().list() {
            let definition = topic.definition();
            let mut producers = topic.producers();
            producers.sort_by(|(a, _), (b, _)| a.cmp(b));
            for (name, producer) in producers {
                rows.push(vec![
                    Value::text(format!("{}.{}", definition.schema, definition.name)),
                    Value::text(name.as_ref()),
                    Value::Text(ranges_text(producer.numbers.iter())),
                    Value::Time(producer.last_seen_us),
                ]);
            }
        }
        Ok(rows)
    }
}

/// `0-99, 105, 200-299`.
pub(super) fn ranges_text(ranges: impl Iterator<Item = (u64, u64)>) -> String {
    let range = |(first, last): (u64, u64)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    ranges.map(range).collect::<Vec<_>>().join(", ")
}

/// The numbers that are missing between those that are there, as text; `None` if there are none.
pub(super) fn gaps_text(numbers: &RangeSet) -> Option<String> {
    let gaps = numbers.gaps();
    (!gaps.is_empty()).then(|| ranges_text(gaps.into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_gaps_are_readable() {
        let numbers = RangeSet::from(vec![(0, 99), (105, 105), (200, 299)]);
        assert_eq!(ranges_text(numbers.iter()), "0-99, 105, 200-299");
        assert_eq!(gaps_text(&numbers).as_deref(), Some("100-104, 106-199"));
        assert_eq!(gaps_text(&RangeSet::of(5, 9)), None);
    }
}
