//! What a configuration listens on and where it sends to, as far as its objects and old directives say so.

use strata_catalog::etl::component::{Direction, Endpoint, Reservation, Resource, Rule, Transport};

use super::object::content;
use super::scanner::{Object, Scan, scan};
use crate::component::file_rules;

/// The port of syslog.
const USUAL_PORT: u16 = 514;
/// What is listened on when nothing is said.
const EVERYWHERE: &str = "0.0.0.0";

/// Ports that are listened on.
pub fn reservations(rules: &[Rule]) -> Vec<Reservation> {
    let mut found = Vec::new();
    for rule in file_rules::enabled(rules) {
        let field = if rule.body.is_some() { "body" } else { "settings.port" };
        found.extend(listeners(&scan(&content(rule))).into_iter().map(|(transport, address, port)| Reservation {
            rule: rule.name.clone(),
            field: field.to_owned(),
            resource: Resource::Port { transport, address, port },
        }));
    }
    found
}

/// Where messages come from and go to.
pub fn endpoints(rules: &[Rule]) -> Vec<Endpoint> {
    let mut found = Vec::new();
    for rule in file_rules::enabled(rules) {
        let scan = scan(&content(rule));
        let mut endpoint = |direction, transport: Transport, host: &str, port: u16| {
            let target = format!("{host}:{port}");
            found.push(Endpoint { rule: rule.name.clone(), direction, via: transport.to_string(), target });
        };
        for (transport, address, port) in listeners(&scan) {
            endpoint(Direction::In, transport, &address, port);
        }
        for (transport, host, port) in receivers(&scan) {
            endpoint(Direction::Out, transport, &host, port);
        }
    }
    found.sort();
    found.dedup();
    found
}

fn listeners(scan: &Scan) -> Vec<(Transport, String, u16)> {
    let of_object = |object: &Object| {
        let transport = match (object.name.as_str(), object.get("type")?) {
            ("input", "imtcp" | "imptcp" | "imrelp") => Transport::Tcp,
            ("input", "imudp") => Transport::Udp,
            _ => return None,
        };
        let address = object.get("address").unwrap_or(EVERYWHERE);
        Some((transport, address.to_owned(), object.get("port")?.parse().ok()?))
    };
    let of_line = |line: &String| {
        let (directive, value) = line.split_once(char::is_whitespace)?;
        let transport = match directive.to_ascii_lowercase().as_str() {
            "$inputtcpserverrun" | "$inputptcpserverrun" => Transport::Tcp,
            "$udpserverrun" => Transport::Udp,
            _ => return None,
        };
        Some((transport, EVERYWHERE.to_owned(), value.trim().parse().ok()?))
    };
    scan.objects.iter().filter_map(of_object).chain(scan.lines.iter().filter_map(of_line)).collect()
}

fn receivers(scan: &Scan) -> Vec<(Transport, String, u16)> {
    let of_object = |object: &Object| {
        let tcp = match (object.name.as_str(), object.get("type")?) {
            ("action", "omfwd") => object.get("protocol").is_some_and(|protocol| protocol.eq_ignore_ascii_case("tcp")),
            ("action", "omrelp") => true,
            _ => return None,
        };
        let port = object.get("port").map_or(Some(USUAL_PORT), |port| port.parse().ok())?;
        Some((if tcp { Transport::Tcp } else { Transport::Udp }, object.get("target")?.to_owned(), port))
    };
    // `*.* @@host:514`: two signs for TCP, one for UDP.
    let of_line = |line: &String| {
        let action = line.split_whitespace().last()?;
        let (transport, target) = match (action.strip_prefix("@@"), action.strip_prefix('@')) {
            (Some(target), _) => (Transport::Tcp, target),
            (None, Some(target)) => (Transport::Udp, target),
            (None, None) => return None,
        };
        let target = target.rsplit_once(')').map_or(target, |(_, target)| target);
        let target = target.split(';').next().unwrap_or(target);
        match target.rsplit_once(':') {
            Some((host, port)) => Some((transport, host.to_owned(), port.parse().ok()?)),
            None => Some((transport, target.to_owned(), USUAL_PORT)),
        }
    };
    scan.objects.iter().filter_map(of_object).chain(scan.lines.iter().filter_map(of_line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &[&str]) {
        let rule = Rule { body: Some(body.to_owned()), ..Rule::new("edge", "file", "a.conf") };
        let found: Vec<String> =
            endpoints(&[rule]).into_iter().map(|at| format!("{:?} {} {}", at.direction, at.via, at.target)).collect();
        assert_eq!(found, expected, "{body}");
    }

    #[test]
    fn endpoints_are_read_from_objects_and_lines() {
        check("input(type=\"imtcp\" port=\"601\")", &["In tcp 0.0.0.0:601"]);
        check("input(type=\"imudp\" port=\"514\" address=\"10.0.0.1\")", &["In udp 10.0.0.1:514"]);
        check("input(type=\"imfile\" file=\"/x\")", &[]);
        check("$UDPServerRun 514\n$InputTCPServerRun 10514\n", &["In tcp 0.0.0.0:10514", "In udp 0.0.0.0:514"]);
        check("action(type=\"omfwd\" target=\"hub\" protocol=\"TCP\")", &["Out tcp hub:514"]);
        check("*.* @@hub:10514;fmt\n*.err @(z9)hub\n", &["Out tcp hub:10514", "Out udp hub:514"]);
        check("*.* /var/log/all\n", &[]);
    }

    #[test]
    fn listeners_are_reserved() {
        let rule = Rule { body: Some("input(type=\"imtcp\" port=\"601\")".to_owned()), ..Rule::new("edge", "file", "a.conf") };
        let off = Rule { enabled: false, ..rule.clone() };
        let port = Resource::Port { transport: Transport::Tcp, address: EVERYWHERE.to_owned(), port: 601 };
        assert_eq!(reservations(&[rule]), [Reservation { rule: "a.conf".to_owned(), field: "body".to_owned(), resource: port }]);
        assert_eq!(reservations(&[off]), []);
    }
}
