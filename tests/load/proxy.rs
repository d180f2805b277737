//! A network that breaks: forwards connections, and cuts each after so many bytes.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// See the module. Threads end with their connections; the listener ends with the process.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    target: Mutex<SocketAddr>,
    up_bytes_max: u64,
    down_bytes_max: u64,
    forwarded: AtomicU64,
    broken: AtomicU64,
}

impl Proxy {
    /// Cuts a connection after `up_bytes_max` bytes to the server or `down_bytes_max` bytes from it.
    pub fn start(target: SocketAddr, up_bytes_max: u64, down_bytes_max: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let counters = (AtomicU64::new(0), AtomicU64::new(0));
        let (forwarded, broken) = counters;
        let shared = Arc::new(Shared { target: Mutex::new(target), up_bytes_max, down_bytes_max, forwarded, broken });
        std::thread::spawn({
            let shared = shared.clone();
            move || listener.incoming().flatten().for_each(|client| forward(client, &shared))
        });
        Self { address, shared }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// New connections go there.
    pub fn aim(&self, target: SocketAddr) {
        *self.shared.target.lock().unwrap() = target;
    }

    /// Bytes sent to servers.
    pub fn forwarded(&self) -> u64 {
        self.shared.forwarded.load(Ordering::Relaxed)
    }

    /// Connections that were cut.
    pub fn broken(&self) -> u64 {
        self.shared.broken.load(Ordering::Relaxed)
    }
}

fn forward(client: TcpStream, shared: &Arc<Shared>) {
    let target = *shared.target.lock().unwrap();
    // No server: the client sees its connection close.
    let Ok(server) = TcpStream::connect(target) else { return };
    let (from_client, to_client) = (client.try_clone().unwrap(), client);
    let (from_server, to_server) = (server.try_clone().unwrap(), server);
    let (up, down) = (shared.clone(), shared.clone());
    std::thread::spawn(move || copy(from_client, to_server, up.up_bytes_max, &up, true));
    std::thread::spawn(move || copy(from_server, to_client, down.down_bytes_max, &down, false));
}

fn copy(mut from: TcpStream, mut to: TcpStream, bytes_max: u64, shared: &Shared, up: bool) {
    let mut buffer = vec![0; 64 << 10];
    let mut copied = 0;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(read) => read,
        };
        let allowed = usize::try_from(bytes_max - copied).unwrap_or(usize::MAX).min(read);
        if to.write_all(&buffer[..allowed]).is_err() {
            break;
        }
        copied += allowed as u64;
        if up {
            shared.forwarded.fetch_add(allowed as u64, Ordering::Relaxed);
        }
        if copied == bytes_max {
            shared.broken.fetch_add(1, Ordering::Relaxed);
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
