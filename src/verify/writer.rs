//! A client that writes, notes every promise, and after a crash sends again what was not acknowledged.
//!
//! **Invariant:** a batch is sent again with the very numbers and texts it had the first time.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use strata_harness::{Http, Sql};

use super::ledger::{Account, Way};

/// Records of a batch, at most.
const BATCH_ROWS_MAX: u64 = 400;
/// Refusals that ask to come back later, in a row, before a writer gives up.
const RETRIES_MAX: u32 = 2_000;

/// Where the server is now. Writers wait here while it is down.
#[derive(Debug, Default)]
pub struct Whereabouts {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default, Clone, Copy)]
struct State {
    /// (PostgreSQL, HTTP) of the running server.
    addresses: Option<(SocketAddr, SocketAddr)>,
    /// Counts servers.
    generation: u64,
    /// Writers finish what they have sent and stop.
    stopping: bool,
}

impl Whereabouts {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    /// A server is ready.
    pub fn up(&self, pg: SocketAddr, http: SocketAddr) {
        self.change(|state| {
            state.addresses = Some((pg, http));
            state.generation += 1;
        });
    }

    /// The server is about to die.
    pub fn down(&self) {
        self.change(|state| state.addresses = None);
    }

    /// Writers are to finish.
    pub fn stop(&self) {
        self.change(|state| state.stopping = true);
    }

    fn stopping(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).stopping
    }

    /// Waits for a server later than `generation`.
    fn later_than(&self, generation: u64) -> (u64, SocketAddr, SocketAddr) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match state.addresses {
                Some((pg, http)) if state.generation > generation => return (state.generation, pg, http),
                _ => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

/// What became of one attempt.
enum Attempt {
    /// The server promised.
    Acknowledged,
    /// The server is busy and says so; nothing was written.
    Later,
    /// The connection broke: unknown whether it happened.
    Broken,
    /// The server answered what it must not.
    Wrong(String),
}

/// A connection of either kind.
enum Connection {
    Http(Http),
    Sql(Sql),
}

/// Writes until told to stop; then the account holds only promises, except those of `INSERT` that nobody can resolve.
pub fn run(account: &Arc<Mutex<Account>>, whereabouts: &Whereabouts, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let with = |change: &mut dyn FnMut(&mut Account)| change(&mut account.lock().unwrap_or_else(PoisonError::into_inner));
    let mut generation = 0;
    loop {
        let (server, pg, http) = whereabouts.later_than(generation);
        generation = server;
        let way = account.lock().unwrap_or_else(PoisonError::into_inner).way;
        let connection = match way {
            Way::Http => Connection::Http(Http::new(http)),
            Way::Copy | Way::Insert => match Sql::connect(pg) {
                Ok(sql) => Connection::Sql(sql),
                // It died before the connection was there.
                Err(_) => continue,
            },
        };
        let mut refusals = 0;
        loop {
            let snapshot = account.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let resend = snapshot.to_resend();
            if resend.is_none() && whereabouts.stopping() {
                return;
            }
            let numbers = resend.clone().unwrap_or_else(|| {
                let rows = if way == Way::Insert { 1 } else { random.random_range(1..=BATCH_ROWS_MAX) };
                snapshot.sent + 1..=snapshot.sent + rows
            });
            with(&mut |account| account.sending(numbers.clone()));
            match attempt(&connection, &snapshot, &numbers, resend.is_some()) {
                Attempt::Acknowledged => {
                    with(&mut |account| account.acknowledged(numbers.clone()));
                    refusals = 0;
                    std::thread::sleep(Duration::from_micros(random.random_range(0..4_000)));
                }
                Attempt::Later if refusals < RETRIES_MAX => {
                    refusals += 1;
                    std::thread::sleep(Duration::from_millis(10));
                }
                Attempt::Later => return with(&mut |account| account.violations.push("the server was busy for ever".to_owned())),
                Attempt::Broken => break,
                Attempt::Wrong(what) => {
                    return with(&mut |account| account.violations.push(format!("{}: {what}", account.producer)));
                }
            }
        }
        if whereabouts.stopping() && way == Way::Insert {
            return;
        }
    }
}

fn attempt(connection: &Connection, account: &Account, numbers: &RangeInclusive<u64>, again: bool) -> Attempt {
    match connection {
        Connection::Http(http) => post(http, account, numbers, again),
        Connection::Sql(sql) if account.way == Way::Copy => copy(sql, account, numbers),
        Connection::Sql(sql) => insert(sql, account, *numbers.start()),
    }
}

fn post(http: &Http, account: &Account, numbers: &RangeInclusive<u64>, again: bool) -> Attempt {
    let mut body = String::new();
    for number in numbers.clone() {
        let line = serde_json::json!({ "producer": account.producer, "seq": number, "body": account.body(number), "n": number });
        body.push_str(&line.to_string());
        body.push('\n');
    }
    let sequence = format!("{}-{}", numbers.start(), numbers.end());
    let headers = [("Strata-Producer", account.producer.as_str()), ("Strata-Sequence", sequence.as_str())];
    let Ok(answer) = http.records(&account.topic, &headers, body.as_bytes()) else { return Attempt::Broken };
    let wrong = || Attempt::Wrong(format!("{sequence} was answered {} {}", answer.status, answer.body));
    match answer.status {
        429 | 503 => Attempt::Later,
        200 => {
            let Ok(receipt) = serde_json::from_str::<serde_json::Value>(&answer.body) else { return wrong() };
            let count = |key: &str| receipt[key].as_u64().unwrap_or(u64::MAX);
            let rows = numbers.end() - numbers.start() + 1;
            let complete = count("accepted").checked_add(count("duplicates")) == Some(rows);
            let first_time = again || count("duplicates") == 0;
            let rejected = receipt["rejected"].as_array().is_none_or(|lines| !lines.is_empty());
            if complete && first_time && !rejected { Attempt::Acknowledged } else { wrong() }
        }
        _ => wrong(),
    }
}

fn copy(sql: &Sql, account: &Account, numbers: &RangeInclusive<u64>) -> Attempt {
    let settings = format!("SET strata.producer = '{}'; SET strata.sequence = {}", account.producer, numbers.start());
    let mut data = String::new();
    for number in numbers.clone() {
        data.push_str(&format!("{}\t{number}\t{}\n", account.producer, account.body(number)));
    }
    let statement = format!("COPY {} (producer, seq, body) FROM STDIN", account.topic);
    let result = sql.rows(&settings).and_then(|_| sql.copy_in(&statement, data.into_bytes()));
    answered(result.map(|_| ()))
}

fn insert(sql: &Sql, account: &Account, number: u64) -> Attempt {
    let (topic, producer, body) = (&account.topic, &account.producer, account.body(number));
    let statement = format!("INSERT INTO {topic} (producer, seq, body) VALUES ('{producer}', {number}, '{body}')");
    answered(sql.rows(&statement).map(|_| ()))
}

fn answered(result: Result<(), tokio_postgres::Error>) -> Attempt {
    match result {
        Ok(()) => Attempt::Acknowledged,
        Err(error) => match error.as_db_error() {
            Some(said) => Attempt::Wrong(format!("the server said {}: {}", said.code().code(), said.message())),
            None => Attempt::Broken,
        },
    }
}
