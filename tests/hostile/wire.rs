//! The protocol without a driver in between, so that anything can be sent.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use strata_harness::{Server, ServerOptions};
use tempfile::TempDir;

/// What anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A server, and the folder that it needs.
pub struct World {
    pub server: Server,
    _folder: TempDir,
}

impl World {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let options = ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder.path()).flag("--memory-limit", "256MB");
        Self { server: Server::start(&options).unwrap(), _folder: folder }
    }

    /// A client that means well is served.
    #[track_caller]
    pub fn serves(&self) {
        assert_eq!(self.server.sql().unwrap().value::<i64>("SELECT 40 + 2").unwrap(), 42);
    }

    /// Resident memory now, in bytes.
    pub fn resident(&self) -> u64 {
        self.server.resident_bytes().unwrap().0
    }

    /// Open files and sockets of the server.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.server.pid())).unwrap().count()
    }
}

/// A message of a type with its length.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

/// The packet that begins a session.
pub fn start_packet() -> Vec<u8> {
    message(0, b"\0\x03\0\0user\0strata\0database\0strata\0\0").split_off(1)
}

/// A socket.
pub struct Wire(pub TcpStream);

impl Wire {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    /// A session that is ready.
    #[track_caller]
    pub fn session(address: SocketAddr) -> Self {
        let mut wire = Self::connect(address);
        wire.send(&start_packet());
        let answer = wire.until_ready().unwrap();
        assert!(answer.starts_with('R'), "{answer}");
        wire
    }

    /// Sends bytes; whether the server took them.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).is_ok()
    }

    /// Nothing more will be sent; answers can still come.
    pub fn finish(&self) {
        // The server may have closed already.
        let _ = self.0.shutdown(Shutdown::Write);
    }

    /// Types of the messages up to ReadyForQuery; `None` when the server closed before it.
    pub fn until_ready(&mut self) -> Option<String> {
        let mut kinds = String::new();
        loop {
            let mut header = [0; 5];
            self.0.read_exact(&mut header).ok()?;
            let length = u32::from_be_bytes(header[1..].try_into().unwrap());
            let mut body = vec![0; usize::try_from(length).unwrap() - 4];
            self.0.read_exact(&mut body).ok()?;
            kinds.push(char::from(header[0]));
            if header[0] == b'Z' {
                return Some(kinds);
            }
        }
    }

    /// Everything until the server closes. A reset counts as an end, silence does not.
    #[track_caller]
    pub fn until_closed(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut piece = [0; 4096];
        loop {
            match self.0.read(&mut piece) {
                Ok(0) => return all,
                Ok(count) => all.extend_from_slice(&piece[..count]),
                Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                    panic!("the server neither answers nor closes: {all:?}");
                }
                Err(_) => return all,
            }
        }
    }
}
