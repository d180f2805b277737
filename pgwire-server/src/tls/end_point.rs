//! `tls-server-end-point` (RFC 5929): the hash of the server's certificate by which SCRAM ties a login to this very connection.
//!
//! The hash is that of the certificate's signature, or SHA-256 where that is MD5 or SHA-1. Of the certificate only its outermost
//! layer is read: `SEQUENCE { to be signed, SEQUENCE { algorithm, ... }, signature }`.

use ring::digest;

const SEQUENCE: u8 = 0x30;
const OBJECT_ID: u8 = 0x06;

/// Algorithms of signatures (the object id's bytes) and what they hash with.
const ALGORITHMS: &[(&[u8], &digest::Algorithm)] = &[
    // 1.2.840.113549.1.1.n: RSA with MD5, SHA-1, SHA-256, SHA-384, SHA-512.
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04], &digest::SHA256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05], &digest::SHA256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b], &digest::SHA256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c], &digest::SHA384),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d], &digest::SHA512),
    // 1.2.840.10045.4.n: ECDSA with SHA-1, SHA-256, SHA-384, SHA-512.
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01], &digest::SHA256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02], &digest::SHA256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03], &digest::SHA384),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04], &digest::SHA512),
];

/// The hash of a certificate in DER; `None` if its signature's algorithm says nothing about a hash, as Ed25519 does not.
pub(super) fn hash(certificate: &[u8]) -> Option<Vec<u8>> {
    let algorithm = signature_algorithm(certificate)?;
    let (_, digest) = ALGORITHMS.iter().find(|(id, _)| *id == algorithm)?;
    Some(digest::digest(digest, certificate).as_ref().to_vec())
}

fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let (outer, _) = element(certificate, SEQUENCE)?;
    let (_, rest) = element(outer, SEQUENCE)?;
    let (algorithm, _) = element(rest, SEQUENCE)?;
    Some(element(algorithm, OBJECT_ID)?.0)
}

/// What the first element holds, and what stands behind it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, length], rest) = bytes.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match length {
        short @ 0..=0x7f => (usize::from(short), rest),
        long => {
            // More than four bytes of length would be a certificate beyond 4 GiB.
            let count = usize::from(long & 0x7f);
            let digits = rest.get(..count).filter(|digits| (1..=4).contains(&digits.len()))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), &rest[count..])
        }
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sequence(body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[SEQUENCE, 0x82][..], &length, body].concat()
    }

    fn certificate(algorithm: &[u8]) -> Vec<u8> {
        let id = [&[OBJECT_ID, u8::try_from(algorithm.len()).unwrap()][..], algorithm, &[5, 0]].concat();
        sequence(&[sequence(&[7; 300]), sequence(&id), vec![3, 1, 0]].concat())
    }

    #[test]
    fn the_signature_chooses_the_hash() {
        let check = |algorithm: &[u8], bytes: Option<usize>| {
            assert_eq!(hash(&certificate(algorithm)).map(|hash| hash.len()), bytes, "{algorithm:x?}");
        };
        check(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05], Some(32));
        check(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d], Some(64));
        check(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03], Some(48));
        // Ed25519.
        check(&[0x2b, 0x65, 0x70], None);
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, cut in 0usize..330) {
            let _ = hash(&bytes);
            let whole = certificate(&[0x2b, 0x65, 0x70]);
            let _ = hash(&whole[..cut.min(whole.len())]);
        }
    }
}
