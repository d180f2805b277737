//! Takes connections, as many as are allowed, and ends them all when the server stops.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use strata_engine::Engine;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::cancel::CancelKeys;
use crate::catalog::PgCatalog;
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::options::PgOptions;
use crate::response;
use crate::startup::{self, Peer, Start, Wish};
use crate::stop::Stop;
use crate::tls::{Secured, Tls};
use crate::wire::{Reader, Writer};

/// Sockets beyond the connections: cancel requests and clients that are about to be refused.
const SPARE_SOCKETS: usize = 64;
/// A message of somebody who has not said who he is is no longer than this.
const STRANGERS_MESSAGE_BYTES_MAX: usize = 16 << 10;
/// Pause after the operating system refused a connection, so that a lack of file descriptors does not burn the processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What connections share.
struct Shared {
    engine: Arc<Engine>,
    options: PgOptions,
    keys: CancelKeys,
    connections: Semaphore,
}

/// Serves clients until `shutdown` returns. Then idle connections end at once (57P01), running statements get
/// `shutdown_grace` to finish, and what is left is cut.
///
/// # Errors
/// None today: a listener that cannot accept tries again.
pub async fn serve(
    listener: TcpListener,
    engine: Arc<Engine>,
    options: PgOptions,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<()> {
    engine.add_extension(Arc::new(PgCatalog));
    let sockets = Arc::new(Semaphore::new(options.connections_max + SPARE_SOCKETS));
    let shared =
        Arc::new(Shared { engine, connections: Semaphore::new(options.connections_max), options, keys: CancelKeys::default() });
    let (switch, stop) = Stop::new();
    let mut tasks = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = tasks.join_next() => continue,
            accepted = accept(&listener, &sockets) => accepted,
        };
        match accepted {
            Ok((socket, permit)) => {
                let (shared, stop) = (Arc::clone(&shared), stop.clone());
                tasks.spawn(async move {
                    converse(socket, &shared, stop).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let _ = switch.send(true);
    let ended = tokio::time::timeout(shared.options.shutdown_grace, async { while tasks.join_next().await.is_some() {} });
    if ended.await.is_err() {
        tracing::info!(connections = tasks.len(), "cutting connections that did not end in time");
        tasks.shutdown().await;
    }
    Ok(())
}

async fn accept(listener: &TcpListener, sockets: &Arc<Semaphore>) -> io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(sockets).acquire_owned().await.map_err(io::Error::other)?;
    let (socket, _) = listener.accept().await?;
    Ok((socket, permit))
}

/// One socket from its first byte to its last. Errors end here: the client was told what it can be told.
async fn converse(mut socket: TcpStream, shared: &Shared, stop: Stop) {
    let Ok(address) = socket.peer_addr() else { return };
    // Answers are gathered before they are sent, so waiting for more to send only costs time.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let deadline = Instant::now() + shared.options.startup_timeout;
    let tls = shared.options.tls.as_deref();
    let direct = match tls {
        Some(_) => timeout_at(deadline, Tls::begins(&socket)).await.unwrap_or(false),
        None => false,
    };
    let wish = if direct {
        Ok(Wish::Encryption)
    } else {
        within(deadline, startup::listen(&mut socket, tls.is_some(), &shared.keys)).await
    };
    match (wish, tls) {
        (Err(error), _) => {
            refuse(&mut Writer::new(&mut socket), error).await;
            // A socket that is closed with bytes unread takes the answer back.
            let _ = socket.try_read(&mut [0; 4096]);
        }
        (Ok(Wish::Nothing), _) | (Ok(Wish::Encryption), None) => {}
        (Ok(Wish::Session(start)), _) => {
            let (reader, writer) = socket.into_split();
            let client = Client { peer: Peer { address, tls: None }, reader: Box::new(reader), writer: Box::new(writer) };
            client.attend(start, shared, stop, deadline).await;
        }
        (Ok(Wish::Encryption), Some(tls)) => {
            let Secured { mut stream, end_point } = match timeout_at(deadline, tls.accept(socket, direct)).await {
                Ok(Ok(secured)) => secured,
                Ok(Err(error)) => return tracing::info!(%address, %error, "no TLS with a client"),
                Err(_) => return,
            };
            match within(deadline, startup::listen(&mut stream, false, &shared.keys)).await {
                Ok(Wish::Session(start)) => {
                    let (reader, writer) = tokio::io::split(stream);
                    let peer = Peer { address, tls: Some(end_point) };
                    let client = Client { peer, reader: Box::new(reader), writer: Box::new(writer) };
                    client.attend(start, shared, stop, deadline).await;
                }
                Ok(_) => {}
                Err(error) => refuse(&mut Writer::new(&mut stream), error).await,
            }
        }
    }
}

async fn within<T>(deadline: Instant, work: impl Future<Output = Result<T>>) -> Result<T> {
    timeout_at(deadline, work).await.unwrap_or(Err(Error::StartupTimeout))
}

/// Somebody who wants a session.
struct Client {
    peer: Peer,
    reader: Box<dyn AsyncRead + Send + Sync + Unpin>,
    writer: Box<dyn AsyncWrite + Send + Sync + Unpin>,
}

impl Client {
    async fn attend(self, start: Start, shared: &Shared, stop: Stop, deadline: Instant) {
        let Self { peer, reader, writer } = self;
        let mut reader = Reader::new(reader, STRANGERS_MESSAGE_BYTES_MAX);
        let mut writer = Writer::new(writer);
        let user = start.user().to_owned();
        let greeting = async {
            let permit = shared.connections.try_acquire().map_err(|_| Error::TooManyConnections)?;
            let opened = startup::open(&shared.engine, start, &peer, &mut reader, &mut writer, &shared.keys);
            Ok((Box::pin(opened).await?, permit))
        };
        let (session, _permit) = match within(deadline, greeting).await {
            Ok(opened) => opened,
            Err(error) => {
                let recorded = startup::refused(&shared.engine, &user, &peer, &error).await;
                return refuse(&mut writer, recorded.err().unwrap_or(error)).await;
            }
        };
        reader.allow(shared.options.message_bytes_max);
        let process = session.info().id;
        metrics::gauge!("strata_pg_connections").increment(1);
        let ended = Connection::new(session, reader, writer, stop).run().await;
        metrics::gauge!("strata_pg_connections").decrement(1);
        shared.keys.remove(process);
        if let Err(error) = ended {
            tracing::debug!(process, %error, "connection ended");
        }
    }
}

/// Tells a client why it gets no session. Every error is the end of the connection here.
async fn refuse<W: AsyncWrite + Unpin>(writer: &mut Writer<W>, error: Error) {
    let told = match writer.message(response::fatal(&error)) {
        Ok(()) => writer.flush().await,
        Err(error) => Err(error),
    };
    if let Err(told) = told {
        tracing::debug!(%error, %told, "a refused client did not wait to hear why");
    }
}
