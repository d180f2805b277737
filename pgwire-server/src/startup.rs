//! From the first byte of a connection to a session: encryption, who it is, settings.
//!
//! ```text
//! packet ──▶ TLS? (answered S or N) ──▶ packet ──▶ login.rs: who it is (scram.rs) ──▶ session
//! ```

mod login;
mod scram;

use std::collections::BTreeMap;
use std::sync::Arc;

use pgwire::messages::PgWireBackendMessage as Backend;
use pgwire::messages::startup::{Authentication, BackendKeyData, NegotiateProtocolVersion, ParameterStatus, SecretKey};
use strata_engine::Engine;
use strata_engine::audit::{self, Class, Event};
use strata_engine::session::{Session, SessionOptions};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

pub use self::login::Peer;
use crate::cancel::CancelKeys;
use crate::error::{Error, Result};
use crate::wire::{Incoming, Outgoing, StartupPacket};

/// The one database.
pub const DATABASE: &str = "strata";
/// The first user, to whom everything belongs.
pub const USER: &str = "strata";
/// Packets before the session begins, at most: each kind of encryption once, and the start itself.
const PACKETS_MAX: usize = 3;

/// What a client turned out to want.
pub enum Wish {
    /// A session.
    Session(Start),
    /// TLS, and then to be asked again. It was told that it may begin.
    Encryption,
    /// To stop another's statement, or nothing; both are over.
    Nothing,
}

/// How a session is asked for.
pub struct Start {
    /// Minor version of protocol 3.
    minor: u16,
    /// `user`, `database`, settings.
    parameters: BTreeMap<String, String>,
}

impl Start {
    /// Who he says he is; empty if he does not.
    pub fn user(&self) -> &str {
        self.parameters.get("user").map_or("", String::as_str)
    }
}

/// Reads packets until the client says what it wants. `tls` tells whether encryption is there to be asked for.
///
/// # Errors
/// Packets that make no sense.
pub async fn listen(io: &mut (impl AsyncRead + AsyncWrite + Unpin), tls: bool, keys: &CancelKeys) -> Result<Wish> {
    for _ in 0..PACKETS_MAX {
        match StartupPacket::read(io).await? {
            None => return Ok(Wish::Nothing),
            Some(StartupPacket::Ssl) if tls => {
                io.write_all(b"S").await?;
                io.flush().await?;
                return Ok(Wish::Encryption);
            }
            Some(StartupPacket::Ssl | StartupPacket::Gss) => {
                io.write_all(b"N").await?;
                io.flush().await?;
            }
            Some(StartupPacket::Cancel { process, secret }) => {
                keys.cancel(process, &secret);
                return Ok(Wish::Nothing);
            }
            Some(StartupPacket::Session { minor, parameters }) => return Ok(Wish::Session(Start { minor, parameters })),
        }
    }
    Err(Error::Protocol("too many packets before the start of the session".to_owned()))
}

/// Finds out who it is, opens the session and says hello.
///
/// # Errors
/// Somebody who is not let in; parameters that do not fit.
pub async fn open(
    engine: &Arc<Engine>,
    start: Start,
    peer: &Peer,
    reader: &mut Incoming,
    writer: &mut Outgoing,
    keys: &CancelKeys,
) -> Result<Session> {
    let Start { minor, mut parameters } = start;
    let options: Vec<String> = parameters.keys().filter(|name| name.starts_with("_pq_.")).cloned().collect();
    if minor > 0 || !options.is_empty() {
        writer.message(Backend::NegotiateProtocolVersion(NegotiateProtocolVersion::new(0, options)))?;
    }
    let name = parameters.remove("user").filter(|user| !user.is_empty()).ok_or(Error::NoUser)?;
    // Clients that name no database ask for one named like the user.
    let database = parameters.remove("database").filter(|database| !database.is_empty()).unwrap_or_else(|| name.clone());
    let address = peer.address.to_string();
    let session = begin(engine, &name, database, parameters, peer, reader, writer).await?;
    let process = session.info().id;
    let login =
        Event { class: Class::Login, user: &name, session: Some(process), address: &address, action: "login", detail: "" };
    audit::record(engine, login).await?;
    let secret = keys.add(process, session.cancel_handle())?;
    writer.message(Backend::Authentication(Authentication::Ok))?;
    for (name, value) in session.reported_parameters() {
        writer.message(Backend::ParameterStatus(ParameterStatus::new(name, value)))?;
    }
    writer.message(Backend::BackendKeyData(BackendKeyData::new(process, SecretKey::I32(secret))))?;
    Ok(session)
}

/// Records that somebody who says he is `user` was not let in; not a client that went away in the middle.
///
/// # Errors
/// Those of the record.
pub async fn refused(engine: &Arc<Engine>, user: &str, peer: &Peer, error: &Error) -> Result<()> {
    if matches!(error, Error::Io(_)) {
        return Ok(());
    }
    let (address, detail) = (&peer.address.to_string(), &error.to_string());
    audit::record(engine, Event { class: Class::Login, user, session: None, address, action: "login refused", detail }).await?;
    Ok(())
}

/// Finds out who it is and begins his session.
async fn begin(
    engine: &Arc<Engine>,
    name: &str,
    database: String,
    mut parameters: BTreeMap<String, String>,
    peer: &Peer,
    reader: &mut Incoming,
    writer: &mut Outgoing,
) -> Result<Session> {
    let user = login::authenticate(engine, name, &database, peer, reader, writer).await?;
    if database != DATABASE && database != name {
        return Err(Error::UndefinedDatabase(database));
    }
    if parameters.remove("replication").is_some_and(|value| !matches!(value.as_str(), "false" | "off" | "no" | "0")) {
        return Err(Error::Protocol("replication connections are not offered".to_owned()));
    }
    let mut settings: Vec<(String, String)> = Vec::new();
    if let Some(options) = parameters.remove("options") {
        settings.extend(command_line(&options)?);
    }
    settings.extend(parameters.into_iter().filter(|(name, _)| !name.starts_with("_pq_.")));
    let address = peer.address.to_string();
    let options = SessionOptions { user, database: DATABASE.to_owned(), address, parameters: settings };
    Ok(Session::new(Arc::clone(engine), options)?)
}

/// Settings of the `options` parameter: `-c name=value`, `--name=value`, with backslashes before spaces that belong to a
/// value.
fn command_line(options: &str) -> Result<Vec<(String, String)>> {
    let mut words = vec![String::new()];
    let mut characters = options.chars();
    while let Some(character) = characters.next() {
        match (character, words.last_mut()) {
            ('\\', Some(word)) => word.extend(characters.next()),
            (space, Some(word)) if space.is_whitespace() => {
                if !word.is_empty() {
                    words.push(String::new());
                }
            }
            (other, Some(word)) => word.push(other),
            (_, None) => {}
        }
    }
    let mut settings = Vec::new();
    let mut words = words.into_iter().filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        let assignment = if word == "-c" {
            words.next()
        } else {
            word.strip_prefix("-c").or_else(|| word.strip_prefix("--")).map(str::to_owned)
        };
        let pair = assignment.as_deref().and_then(|text| text.split_once('='));
        let (name, value) = pair.ok_or_else(|| Error::Protocol(format!("invalid command-line argument: {word}")))?;
        settings.push((name.replace('-', "_"), value.to_owned()));
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_settings() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            command_line("-c statement_timeout=5s  --search-path=a,b -cTimeZone=Asia\\ /x").unwrap(),
            [pair("statement_timeout", "5s"), pair("search_path", "a,b"), pair("TimeZone", "Asia /x")]
        );
        assert!(command_line("").unwrap().is_empty());
        assert!(command_line("-c").is_err());
        assert!(command_line("-d 3").is_err());
    }
}
