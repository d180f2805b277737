//! Takes connections, as many as are allowed, and ends them all when the server stops.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use strata_engine::Engine;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::cancel::CancelKeys;
use crate::catalog::PgCatalog;
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::options::PgOptions;
use crate::response;
use crate::startup::{self, Wish};
use crate::stop::Stop;
use crate::wire::{Reader, Writer};

/// Sockets beyond the connections: cancel requests and clients that are about to be refused.
const SPARE_SOCKETS: usize = 64;
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
async fn converse(socket: TcpStream, shared: &Shared, stop: Stop) {
    let address = socket.peer_addr().map(|address| address.to_string()).unwrap_or_default();
    // Answers are gathered before they are sent, so waiting for more to send only costs time.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let (reader, writer) = socket.into_split();
    let mut reader = Reader::new(reader, shared.options.message_bytes_max);
    let mut writer = Writer::new(writer);
    let greeting = async {
        match startup::listen(&mut reader, &mut writer, &shared.keys).await? {
            Wish::Nothing => Ok(None),
            Wish::Session(parameters) => {
                let permit = shared.connections.try_acquire().map_err(|_| Error::TooManyConnections)?;
                let session = startup::open(&shared.engine, parameters, address, &mut writer, &shared.keys).await?;
                Ok(Some((session, permit)))
            }
        }
    };
    let greeting = tokio::time::timeout(shared.options.startup_timeout, greeting).await.unwrap_or(Err(Error::StartupTimeout));
    let (session, _permit) = match greeting {
        Ok(Some(opened)) => opened,
        Ok(None) => return,
        Err(error) => return refuse(&mut writer, error).await,
    };
    let process = session.info().id;
    metrics::gauge!("strata_pg_connections").increment(1);
    let ended = Connection::new(session, reader, writer, stop).run().await;
    metrics::gauge!("strata_pg_connections").decrement(1);
    shared.keys.remove(process);
    if let Err(error) = ended {
        tracing::debug!(process, %error, "connection ended");
    }
}

/// Tells a client why it gets no session. Every error is the end of the connection here.
async fn refuse(writer: &mut Writer<tokio::net::tcp::OwnedWriteHalf>, error: Error) {
    let told = match writer.message(response::fatal(&error)) {
        Ok(()) => writer.flush().await,
        Err(error) => Err(error),
    };
    if let Err(told) = told {
        tracing::debug!(%error, %told, "a refused client did not wait to hear why");
    }
}
