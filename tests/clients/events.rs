//! Topic `logs.events`: as many rows as a test wants, made by the server itself.

use strata_harness::Sql;

/// Rows of one INSERT: what a server with little memory makes at once.
const AT_ONCE: u64 = 100_000;

/// Creates the topic with `rows` rows, 10 ms apart from 2026-03-01 on, numbered by `n` from 1.
pub fn fill(sql: &Sql, rows: u64) {
    sql.rows(
        "CREATE TABLE logs.events (ts timestamptz NOT NULL, n bigint, status int, ratio float8, price numeric(12,3), service text, \
         trace text) WITH (time_column = 'ts')",
    )
    .unwrap();
    for first in (1..=rows).step_by(usize::try_from(AT_ONCE).unwrap()) {
        let last = rows.min(first + AT_ONCE - 1);
        let made = sql.run(&format!(
            "INSERT INTO logs.events (ts, n, status, ratio, price, service, trace, attrs) \
             SELECT timestamptz '2026-03-01 00:00:00+00' + n * interval '10 milliseconds', n, (200 + n % 7 * 50)::int, n / 4.0, \
             n::numeric / 1000, 'service-' || (n % 20)::text, md5(n::text), \
             CASE WHEN n % 3 = 0 THEN jsonb_build_object('user', n % 100, 'tags', jsonb_build_array('a', n % 2)) END \
             FROM generate_series({first}, {last}) AS t(n)"
        ));
        assert_eq!(made.unwrap().count, last - first + 1);
    }
}
