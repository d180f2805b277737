//! Who it is: loopback is trusted while the first user has no password, everybody else proves to know one.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use pgwire::messages::PgWireBackendMessage as Backend;
use pgwire::messages::startup::Authentication;
use rand::TryRng;
use strata_engine::Engine;
use strata_engine::users::Denied;
use strata_engine::users::rules::Arrival;

use super::scram::{self, Exchange};
use super::{Incoming, Outgoing, USER};
use crate::error::{Error, Result};
use crate::wire::Frontend;

/// Bytes of the server's part of a nonce.
const NONCE_BYTES: usize = 18;

/// How a client reached the server.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Where it is.
    pub address: SocketAddr,
    /// The certificate that it was shown, as SCRAM binds it in; the outer `None` without TLS, the inner one for a certificate
    /// for which no way to bind it is agreed on.
    pub tls: Option<Option<Arc<[u8]>>>,
}

/// Finds out who `name`, who wants into `database`, really is.
///
/// # Errors
/// He is not let in, or does not speak SCRAM.
pub async fn authenticate(
    engine: &Arc<Engine>,
    name: &str,
    database: &str,
    peer: &Peer,
    reader: &mut Incoming,
    writer: &mut Outgoing,
) -> Result<String> {
    let (users, ip) = (engine.users(), peer.address.ip().to_canonical());
    let near = if !ip.is_loopback() && peer.tls.is_none() {
        Err(Error::NoEncryption(ip))
    } else {
        users.let_near(&Arrival { user: name, database, address: ip, encrypted: peer.tls.is_some() }).map_err(Error::from)
    };
    if near.is_err() {
        // Each is written down where that was asked for, so they wait as those do who guess.
        tokio::time::sleep(users.pause(ip, name, engine.clock().now_us())).await;
        users.attempted(ip, name, engine.clock().now_us(), false);
    }
    near?;
    if !users.password_needed() {
        // Until there is a password, every name is the one user's.
        return if ip.is_loopback() { Ok(USER.to_owned()) } else { Err(Error::NoPassword(ip)) };
    }
    let pause = users.pause(ip, name, engine.clock().now_us());
    tokio::time::sleep(pause).await;
    let challenge = users.challenge(name)?;
    let end_point = peer.tls.as_ref().and_then(|bound| bound.as_deref());
    let mut methods = vec![scram::PLAIN.to_owned()];
    if end_point.is_some() {
        methods.insert(0, scram::PLUS.to_owned());
    }
    writer.message(Backend::Authentication(Authentication::SASL(methods)))?;
    writer.flush().await?;
    let first = answer(reader).await?;
    let (mechanism, message) = scram::initial(&first)?;
    let exchange = Exchange::begin(mechanism, message, &challenge.verifier, end_point, &nonce()?)?;
    writer.message(Backend::Authentication(Authentication::SASLContinue(scram::message(exchange.answer.clone()))))?;
    writer.flush().await?;
    let signature = exchange.finish(&answer(reader).await?)?;

    let connections = engine.sessions().connections_of(name);
    let admitted = users.admit(&challenge, signature.is_some(), engine.clock().now_us(), connections);
    users.attempted(ip, name, engine.clock().now_us(), !matches!(admitted, Err(Denied::Password)));
    let user = admitted.map_err(|denied| {
        tracing::info!(user = name, address = %peer.address, ?denied, "not let in");
        Error::Denied { user: name.to_owned(), denied }
    })?;
    if let Some(signature) = signature {
        writer.message(Backend::Authentication(Authentication::SASLFinal(scram::message(signature))))?;
    }
    Ok(user.name.clone())
}

async fn answer(reader: &mut Incoming) -> Result<Bytes> {
    match reader.next().await? {
        Some(frame) => match frame.message? {
            Frontend::Password(body) => Ok(body),
            _ => Err(Error::Protocol("expected SASL response".to_owned())),
        },
        // psql without a password leaves here and comes again with one.
        None => Err(Error::Io(std::io::ErrorKind::UnexpectedEof.into())),
    }
}

fn nonce() -> Result<String> {
    let mut bytes = [0; NONCE_BYTES];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).map_err(std::io::Error::other)?;
    Ok(STANDARD.encode(bytes))
}
