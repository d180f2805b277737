//! Bytes that no driver sends.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::server::Server;

async fn open(server: &Server) -> TcpStream {
    TcpStream::connect(("127.0.0.1", server.port)).await.unwrap()
}

fn packet(body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len() + 4).unwrap().to_be_bytes(), body].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &packet(body)].concat()
}

async fn read_message(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let kind = stream.read_u8().await.unwrap();
    let length = stream.read_u32().await.unwrap();
    let mut body = vec![0; length as usize - 4];
    stream.read_exact(&mut body).await.unwrap();
    (kind, body)
}

/// Kinds of the messages up to ReadyForQuery, and the SQLSTATE of the last error.
async fn until_ready(stream: &mut TcpStream) -> (String, Option<String>) {
    let mut kinds = String::new();
    let mut code = None;
    loop {
        let (kind, body) = tokio::time::timeout(Duration::from_secs(20), read_message(stream)).await.unwrap();
        kinds.push(char::from(kind));
        if kind == b'E' {
            code = body
                .split(|byte| *byte == 0)
                .find_map(|field| field.strip_prefix(b"C"))
                .map(|c| String::from_utf8_lossy(c).into_owned());
        }
        if kind == b'Z' {
            kinds.push(char::from(body[0]));
            return (kinds, code);
        }
    }
}

async fn start(server: &Server) -> TcpStream {
    let mut stream = open(server).await;
    stream.write_all(&packet(b"\0\x03\0\0user\0me\0database\0strata\0\0")).await.unwrap();
    until_ready(&mut stream).await;
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn encryption_is_declined_politely() {
    let server = Server::start().await;
    let mut stream = open(&server).await;
    for code in [80_877_103u32, 80_877_104] {
        stream.write_all(&packet(&code.to_be_bytes())).await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'N');
    }
    stream.write_all(&packet(b"\0\x03\0\0user\0me\0database\0strata\0\0")).await.unwrap();
    let (kinds, _) = until_ready(&mut stream).await;
    assert!(kinds.starts_with('R') && kinds.ends_with("KZI") && kinds.contains('S'), "{kinds}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_protocol_and_garbage_are_refused() {
    let server = Server::start().await;
    for bytes in
        [packet(b"\0\x02\0\0"), packet(b"\0\x03\0\0user"), packet(b"\0\x03\0\0\0"), b"\xff\xff\xff\xff\xff\xff\xff\xff".to_vec()]
    {
        let mut stream = open(&server).await;
        stream.write_all(&bytes).await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await.unwrap().unwrap();
        assert!(answer.first() == Some(&b'E'), "{answer:?}");
    }
    start(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_skipped_up_to_sync() {
    let server = Server::start().await;
    let mut stream = start(&server).await;
    let pipeline = [
        message(b'P', b"\0SELECT nope\0\0\0"),
        message(b'B', b"\0\0\0\0\0\0\0\0"),
        message(b'E', b"\0\0\0\0\0"),
        message(b'Q', b"SELECT 1\0"),
        message(b'S', b""),
        message(b'P', b"\0SELECT 1\0\0\0"),
        message(b'B', b"\0\0\0\0\0\0\0\0"),
        message(b'D', b"P\0"),
        message(b'E', b"\0\0\0\0\0"),
        message(b'S', b""),
    ]
    .concat();
    stream.write_all(&pipeline).await.unwrap();
    assert_eq!(until_ready(&mut stream).await, ("EZI".to_owned(), Some("42703".to_owned())));
    assert_eq!(until_ready(&mut stream).await, ("12TDCZI".to_owned(), None));
}

/// Parse, Bind and Execute of a statement without parameters.
fn run(sql: &str) -> Vec<u8> {
    let parse = [b"\0", sql.as_bytes(), b"\0\0\0"].concat();
    [message(b'P', &parse), message(b'B', b"\0\0\0\0\0\0\0\0"), message(b'E', b"\0\0\0\0\0")].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_of_a_pipeline_are_one_transaction() {
    let server = Server::start().await;
    let mut stream = start(&server).await;
    let client = server.connect().await;
    client.simple_query("CREATE TABLE logs.p (n int)").await.unwrap();
    let count = async || -> i64 { client.query_one("SELECT count(*) FROM logs.p", &[]).await.unwrap().get(0) };
    let insert = |n: i32| run(&format!("INSERT INTO logs.p VALUES ({n})"));
    let sync = || message(b'S', b"");
    // Both or none.
    stream.write_all(&[insert(1), insert(2), run("SELECT nope"), insert(3), sync()].concat()).await.unwrap();
    assert_eq!(until_ready(&mut stream).await, ("12C12CEZI".to_owned(), Some("42703".to_owned())));
    assert_eq!(count().await, 0);
    stream.write_all(&[insert(1), insert(2), sync()].concat()).await.unwrap();
    assert_eq!(until_ready(&mut stream).await, ("12C12CZI".to_owned(), None));
    assert_eq!(count().await, 2);
    // What comes between sees those before it, and keeps them.
    stream.write_all(&[insert(3), run("SELECT 1 FROM logs.p"), insert(4), run("SELECT nope"), sync()].concat()).await.unwrap();
    assert_eq!(until_ready(&mut stream).await, ("12C12DDDC12CEZI".to_owned(), Some("42703".to_owned())));
    assert_eq!(count().await, 3);
    // A block is the client's own, and a simple query ends a pipeline.
    stream.write_all(&[run("BEGIN"), insert(5), sync()].concat()).await.unwrap();
    assert_eq!(until_ready(&mut stream).await, ("12C12CZT".to_owned(), None));
    stream.write_all(&[insert(6), run("ROLLBACK"), insert(7), message(b'Q', b"SELECT 1\0")].concat()).await.unwrap();
    assert_eq!(until_ready(&mut stream).await, ("12C12C12CTDCZI".to_owned(), None));
    assert_eq!(count().await, 4);
    // Who goes before Sync has appended nothing.
    stream.write_all(&[insert(8), message(b'H', b"")].concat()).await.unwrap();
    let mut answer = [0; 26];
    stream.read_exact(&mut answer).await.unwrap();
    assert!(answer.ends_with(b"INSERT 0 1\0"), "{answer:?}");
    drop(stream);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(count().await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_messages_are_errors_and_not_the_end() {
    let server = Server::start().await;
    let mut stream = start(&server).await;
    for (bytes, code) in [
        (message(b'Q', b"SELECT 1"), "08P01"),
        (message(b'Q', b"SELECT '\xff'\0"), "22021"),
        ([message(b'B', b"\0\0\0\0\xff\xff"), message(b'S', b"")].concat(), "08P01"),
        ([message(b'E', b"nope\0\0\0\0\0"), message(b'S', b"")].concat(), "34000"),
        ([message(b'B', b"\0nope\0\0\0\0\0\0\0"), message(b'S', b"")].concat(), "26000"),
    ] {
        stream.write_all(&bytes).await.unwrap();
        assert_eq!(until_ready(&mut stream).await, ("EZI".to_owned(), Some(code.to_owned())));
    }
    // Data of a COPY that is not running is thrown away.
    stream.write_all(&[message(b'd', b"x\n"), message(b'c', b""), message(b'Q', b"SELECT 1\0")].concat()).await.unwrap();
    assert_eq!(until_ready(&mut stream).await.0, "TDCZI");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_request_with_a_wrong_secret_does_nothing() {
    let server = Server::start().await;
    let mut stream = start(&server).await;
    stream.write_all(&message(b'Q', b"SELECT pg_sleep(1)\0")).await.unwrap();
    let mut other = open(&server).await;
    let request = [&80_877_102u32.to_be_bytes()[..], &1i32.to_be_bytes(), &7i32.to_be_bytes()].concat();
    other.write_all(&packet(&request)).await.unwrap();
    let mut answer = Vec::new();
    other.read_to_end(&mut answer).await.unwrap();
    assert!(answer.is_empty());
    assert_eq!(until_ready(&mut stream).await.1, None);
}
