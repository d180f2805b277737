//! `inet` and `cidr` in binary: family (2 or 3), bits of the network, whether it is a `cidr`, bytes of the address, the address.

use std::net::IpAddr;

use bytes::{BufMut, BytesMut};
use strata_engine::Result;

use super::{invalid_binary, invalid_text};

/// PostgreSQL's number for IPv4; that for IPv6 follows.
const FAMILY: u8 = 2;

/// Appends the value of a canonical text.
///
/// # Errors
/// Text that is no address.
pub fn write_binary(text: &str, cidr: bool, out: &mut BytesMut) -> Result<()> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let invalid = || invalid_text(if cidr { "cidr" } else { "inet" }, text);
    let bits = bits.map(|bits| bits.parse::<u8>().map_err(|_| invalid())).transpose()?;
    let mut write = |family: u8, address: &[u8], width: u8| {
        out.put_slice(&[family, bits.unwrap_or(width), u8::from(cidr), width / 8]);
        out.put_slice(address);
    };
    match address.parse().map_err(|_| invalid())? {
        IpAddr::V4(address) => write(FAMILY, &address.octets(), 32),
        IpAddr::V6(address) => write(FAMILY + 1, &address.octets(), 128),
    }
    Ok(())
}

/// The text of a binary value, as far as it is one: bits that are too many are for the caller to find.
///
/// # Errors
/// Bytes of another shape.
pub fn text_of_binary(bytes: &[u8], type_name: &str) -> Result<String> {
    let address = match bytes {
        [FAMILY, _, _, 4, address @ ..] => <[u8; 4]>::try_from(address).map(IpAddr::from),
        [family, _, _, 16, address @ ..] if *family == FAMILY + 1 => <[u8; 16]>::try_from(address).map(IpAddr::from),
        _ => return Err(invalid_binary(type_name)),
    };
    let address = address.map_err(|_| invalid_binary(type_name))?;
    Ok(format!("{address}/{}", bytes[1]))
}

#[cfg(test)]
mod tests {
    use strata_engine::text_type::TextType;

    use super::*;

    #[test]
    fn binary_is_postgresqls_and_comes_back() {
        let check = |text: &str, of: TextType, expected: &[u8]| {
            let mut out = BytesMut::new();
            write_binary(text, of == TextType::Cidr, &mut out).unwrap();
            assert_eq!(&out[..expected.len()], expected, "{text}");
            assert_eq!(of.parse(&text_of_binary(&out, of.name()).unwrap()).unwrap(), text);
        };
        check("10.0.0.1", TextType::Inet, &[2, 32, 0, 4, 10, 0, 0, 1]);
        check("10.0.0.1/8", TextType::Inet, &[2, 8, 0, 4, 10, 0, 0, 1]);
        check("10.0.0.0/8", TextType::Cidr, &[2, 8, 1, 4, 10, 0, 0, 0]);
        check("2001:db8::1", TextType::Inet, &[3, 128, 0, 16, 0x20, 1, 0x0d, 0xb8]);
        for bytes in
            [&[][..], &[2, 32, 0, 4, 1, 2, 3], &[2, 32, 0, 16, 1, 2, 3, 4], &[4, 32, 0, 4, 1, 2, 3, 4], &[3, 1, 0, 4, 1, 2, 3, 4]]
        {
            assert!(text_of_binary(bytes, "inet").is_err(), "{bytes:?}");
        }
    }
}
