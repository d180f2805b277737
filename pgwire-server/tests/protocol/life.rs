//! How connections begin, are stopped and end.

use std::time::{Duration, Instant};

use strata_engine::audit::Class;
use strata_pgwire::PgOptions;
use tokio_postgres::NoTls;

use super::server::{Server, code, fault, rows};

const SLOW: &str = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b, generate_series(1, 1000) c";

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_request_stops_the_statement() {
    let server = Server::start().await;
    let client = server.connect().await;
    let token = client.cancel_token();
    let started = Instant::now();
    let (failed, ()) = tokio::join!(fault(&client, SLOW), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        token.cancel_query(NoTls).await.unwrap();
    });
    assert_eq!(failed, ("57014".to_owned(), "canceling statement due to user request".to_owned()));
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(rows(&client, "SELECT 1").await, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn statement_timeout() {
    let server = Server::start().await;
    let client = server.try_connect("options='-c statement_timeout=200ms'").await.unwrap();
    assert_eq!(fault(&client, SLOW).await, ("57014".to_owned(), "canceling statement due to statement timeout".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vanished_client_stops_its_query() {
    let server = Server::start().await;
    let config = format!("host=127.0.0.1 port={} user=me dbname=strata", server.port);
    let (client, connection) = tokio_postgres::connect(&config, NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let query = tokio::spawn(async move { client.simple_query(SLOW).await.map(drop) });
    let deadline = Instant::now() + Duration::from_secs(10);
    while server.engine.sessions().list().iter().all(|session| session.activity().state != "active") {
        assert!(Instant::now() < deadline, "the query never started");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    connection.abort();
    query.abort();
    while server.engine.sessions().count() > 0 {
        assert!(Instant::now() < deadline, "the session outlives its client");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_too_many() {
    let server = Server::recording(vec![Class::Login], PgOptions { connections_max: 2, ..PgOptions::default() }).await;
    let first = server.connect().await;
    let second = server.connect().await;
    assert_eq!(code(&server.try_connect("").await.unwrap_err()).0, "53300");
    assert_eq!(rows(&first, "SELECT 1").await, ["1"]);
    let recorded = "SELECT user_name, action, detail FROM audit.events WHERE action <> 'login'";
    assert_eq!(rows(&first, recorded).await, ["me|login refused|sorry, too many clients already"]);
    drop(second);
    let deadline = Instant::now() + Duration::from_secs(5);
    while server.try_connect("").await.is_err() {
        assert!(Instant::now() < deadline, "the place is never free again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_says_so() {
    let server = Server::start().await;
    let config = format!("host=127.0.0.1 port={} user=me dbname=strata", server.port);
    let (_client, connection) = tokio_postgres::connect(&config, NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    server.stop().await;
    let error = connection.await.unwrap().unwrap_err();
    assert_eq!(code(&error).0, "57P01");
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_and_settings_of_the_start() {
    let server = Server::start().await;
    let config = format!("host=127.0.0.1 port={} user=me dbname=nope", server.port);
    assert_eq!(code(&tokio_postgres::connect(&config, NoTls).await.err().unwrap()).0, "3D000");
    let client = server.try_connect("application_name=tester options='-c TimeZone=Asia/Tokyo'").await.unwrap();
    assert_eq!(rows(&client, "SHOW application_name").await, ["tester"]);
    assert_eq!(rows(&client, "SHOW TimeZone").await, ["Asia/Tokyo"]);
    assert_eq!(rows(&client, "SELECT current_database(), current_user").await, ["strata|strata"]);
    assert!(rows(&client, "SELECT version()").await[0].starts_with("PostgreSQL 15"));
}
