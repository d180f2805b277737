//! Plugins that wait for connections: on which port, and with which protocol.

use strata_catalog::etl::component::Transport;

use super::reading::Reading;

/// A port that a plugin listens on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// What senders must speak: `beats`, `http`, `tcp`, `udp` ...
    pub via: &'static str,
    /// What it is carried by.
    pub transport: Transport,
    /// Address it is bound to.
    pub address: String,
    /// 1 to 65535.
    pub port: u16,
    /// The setting that says which port.
    pub setting: &'static str,
}

/// How a plugin listens: stage, plugin, protocol, transport, setting with the port, port where none is set.
type Habit = (&'static str, &'static str, &'static str, Transport, &'static str, Option<u16>);

const HABITS: [Habit; 16] = [
    ("input", "beats", "beats", Transport::Tcp, "port", None),
    ("input", "elastic_agent", "beats", Transport::Tcp, "port", None),
    ("input", "lumberjack", "beats", Transport::Tcp, "port", None),
    ("input", "elastic_serverless_forwarder", "http", Transport::Tcp, "port", None),
    ("input", "http", "http", Transport::Tcp, "port", Some(8080)),
    ("input", "logstash", "logstash", Transport::Tcp, "port", Some(9800)),
    ("input", "tcp", "tcp", Transport::Tcp, "port", None),
    ("input", "graphite", "tcp", Transport::Tcp, "port", Some(2003)),
    ("input", "relp", "relp", Transport::Tcp, "port", None),
    ("input", "udp", "udp", Transport::Udp, "port", None),
    ("input", "ganglia", "udp", Transport::Udp, "port", Some(8649)),
    ("input", "gelf", "udp", Transport::Udp, "port", Some(12201)),
    ("input", "snmptrap", "udp", Transport::Udp, "port", Some(1062)),
    ("input", "syslog", "tcp", Transport::Tcp, "port", Some(514)),
    ("input", "syslog", "udp", Transport::Udp, "port", Some(514)),
    ("output", "tcp", "tcp", Transport::Tcp, "port", None),
];

/// Every port the plugin listens on, as far as its settings say.
#[must_use]
pub fn listeners(reading: &Reading<'_>) -> Vec<Listener> {
    let address = reading.text_or("host", "0.0.0.0");
    HABITS
        .iter()
        .filter(|(stage, plugin, ..)| (*stage, *plugin) == (reading.stage, reading.plugin) && is_server(reading))
        .filter_map(|(_, _, via, transport, setting, usual)| {
            let port = reading.port(setting, *usual).filter(|port| *port > 0)?;
            Some(Listener { via, transport: *transport, address: address.clone(), port, setting })
        })
        .collect()
}

/// The two sides of tcp can be either end of a connection.
fn is_server(reading: &Reading<'_>) -> bool {
    let usual = if reading.stage == "input" { "server" } else { "client" };
    reading.plugin != "tcp" || reading.text_or("mode", usual) == "server"
}
