//! TLS with the real libpq: verified, bound to the login, with client certificates, and with a certificate that changes.
//!
//! The certificates are in `tests/certificates/`, made by `make.sh` there.

use std::process::Command;
use std::time::{Duration, Instant};

use strata_harness::certificate;

use super::psql::{PASSWORD, World};

fn encrypted(client_ca: bool) -> World {
    World::with(|folder, options| options.encrypted(folder.path(), client_ca).unwrap())
}

fn verified(ca: &str) -> String {
    format!(
        "user=strata host=localhost hostaddr=127.0.0.1 sslmode=verify-full sslrootcert={}",
        certificate::folder().join(ca).display()
    )
}

#[test]
fn psql_verifies_the_server_and_binds_the_login_to_it() {
    let world = encrypted(false);
    world.guard();
    let bound = format!("{} channel_binding=require", verified("first-ca.pem"));
    assert_eq!(world.run(&bound, "SELECT 1"), "1\n");
    let shown = world.run(&bound, "\\conninfo");
    assert!(shown.contains("SSL connection (protocol: TLSv1.3"), "{shown}");
    assert_eq!(world.run("user=strata sslmode=disable", "SELECT 1"), "1\n", "loopback may do without");
    let refused = world.fails(&verified("second-ca.pem"), Some(PASSWORD), "SELECT 1");
    assert!(refused.contains("certificate verify failed"), "{refused}");
    let refused = world.fails(&bound, Some("wrong"), "SELECT 1");
    assert!(refused.contains("password authentication failed"), "{refused}");
    // Much in both directions, over many records of TLS.
    let many = world.run(&bound, "SELECT n FROM generate_series(1, 100000) AS t(n)");
    assert_eq!(many.lines().count(), 100_000);
}

#[test]
fn a_client_without_a_certificate_is_not_heard() {
    let world = encrypted(true);
    let key = certificate::place(world.folder.path(), "client.key", "client.key").unwrap();
    let shown = certificate::folder().join("client.pem");
    let shown = format!("{} sslcert={} sslkey={}", verified("first-ca.pem"), shown.display(), key.display());
    assert_eq!(world.run(&shown, "SELECT 1"), "1\n");
    let refused = world.fails(&format!("{} sslcert=/nowhere sslkey=/nowhere", verified("first-ca.pem")), None, "SELECT 1");
    assert!(refused.contains("certificate required") || refused.contains("closed the connection"), "{refused}");
}

#[test]
fn a_new_certificate_is_taken_on_sighup() {
    let world = encrypted(false);
    let works = |ca: &str| world.psql(&verified(ca), None, "SELECT 1").code == Some(0);
    let becomes = |ca: &str| {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !works(ca) {
            assert!(Instant::now() < deadline, "{ca} is not in use");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    assert!(works("first-ca.pem") && !works("second-ca.pem"));
    let place = |from: &str, name: &str| certificate::place(world.folder.path(), from, name).unwrap();
    place("second-server.pem", "server.pem");
    place("second-server.key", "server.key");
    world.hang_up();
    becomes("second-ca.pem");
    assert!(!works("first-ca.pem"));
    // A key of another certificate is refused, and what works stays.
    place("first-server.key", "server.key");
    world.hang_up();
    std::thread::sleep(Duration::from_millis(300));
    assert!(works("second-ca.pem"));
    let log = std::fs::read_to_string(world.folder.path().join("server.log")).unwrap();
    assert!(log.contains("the old certificate stays in use"), "{log}");
}

#[test]
fn beyond_loopback_a_password_and_tls_are_needed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").to_str().unwrap().to_owned();
    let serve = |flags: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_strata"));
        let output = command
            .args(["serve", "--pg-addr", "0.0.0.0:0", "--http-addr", "127.0.0.1:0", "--data-dir", &data])
            .args(flags)
            .output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let said = serve(&[]);
    assert!(said.contains("needs TLS: give tls_cert and tls_key"), "{said}");
    let certificates = certificate::folder();
    let (certificate, key) = (certificates.join("first-server.pem"), certificates.join("first-server.key"));
    let tls = ["--tls-cert", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let said = serve(&tls);
    assert!(said.contains("user \"strata\" has no password"), "{said}");
    let said = serve(&["--tls-cert", certificate.to_str().unwrap(), "--tls-key", certificate.to_str().unwrap()]);
    assert!(said.contains("cannot be used for TLS"), "{said}");
}

/// curl with a CA, as somebody, and what it is told.
fn curl(world: &World, ca: &str, arguments: &[&str], path: &str) -> std::process::Output {
    let port = world.server.http_addr().port();
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "20", "--cacert"]).arg(certificate::folder().join(ca));
    command.args(["--resolve", &format!("localhost:{port}:127.0.0.1"), "--write-out", "%{http_code}"]).args(arguments);
    command.arg(format!("https://localhost:{port}{path}")).output().expect("curl is installed (make setup)")
}

#[test]
fn http_is_encrypted_on_the_same_port() {
    let world = encrypted(false);
    world.guard();
    let user = format!("strata:{PASSWORD}");
    let sent = curl(
        &world,
        "first-ca.pem",
        &["--user", &user, "--data-binary", "{\"message\":\"hello\"}"],
        "/v1/topics/logs.app/records",
    );
    assert!(String::from_utf8_lossy(&sent.stdout).ends_with("200"), "{sent:?}");
    let refused = curl(&world, "first-ca.pem", &["--user", "strata:wrong"], "/metrics");
    assert!(String::from_utf8_lossy(&refused.stdout).ends_with("401"), "{refused:?}");
    let stranger = curl(&world, "second-ca.pem", &["--user", &user], "/metrics");
    assert!(!stranger.status.success() && String::from_utf8_lossy(&stranger.stderr).contains("certificate"), "{stranger:?}");
    // Plain HTTP goes on from this machine.
    assert_eq!(world.server.http().get("/health").unwrap().status, 200);
    assert_eq!(world.run("user=strata", "SELECT message FROM logs.app"), "hello\n");
    // A new certificate counts here as well.
    let place = |from: &str, name: &str| certificate::place(world.folder.path(), from, name).unwrap();
    place("second-server.pem", "server.pem");
    place("second-server.key", "server.key");
    world.hang_up();
    let renewed = || String::from_utf8_lossy(&curl(&world, "second-ca.pem", &[], "/ready").stdout).ends_with("200");
    assert!(strata_harness::eventually(renewed));
}

#[test]
fn http_wants_a_certificate_where_one_is_wanted() {
    let world = encrypted(true);
    let key = certificate::place(world.folder.path(), "client.key", "client.key").unwrap();
    let shown = certificate::folder().join("client.pem");
    let shown = ["--cert", shown.to_str().unwrap(), "--key", key.to_str().unwrap()];
    assert!(String::from_utf8_lossy(&curl(&world, "first-ca.pem", &shown, "/metrics").stdout).ends_with("200"));
    assert!(!curl(&world, "first-ca.pem", &[], "/metrics").status.success());
}
