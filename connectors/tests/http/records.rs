//! What goes well, and what paths and headers can do.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use strata_catalog::NewView;

use crate::server::Server;

const TWO: &[u8] = b"{\"message\": \"one\"}\n{\"message\": \"two\"}\n";

#[test]
fn records_create_their_topic_and_can_be_read_at_once() {
    let server = Server::start();
    let answer = server.records("logs.app", &[("content-type", "application/x-ndjson")], TWO);
    assert_eq!(answer.text, r#"{"accepted":2,"duplicates":0,"rejected":[],"rejected_total":0}"#);
    assert_eq!(server.rows("logs", "app"), 2);
    let topic = server.engine.topics().get("logs", "app").unwrap().definition();
    let names: Vec<_> = topic.columns.declared.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["ts", "host", "service", "level", "message"]);
    assert_eq!((topic.indexes.len(), topic.indexes[0].method.as_str()), (1, "inverted"));
    // The last line may lack its line feed; names are read as in SQL.
    assert_eq!(server.records("LOGS.App", &[], b"{\"message\": \"three\"}").counts(), (1, 0, 0));
    assert_eq!(server.records("logs.app", &[], b"").counts(), (0, 0, 0));
    assert_eq!(server.rows("logs", "app"), 3);
}

#[test]
fn packed_bodies_are_unpacked() {
    let server = Server::start();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(TWO).unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd = zstd::encode_all(TWO, 3).unwrap();
    assert_eq!(server.records("logs.app", &[("content-encoding", "gzip")], &gzip).counts(), (2, 0, 0));
    assert_eq!(server.records("logs.app", &[("content-encoding", "zstd")], &zstd).counts(), (2, 0, 0));
    assert_eq!(server.records("logs.app", &[("content-encoding", "identity")], TWO).counts(), (2, 0, 0));
    assert_eq!(server.rows("logs", "app"), 6);
    assert_eq!(server.records("logs.app", &[("content-encoding", "gzip")], &gzip[..gzip.len() - 9]).status, 400);
    assert_eq!(server.records("logs.app", &[("content-encoding", "zstd")], TWO).status, 400);
}

#[test]
fn raw_lines_are_messages() {
    let server = Server::start();
    let lines = b"2024-05-01 12:00:00 started\r\nno time here\n{\"not\": \"parsed\"}\n";
    assert_eq!(server.records("logs.a", &[("content-type", "text/plain")], lines).counts(), (3, 0, 0));
    assert_eq!(server.records("logs.a?", &[], lines).status, 404);
    assert_eq!(server.post("/v1/topics/logs.a/records?format=raw", &[], lines).counts(), (3, 0, 0));
    assert_eq!(server.rows("logs", "a"), 6);
}

#[test]
fn many_chunks_keep_the_order_and_the_line_numbers() {
    let server = Server::start_with(|_, options| options.chunk_bytes = 64 << 10);
    let mut body = Vec::new();
    for n in 0..20_000 {
        let line = if n % 5_000 == 4_999 { "no json".to_owned() } else { format!("{{\"message\": \"{n}\", \"n\": {n}}}") };
        writeln!(body, "{line}").unwrap();
    }
    let answer = server.records("logs.app", &[], &body);
    assert_eq!(answer.counts(), (19_996, 0, 4));
    let lines: Vec<_> = answer.json()["rejected"].as_array().unwrap().iter().map(|r| r["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [5_000, 10_000, 15_000, 20_000]);
    assert_eq!(server.rows("logs", "app"), 19_996);
}

#[test]
fn paths_methods_and_types_that_are_not_known() {
    let server = Server::start();
    server.block_on(async {
        let view = NewView { schema: "logs".into(), name: "v".into(), query: "SELECT 1".into() };
        server.engine.topics().create_view(view, false).await.unwrap();
    });
    let status = |method: &str, path: &str, headers: &[(&str, &str)]| {
        let answer = server.request(method, path, headers, TWO);
        assert!(answer.json()["error"].is_string() && answer.json()["hint"].is_string(), "{}", answer.text);
        answer.status
    };
    let path = "/v1/topics/logs.app/records";
    assert_eq!(status("POST", "/nowhere", &[]), 404);
    assert_eq!(status("GET", path, &[]), 405);
    assert_eq!(status("POST", "/health", &[]), 405);
    assert_eq!(status("POST", "/v1/topics/app/records", &[]), 400);
    assert_eq!(status("POST", "/v1/topics/a.b.c/records", &[]), 400);
    assert_eq!(status("POST", "/v1/topics/public.app/records", &[]), 404);
    assert_eq!(status("POST", "/v1/topics/nowhere.app/records", &[]), 404);
    assert_eq!(status("POST", "/v1/topics/logs.v/records", &[]), 409);
    assert_eq!(status("POST", &format!("{path}?format=csv"), &[]), 400);
    assert_eq!(status("POST", path, &[("content-encoding", "br")]), 415);
    assert_eq!(status("POST", path, &[("content-type", "text/csv")]), 415);
    assert!(server.engine.topics().get("logs", "app").is_none(), "a refused request creates nothing");
}

#[test]
fn two_clients_create_the_same_topic() {
    let server = Server::start();
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8).map(|_| scope.spawn(|| server.records("logs.app", &[], TWO).counts())).collect();
        clients.into_iter().for_each(|client| assert_eq!(client.join().unwrap(), (2, 0, 0)));
    });
    assert_eq!(server.rows("logs", "app"), 16);
    assert_eq!(server.engine.topics().list().len(), 1);
}

#[test]
fn health_and_metrics_answer() {
    let server = Server::start();
    assert_eq!(server.request("GET", "/health", &[], b"").json()["status"], "ok");
    assert_eq!(server.request("GET", "/ready", &[], b"").json()["status"], "ready");
    let metrics = server.request("GET", "/metrics", &[], b"");
    assert_eq!(metrics.status, 200);
    assert!(metrics.text.contains("strata_memory_bytes{consumer=\"ingest\"} 0\n"), "{}", metrics.text);
}
