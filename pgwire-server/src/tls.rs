//! TLS: the certificate's files, read at the start and again on request, and the handshake.
//!
//! Both kinds of start are known to the PostgreSQL protocol: PostgreSQL's request for encryption, and TLS from the first byte on (with ALPN `postgresql`).
//! With a client CA a client must show a certificate that it has signed, beside its password.
//!
//! **Invariant:** files that cannot be used leave the certificate in place that is in use.

mod end_point;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

use crate::error::{Error, Result};

/// What a client that begins with TLS asks for.
const POSTGRESQL: &[u8] = b"postgresql";
/// What HTTP clients ask for.
const HTTP: &[u8] = b"http/1.1";
/// First byte of TLS.
const HANDSHAKE: u8 = 0x16;

/// Where certificate and key are, as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, and those between it and its CA.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Certificates of the CAs of which clients must have one; `None` if they need none.
    pub client_ca: Option<PathBuf>,
}

/// See the module.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    ready: RwLock<Ready>,
}

#[derive(Debug, Clone)]
struct Ready {
    postgresql: Arc<ServerConfig>,
    http: Arc<ServerConfig>,
    end_point: Option<Arc<[u8]>>,
}

/// An encrypted connection.
pub struct Secured {
    /// What is said on it.
    pub stream: TlsStream<TcpStream>,
    /// The certificate as SCRAM binds it in; `None` for one for which no way is agreed on.
    pub end_point: Option<Arc<[u8]>>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`Error::Tls`], which names the file.
    pub fn load(files: TlsFiles) -> Result<Self> {
        let ready = RwLock::new(read(&files)?);
        Ok(Self { files, ready })
    }

    /// Reads the files again; connections that are there keep what they have.
    ///
    /// # Errors
    /// As [`Tls::load`]; what was in use stays in use.
    pub fn reload(&self) -> Result<()> {
        let ready = read(&self.files)?;
        *self.ready.write() = ready;
        Ok(())
    }

    /// What accepts connections of HTTP with the certificate that is in use.
    pub fn http_acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.ready.read().http.clone())
    }

    /// Whether the client begins with TLS. Returns when it has sent its first byte, or is gone.
    pub(crate) async fn begins(socket: &TcpStream) -> bool {
        let mut first = [0];
        matches!(socket.peek(&mut first).await, Ok(1)) && first[0] == HANDSHAKE
    }

    /// Shakes hands. `direct`: the client began with it, so it has to name the protocol, lest another be tricked into it.
    ///
    /// # Errors
    /// The client's fault or a broken connection: nobody to be told.
    pub(crate) async fn accept(&self, socket: TcpStream, direct: bool) -> std::io::Result<Secured> {
        let Ready { postgresql, end_point, .. } = self.ready.read().clone();
        let stream = TlsAcceptor::from(postgresql).accept(socket).await?;
        if direct && stream.get_ref().1.alpn_protocol() != Some(POSTGRESQL) {
            return Err(std::io::Error::other("TLS from the first byte on without ALPN"));
        }
        Ok(Secured { stream, end_point })
    }
}

fn read(files: &TlsFiles) -> Result<Ready> {
    let chain = certificates(&files.certificate)?;
    let end_point = chain.first().and_then(|certificate| end_point::hash(certificate));
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unusable(&files.key, &error))?;
    let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| Error::Tls(error.to_string()))?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| unusable(path, &error))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| unusable(path, &error))?)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| unusable(&files.certificate, &error))?;
    let mut http = config.clone();
    config.alpn_protocols = vec![POSTGRESQL.to_vec()];
    http.alpn_protocols = vec![HTTP.to_vec()];
    Ok(Ready { postgresql: Arc::new(config), http: Arc::new(http), end_point: end_point.map(Arc::from) })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>);
    let certificates = read.map_err(|error| unusable(path, &error))?;
    if certificates.is_empty() { Err(unusable(path, &"it holds no certificate")) } else { Ok(certificates) }
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::Tls(format!("{} cannot be used for TLS: {error}", path.display()))
}
