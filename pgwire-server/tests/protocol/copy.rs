//! COPY over the wire.

use bytes::Bytes;
use futures::{SinkExt, TryStreamExt};

use super::server::{Server, code, rows};

async fn copy_in(client: &tokio_postgres::Client, sql: &str, chunks: &[&[u8]]) -> Result<u64, tokio_postgres::Error> {
    let sink = client.copy_in::<_, Bytes>(sql).await?;
    let mut sink = std::pin::pin!(sink);
    for chunk in chunks {
        sink.send(Bytes::copy_from_slice(chunk)).await?;
    }
    sink.finish().await
}

async fn copy_out(client: &tokio_postgres::Client, sql: &str) -> Vec<u8> {
    let stream = client.copy_out(sql).await.unwrap();
    let chunks: Vec<Bytes> = stream.try_collect().await.unwrap();
    chunks.concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn in_and_out_in_every_format() {
    let server = Server::start().await;
    let client = server.connect().await;
    client.simple_query("CREATE TABLE logs.c (n int, name text, at timestamptz, v float8)").await.unwrap();
    let text = b"1\tone\t2024-01-01 00:00:00+00\t1.5\n2\ttab\\there\t\\N\t\\N\n";
    assert_eq!(copy_in(&client, "COPY logs.c FROM STDIN", &[&text[..10], &text[10..]]).await.unwrap(), 2);
    let query = "COPY (SELECT n, name, at, v FROM logs.c ORDER BY n) TO STDOUT";
    assert_eq!(copy_out(&client, query).await, text);
    for format in ["csv", "binary", "text"] {
        let with = format!("WITH (FORMAT {format})");
        let data = copy_out(&client, &format!("{query} {with}")).await;
        client.simple_query("TRUNCATE logs.c").await.unwrap();
        assert_eq!(copy_in(&client, &format!("COPY logs.c FROM STDIN {with}"), &[&data]).await.unwrap(), 2, "{format}");
        assert_eq!(copy_out(&client, query).await, text, "{format}");
    }
    let header = copy_out(&client, "COPY (SELECT n, name FROM logs.c ORDER BY n) TO STDOUT WITH (FORMAT csv, HEADER)").await;
    assert_eq!(String::from_utf8(header).unwrap(), "n,name\n1,one\n2,tab\there\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_line_takes_back_everything() {
    let server = Server::start().await;
    let client = server.connect().await;
    client.simple_query("CREATE TABLE logs.c (n int, name text)").await.unwrap();
    let many: Vec<u8> = (0..50_000).flat_map(|n| format!("{n}\tname\n").into_bytes()).chain(*b"x\tname\n").collect();
    let error = copy_in(&client, "COPY logs.c FROM STDIN", &[&many]).await.unwrap_err();
    assert_eq!(code(&error).0, "22P02");
    assert_eq!(error.as_db_error().unwrap().where_().unwrap(), "COPY c, line 50001, column n: \"x\"",);
    assert_eq!(rows(&client, "SELECT count(*) FROM logs.c").await, ["0"]);
    // A client that stops in the middle leaves no trace either.
    {
        let sink = client.copy_in::<_, Bytes>("COPY logs.c FROM STDIN").await.unwrap();
        let mut sink = std::pin::pin!(sink);
        sink.send(Bytes::from_static(b"1\tone\n")).await.unwrap();
    }
    assert_eq!(rows(&client, "SELECT count(*) FROM logs.c").await, ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_vanishes_leaves_no_rows() {
    let server = Server::start().await;
    let client = server.connect().await;
    client.simple_query("CREATE TABLE logs.c (n int)").await.unwrap();
    {
        let config = format!("host=127.0.0.1 port={} user=me dbname=strata", server.port);
        let (other, connection) = tokio_postgres::connect(&config, tokio_postgres::NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        let sink = other.copy_in::<_, Bytes>("COPY logs.c FROM STDIN").await.unwrap();
        let mut sink = std::pin::pin!(sink);
        sink.send(Bytes::from_static(b"1\n2\n3\n")).await.unwrap();
        sink.flush().await.unwrap();
        connection.abort();
        drop(connection.await);
    }
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(rows(&client, "SELECT count(*) FROM logs.c").await, ["0"]);
}
