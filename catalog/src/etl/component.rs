//! What a kind of component (Logstash, Vector, rsyslog ...) must be able to do, and the plain rows it is asked about.
//!
//! The rollout engine knows a component by this trait alone: it never sees a file format, and a component never sees
//! layers, the catalog, the network or a disk. All methods are pure functions of their arguments, so that a plan can be
//! made as often as one likes.
//!
//! **Invariant:** `render` of what `import` gave means the same as the text that was imported, and `render` never
//! returns a file that the software would refuse for its syntax.

use std::fmt;

use serde_json::Value;

use super::position::Position;

/// A group of instances that run the same configuration: a row of `etl.roles`.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    /// Unique name.
    pub name: String,
    /// Which component renders it: [`Component::kind`].
    pub kind: String,
    /// For people.
    pub description: Option<String>,
    /// A JSON object: what the rollout and the component can be told.
    pub settings: Value,
    /// A disabled role keeps its files as they are.
    pub enabled: bool,
}

/// One piece of a role's configuration: a row of `etl.rules`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Name of the role.
    pub role: String,
    /// `input`, `filter`, `output`; `source`, `transform`, `sink`; or `file`.
    pub stage: String,
    /// Unique in the role.
    pub name: String,
    /// Name of the rule that this one stands in.
    pub parent: Option<String>,
    /// Order among the rules of the same parent.
    pub position: Position,
    /// What the row is, in the component's words (Logstash: `plugin`, `if`, `else if`, `else`, `section`, `comment`); `None`
    /// is the component's usual one.
    pub construct: Option<String>,
    /// The plugin or type.
    pub plugin: Option<String>,
    /// Under which condition it is used, in the component's language.
    pub condition: Option<String>,
    /// A JSON object. Keys keep the order they came in.
    pub settings: Value,
    /// Names of the rules that it reads from, where the component wires by name.
    pub inputs: Vec<String>,
    /// Text that is not settings: a program, the content of a file.
    pub body: Option<String>,
    /// Comment lines, without the comment sign.
    pub comment: Option<String>,
    /// A disabled rule is not rendered.
    pub enabled: bool,
}

impl Rule {
    /// A rule with what must be given, and nothing else.
    #[must_use]
    pub fn new(role: &str, stage: &str, name: &str) -> Rule {
        Rule {
            role: role.to_owned(),
            stage: stage.to_owned(),
            name: name.to_owned(),
            parent: None,
            position: Position::default(),
            construct: None,
            plugin: None,
            condition: None,
            settings: Value::Object(serde_json::Map::new()),
            inputs: Vec::new(),
            body: None,
            comment: None,
            enabled: true,
        }
    }

    /// Those of the columns for programs (`parent`, `construct`, `plugin`, `condition`, `inputs`) that say something.
    pub fn given(&self) -> impl Iterator<Item = &'static str> {
        let columns = [
            ("parent", self.parent.is_some()),
            ("construct", self.construct.is_some()),
            ("plugin", self.plugin.is_some()),
            ("condition", self.condition.is_some()),
            ("inputs", !self.inputs.is_empty()),
        ];
        columns.into_iter().filter(|(_, given)| *given).map(|(column, _)| column)
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; the layer goes through.
    Warning,
    /// The software would refuse it, or not do what it says.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// Something wrong with a role or one of its rules: a row of `etl.validate`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// The rule; `None` when it is about the role.
    pub rule: Option<String>,
    /// Column of the rule, or path below `settings` such as `settings.hosts`.
    pub field: Option<String>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do: a sentence.
    pub hint: Option<String>,
}

impl Finding {
    /// An error about a field of a rule.
    #[must_use]
    pub fn error(rule: &str, field: &str, message: impl Into<String>) -> Finding {
        Finding::new(Severity::Error, rule, field, message.into())
    }

    /// A warning about a field of a rule.
    #[must_use]
    pub fn warning(rule: &str, field: &str, message: impl Into<String>) -> Finding {
        Finding::new(Severity::Warning, rule, field, message.into())
    }

    fn new(severity: Severity, rule: &str, field: &str, message: String) -> Finding {
        Finding { severity, rule: Some(rule.to_owned()), field: Some(field.to_owned()), message, hint: None }
    }

    /// The same, with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Finding {
        self.hint = Some(hint.into());
        self
    }
}

/// A text that import does not take, and where it stopped being one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct Refusal {
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// What was expected there.
    pub message: String,
    /// What to do: a sentence.
    pub hint: Option<String>,
}

/// A file of a role, as the sidecar writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedFile {
    /// Below the sidecar's root: relative, `/` between parts, no `.` or `..`.
    pub path: String,
    /// All of it.
    pub content: String,
}

/// A path that a sidecar must not be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("path \"{path}\" {problem}")]
pub struct BadPath {
    /// What was given.
    pub path: String,
    /// Why it is refused.
    pub problem: &'static str,
}

impl RenderedFile {
    /// A file at a path that stays below the sidecar's root.
    ///
    /// # Errors
    /// [`BadPath`] for a path that is empty, absolute, or has empty parts, `.`, `..`, a backslash or a control character.
    pub fn new(path: &str, content: String) -> Result<RenderedFile, BadPath> {
        let bad = |problem| Err(BadPath { path: path.to_owned(), problem });
        if path.is_empty() {
            return bad("is empty");
        }
        if path.starts_with('/') {
            return bad("is absolute");
        }
        if path.contains(|c: char| c == '\\' || c.is_control()) {
            return bad("holds a backslash or a control character");
        }
        if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return bad("has a part that is empty, \".\" or \"..\"");
        }
        Ok(RenderedFile { path: path.to_owned(), content })
    }
}

/// How a port is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// A stream.
    Tcp,
    /// Datagrams.
    Udp,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
        })
    }
}

/// Something that only one rule can have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// A port that is listened on.
    Port {
        /// TCP and UDP ports do not clash.
        transport: Transport,
        /// Address it is bound to; `0.0.0.0` and `::` take the port on all of them.
        address: String,
        /// 1 to 65535.
        port: u16,
    },
    /// A group of consumers that share what a broker gives them.
    ConsumerGroup {
        /// The brokers, sorted, with commas between.
        servers: String,
        /// Its name.
        group: String,
    },
}

impl Resource {
    /// Whether two rules on one machine could not both have theirs.
    #[must_use]
    pub fn clashes_with(&self, other: &Resource) -> bool {
        match (self, other) {
            (
                Resource::Port { transport, address, port },
                Resource::Port { transport: other_transport, address: other_address, port: other_port },
            ) => {
                transport == other_transport
                    && port == other_port
                    && (address == other_address || is_everywhere(address) || is_everywhere(other_address))
            }
            (Resource::ConsumerGroup { .. }, Resource::ConsumerGroup { .. }) => self == other,
            (Resource::Port { .. }, Resource::ConsumerGroup { .. }) | (Resource::ConsumerGroup { .. }, Resource::Port { .. }) => {
                false
            }
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Resource::Port { transport, address, port } => write!(f, "{transport} port {port} on {address}"),
            Resource::ConsumerGroup { servers, group } => write!(f, "consumer group \"{group}\" of {servers}"),
        }
    }
}

/// A rule's claim to a [`Resource`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Name of the rule.
    pub rule: String,
    /// The field that says so, as in [`Finding::field`].
    pub field: String,
    /// What it claims.
    pub resource: Resource,
}

/// Which way the records go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Into the role.
    In,
    /// Out of the role.
    Out,
}

/// Where a role touches the world: what the role graph is drawn from. [`Endpoint::reaches`] says where there is an edge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Name of the rule.
    pub rule: String,
    /// Which way.
    pub direction: Direction,
    /// The protocol: `kafka`, `beats`, `tcp`, `udp`, `http`, `elasticsearch` ...
    pub via: String,
    /// A topic, a path, or `host:port`; a port that is listened on everywhere is on host `0.0.0.0`.
    pub target: String,
}

impl Endpoint {
    /// Whether what leaves here arrives at `input`, of a role whose instances have these addresses. One that listens on all
    /// its addresses is reached by any of them.
    #[must_use]
    pub fn reaches(&self, input: &Endpoint, addresses: &[&str]) -> bool {
        if (self.direction, input.direction) != (Direction::Out, Direction::In) || self.via != input.via {
            return false;
        }
        if self.target == input.target {
            return true;
        }
        let (Some((host, port)), Some((bound, bound_port))) = (self.target.rsplit_once(':'), input.target.rsplit_once(':'))
        else {
            return false;
        };
        port == bound_port && is_everywhere(bound) && addresses.contains(&host)
    }
}

/// An address that stands for all of a machine's.
fn is_everywhere(address: &str) -> bool {
    matches!(address, "0.0.0.0" | "::" | "[::]" | "*" | "")
}

/// Records go from one rule to another of the same role: a row of `etl.rule_graph`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleEdge {
    /// Name of the rule they come from.
    pub from: String,
    /// Name of the rule they go to.
    pub to: String,
}

/// A kind of component. `rules` are those of one role, in any order, the disabled ones too.
pub trait Component: Send + Sync + fmt::Debug {
    /// What `etl.roles.kind` says.
    fn kind(&self) -> &'static str;

    /// Turns a whole configuration file into rules of `role`, positions counted from 1. The names are readable, unique,
    /// and the same for the same text.
    ///
    /// # Errors
    /// [`Refusal`] only where the software's own grammar refuses the text; everything else is for [`Component::validate`].
    fn import(&self, role: &Role, text: &str) -> Result<Vec<Rule>, Refusal>;

    /// Everything wrong with the enabled rules that can be seen without the software, in the order of the rules.
    fn validate(&self, role: &Role, rules: &[Rule]) -> Vec<Finding>;

    /// What cannot be done on the way from one configuration of the role to another, although both are right: errors that
    /// are told when a layer brings the second about. Most kinds can do everything by starting anew.
    fn impossible(&self, _before: (&Role, &[Rule]), _after: (&Role, &[Rule])) -> Vec<Finding> {
        Vec::new()
    }

    /// The files of the role; none if it has no enabled rules.
    ///
    /// # Errors
    /// The findings that stand in the way, each of [`Severity::Error`].
    fn render(&self, role: &Role, rules: &[Rule]) -> Result<Vec<RenderedFile>, Vec<Finding>>;

    /// What the enabled rules claim for themselves on the machine of an instance.
    fn reserve(&self, role: &Role, rules: &[Rule]) -> Vec<Reservation>;

    /// Where the enabled rules touch the world.
    fn endpoints(&self, role: &Role, rules: &[Rule]) -> Vec<Endpoint>;

    /// Which enabled rule hands its records to which.
    fn edges(&self, role: &Role, rules: &[Rule]) -> Vec<RuleEdge>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_the_root() {
        for good in ["web.conf", "conf.d/10-web.conf", "a..b", ".hidden"] {
            assert!(RenderedFile::new(good, String::new()).is_ok(), "{good}");
        }
        for bad in ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".", "a\\b", "a\nb"] {
            assert!(RenderedFile::new(bad, String::new()).is_err(), "{bad}");
        }
    }

    #[test]
    fn ports_clash_on_one_address_and_one_transport() {
        let port = |transport, address: &str, port| Resource::Port { transport, address: address.to_owned(), port };
        let beats = port(Transport::Tcp, "0.0.0.0", 5044);
        for (other, expected) in [
            (port(Transport::Tcp, "0.0.0.0", 5044), true),
            (port(Transport::Tcp, "127.0.0.1", 5044), true),
            (port(Transport::Udp, "0.0.0.0", 5044), false),
            (port(Transport::Tcp, "0.0.0.0", 5045), false),
            (Resource::ConsumerGroup { servers: "k:9092".to_owned(), group: "5044".to_owned() }, false),
        ] {
            assert_eq!(beats.clashes_with(&other), expected, "{other}");
            assert_eq!(other.clashes_with(&beats), expected, "{other}");
        }
        assert!(!port(Transport::Tcp, "10.0.0.1", 1).clashes_with(&port(Transport::Tcp, "10.0.0.2", 1)));
    }

    #[test]
    fn an_output_reaches_what_listens_where_it_sends() {
        let endpoint = |direction, via: &str, target: &str| Endpoint {
            rule: String::new(),
            direction,
            via: via.to_owned(),
            target: target.to_owned(),
        };
        for (via, from, to, addresses, expected) in [
            ("kafka", "logs", "logs", &[][..], true),
            ("kafka", "logs", "other", &[], false),
            ("beats", "web1:5044", "0.0.0.0:5044", &["web1", "web2"], true),
            ("beats", "db1:5044", "0.0.0.0:5044", &["web1", "web2"], false),
            ("beats", "web1:5044", "0.0.0.0:5045", &["web1"], false),
            ("tcp", "web1:1", "10.0.0.1:1", &["web1"], false),
        ] {
            let (out, input) = (endpoint(Direction::Out, via, from), endpoint(Direction::In, via, to));
            assert_eq!(out.reaches(&input, addresses), expected, "{via} {from} -> {to}");
            assert!(!input.reaches(&out, addresses), "records do not go backwards");
        }
        assert!(!endpoint(Direction::Out, "tcp", "a").reaches(&endpoint(Direction::In, "udp", "a"), &[]));
    }
}
