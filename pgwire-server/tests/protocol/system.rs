//! `pg_catalog` and `information_schema`, as clients ask them.

use super::server::{Server, rows};

/// What psql 15 sends for `\d topic`, `\dt`, `\l` ..., one query a block.
const PSQL: &str = include_str!("psql15.sql");

async fn prepared() -> (Server, tokio_postgres::Client) {
    let server = Server::start().await;
    let client = server.connect().await;
    client
        .simple_query("CREATE TABLE logs.app (ts timestamptz NOT NULL, host text, level text) WITH (time_column = 'ts', sort_by = 'host, ts')")
        .await
        .unwrap();
    client.simple_query("COMMENT ON TABLE logs.app IS 'what the app says'").await.unwrap();
    client.simple_query("COMMENT ON COLUMN logs.app.host IS 'where'").await.unwrap();
    client.simple_query("CREATE VIEW logs.errors AS SELECT ts, host FROM logs.app WHERE level = 'error'").await.unwrap();
    client.simple_query("CREATE VIEW logs.v AS SELECT 1 AS one").await.unwrap();
    (server, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_of_psql_is_answered() {
    let (_server, client) = prepared().await;
    let oid = rows(&client, "SELECT 'logs.app'::regclass::oid").await[0].clone();
    for query in PSQL.split("\n\n").filter(|query| !query.trim().is_empty()) {
        let query = query.replace("$OID", &oid);
        let result = client.simple_query(&query).await;
        assert!(result.is_ok(), "{query}\n{:?}", result.err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_can_be_read() {
    let (_server, client) = prepared().await;
    for schema in ["pg_catalog", "information_schema"] {
        let tables =
            rows(&client, &format!("SELECT table_name FROM information_schema.tables WHERE table_schema = '{schema}'")).await;
        assert!(tables.len() > 5, "{schema}: {tables:?}");
        for table in tables {
            rows(&client, &format!("SELECT * FROM {schema}.{table}")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_and_views_are_described() {
    let (_server, client) = prepared().await;
    let columns = "SELECT a.attnum, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, col_description(a.attrelid, a.attnum) \
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = 'logs.app'::regclass ORDER BY a.attnum";
    assert_eq!(
        rows(&client, columns).await,
        [
            "1|ts|timestamp with time zone|t|NULL",
            "2|host|text|f|where",
            "3|level|text|f|NULL",
            "32001|attrs|jsonb|f|NULL",
            "32002|_offset|bigint|t|NULL",
            "32003|_ingested_at|timestamp with time zone|t|NULL",
        ]
    );
    let view =
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'errors' ORDER BY ordinal_position";
    assert_eq!(rows(&client, view).await, ["ts|timestamp with time zone", "host|text"]);
    assert_eq!(
        rows(&client, "SELECT relkind FROM pg_class WHERE relname IN ('app', 'errors') ORDER BY relname").await,
        ["r", "v"]
    );
    assert_eq!(rows(&client, "SELECT obj_description('logs.app'::regclass, 'pg_class')").await, ["what the app says"]);
    assert_eq!(rows(&client, "SELECT c.oid::regclass FROM pg_class c WHERE c.relname = 'app'").await, ["app"]);
    assert_eq!(rows(&client, "SELECT to_regclass('nope'), to_regclass('logs.errors')").await, ["NULL|errors"]);
    assert_eq!(
        rows(&client, "SELECT pg_size_pretty(20480::bigint), quote_ident('A b'), format_type(23, NULL)").await,
        ["20 kB|\"A b\"|integer"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_over_the_columns_of_views_ends() {
    let (_server, client) = prepared().await;
    client.simple_query("CREATE VIEW logs.cols AS SELECT table_name, column_name FROM information_schema.columns").await.unwrap();
    assert_eq!(
        rows(&client, "SELECT column_name FROM logs.cols WHERE table_name = 'app' AND column_name = 'host'").await,
        ["host"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn oids_are_the_same_for_everybody() {
    let (server, client) = prepared().await;
    let other = server.connect().await;
    let sql = "SELECT oid, relname FROM pg_class ORDER BY oid";
    let seen = rows(&client, sql).await;
    assert_eq!(seen, rows(&other, sql).await);
    let mut oids: Vec<&str> = seen.iter().map(|row| row.split('|').next().unwrap()).collect();
    oids.dedup();
    assert_eq!(oids.len(), seen.len(), "an oid is given twice");
}
