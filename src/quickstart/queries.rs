//! Six queries worth trying, and how their answers look on a terminal.

use tokio_postgres::{Client, SimpleQueryMessage};

/// A question and its SQL.
#[derive(Debug)]
pub struct Query {
    /// The question in words.
    pub question: &'static str,
    /// The SQL.
    pub sql: &'static str,
}

/// What is shown and what a newcomer may want to change first.
pub const QUERIES: [Query; 6] = [
    Query {
        question: "How much does each service log, and how much of it is bad?",
        sql: "SELECT service, count(*) AS records, count(*) FILTER (WHERE level = 'ERROR') AS errors\n\
              FROM logs.shop GROUP BY service ORDER BY records DESC",
    },
    Query {
        question: "When did it go wrong?",
        sql: "SELECT date_bin(INTERVAL '10 minutes', ts) AS since, count(*) AS errors\n\
              FROM logs.shop WHERE level = 'ERROR' GROUP BY since ORDER BY errors DESC LIMIT 5",
    },
    Query {
        question: "What was said last?",
        sql: "SELECT ts, service, split_part(message, chr(10), 1) AS message\n\
              FROM logs.shop WHERE level = 'ERROR' ORDER BY ts DESC LIMIT 3",
    },
    Query {
        question: "Which pages fail? Nobody declared status, path or latency_ms: they are fields of attrs.",
        sql: "SELECT attrs ->> 'path' AS path, attrs ->> 'status' AS status, count(*) AS n,\n       \
              round(avg((attrs ->> 'latency_ms')::double precision)) AS avg_ms\n\
              FROM logs.shop WHERE (attrs ->> 'status')::int >= 500 GROUP BY path, status ORDER BY n DESC LIMIT 5",
    },
    Query {
        question: "What happened in one request that failed?",
        sql: "SELECT ts, service, level, split_part(message, chr(10), 1) AS message FROM logs.shop\n\
              WHERE trace_id = (SELECT max(trace_id) FROM logs.shop WHERE attrs ->> 'exception' = 'LedgerTimeout') ORDER BY ts",
    },
    Query {
        question: "Which orders wait for stock? Any language is text like every other.",
        sql: "SELECT ts, message FROM logs.shop WHERE message LIKE '%库存不足%' ORDER BY ts DESC LIMIT 3",
    },
];

/// Columns and rows as text; an empty cell is NULL.
#[derive(Debug, Default)]
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Runs one statement.
    ///
    /// # Errors
    /// The server's or the connection's.
    pub async fn of(client: &Client, sql: &str) -> Result<Self, tokio_postgres::Error> {
        let mut table = Self::default();
        for message in client.simple_query(sql).await? {
            match message {
                SimpleQueryMessage::RowDescription(columns) => {
                    table.columns = columns.iter().map(|column| column.name().to_owned()).collect();
                }
                SimpleQueryMessage::Row(row) => {
                    table.rows.push((0..row.len()).map(|i| row.get(i).unwrap_or_default().to_owned()).collect());
                }
                _ => {}
            }
        }
        Ok(table)
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }
}

/// Columns a character takes on a terminal: two for the scripts of East Asia.
fn width(text: &str) -> usize {
    text.chars().map(|c| if matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}') { 2 } else { 1 }).sum()
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|i| {
                let cells = self.rows.iter().map(|row| width(&row[i]));
                cells.chain([width(&self.columns[i])]).max().unwrap_or(0)
            })
            .collect();
        let line = |f: &mut std::fmt::Formatter<'_>, cells: &[String]| {
            let padded: Vec<String> =
                cells.iter().zip(&widths).map(|(cell, wide)| format!("{cell}{}", " ".repeat(wide - width(cell)))).collect();
            writeln!(f, "  {}", padded.join(" | ").trim_end())
        };
        line(f, &self.columns)?;
        writeln!(f, "  {}", widths.iter().map(|wide| "-".repeat(*wide)).collect::<Vec<_>>().join("-+-"))?;
        self.rows.iter().try_for_each(|row| line(f, row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_in_every_script() {
        let table = Table {
            columns: vec!["a".into(), "message".into()],
            rows: vec![vec!["1".into(), "ok".into()], vec!["库存".into(), String::new()]],
        };
        assert_eq!(table.to_string(), "  a    | message\n  -----+--------\n  1    | ok\n  库存 |\n");
    }
}
