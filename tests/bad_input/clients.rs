//! Clients that vanish in the middle, and clients that do the same at the same time.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use crate::{Fixture, eventually};

#[test]
fn a_client_that_vanishes_in_a_copy_leaves_nothing() {
    let fixture = Fixture::start();
    {
        let sql = fixture.server.sql().unwrap();
        let (runtime, client) = sql.parts();
        runtime.block_on(async {
            let sink = client.copy_in::<_, bytes::Bytes>("COPY logs.bad (message, status) FROM STDIN").await.unwrap();
            let mut sink = std::pin::pin!(sink);
            for batch in 0..50 {
                let rows: String = (0..1_000).map(|row| format!("half a copy\t{}\n", batch * 1_000 + row)).collect();
                futures::SinkExt::send(&mut sink, bytes::Bytes::from(rows)).await.unwrap();
            }
            futures::SinkExt::flush(&mut sink).await.unwrap();
            // Give the server time to have taken much of it.
            tokio::time::sleep(Duration::from_millis(300)).await;
        });
        // Dropping the runtime cuts the connection without CopyDone or CopyFail.
    }
    eventually("1", || fixture.value("SELECT count(*) FROM sys.sessions"));
    assert_eq!(fixture.value("SELECT count(*) FROM logs.bad"), "0");
    fixture.is_well();
}

#[test]
fn a_client_that_vanishes_in_an_upload_leaves_whole_records_only() {
    let fixture = Fixture::start();
    let mut stream = TcpStream::connect(fixture.server.http_addr()).unwrap();
    let lines: String = (0..1_000).map(|i| format!("{{\"message\":\"line {i}\",\"status\":{i}}}\n")).collect();
    let promised = lines.len() * 10;
    write!(stream, "POST /v1/topics/logs.bad/records HTTP/1.1\r\nHost: strata\r\nContent-Length: {promised}\r\n\r\n{lines}")
        .unwrap();
    stream.write_all(b"{\"message\":\"half a li").unwrap();
    stream.flush().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    stream.shutdown(Shutdown::Both).unwrap();
    drop(stream);
    std::thread::sleep(Duration::from_millis(300));
    fixture.is_well();
    // Nothing was acknowledged, so any beginning of the lines may be there, but only whole ones and each once.
    assert_eq!(fixture.value("SELECT count(*) - count(DISTINCT status) FROM logs.bad"), "0");
    assert_eq!(fixture.value("SELECT count(*) FROM logs.bad WHERE message <> concat('line ', status)"), "0");
    assert_eq!(fixture.value("SELECT count(*) = coalesce(max(status) + 1, 0) FROM logs.bad"), "t");
}

#[test]
fn bytes_that_are_no_protocol_are_answered_or_cut() {
    let fixture = Fixture::start();
    for address in [fixture.server.pg_addr(), fixture.server.http_addr()] {
        for garbage in [&b"\0"[..], &[0xff; 64], b"GET / HTTP/1.1\r\n", &[0, 0, 0, 4], &[0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 0]] {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
            // It may be cut before all is written; that is an answer too.
            let _ = stream.write_all(garbage);
            let _ = stream.shutdown(Shutdown::Write);
            let _ = stream.read(&mut [0; 512]);
        }
    }
    fixture.is_well();
    let (now, _) = fixture.server.resident_bytes().unwrap();
    assert!(now < 512 << 20, "a length that was only claimed took {now} bytes");
}

#[test]
fn of_clients_that_create_the_same_topic_one_wins_and_all_can_write() {
    let fixture = Fixture::start();
    let barrier = Arc::new(Barrier::new(8));
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let (sql, barrier) = (fixture.server.sql().unwrap(), barrier.clone());
            std::thread::spawn(move || {
                barrier.wait();
                sql.rows("CREATE TABLE logs.twice (message text)")
                    .map_err(|error| error.code().map(|code| code.code().to_owned()))
            })
        })
        .collect();
    let results: Vec<_> = clients.into_iter().map(|client| client.join().unwrap()).collect();
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    for error in results.into_iter().filter_map(Result::err) {
        assert_eq!(error.as_deref(), Some("42P07"), "duplicate_table");
    }
    assert_eq!(fixture.value("SELECT count(*) FROM sys.topics WHERE topic = 'logs.twice'"), "1");
}

#[test]
fn records_for_a_new_topic_from_many_clients_create_it_once() {
    let fixture = Fixture::start();
    let barrier = Arc::new(Barrier::new(8));
    let clients: Vec<_> = (0..8)
        .map(|i| {
            let (http, barrier) = (fixture.server.http(), barrier.clone());
            std::thread::spawn(move || {
                barrier.wait();
                http.records("logs.fresh", &[], format!("{{\"message\":\"client {i}\"}}\n").as_bytes()).unwrap()
            })
        })
        .collect();
    for client in clients {
        let answer = client.join().unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(fixture.value("SELECT count(DISTINCT message) FROM logs.fresh"), "8");
    let elsewhere = fixture.http.records("nowhere.fresh", &[], b"{\"message\":\"x\"}\n").unwrap();
    assert_eq!(elsewhere.status, 404, "only schema logs makes topics by itself: {elsewhere:?}");
}
