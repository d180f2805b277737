//! Addresses and URLs as `host:port`.

/// Host and port of `host:port`, if the port is a number.
pub fn host_and_port(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    Some((host, port.parse().ok().filter(|port| *port > 0)?))
}

/// `host:port` of a URL or an address. A port that is not there is the scheme's, or `usual`; `None` if there is neither.
pub fn target(text: &str, usual: Option<u16>) -> Option<String> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.is_empty() || host.contains("${") {
        return None;
    }
    if host_and_port(host).is_some_and(|(before, _)| !before.ends_with(':')) {
        return Some(host.to_owned());
    }
    let port = match scheme {
        "https" | "wss" => Some(443),
        "http" | "ws" => Some(80),
        _ => usual,
    };
    port.map(|port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_found_in_a_url() {
        for (text, usual, expected) in [
            ("https://u:p@es1/path", None, Some("es1:443")),
            ("http://es1:9200/x?y", None, Some("es1:9200")),
            ("10.0.0.1:6000", None, Some("10.0.0.1:6000")),
            ("k1", Some(6379), Some("k1:6379")),
            ("k1", None, None),
            ("http://[::1]:80/", None, Some("[::1]:80")),
            ("${ES}", Some(1), None),
            ("redis://r/0", Some(6379), Some("r:6379")),
        ] {
            assert_eq!(target(text, usual).as_deref(), expected, "{text}");
        }
    }
}
