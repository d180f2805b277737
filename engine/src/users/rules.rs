//! Who may come from where: rules in the form of PostgreSQL's `pg_hba.conf`. The first one that fits decides; if none does, nobody
//! is let in. Without a file everybody may come who has a password.
//!
//! ```text
//! # TYPE     DATABASE  USER          ADDRESS       METHOD
//! hostssl    all       strata        10.0.0.0/8    scram-sha-256
//! host       all       ann,+readers  all           scram-sha-256
//! host       all       all           all           reject
//! ```
//!
//! **Invariant:** a rule only takes away. What the server asks of everybody, a password and beyond loopback encryption, it asks
//! of whomever a rule lets in as well.

use std::net::IpAddr;

use cidr::IpInet;

use super::Known;

/// Bytes of a file, at most.
pub const RULES_BYTES_MAX: usize = 1 << 20;

/// All rules in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Number of the line, from 1.
    pub line: usize,
    /// `host`, `hostssl`, `hostnossl`.
    pub encryption: Encryption,
    /// Databases.
    pub databases: Vec<Name>,
    /// Users.
    pub users: Vec<Name>,
    /// Network; `None` for `all`.
    pub network: Option<IpInet>,
    /// What is asked of those whom it fits.
    pub method: Method,
}

/// Whom or what a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// `all`.
    All,
    /// `sameuser`: the database that is called like the user.
    SameUser,
    /// `+readers`: a user and his members.
    Members(String),
    /// One of that name; what is in double quotes is nothing else.
    Only(String),
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::SameUser => f.write_str("sameuser"),
            Self::Members(name) => write!(f, "+{name}"),
            Self::Only(name) => f.write_str(name),
        }
    }
}

/// The connections that a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// `host`: any.
    Any,
    /// `hostssl`: encrypted ones.
    Encrypted,
    /// `hostnossl`: the others.
    Plain,
}

/// What is asked of those whom a rule fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The password.
    Scram,
    /// They are not let in.
    Reject,
}

/// A line that is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct BadRule {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong with it, and what would be right.
    pub reason: String,
}

/// How somebody who says a name comes.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// The name.
    pub user: &'a str,
    /// The database that is asked for.
    pub database: &'a str,
    /// Where he is.
    pub address: IpAddr,
    /// Whether the connection is encrypted.
    pub encrypted: bool,
}

impl Rules {
    /// Reads a file's text.
    ///
    /// # Errors
    /// The first line that is no rule.
    pub fn parse(text: &str) -> Result<Self, BadRule> {
        let mut rules = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let bad = |reason: String| BadRule { line, reason };
            let fields = fields(text).map_err(|reason| bad(reason.to_owned()))?;
            if !fields.is_empty() {
                rules.push(rule(line, &fields).map_err(bad)?);
            }
        }
        Ok(Self(rules))
    }

    /// In their order.
    pub fn rules(&self) -> &[Rule] {
        &self.0
    }

    /// The rule that decides about somebody.
    pub fn deciding(&self, arrival: &Arrival<'_>, known: &Known) -> Option<&Rule> {
        self.0.iter().find(|rule| rule.fits(arrival, known))
    }
}

impl Rule {
    fn fits(&self, arrival: &Arrival<'_>, known: &Known) -> bool {
        let encryption = match self.encryption {
            Encryption::Any => true,
            Encryption::Encrypted => arrival.encrypted,
            Encryption::Plain => !arrival.encrypted,
        };
        let database = |name: &Name| match name {
            Name::All => true,
            Name::SameUser => arrival.user == arrival.database,
            Name::Members(_) => false,
            Name::Only(name) => name == arrival.database,
        };
        let user = |name: &Name| match name {
            Name::All => true,
            Name::SameUser => false,
            Name::Members(group) => {
                let (group, user) = (known.named(group), known.named(arrival.user));
                group.zip(user).is_some_and(|(group, user)| known.acts_as(user.oid).contains(&group.oid))
            }
            Name::Only(name) => name == arrival.user,
        };
        encryption
            && self.network.is_none_or(|network| network.contains(&arrival.address))
            && self.databases.iter().any(database)
            && self.users.iter().any(user)
    }
}

/// A name between commas as it was written, and whether it was quoted.
type Written = (String, bool);

fn rule(line: usize, fields: &[Vec<Written>]) -> Result<Rule, String> {
    let [kind, databases, users, address, method] = fields else {
        return Err("write TYPE DATABASE USER ADDRESS METHOD, such as \"hostssl all all 10.0.0.0/8 scram-sha-256\"".into());
    };
    let one = |field: &Vec<Written>| field.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(",");
    let encryption = match one(kind).as_str() {
        "host" => Encryption::Any,
        "hostssl" => Encryption::Encrypted,
        "hostnossl" => Encryption::Plain,
        other => return Err(format!("\"{other}\" is no type of connection here; use host, hostssl or hostnossl")),
    };
    let method = match one(method).as_str() {
        "scram-sha-256" => Method::Scram,
        "reject" => Method::Reject,
        other => return Err(format!("\"{other}\" is no method here; use scram-sha-256 or reject")),
    };
    let network = match one(address).as_str() {
        "all" => None,
        text => Some(text.parse::<IpInet>().map_err(|_| {
            format!("\"{text}\" is no network; use all, an address, or an address and the bits of its network: 10.0.0.0/8")
        })?),
    };
    let databases = databases.iter().map(|written| name(written, true)).collect::<Result<_, _>>()?;
    let users = users.iter().map(|written| name(written, false)).collect::<Result<_, _>>()?;
    Ok(Rule { line, encryption, databases, users, network, method })
}

/// A rule that can never fit would protect nothing, so words of PostgreSQL's that mean nothing here are refused.
fn name((text, quoted): &Written, database: bool) -> Result<Name, String> {
    let plain = if *quoted { "" } else { text.as_str() };
    Ok(match (plain, plain.strip_prefix('+')) {
        ("all", _) => Name::All,
        ("sameuser", _) if database => Name::SameUser,
        ("samerole" | "samegroup" | "replication", _) if database => {
            return Err(format!("\"{text}\" is no database here; use all, sameuser or strata"));
        }
        (word, _) if word.starts_with(['@', '/']) => {
            return Err(format!(
                "\"{text}\" names a file or a pattern; write the names themselves, or put a name in double quotes"
            ));
        }
        (_, Some(group)) if !database => Name::Members(group.to_owned()),
        _ => Name::Only(text.clone()),
    })
}

/// The fields of a line, each a list of names between commas; what is in double quotes is one name.
fn fields(text: &str) -> Result<Vec<Vec<Written>>, &'static str> {
    let mut fields: Vec<Vec<Written>> = Vec::new();
    let mut goes_on = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '#' => break,
            ',' if !fields.is_empty() => goes_on = true,
            blank if blank.is_whitespace() => {}
            first => {
                let mut name = String::new();
                let begins_quoted = first == '"';
                let mut quoted = begins_quoted;
                if !quoted {
                    name.push(first);
                }
                while let Some(&next) = characters.peek() {
                    match next {
                        '"' => quoted = !quoted,
                        ',' | '#' if !quoted => break,
                        blank if blank.is_whitespace() && !quoted => break,
                        other => name.push(other),
                    }
                    characters.next();
                }
                if quoted {
                    return Err("a quote without its end");
                }
                match fields.last_mut().filter(|_| goes_on) {
                    Some(list) => list.push((name, begins_quoted)),
                    None => fields.push(vec![(name, begins_quoted)]),
                }
                goes_on = false;
            }
        }
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use strata_catalog::users::{Membership, User};

    use super::*;

    fn known() -> Known {
        let user = |oid, name: &str| {
            let name = name.to_owned();
            Arc::new(User {
                oid,
                name,
                login: true,
                superuser: false,
                connection_limit: None,
                valid_until_us: None,
                verifier: None,
            })
        };
        let memberships = vec![Membership { user: 21, member: 20, admin: false }];
        Known { users: vec![user(10, "strata"), user(20, "ann"), user(21, "readers")], memberships, rights: Vec::new() }
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let rules = Rules::parse(
            "# who   where\n\
             hostssl   all          strata      10.0.0.0/8      scram-sha-256  # the office\n\
             host      \"strata\"     bob, +readers  192.0.2.7/32  scram-sha-256\n\
             \n\
             hostnossl all          all         127.0.0.0/8     scram-sha-256\n\
             host      sameuser,x   all         all             reject\n",
        )
        .unwrap();
        let known = known();
        let check = |user, database, address: [u8; 4], encrypted, line| {
            let arrival = Arrival { user, database, address: address.into(), encrypted };
            assert_eq!(rules.deciding(&arrival, &known).map(|rule| rule.line), line, "{arrival:?}");
        };
        check("strata", "strata", [10, 1, 2, 3], true, Some(2));
        check("strata", "strata", [10, 1, 2, 3], false, Some(6));
        check("strata", "other", [10, 1, 2, 3], false, None);
        check("ann", "strata", [192, 0, 2, 7], true, Some(3));
        check("ann", "strata", [192, 0, 2, 8], true, None);
        check("bob", "strata", [192, 0, 2, 7], true, Some(3));
        check("readers", "strata", [192, 0, 2, 7], true, Some(3));
        check("eve", "strata", [192, 0, 2, 7], true, None);
        check("eve", "strata", [127, 0, 0, 1], false, Some(5));
        check("eve", "strata", [127, 0, 0, 1], true, None);
        check("x", "x", [127, 0, 0, 1], true, Some(6));
        let quoted = Rules::parse("host \"all\" all all reject\nhost all \"all\",\"+readers\" all reject").unwrap();
        let arrival = Arrival { user: "ann", database: "strata", address: [10, 0, 0, 1].into(), encrypted: true };
        assert_eq!(quoted.deciding(&arrival, &known), None, "what is quoted is a name");
    }

    #[test]
    fn what_is_no_rule_is_told_with_its_line() {
        let check = |text: &str, line, part: &str| {
            let error = Rules::parse(text).unwrap_err();
            assert!(error.line == line && error.reason.contains(part), "{text}: {error}");
        };
        check("\nhost all all all", 2, "write TYPE DATABASE");
        check("local all all all scram-sha-256", 1, "\"local\" is no type");
        check("host all all all trust", 1, "\"trust\" is no method");
        check("host all all all md5", 1, "\"md5\" is no method");
        check("host all all example.org reject", 1, "is no network");
        check("host all \"all all reject", 1, "a quote without its end");
        check("host all @banned all reject", 1, "names a file or a pattern");
        check("host all /^b all reject", 1, "names a file or a pattern");
        check("host replication all all reject", 1, "is no database here");
        assert_eq!(Rules::parse("# nothing\n\n").unwrap().rules(), []);
    }

    proptest::proptest! {
        /// Whatever the file holds, reading it ends, and with an answer.
        #[test]
        fn any_text_is_read(text in "([a-z#\",+/.0-9 \t]{0,60}\n){0,5}") {
            let _ = Rules::parse(&text);
        }
    }
}
