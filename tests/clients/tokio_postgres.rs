//! tokio-postgres, which prepares everything and speaks binary only.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _, TryStreamExt as _, pin_mut};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls};

use crate::world::World;

async fn connect(world: &World) -> Client {
    let (client, connection) = tokio_postgres::connect(&world.address(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A value goes there and comes back, with and without a cast that names its type.
async fn back<T>(client: &Client, kind: &str, value: T)
where
    T: ToSql + for<'a> tokio_postgres::types::FromSql<'a> + PartialEq + std::fmt::Debug + Sync,
{
    let row = client.query_one(&format!("SELECT $1::{kind}"), &[&value]).await.unwrap();
    assert_eq!(row.get::<_, T>(0), value, "{kind}");
    let row = client.query_one(&format!("SELECT $1::{kind} IS NULL, NULL::{kind}"), &[&None::<T>]).await.unwrap();
    assert!(row.get::<_, bool>(0) && row.get::<_, Option<T>>(1).is_none(), "{kind}");
}

#[tokio::test]
async fn every_type_goes_there_and_back() {
    let world = World::start();
    let client = connect(&world).await;
    back(&client, "bool", true).await;
    back(&client, "int2", i16::MIN).await;
    back(&client, "int4", i32::MAX).await;
    back(&client, "int8", i64::MIN).await;
    back(&client, "float4", 1.5_f32).await;
    back(&client, "float8", f64::NEG_INFINITY).await;
    back(&client, "text", "it's \"żółć\" 日志 🙂".to_owned()).await;
    back(&client, "bytea", vec![0_u8, 255, 39, 92]).await;
    back(&client, "timestamptz", SystemTime::UNIX_EPOCH - Duration::from_micros(1)).await;
    back(&client, "timestamp", SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_323_200)).await;
    back(&client, "int4[]", vec![Some(1), None, Some(-3)]).await;
    back(&client, "int8[]", Vec::<i64>::new()).await;
    back(&client, "text[]", vec![Some("a".to_owned()), None, Some(String::new()), Some("b \"c\" \\".to_owned())]).await;
    back(&client, "float8[]", vec![0.5, -1.0]).await;
    back(&client, "bool[]", vec![true, false]).await;
}

#[tokio::test]
async fn statements_tell_their_types() {
    let world = World::start();
    let client = connect(&world).await;
    client
        .batch_execute("CREATE TABLE logs.seen (ts timestamptz, n int, id uuid, doc jsonb, price numeric(10,2))")
        .await
        .unwrap();
    let statement = client
        .prepare("SELECT ts, n, id, doc, price FROM logs.seen WHERE ts > $1 AND n = ANY($2) AND id = $3 AND doc @> $4 LIMIT $5")
        .await
        .unwrap();
    let parameters = [Type::TIMESTAMPTZ, Type::INT4_ARRAY, Type::UUID, Type::TEXT, Type::INT8];
    assert_eq!(statement.params(), parameters);
    let columns: Vec<Type> = statement.columns().iter().map(|column| column.type_().clone()).collect();
    assert_eq!(columns, [Type::TIMESTAMPTZ, Type::INT4, Type::UUID, Type::JSONB, Type::NUMERIC]);
    let insert = client.prepare("INSERT INTO logs.seen (ts, n, id, doc) VALUES ($1, $2, $3, $4)").await.unwrap();
    assert_eq!(insert.params(), [Type::TIMESTAMPTZ, Type::INT4, Type::UUID, Type::JSONB]);
}

#[tokio::test]
async fn transactions_and_portals() {
    let world = World::start();
    let mut client = connect(&world).await;
    client.batch_execute("CREATE TABLE logs.seen (ts timestamptz, n int)").await.unwrap();
    let insert = client.prepare("INSERT INTO logs.seen (ts, n) VALUES (now(), $1)").await.unwrap();
    let transaction = client.transaction().await.unwrap();
    assert_eq!(transaction.execute(&insert, &[&1]).await.unwrap(), 1);
    transaction.rollback().await.unwrap();
    let mut transaction = client.transaction().await.unwrap();
    for n in 0..100 {
        transaction.execute(&insert, &[&n]).await.unwrap();
    }
    let savepoint = transaction.savepoint("here").await.unwrap();
    savepoint.execute(&insert, &[&1000]).await.unwrap();
    savepoint.rollback().await.unwrap();
    transaction.commit().await.unwrap();
    let transaction = client.transaction().await.unwrap();
    let portal = transaction.bind("SELECT n FROM logs.seen ORDER BY n", &[]).await.unwrap();
    let mut numbers = Vec::new();
    loop {
        let rows = transaction.query_portal(&portal, 30).await.unwrap();
        if rows.is_empty() {
            break;
        }
        numbers.extend(rows.iter().map(|row| row.get::<_, i32>(0)));
    }
    assert_eq!(numbers, (0..100).collect::<Vec<i32>>());
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn copies_errors_and_cancel() {
    let world = World::start();
    let client = connect(&world).await;
    client.batch_execute("CREATE TABLE logs.copied (ts timestamptz, n int)").await.unwrap();
    let sink = client.copy_in("COPY logs.copied (ts, n) FROM STDIN").await.unwrap();
    pin_mut!(sink);
    let lines: String = (0..1000).map(|n| format!("2026-03-01 00:00:00+00\t{n}\n")).collect();
    sink.send(Bytes::from(lines.clone())).await.unwrap();
    assert_eq!(sink.finish().await.unwrap(), 1000);
    let out = client.copy_out("COPY (SELECT ts, n FROM logs.copied ORDER BY n) TO STDOUT").await.unwrap();
    let out: Vec<Bytes> = out.try_collect().await.unwrap();
    assert_eq!(String::from_utf8(out.concat()).unwrap(), lines);
    for (sql, state, at) in [
        ("SELECT * FROM logs.nothing", SqlState::UNDEFINED_TABLE, None),
        ("SELECT n, nothing\nFROM logs.copied", SqlState::UNDEFINED_COLUMN, Some(11)),
        ("SELEC 1", SqlState::SYNTAX_ERROR, Some(1)),
        ("SELECT 1 / 0", SqlState::DIVISION_BY_ZERO, None),
    ] {
        let error = client.query(sql, &[]).await.unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(error.code(), &state, "{sql}");
        if let Some(at) = at {
            assert_eq!(error.position(), Some(&tokio_postgres::error::ErrorPosition::Original(at)), "{sql}");
        }
    }
    let token = client.cancel_token();
    let sleeping = client.query("SELECT pg_sleep(30)", &[]);
    let cancelling = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        token.cancel_query(NoTls).await.unwrap();
    };
    let (slept, ()) = tokio::join!(sleeping, cancelling);
    assert_eq!(slept.unwrap_err().code(), Some(&SqlState::QUERY_CANCELED));
    let rows = client.query_raw("SELECT n FROM logs.copied", Vec::<i32>::new()).await.unwrap();
    assert_eq!(rows.count().await, 1000);
}
