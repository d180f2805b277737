//! SCRAM-SHA-256 (RFC 5802, RFC 7677), the server's side: two messages in, two messages out.
//!
//! ```text
//! client                                            server
//! n,,n=name,r=nonce                        ──▶
//!                                          ◀──      r=nonce+more,s=salt,i=iterations
//! c=header and binding,r=nonce+more,p=proof ──▶     the proof fits the verifier, or not
//!                                          ◀──      v=signature
//! ```
//!
//! With `-PLUS` the client also says which certificate it saw, so that nobody can sit between the two. The name in the first
//! message is not looked at: the start-up packet has said who it is.
//!
//! **Invariant:** a wrong password and a wrong name take the same way through here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use strata_engine::users::{KEY_BYTES, Verifier};

use crate::error::{Error, Result};

/// Name of the method.
pub const PLAIN: &str = "SCRAM-SHA-256";
/// Name of the method with the certificate bound in.
pub const PLUS: &str = "SCRAM-SHA-256-PLUS";
/// How a certificate is bound in.
const BINDING: &str = "p=tls-server-end-point";
/// A client's nonce is no longer than this.
const NONCE_BYTES_MAX: usize = 1024;

/// After the client's first message.
#[derive(Debug)]
pub struct Exchange<'a> {
    verifier: &'a Verifier,
    /// What the client has to repeat: its header, and the certificate's hash if it is bound in.
    bound: Vec<u8>,
    nonce: String,
    /// Both first messages, as the proof covers them.
    said: String,
    /// The server's first message.
    pub answer: String,
}

fn malformed(what: &str) -> Error {
    Error::Protocol(format!("malformed SCRAM message: {what}"))
}

fn text(message: &[u8]) -> Result<&str> {
    std::str::from_utf8(message).map_err(|_| malformed("it is not UTF-8"))
}

/// The value of attribute `name`, which must be next.
fn attribute(part: Option<&str>, name: char) -> Result<&str> {
    let value = part.and_then(|part| part.strip_prefix(name)?.strip_prefix('='));
    value.ok_or_else(|| malformed(&format!("attribute {name} is missing")))
}

impl<'a> Exchange<'a> {
    /// Takes the client's first message. `end_point` is the hash of the certificate that the client must have seen, where
    /// there is one; `more` is what the server adds to the nonce.
    ///
    /// # Errors
    /// [`Error::Protocol`].
    pub fn begin(mechanism: &str, message: &[u8], verifier: &'a Verifier, end_point: Option<&[u8]>, more: &str) -> Result<Self> {
        let message = text(message)?;
        let mut parts = message.splitn(3, ',');
        let (Some(flag), Some(identity), Some(bare)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(malformed("it is too short"));
        };
        if !identity.is_empty() {
            return Err(Error::Protocol("SCRAM authorization identities are not supported".to_owned()));
        }
        let binding = match (mechanism, flag, end_point) {
            (PLAIN, "n", _) | (PLAIN, "y", None) => &[][..],
            (PLAIN, "y", Some(_)) => {
                // The client could bind and believes that the server could not: somebody took the offer away.
                return Err(malformed("the server does offer channel binding"));
            }
            (PLUS, BINDING, Some(end_point)) => end_point,
            _ => return Err(malformed("channel binding and mechanism do not go together")),
        };
        let mut attributes = bare.split(',');
        attribute(attributes.next(), 'n')?;
        let nonce = attribute(attributes.next(), 'r')?;
        let printable = nonce.bytes().all(|byte| byte.is_ascii_graphic());
        if nonce.is_empty() || nonce.len() > NONCE_BYTES_MAX || !printable {
            return Err(malformed("the nonce is not usable"));
        }
        let nonce = format!("{nonce}{more}");
        let answer = format!("r={nonce},s={},i={}", STANDARD.encode(verifier.salt()), verifier.iterations());
        let bound = [flag.as_bytes(), b",,", binding].concat();
        Ok(Self { verifier, bound, nonce, said: format!("{bare},{answer}"), answer })
    }

    /// Takes the client's last message; the server's last one if the proof is good, `None` if it is not.
    ///
    /// # Errors
    /// [`Error::Protocol`].
    pub fn finish(&self, message: &[u8]) -> Result<Option<String>> {
        let message = text(message)?;
        let (without_proof, proof) = message.rsplit_once(",p=").ok_or_else(|| malformed("attribute p is missing"))?;
        let mut attributes = without_proof.split(',');
        let bound = attribute(attributes.next(), 'c')?;
        let nonce = attribute(attributes.next(), 'r')?;
        if STANDARD.decode(bound).ok().as_deref() != Some(&self.bound) {
            return Err(Error::Protocol("SCRAM channel binding check failed".to_owned()));
        }
        if nonce != self.nonce {
            return Err(malformed("the nonce is not the one that was agreed on"));
        }
        let proof = STANDARD.decode(proof).ok().and_then(|proof| <[u8; KEY_BYTES]>::try_from(proof).ok());
        let proof = proof.ok_or_else(|| malformed("the proof has a wrong length"))?;
        let said = format!("{},{without_proof}", self.said);
        let good = self.verifier.proves(said.as_bytes(), &proof);
        Ok(good.then(|| format!("v={}", STANDARD.encode(self.verifier.server_signature(said.as_bytes())))))
    }
}

/// Takes a first answer apart: method and message.
///
/// # Errors
/// [`Error::Protocol`].
pub fn initial(body: &[u8]) -> Result<(&str, &[u8])> {
    let end = memchr::memchr(0, body).ok_or_else(|| malformed("it names no method"))?;
    let (length, message) = body[end + 1..].split_first_chunk::<4>().ok_or_else(|| malformed("it is too short"))?;
    if usize::try_from(u32::from_be_bytes(*length)).ok() != Some(message.len()) {
        return Err(malformed("its length is wrong"));
    }
    Ok((text(&body[..end])?, message))
}

/// A text as it is sent.
pub fn message(text: String) -> Bytes {
    Bytes::from(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MORE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

    fn pencil() -> Verifier {
        Verifier::of_password("pencil", &STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap())
    }

    /// The example of RFC 7677.
    #[test]
    fn the_example_of_the_standard() {
        let verifier = pencil();
        let exchange = Exchange::begin(PLAIN, b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO", &verifier, None, MORE).unwrap();
        assert_eq!(exchange.answer, format!("r=rOprNGfwEbeRWgbNEkqO{MORE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"));
        let last = format!("c=biws,r=rOprNGfwEbeRWgbNEkqO{MORE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        let signature = exchange.finish(last.as_bytes()).unwrap();
        assert_eq!(signature.as_deref(), Some("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
        let wrong = last.replace("p=dH", "p=dI");
        assert_eq!(exchange.finish(wrong.as_bytes()).unwrap(), None);
        for broken in
            [last.replace("c=biws", "c=eSws"), last.replace("$k0", "$k1"), last.replace("ndVQ=", ""), last.replace(",p=", "")]
        {
            assert!(exchange.finish(broken.as_bytes()).is_err(), "{broken}");
        }
    }

    #[test]
    fn first_messages() {
        let verifier = pencil();
        let check = |mechanism: &str, message: &str, end_point: Option<&[u8]>, good: bool| {
            let begun = Exchange::begin(mechanism, message.as_bytes(), &verifier, end_point, MORE);
            assert_eq!(begun.is_ok(), good, "{mechanism} {message}");
        };
        check(PLAIN, "n,,n=,r=abc", None, true);
        check(PLAIN, "y,,n=,r=abc", None, true);
        check(PLAIN, "y,,n=,r=abc", Some(b"hash"), false);
        check(PLAIN, "n,,n=,r=abc", Some(b"hash"), true);
        check(PLUS, "p=tls-server-end-point,,n=,r=abc", Some(b"hash"), true);
        check(PLUS, "p=tls-server-end-point,,n=,r=abc", None, false);
        check(PLUS, "p=tls-unique,,n=,r=abc", Some(b"hash"), false);
        check(PLUS, "n,,n=,r=abc", Some(b"hash"), false);
        check(PLAIN, "n,a=other,n=,r=abc", None, false);
        check(PLAIN, "n,,m=x,n=,r=abc", None, false);
        check(PLAIN, "n,,n=,r=", None, false);
        check(PLAIN, "n,,n=,r=a\u{e9}", None, false);
        check(PLAIN, "n,,", None, false);
        check("PLAIN", "n,,n=,r=abc", None, false);
        check(PLAIN, &format!("n,,n=,r={}", "x".repeat(2000)), None, false);
    }

    #[test]
    fn initial_answers() {
        assert_eq!(initial(b"M\0\0\0\0\x02ab").unwrap(), ("M", &b"ab"[..]));
        for broken in [&b"M"[..], b"M\0\0\0", b"M\0\0\0\0\x03ab", b"M\0\xff\xff\xff\xff"] {
            assert!(initial(broken).is_err());
        }
    }
}
