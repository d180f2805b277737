//! The server's wish to stop, as a connection hears it.

use tokio::sync::watch;

/// Heard by every connection.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// The switch and what hears it. A dropped switch counts as turned.
    pub fn new() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }

    /// Returns when the server is to stop.
    pub async fn asked(&mut self) {
        // An error means that the server is gone, which is the same.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}
