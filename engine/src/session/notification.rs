//! `LISTEN` and `NOTIFY` between the sessions of one server.
//!
//! Best effort, as a reader may be gone: a session that does not fetch loses the oldest beyond a bound, and is told so.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Notifications that wait for one session, at most.
const WAITING_MAX: usize = 8192;

/// One notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Session that sent it.
    pub sender: i32,
    /// Channel.
    pub channel: String,
    /// Text; may be empty.
    pub payload: String,
}

/// What waits for one session.
#[derive(Debug, Default)]
pub struct Mailbox {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    queue: VecDeque<Notification>,
    lost: u64,
}

impl Mailbox {
    /// Takes everything that waits; and how many were lost because nobody took them.
    pub fn drain(&self) -> (Vec<Notification>, u64) {
        let mut waiting = self.waiting.lock();
        (waiting.queue.drain(..).collect(), std::mem::take(&mut waiting.lost))
    }

    /// Returns when something waits.
    pub async fn arrival(&self) {
        loop {
            let arrived = self.arrived.notified();
            if !self.waiting.lock().queue.is_empty() {
                return;
            }
            arrived.await;
        }
    }

    fn deliver(&self, notification: Notification) {
        let mut waiting = self.waiting.lock();
        if waiting.queue.len() >= WAITING_MAX {
            waiting.queue.pop_front();
            waiting.lost += 1;
        }
        waiting.queue.push_back(notification);
        drop(waiting);
        self.arrived.notify_waiters();
    }
}

/// Who listens to what.
#[derive(Debug, Default)]
pub struct Bus(Mutex<HashMap<String, Vec<Weak<Mailbox>>>>);

impl Bus {
    /// Adds a listener; once, however often it asks.
    pub fn listen(&self, channel: &str, mailbox: &Arc<Mailbox>) {
        let mut channels = self.0.lock();
        let listeners = channels.entry(channel.to_owned()).or_default();
        listeners.retain(|known| known.strong_count() > 0 && !std::ptr::eq(known.as_ptr(), Arc::as_ptr(mailbox)));
        listeners.push(Arc::downgrade(mailbox));
    }

    /// Removes a listener from a channel, or from all.
    pub fn unlisten(&self, channel: Option<&str>, mailbox: &Arc<Mailbox>) {
        self.0.lock().retain(|name, listeners| {
            if channel.is_none_or(|channel| channel == name) {
                listeners.retain(|known| known.strong_count() > 0 && !std::ptr::eq(known.as_ptr(), Arc::as_ptr(mailbox)));
            }
            !listeners.is_empty()
        });
    }

    /// Sends to everyone who listens now.
    pub fn notify(&self, notification: &Notification) {
        let listeners = self.0.lock().get(&notification.channel).cloned().unwrap_or_default();
        for mailbox in listeners.iter().filter_map(Weak::upgrade) {
            mailbox.deliver(notification.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listeners_get_it_and_the_oldest_are_lost() {
        let bus = Bus::default();
        let (a, b) = (Arc::new(Mailbox::default()), Arc::new(Mailbox::default()));
        bus.listen("x", &a);
        bus.listen("x", &a);
        bus.listen("y", &b);
        let note = Notification { sender: 1, channel: "x".into(), payload: "p".into() };
        bus.notify(&note);
        assert_eq!((a.drain(), b.drain().0.len()), ((vec![note.clone()], 0), 0));
        (0..=WAITING_MAX).for_each(|_| bus.notify(&note));
        let (kept, lost) = a.drain();
        assert_eq!((kept.len(), lost), (WAITING_MAX, 1));
        bus.unlisten(None, &a);
        bus.notify(&note);
        assert!(a.drain().0.is_empty());
    }
}
