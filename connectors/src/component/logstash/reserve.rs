//! What a pipeline claims for itself: ports and consumer groups.

use strata_catalog::etl::component::{Reservation, Resource, Rule};

use super::assembly::rendered;
use super::listener::{Listener, listeners};
use super::reading::Reading;

/// The group of a Kafka input that names none.
const USUAL_GROUP: &str = "logstash";
/// The brokers of a Kafka plugin that names none.
const USUAL_SERVERS: &str = "localhost:9092";

/// The claims of all rules that are rendered. Ports that only the instance knows are not among them.
#[must_use]
pub fn reservations(rules: &[Rule]) -> Vec<Reservation> {
    rendered(rules)
        .filter_map(|rule| Some((rule, Reading::of(rule)?)))
        .flat_map(|(rule, reading)| of_rule(rule, &reading))
        .collect()
}

fn of_rule(rule: &Rule, reading: &Reading<'_>) -> Vec<Reservation> {
    let claim = |field: &str, resource| Reservation { rule: rule.name.clone(), field: format!("settings.{field}"), resource };
    let mut claims: Vec<Reservation> = listeners(reading)
        .into_iter()
        .map(|listener| {
            let Listener { transport, address, port, setting, .. } = listener;
            claim(setting, Resource::Port { transport, address, port })
        })
        .collect();
    if (reading.stage, reading.plugin) == ("input", "kafka") {
        let group = reading.text_or("group_id", USUAL_GROUP);
        let servers = servers(reading);
        claims.push(claim("group_id", Resource::ConsumerGroup { servers, group }));
    }
    claims
}

/// The brokers in one order, however they are listed.
fn servers(reading: &Reading<'_>) -> String {
    let mut servers: Vec<String> = reading
        .texts("bootstrap_servers")
        .flat_map(|list| list.split(',').map(|server| server.trim().to_owned()).collect::<Vec<_>>())
        .filter(|server| !server.is_empty())
        .collect();
    if servers.is_empty() {
        servers.push(USUAL_SERVERS.to_owned());
    }
    servers.sort();
    servers.dedup();
    servers.join(",")
}
