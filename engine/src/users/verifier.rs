//! What a password is checked against, without being one: the stored half of SCRAM-SHA-256 (RFC 5802, RFC 7677).
//!
//! ```text
//! salted = PBKDF2(password, salt, iterations)     client key = HMAC(salted, "Client Key")    stored key = SHA-256(client key)
//!                                                 server key = HMAC(salted, "Server Key")
//! text:  SCRAM-SHA-256$iterations:salt$stored key:server key        PostgreSQL's, so that clients can make it themselves
//! ```

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac, pbkdf2};

/// Rounds of PBKDF2 for passwords that are given as such: PostgreSQL's number, so that a stranger's challenge looks alike.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(4096).expect("it is not zero");
/// Rounds that a client may ask for: each check by HTTP costs them.
const ITERATIONS_MAX: u32 = 1_000_000;
/// Bytes of a key and of a proof.
pub const KEY_BYTES: usize = 32;
/// A salt from a client is no longer than this.
const SALT_BYTES_MAX: usize = 256;

/// See the module.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    iterations: NonZeroU32,
    salt: Vec<u8>,
    stored_key: [u8; KEY_BYTES],
    server_key: [u8; KEY_BYTES],
}

/// Without keys and salt.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [salt, stored, server] =
            [self.salt.as_slice(), &self.stored_key, &self.server_key].map(|bytes| STANDARD.encode(bytes));
        write!(f, "SCRAM-SHA-256${}:{salt}${stored}:{server}", self.iterations)
    }
}

impl Verifier {
    /// That of a password.
    pub fn of_password(password: &str, salt: &[u8]) -> Self {
        Self::derive(password, salt, ITERATIONS)
    }

    fn derive(password: &str, salt: &[u8], iterations: NonZeroU32) -> Self {
        // A password that cannot be normalised is taken as it is, as PostgreSQL does.
        let password = stringprep::saslprep(password).unwrap_or(Cow::Borrowed(password));
        let mut salted = [0; KEY_BYTES];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt, password.as_bytes(), &mut salted);
        let client_key = sign(&salted, b"Client Key");
        Self { iterations, salt: salt.to_vec(), stored_key: hash(&client_key), server_key: sign(&salted, b"Server Key") }
    }

    /// One that no password matches, for a name that nobody has; the same for the same name and secret.
    pub fn false_one(secret: &[u8], name: &str) -> Self {
        let salt = sign(secret, format!("salt of {name}").as_bytes())[..super::SALT_BYTES].to_vec();
        // Nobody knows a text whose hash this is.
        let [stored_key, server_key] = ["stored", "server"].map(|what| sign(secret, format!("{what} key of {name}").as_bytes()));
        Self { iterations: ITERATIONS, salt, stored_key, server_key }
    }

    /// Reads the text form; `None` if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let (parameters, keys) = text.strip_prefix("SCRAM-SHA-256$")?.split_once('$')?;
        let ((iterations, salt), (stored, server)) = (parameters.split_once(':')?, keys.split_once(':')?);
        let iterations = iterations.parse::<NonZeroU32>().ok().filter(|rounds| rounds.get() <= ITERATIONS_MAX)?;
        let salt = STANDARD.decode(salt).ok().filter(|salt| (1..=SALT_BYTES_MAX).contains(&salt.len()))?;
        let key = |text: &str| STANDARD.decode(text).ok()?.try_into().ok();
        Some(Self { iterations, salt, stored_key: key(stored)?, server_key: key(server)? })
    }

    /// Rounds of PBKDF2.
    pub fn iterations(&self) -> u32 {
        self.iterations.get()
    }

    /// Salt.
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// Whether this is the password. Takes as long for a wrong one, and some milliseconds.
    pub fn matches(&self, password: &str) -> bool {
        let made = Self::derive(password, &self.salt, self.iterations);
        same(&made.stored_key, &self.stored_key)
    }

    /// Whether `proof` was made with the password for what the two sides said. Takes as long for a wrong one.
    pub fn proves(&self, said: &[u8], proof: &[u8; KEY_BYTES]) -> bool {
        let mut client_key = sign(&self.stored_key, said);
        client_key.iter_mut().zip(proof).for_each(|(byte, proof)| *byte ^= proof);
        same(&hash(&client_key), &self.stored_key)
    }

    /// What shows a client that the server has this verifier.
    pub fn server_signature(&self, said: &[u8]) -> [u8; KEY_BYTES] {
        sign(&self.server_key, said)
    }
}

fn sign(key: &[u8], text: &[u8]) -> [u8; KEY_BYTES] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text);
    tag.as_ref().try_into().expect("HMAC-SHA-256 has 32 bytes")
}

fn hash(text: &[u8]) -> [u8; KEY_BYTES] {
    digest::digest(&digest::SHA256, text).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Compares in a time that does not tell where the difference is.
fn same(a: &[u8; KEY_BYTES], b: &[u8; KEY_BYTES]) -> bool {
    a.iter().zip(b).fold(0, |different, (a, b)| different | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7677: user `user`, password `pencil`.
    #[test]
    fn the_example_of_the_standard_proves_itself() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let verifier = Verifier::of_password("pencil", &salt);
        let said = "n=user,r=rOprNGfwEbeRWgbNEkqO,\
                    r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
                    c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let mut proof: [u8; KEY_BYTES] =
            STANDARD.decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").unwrap().try_into().unwrap();
        assert!(verifier.proves(said.as_bytes(), &proof));
        assert_eq!(STANDARD.encode(verifier.server_signature(said.as_bytes())), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        proof[31] ^= 1;
        assert!(!verifier.proves(said.as_bytes(), &proof));
        assert!(!verifier.proves(b"other", &proof));
    }

    #[test]
    fn text_form() {
        let verifier = Verifier::of_password("päss\u{00A0}word", &[1; 16]);
        let text = verifier.to_string();
        assert_eq!(Verifier::parse(&text).as_ref(), Some(&verifier));
        assert!(verifier.matches("päss word"), "SASLprep makes one blank of both");
        assert!(!verifier.matches("pass word"));
        for wrong in [
            "",
            "secret",
            "SCRAM-SHA-256$",
            "SCRAM-SHA-1$4096:AQ==$AQ==:AQ==",
            "SCRAM-SHA-256$4096:AQ==$AQ==:AQ==",
            &text.replace("$4096:", "$0:"),
            &text.replace("$4096:", "$4000000000:"),
            &text[..text.len() - 4],
        ] {
            assert!(Verifier::parse(wrong).is_none(), "{wrong}");
        }
        assert!(!format!("{verifier:?}").contains(&STANDARD.encode([1; 16])));
    }

    #[test]
    fn a_false_one_matches_nothing_and_stays_the_same() {
        let verifier = Verifier::false_one(b"secret", "ann");
        assert_eq!(verifier, Verifier::false_one(b"secret", "ann"));
        assert_ne!(verifier.salt(), Verifier::false_one(b"secret", "bob").salt());
        assert_eq!((verifier.iterations(), verifier.salt().len()), (4096, 16));
        assert!(!verifier.matches("") && !verifier.matches("ann"));
    }
}
