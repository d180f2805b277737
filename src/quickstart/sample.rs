//! Log records of a web shop that does not exist, made from a seed: the same seed, row count and end time give the same bytes.
//!
//! Requests pass through several services under one trace id; background workers and a warehouse in Chengdu log beside them. For a
//! short while payments fail, so that there is something to find: error rates rise, stack traces appear, requests get slow.
//!
//! **Invariant:** lines come in the order of their time, and the last is not later than the given end.

use std::collections::VecDeque;
use std::ops::Range;

use chrono::{DateTime, SecondsFormat};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

/// A day of records.
const SPAN_US: i64 = 86_400_000_000;
/// What of the day payments fail in, in thousandths.
const INCIDENT_PERMILLE: Range<i64> = 620..634;
/// Time between two records of one request, at most.
const HOP_US: i64 = 3_000;

const USERS: i64 = 5_000;
const PRODUCTS: i64 = 800;
const PATHS: [(&str, &str); 6] = [
    ("GET", "/"),
    ("GET", "/products"),
    ("GET", "/products/{id}"),
    ("POST", "/cart"),
    ("POST", "/checkout"),
    ("GET", "/orders/{id}"),
];
const PLANS: [&str; 3] = ["free", "plus", "pro"];
const WAREHOUSES: [&str; 3] = ["成都", "武汉", "广州"];
const CARRIERS: [&str; 3] = ["顺丰", "中通", "京东物流"];

/// Iterator over the NDJSON lines, without line ends.
#[derive(Debug)]
pub struct Sample {
    random: StdRng,
    rows: i64,
    /// Lines that were handed out.
    made: i64,
    start_us: i64,
    now_us: i64,
    incident_us: Range<i64>,
    pending: VecDeque<Value>,
}

impl Sample {
    /// `rows` lines of the day that ends at `end_us` (microseconds since 1970).
    pub fn new(seed: u64, rows: u32, end_us: i64) -> Self {
        let (rows, start_us) = (i64::from(rows), end_us - SPAN_US);
        let at = |permille: i64| start_us + SPAN_US / 1000 * permille;
        Self {
            random: StdRng::seed_from_u64(seed),
            rows,
            made: 0,
            start_us,
            now_us: start_us,
            incident_us: at(INCIDENT_PERMILLE.start)..at(INCIDENT_PERMILLE.end),
            pending: VecDeque::new(),
        }
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.random.random_range(0..from.len())]
    }

    /// Mostly near `typical`, now and then ten times as much.
    fn latency_ms(&mut self, typical: f64) -> f64 {
        let tail = 1.0 / (1.0 - self.random.random::<f64>() * 0.97);
        (typical * (0.4 + self.random.random::<f64>()) * tail.powf(0.8) * 10.0).round() / 10.0
    }

    /// Time between two records on average, microseconds.
    fn gap_us(&self) -> i64 {
        SPAN_US / self.rows.max(1)
    }

    fn record(&mut self, level: &str, service: &str, hosts: u32, message: String) -> Value {
        let host = format!("{service}-{}", self.random.random_range(1..=hosts));
        let hops = i64::try_from(self.pending.len()).unwrap_or(0);
        let at_us = self.now_us + hops * HOP_US.min(self.gap_us() / 4);
        json!({ "ts": at_us, "host": host, "service": service, "level": level, "message": message })
    }

    /// Everything that happens next, in order.
    fn happen(&mut self) {
        match self.random.random_range(0..100) {
            0..62 => self.request(),
            62..80 => self.worker(),
            80..92 => self.sign_in(),
            _ => self.warehouse(),
        }
    }

    fn request(&mut self) {
        let trace_id = format!("{:032x}", self.random.random::<u128>());
        let user = self.random.random_range(1..=USERS);
        let (method, route) = self.pick(&PATHS);
        let path = route.replace("{id}", &self.random.random_range(1..=PRODUCTS).to_string());
        let broken = self.incident_us.contains(&self.now_us) && route == "/checkout" && self.random.random_bool(0.7);

        let items = self.random.random_range(1..40);
        let milliseconds = self.latency_ms(6.0);
        let mut lookup = self.record("DEBUG", "catalog", 3, format!("loaded {items} products in {milliseconds} ms"));
        lookup["rows"] = items.into();
        lookup["cache"] = self.pick(&["hit", "hit", "hit", "miss"]).into();
        self.pending.push_back(lookup);
        if route == "/checkout" {
            self.payment(broken);
        }

        let typical = if broken { 5_000.0 } else { 45.0 };
        let latency_ms = self.latency_ms(typical);
        let status = match self.random.random_range(0..1000) {
            _ if broken => 502,
            0..12 => 404,
            12..15 => 500,
            _ if method == "POST" => 201,
            _ => 200,
        };
        let level = if status >= 500 {
            "ERROR"
        } else if status >= 400 {
            "WARN"
        } else {
            "INFO"
        };
        let mut answer = self.record(level, "gateway", 4, format!("{method} {path} {status} {latency_ms} ms"));
        answer["method"] = method.into();
        answer["path"] = route.into();
        answer["status"] = status.into();
        answer["latency_ms"] = latency_ms.into();
        answer["user"] = json!({ "id": user, "plan": PLANS[usize::try_from(user % 3).unwrap_or(0)] });
        self.pending.push_back(answer);
        for record in &mut self.pending {
            record["trace_id"] = trace_id.as_str().into();
        }
    }

    fn payment(&mut self, broken: bool) {
        let order = self.random.random_range(100_000..999_999);
        let cents = self.random.random_range(199..49_999);
        let amount = format!("{}.{:02}", cents / 100, cents % 100);
        let mut record = if broken {
            let waited = self.random.random_range(5_000..5_030);
            let message = format!(
                "order {order}: card was not charged: connection to ledger-db:5432 timed out after {waited} ms\n\
                 \tat shop.payments.Ledger.reserve(Ledger.kt:{})\n\
                 \tat shop.payments.Charge.run(Charge.kt:57)\n\
                 \tat shop.payments.Worker.loop(Worker.kt:31)",
                self.random.random_range(80..140)
            );
            let mut record = self.record("ERROR", "payments", 2, message);
            record["exception"] = "LedgerTimeout".into();
            record["retry"] = self.random.random_range(0..3).into();
            record
        } else {
            self.record("INFO", "payments", 2, format!("order {order}: charged {amount} EUR"))
        };
        record["order"] = order.into();
        record["amount"] = amount.into();
        self.pending.push_back(record);
    }

    fn worker(&mut self) {
        let job = self.random.random_range(10_000..99_999);
        let queue = self.pick(&["thumbnails", "invoices", "newsletter", "search-index"]);
        let seconds = self.latency_ms(900.0) / 1000.0;
        let mut record = if self.random.random_ratio(1, 60) {
            let mut record =
                self.record("WARN", "worker", 6, format!("job {job} of {queue} will be tried again in 30 s: lock is held"));
            record["attempt"] = self.random.random_range(1..5).into();
            record
        } else {
            self.record("INFO", "worker", 6, format!("job {job} of {queue} done in {seconds:.3} s"))
        };
        record["queue"] = queue.into();
        record["job"] = job.into();
        self.pending.push_back(record);
    }

    fn sign_in(&mut self) {
        let user = self.random.random_range(1..=USERS);
        let address = format!("198.51.100.{}", self.random.random_range(1..255));
        let mut record = if self.random.random_ratio(1, 25) {
            self.record("WARN", "auth", 2, format!("sign-in of user {user} from {address} refused: wrong password"))
        } else {
            self.record("INFO", "auth", 2, format!("user {user} signed in from {address}"))
        };
        record["user"] = json!({ "id": user });
        record["address"] = address.into();
        self.pending.push_back(record);
    }

    fn warehouse(&mut self) {
        let order = self.random.random_range(100_000..999_999);
        let warehouse = self.pick(&WAREHOUSES);
        let mut record = if self.random.random_ratio(1, 15) {
            let sku = self.random.random_range(1..=PRODUCTS);
            let mut record =
                self.record("WARN", "warehouse", 2, format!("库存不足：商品 {sku}，仓库 {warehouse}，订单 {order} 等待补货"));
            record["sku"] = sku.into();
            record
        } else {
            let carrier = self.pick(&CARRIERS);
            self.record("INFO", "warehouse", 2, format!("订单 {order} 已从{warehouse}发货，承运商 {carrier}"))
        };
        record["order"] = order.into();
        self.pending.push_back(record);
    }
}

impl Iterator for Sample {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        if self.made == self.rows {
            return None;
        }
        if self.pending.is_empty() {
            // What happens leaves n records and is given n gaps, so the day is filled evenly and in order.
            let within_gap_us = self.random.random_range(0..=self.gap_us() / 4);
            self.now_us = self.start_us + self.made * self.gap_us() + within_gap_us;
            self.happen();
        }
        self.made += 1;
        let mut record = self.pending.pop_front()?;
        let at = record["ts"].as_i64().and_then(DateTime::from_timestamp_micros).unwrap_or_default();
        record["ts"] = at.to_rfc3339_opts(SecondsFormat::Micros, true).into();
        Some(record.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END_US: i64 = 1_772_323_200_000_000;

    #[test]
    fn a_seed_gives_the_same_lines() {
        let lines = |seed| Sample::new(seed, 2_000, END_US).collect::<Vec<_>>();
        assert_eq!(lines(7), lines(7));
        assert_ne!(lines(7), lines(8));
        assert_eq!(lines(7).len(), 2_000);
    }

    #[test]
    fn lines_are_in_order_and_have_something_to_find() {
        let records: Vec<Value> = Sample::new(1, 30_000, END_US).map(|line| serde_json::from_str(&line).unwrap()).collect();
        let times: Vec<&str> = records.iter().map(|record| record["ts"].as_str().unwrap()).collect();
        assert!(times.is_sorted());
        assert!(times[0] >= "2026-02-28T00:00:00" && times[29_999] <= "2026-03-01T00:00:00", "{} {}", times[0], times[29_999]);
        let count = |matches: &dyn Fn(&Value) -> bool| records.iter().filter(|record| matches(record)).count();
        assert!(count(&|record| record["exception"] == "LedgerTimeout") > 10);
        assert!(count(&|record| record["message"].as_str().unwrap().contains("库存不足")) > 10);
        assert!(count(&|record| record["level"] == "ERROR") < 1_500);
        let mut services: Vec<&str> = records.iter().map(|record| record["service"].as_str().unwrap()).collect();
        services.sort_unstable();
        services.dedup();
        assert_eq!(services.len(), 6);
    }
}
