//! Who asks: the users of SQL, by HTTP Basic, from the moment the first of them has a password. The rules about who may come from
//! where are SQL's, and so is that nobody is heard without encryption from beyond this machine.
//!
//! `/health` and `/ready` are for everybody: they tell nothing that a connection does not tell.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use strata_engine::audit::{self, Class, Event};
use strata_engine::users::Denied;
use strata_engine::users::rules::Arrival;

use super::Server;
use super::connection::Peer;
use super::refusal::Refusal;

/// Who asks while loopback is trusted.
const FIRST_USER: &str = "strata";
/// The one database.
const DATABASE: &str = "strata";
/// Paths below it ask for rights themselves.
const RECORDS: &str = "/v1/topics/";
/// A header longer than this is nobody's.
const HEADER_BYTES_MAX: usize = 4096;

/// Lets a request pass if everybody may ask or its user may.
pub(super) async fn check(
    State(server): State<Arc<Server>>,
    Extension(peer): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = match identify(&server, peer, request.headers()).await {
        Ok(user) => Caller(user),
        Err(refusal) => {
            let (user, address) = (named(request.headers()), peer.address.to_string());
            let (class, detail) = (Class::Login, refusal.error.as_str());
            let event = Event { class, user: &user, session: None, address: &address, action: "request refused", detail };
            // Who names nobody has tried nothing.
            if !user.is_empty()
                && let Err(error) = audit::record(&server.engine, event).await
            {
                return Refusal::from(error).into_response();
            }
            return refusal.into_response();
        }
    };
    let everybodys = request.uri().path().starts_with(RECORDS);
    if !(everybodys || server.engine.users().is_superuser(&caller.0)) {
        return Refusal::new(StatusCode::FORBIDDEN, "permission denied: only a superuser may do this").into_response();
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// The user in whose name a request comes.
#[derive(Debug, Clone)]
pub(super) struct Caller(pub String);

async fn identify(server: &Arc<Server>, peer: Peer, headers: &HeaderMap) -> Result<String, Refusal> {
    let (address, users) = (peer.address.ip().to_canonical(), server.engine.users());
    let forbidden = |why: String| Refusal::new(StatusCode::FORBIDDEN, why);
    let let_near = |user: &str| {
        let arrival = Arrival { user, database: DATABASE, address, encrypted: peer.encrypted };
        users.let_near(&arrival).map_err(|barred| forbidden(barred.to_string()))
    };
    if !(peer.encrypted || address.is_loopback()) {
        return Err(forbidden(format!("no encryption from {address}: beyond loopback TLS is needed")));
    }
    if !users.password_needed() {
        let_near(FIRST_USER)?;
        if !address.is_loopback() {
            return Err(forbidden(format!("no connection from {address}: user \"{FIRST_USER}\" has no password yet")));
        }
        return Ok(FIRST_USER.to_owned());
    }
    let Some((name, password)) = headers.get(header::AUTHORIZATION).and_then(|value| credentials(value.as_bytes())) else {
        let refusal = Refusal::new(StatusCode::UNAUTHORIZED, "a user and a password are needed");
        return Err(refusal.hint("Send them as HTTP Basic: curl --user name:password ..."));
    };
    let_near(&name)?;
    admit(server, address, &name, password).await
}

async fn admit(server: &Arc<Server>, address: IpAddr, name: &str, password: String) -> Result<String, Refusal> {
    let (users, clock) = (server.engine.users(), server.engine.clock());
    tokio::time::sleep(users.pause(address, name, clock.now_us())).await;
    let challenge = users.challenge(name)?;
    // A password costs thousands of hashes: not on the threads that serve, and not on all processors at once.
    let turn = server.logins.acquire().await.map_err(|_| Refusal::busy("the server stops"))?;
    let checked = tokio::task::spawn_blocking(move || (challenge.verifier.matches(&password), challenge)).await;
    drop(turn);
    let (proven, challenge) = checked.map_err(|_| Refusal::busy("the server stops"))?;
    let admitted = users.admit(&challenge, proven, clock.now_us(), 0);
    users.attempted(address, name, clock.now_us(), !matches!(admitted, Err(Denied::Password)));
    match admitted {
        Ok(user) => Ok(user.name.clone()),
        Err(Denied::Password | Denied::Connections) => {
            let message = format!("password authentication failed for user \"{name}\"");
            Err(Refusal::new(StatusCode::UNAUTHORIZED, message))
        }
        Err(Denied::NoLogin) => Err(Refusal::new(StatusCode::FORBIDDEN, format!("role \"{name}\" is not permitted to log in"))),
    }
}

/// Whom a request names; empty if nobody.
fn named(headers: &HeaderMap) -> String {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| credentials(value.as_bytes()));
    header.map(|(name, _)| name).unwrap_or_default()
}

/// Name and password of a `Basic` header.
fn credentials(header: &[u8]) -> Option<(String, String)> {
    if header.len() > HEADER_BYTES_MAX {
        return None;
    }
    let (scheme, encoded) = std::str::from_utf8(header).ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_headers() {
        let check = |header: &str, expected: Option<(&str, &str)>| {
            let found = credentials(header.as_bytes());
            assert_eq!(found.as_ref().map(|(name, password)| (name.as_str(), password.as_str())), expected, "{header}");
        };
        check(&format!("Basic {}", STANDARD.encode("ann:se:cret")), Some(("ann", "se:cret")));
        check(&format!("basic  {}", STANDARD.encode("ann:pässword")), Some(("ann", "pässword")));
        check(&format!("Bearer {}", STANDARD.encode("ann:secret")), None);
        check(&format!("Basic {}", STANDARD.encode("ann")), None);
        check("Basic !", None);
        check("Basic", None);
        check(&format!("Basic {}", STANDARD.encode([0xff, b':'])), None);
        check(&format!("Basic {}", STANDARD.encode(format!("a:{}", "x".repeat(5000)))), None);
    }
}
