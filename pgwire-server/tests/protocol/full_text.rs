//! Queries about words and vectors of words: types, forms and errors as clients see them.

use tokio_postgres::types::{FromSql, Type};

use crate::server::{Server, fault, rows};

/// The bytes of a value as they came.
struct Raw(Vec<u8>);

impl<'a> FromSql<'a> for Raw {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw.to_vec()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn types_and_their_binary_form() {
    let server = Server::start().await;
    let client = server.connect().await;
    let statement = client.prepare("SELECT to_tsquery('a & b'), to_tsvector('b a b')").await.unwrap();
    let types: Vec<_> = statement.columns().iter().map(|column| column.type_().clone()).collect();
    assert_eq!(types, [Type::TSQUERY, Type::TS_VECTOR]);
    assert_eq!((types[0].oid(), types[1].oid()), (3615, 3614));
    let row = client.query_one(&statement, &[]).await.unwrap();
    assert_eq!(row.get::<_, Raw>(0).0, b"\0\0\0\x03\x02\x02\x01\0\0b\0\x01\0\0a\0");
    assert_eq!(row.get::<_, Raw>(1).0, b"\0\0\0\x02a\0\0\x01\0\x02b\0\0\x02\0\x01\0\x03");
    let query = "SELECT 'disk full' @@ $1, 'disk full' @@ to_tsquery($2), to_tsvector('disk') @@ $3::tsquery";
    let row = client.query_one(query, &[&"full disk", &"disk & !full", &"'disk'"]).await.unwrap();
    assert_eq!((row.get::<_, bool>(0), row.get::<_, bool>(1), row.get::<_, bool>(2)), (true, false, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn configurations_are_listed() {
    let server = Server::start().await;
    let client = server.connect().await;
    let sql = "SELECT cfgname FROM pg_ts_config WHERE pg_ts_config_is_visible(oid) ORDER BY cfgname";
    assert_eq!(rows(&client, sql).await, ["cjk", "ngram", "simple", "whitespace"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_codes() {
    let server = Server::start().await;
    let client = server.connect().await;
    for (sql, code) in [
        ("SELECT to_tsquery('disk full')", "42601"),
        ("SELECT 'a &'::tsquery", "42601"),
        ("SELECT '''a'::tsvector", "42601"),
        ("SELECT to_tsquery('a <20000> b')", "22023"),
        ("SELECT to_tsvector('english', 'a')", "42704"),
        ("SELECT to_tsquery('a:B')", "0A000"),
        ("SELECT 1 @@ 'a'", "42883"),
        ("SELECT numnode('a'::text)", "42883"),
        ("SELECT ts_headline('simple', 'a', 'a'::tsquery, 'Colour=red')", "22023"),
        ("SELECT phraseto_tsquery(repeat('a ', 300))", "54000"),
    ] {
        assert_eq!(fault(&client, sql).await.0, code, "{sql}");
    }
}
