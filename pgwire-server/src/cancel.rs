//! Cancel requests: they come over a connection of their own and prove themselves with a secret.

use std::collections::HashMap;

use parking_lot::Mutex;
use rand::TryRng;
use strata_engine::session::CancelHandle;

/// What clients may ask to stop, by backend process id.
#[derive(Debug, Default)]
pub struct CancelKeys(Mutex<HashMap<i32, Key>>);

#[derive(Debug)]
struct Key {
    secret: i32,
    handle: CancelHandle,
}

impl CancelKeys {
    /// Makes a secret for a session, from the operating system's own randomness: it is all that protects a statement
    /// from strangers.
    ///
    /// # Errors
    /// The operating system gave none.
    pub fn add(&self, process: i32, handle: CancelHandle) -> std::io::Result<i32> {
        let secret = rand::rngs::SysRng.try_next_u32().map_err(std::io::Error::other)?.cast_signed();
        self.0.lock().insert(process, Key { secret, handle });
        Ok(secret)
    }

    /// Forgets a session that ended.
    pub fn remove(&self, process: i32) {
        self.0.lock().remove(&process);
    }

    /// Stops what a session runs if the secret is its own. Says nothing either way, as the protocol wants it.
    pub fn cancel(&self, process: i32, secret: &[u8]) {
        let keys = self.0.lock();
        let Some(key) = keys.get(&process) else { return };
        if secret == key.secret.to_be_bytes() {
            key.handle.cancel();
        } else {
            tracing::warn!(process, "wrong key in cancel request");
        }
    }
}
