//! Connections: accepted, encrypted where the client begins with TLS, answered, and ended when the server stops.
//!
//! Plain HTTP and TLS share the port; the first byte tells them apart. **Invariant:** there are never more than
//! [`CONNECTIONS_MAX`], and none that says nothing for longer than [`REQUEST_WITHIN`].

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// Connections at the same time; more wait to be accepted.
const CONNECTIONS_MAX: usize = 4_096;
/// How long a client may take for the head of a request, from the connection or the answer before it on.
const REQUEST_WITHIN: Duration = Duration::from_secs(60);
/// How long to wait when a connection cannot be accepted, most likely for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// First byte of TLS.
const HANDSHAKE: u8 = 0x16;

/// Gives the acceptor that is in use: another one after the certificate was read again.
#[derive(Clone)]
pub struct Encryption(Arc<dyn Fn() -> TlsAcceptor + Send + Sync>);

impl Encryption {
    /// Asks `acceptor` for each connection.
    pub fn new(acceptor: impl Fn() -> TlsAcceptor + Send + Sync + 'static) -> Self {
        Self(Arc::new(acceptor))
    }
}

impl std::fmt::Debug for Encryption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encryption").finish_non_exhaustive()
    }
}

/// How a request came; each has one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    /// Where it came from.
    pub address: SocketAddr,
    /// Whether by TLS.
    pub encrypted: bool,
}

/// Accepts connections until `shutdown` is done, and returns when those that there are have ended.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    encryption: Option<Encryption>,
    stop: watch::Sender<bool>,
    shutdown: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            _ = connections.join_next(), if !connections.is_empty() => continue,
            accepted = accept(&listener, &places) => accepted,
        };
        match accepted {
            Ok((socket, address, place)) => {
                let (router, encryption, stopping) = (router.clone(), encryption.clone(), stop.subscribe());
                connections.spawn(async move {
                    converse(socket, address, router, encryption, stopping).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection by HTTP");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    stop.send_replace(true);
    while connections.join_next().await.is_some() {}
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(std::io::Error::other)?;
    let (socket, address) = listener.accept().await?;
    Ok((socket, address, place))
}

async fn converse(
    socket: TcpStream,
    address: SocketAddr,
    router: Router,
    encryption: Option<Encryption>,
    stopping: watch::Receiver<bool>,
) {
    // A client that waits for its answer must not wait for a timer of the TCP stack too.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let plain = Peer { address, encrypted: false };
    let Some(Encryption(acceptor)) = encryption else { return answer(socket, plain, router, stopping).await };
    match timeout(REQUEST_WITHIN, begins_with_tls(&socket)).await {
        Ok(true) => match timeout(REQUEST_WITHIN, acceptor().accept(socket)).await {
            Ok(Ok(stream)) => answer(stream, Peer { address, encrypted: true }, router, stopping).await,
            Ok(Err(error)) => tracing::info!(%address, %error, "no TLS with a client by HTTP"),
            Err(_) => {}
        },
        Ok(false) => answer(socket, plain, router, stopping).await,
        Err(_) => {}
    }
}

/// Returns when the client has sent its first byte, or is gone.
async fn begins_with_tls(socket: &TcpStream) -> bool {
    let mut first = [0];
    matches!(socket.peek(&mut first).await, Ok(1)) && first[0] == HANDSHAKE
}

/// Answers requests until the client goes, is silent for too long, or the server stops.
async fn answer(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    router: Router,
    mut stopping: watch::Receiver<bool>,
) {
    let routed = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        routed.call(request)
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(REQUEST_WITHIN);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(io), service));
    // An error means that whoever would say so is gone, which is the same.
    let stopped = async move { drop(stopping.wait_for(|stopping| *stopping).await) };
    let ended = tokio::select! {
        ended = &mut connection => Some(ended),
        () = stopped => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(address = %peer.address, %error, "a connection by HTTP ended");
    }
}
