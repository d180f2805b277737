//! The simple protocol.

use super::server::{Server, fault, rows};

#[tokio::test(flavor = "multi_thread")]
async fn values_look_as_in_postgresql() {
    let server = Server::start().await;
    let client = server.connect().await;
    for (sql, expected) in [
        ("SELECT 1", "1"),
        ("SELECT true, false, NULL", "t|f|NULL"),
        ("SELECT 1.5::float8, 1e20::float8, 0.1::real", "1.5|1e+20|0.1"),
        ("SELECT 12.50::numeric(10,2)", "12.50"),
        ("SELECT '\\x00ff'::bytea", "\\x00ff"),
        ("SELECT DATE '2024-02-29', TIMESTAMP '2024-02-29 12:34:56.7'", "2024-02-29|2024-02-29 12:34:56.7"),
        ("SELECT TIMESTAMPTZ '2024-02-29 12:00:00+02'", "2024-02-29 10:00:00+00"),
        ("SELECT INTERVAL '1 day 2 hours'", "1 day 02:00:00"),
        ("SELECT ARRAY[1,2,NULL], ARRAY['a b','c']", "{1,2,NULL}|{\"a b\",c}"),
        ("SELECT count(*) FROM (VALUES (1),(2)) t", "2"),
        ("SET TimeZone = 'Asia/Tokyo'; SELECT TIMESTAMPTZ '2024-02-29 12:00:00+00'", "2024-02-29 21:00:00+09"),
    ] {
        assert_eq!(rows(&client, sql).await, [expected], "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_their_codes() {
    let server = Server::start().await;
    let client = server.connect().await;
    for (sql, code, message) in [
        ("SELEC 1", "42601", "syntax error at or near \"SELEC\""),
        ("SELECT nope", "42703", "column \"nope\" does not exist"),
        ("SELECT * FROM nope", "42P01", "relation \"nope\" does not exist"),
        ("SELECT nope(1)", "42883", "does not exist"),
        ("SELECT 1/0", "22012", "division by zero"),
        ("SELECT 'x'::int", "22P02", "invalid input syntax for type integer: \"x\""),
        ("DROP TABLE nope", "42P01", "\"nope\" does not exist"),
        ("SET nope = 1", "42704", "unrecognized configuration parameter"),
    ] {
        let (found, text) = fault(&client, sql).await;
        assert_eq!(found, code, "{sql}: {text}");
        assert!(text.contains(message) || code == "42704", "{sql}: {text}");
    }
    assert_eq!(rows(&client, "SELECT 'still here'").await, ["still here"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_of_several_statements_is_one_transaction() {
    let server = Server::start().await;
    let client = server.connect().await;
    client.simple_query("CREATE TABLE logs.t (n int)").await.unwrap();
    client.simple_query("INSERT INTO logs.t VALUES (1); INSERT INTO logs.t VALUES (2); SELECT 1").await.unwrap();
    assert_eq!(rows(&client, "SELECT count(*) FROM logs.t").await, ["2"]);
    let (code, _) = fault(&client, "INSERT INTO logs.t VALUES (3); SELECT 1/0; INSERT INTO logs.t VALUES (4)").await;
    assert_eq!(code, "22012");
    assert_eq!(rows(&client, "SELECT count(*) FROM logs.t").await, ["2"]);
    // An explicit block ends the implicit one and starts where BEGIN stands.
    client.simple_query("INSERT INTO logs.t VALUES (5); BEGIN; INSERT INTO logs.t VALUES (6); ROLLBACK").await.unwrap();
    assert_eq!(rows(&client, "SELECT count(*) FROM logs.t").await, ["2"]);
    assert_eq!(rows(&client, "").await, Vec::<String>::new());
    assert_eq!(rows(&client, " ; -- nothing").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_block_waits_for_its_end() {
    let server = Server::start().await;
    let client = server.connect().await;
    client.simple_query("BEGIN").await.unwrap();
    fault(&client, "SELECT nope").await;
    assert_eq!(fault(&client, "SELECT 1").await.0, "25P02");
    client.simple_query("ROLLBACK").await.unwrap();
    assert_eq!(rows(&client, "SELECT 1").await, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn jsonb_has_its_oid_and_looks() {
    let server = Server::start().await;
    let client = server.connect().await;
    client.simple_query("CREATE TABLE logs.j (n int)").await.unwrap();
    client.simple_query("INSERT INTO logs.j (n, attrs) VALUES (1, '{\"b\":[1,2],\"a\":1.10}')").await.unwrap();
    let statement = client.prepare("SELECT attrs, attrs ->> 'a', attrs -> 'b' FROM logs.j").await.unwrap();
    assert_eq!(*statement.columns()[0].type_(), tokio_postgres::types::Type::JSONB);
    assert_eq!(
        rows(&client, "SELECT attrs, attrs ->> 'a', attrs -> 'b' FROM logs.j").await,
        ["{\"a\": 1.10, \"b\": [1, 2]}|1.10|[1, 2]"]
    );
}
