//! The extended protocol, through a driver that uses binary values.

use std::time::{Duration, UNIX_EPOCH};

use futures::TryStreamExt;

use super::server::{Server, code, rows};

#[tokio::test(flavor = "multi_thread")]
async fn parameters_and_results_in_binary() {
    let server = Server::start().await;
    let client = server.connect().await;
    let row = client
        .query_one(
            "SELECT $1::int2, $2::int4, $3::int8, $4::float4, $5::float8, $6::text, $7::bool, $8::bytea",
            &[&1i16, &-2i32, &3i64, &1.5f32, &-2.25f64, &"zwölf", &true, &&[0u8, 255][..]],
        )
        .await
        .unwrap();
    assert_eq!((row.get::<_, i16>(0), row.get::<_, i32>(1), row.get::<_, i64>(2)), (1, -2, 3));
    assert_eq!((row.get::<_, f32>(3), row.get::<_, f64>(4)), (1.5, -2.25));
    assert_eq!((row.get::<_, &str>(5), row.get::<_, bool>(6), row.get::<_, &[u8]>(7)), ("zwölf", true, &[0u8, 255][..]));
    let time = UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456);
    let row = client.query_one("SELECT $1::timestamptz, $2::timestamp, NULL::int", &[&time, &time]).await.unwrap();
    assert_eq!((row.get::<_, std::time::SystemTime>(0), row.get::<_, std::time::SystemTime>(1)), (time, time));
    assert_eq!(row.get::<_, Option<i32>>(2), None);
    let row = client.query_one("SELECT ARRAY[1, 2, 3], ARRAY['a', NULL]", &[]).await.unwrap();
    assert_eq!(row.get::<_, Vec<i64>>(0), [1, 2, 3]);
    assert_eq!(row.get::<_, Vec<Option<String>>>(1), [Some("a".to_owned()), None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn inferred_parameters() {
    let server = Server::start().await;
    let client = server.connect().await;
    client.simple_query("CREATE TABLE logs.p (n int, name text, at timestamptz)").await.unwrap();
    let insert = client.prepare("INSERT INTO logs.p (n, name, at) VALUES ($1, $2, $3)").await.unwrap();
    for n in 0..10i32 {
        let at = UNIX_EPOCH + Duration::from_secs(1_700_000_000 + n.unsigned_abs() as u64);
        assert_eq!(client.execute(&insert, &[&n, &format!("name {n}"), &at]).await.unwrap(), 1);
    }
    let select = client.prepare("SELECT name FROM logs.p WHERE n >= $1 AND n < $2 ORDER BY n").await.unwrap();
    let found = client.query(&select, &[&3i32, &6i32]).await.unwrap();
    assert_eq!(found.iter().map(|row| row.get::<_, &str>(0)).collect::<Vec<_>>(), ["name 3", "name 4", "name 5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_recover_at_sync() {
    let server = Server::start().await;
    let client = server.connect().await;
    assert_eq!(code(&client.prepare("SELECT nope").await.unwrap_err()).0, "42703");
    assert_eq!(code(&client.prepare("SELECT 1; SELECT 2").await.unwrap_err()).0, "42601");
    let statement = client.prepare("SELECT 10 / $1::int8").await.unwrap();
    assert_eq!(code(&client.query(&statement, &[&0i64]).await.unwrap_err()).0, "22012");
    assert_eq!(client.query_one(&statement, &[&5i64]).await.unwrap().get::<_, i64>(0), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn portals_are_read_in_pieces() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    let transaction = client.transaction().await.unwrap();
    let portal = transaction.bind("SELECT * FROM generate_series(1, 100000) AS t(n)", &[]).await.unwrap();
    let mut seen = 0i64;
    loop {
        let rows = transaction.query_portal(&portal, 30_000).await.unwrap();
        if rows.is_empty() {
            break;
        }
        assert_eq!(rows[0].get::<_, i64>(0), seen + 1);
        seen += i64::try_from(rows.len()).unwrap();
    }
    assert_eq!(seen, 100_000);
    transaction.commit().await.unwrap();
    assert_eq!(rows(&client, "SELECT 1").await, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_stream() {
    let server = Server::start().await;
    let client = server.connect().await;
    let statement =
        client.prepare("SELECT n, 'row ' || n::text FROM generate_series(1, 200000) AS t(n) ORDER BY n").await.unwrap();
    let stream = client.query_raw(&statement, std::iter::empty::<i32>()).await.unwrap();
    let count = stream.try_fold(0i64, |count, row| async move {
        assert_eq!(row.get::<_, i64>(0), count + 1);
        Ok(count + 1)
    });
    assert_eq!(count.await.unwrap(), 200_000);
}
