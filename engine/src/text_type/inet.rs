//! The texts of addresses and networks.

use std::net::IpAddr;

/// `10.0.0.1`, or `10.0.0.1/8` where the network is larger than the address.
pub(super) fn address(text: &str) -> Option<String> {
    let (address, bits) = parts(text)?;
    Some(if bits == width(address) { address.to_string() } else { format!("{address}/{bits}") })
}

/// `10.0.0.0/8`: the bits are always there, and those behind the network are 0.
pub(super) fn network(text: &str) -> Option<String> {
    let (address, bits) = parts(text)?;
    let number = match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << (128 - 32),
        IpAddr::V6(address) => address.to_bits(),
    };
    let beyond = u128::MAX.checked_shr(u32::from(bits)).unwrap_or(0);
    (number & beyond == 0).then(|| format!("{address}/{bits}"))
}

fn parts(text: &str) -> Option<(IpAddr, u8)> {
    let Some((address, bits)) = text.split_once('/') else {
        let address = text.parse().ok()?;
        return Some((address, width(address)));
    };
    let address = address.parse().ok()?;
    let digits = !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit());
    let bits = bits.parse().ok().filter(|bits| digits && *bits <= width(address))?;
    Some((address, bits))
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_and_networks_are_printed_as_postgresql_prints_them() {
        let check = |text: &str, as_address: Option<&str>, as_network: Option<&str>| {
            assert_eq!((address(text).as_deref(), network(text).as_deref()), (as_address, as_network), "{text}");
        };
        check("10.0.0.1", Some("10.0.0.1"), Some("10.0.0.1/32"));
        check("10.0.0.1/32", Some("10.0.0.1"), Some("10.0.0.1/32"));
        check("10.0.0.1/8", Some("10.0.0.1/8"), None);
        check("10.0.0.0/8", Some("10.0.0.0/8"), Some("10.0.0.0/8"));
        check("0.0.0.0/0", Some("0.0.0.0/0"), Some("0.0.0.0/0"));
        check("2001:DB8:0:0::1", Some("2001:db8::1"), Some("2001:db8::1/128"));
        check("::ffff:1.2.3.4/120", Some("::ffff:1.2.3.4/120"), None);
        check("2001:db8::/32", Some("2001:db8::/32"), Some("2001:db8::/32"));
        for text in [
            "",
            "10",
            "10.0.0",
            "10.0.0.256",
            "10.0.0.1/33",
            "10.0.0.1/",
            "10.0.0.1/+8",
            "10.0.0.1/-1",
            "::/129",
            "a.b",
            "::1%eth0",
        ] {
            check(text, None, None);
        }
    }

    proptest! {
        #[test]
        fn the_printed_text_reads_as_itself(number: u128, four: bool, bits in 0u8..=128) {
            let address_of = if four { IpAddr::from((number as u32).to_be_bytes()) } else { IpAddr::from(number.to_be_bytes()) };
            let printed = address(&format!("{address_of}/{}", bits.min(width(address_of)))).unwrap();
            prop_assert_eq!(address(&printed), Some(printed.clone()));
        }
    }
}
