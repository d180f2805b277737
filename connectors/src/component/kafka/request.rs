//! The requests of Kafka's admin protocol that topics need, each in one fixed version.
//!
//! ```text
//! request                  key  version   what for
//! Metadata                   3        4   topics with their partitions; which broker is the controller
//! ApiVersions               18        0   what the broker knows at all
//! CreateTopics              19        4
//! DeleteTopics              20        3
//! DescribeConfigs           32        1   a topic's settings
//! CreatePartitions          37        1
//! IncrementalAlterConfigs   44        0
//! ```
//!
//! The versions are the last before "flexible" encodings: brokers from Kafka 2.4 to 4.x speak them. Nothing is asked with
//! `validate_only`, because there are brokers that do not read it and change what they were asked to look at.

use std::collections::BTreeMap;

use super::wire::{Malformed, Reader, Writer};

/// How long a broker may take for a change.
const CHANGE_WITHIN_MS: i32 = 15_000;
/// The kind of resource that a topic is, where settings are concerned.
const TOPIC: i8 = 2;

/// A question and how its answer is read.
pub trait Request {
    /// Which request it is.
    const KEY: i16;
    /// In which version.
    const VERSION: i16;
    /// Its name in the protocol.
    const NAME: &'static str;
    /// What is answered.
    type Answer;

    /// Writes what follows the header.
    fn write(&self, to: &mut Writer);

    /// Reads what follows the header.
    ///
    /// # Errors
    /// The answer is not of this version.
    fn read(from: &mut Reader<'_>) -> Result<Self::Answer, Malformed>;
}

/// How a broker answered about one topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Name of the topic.
    pub topic: String,
    /// 0 is well.
    pub code: i16,
    /// In the broker's words, where it has any.
    pub message: Option<String>,
}

/// Topic, code and message of each, behind the time that the broker held the question back.
fn answers(from: &mut Reader<'_>) -> Result<Vec<Answered>, Malformed> {
    from.i32()?;
    from.list(|from| Ok(Answered { topic: from.text()?, code: from.i16()?, message: from.optional_text()? }))
}

/// Which requests a broker knows: the lowest and the highest version, by key.
#[derive(Debug)]
pub struct ApiVersions;

impl Request for ApiVersions {
    const KEY: i16 = 18;
    const VERSION: i16 = 0;
    const NAME: &'static str = "ApiVersions";
    type Answer = (i16, BTreeMap<i16, (i16, i16)>);

    fn write(&self, _to: &mut Writer) {}

    fn read(from: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        let code = from.i16()?;
        let known = from.list(|from| Ok((from.i16()?, (from.i16()?, from.i16()?))))?;
        Ok((code, known.into_iter().collect()))
    }
}

/// All topics, and who is the controller. Makes none.
#[derive(Debug)]
pub struct Metadata;

/// What [`Metadata`] answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Host and port, by number.
    pub brokers: BTreeMap<i32, (String, u16)>,
    /// Number of the broker that makes topics; -1 if none is known.
    pub controller: i32,
    /// All topics but the internal ones.
    pub topics: Vec<TopicSize>,
}

/// A topic as [`Metadata`] shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSize {
    /// Unique.
    pub name: String,
    /// How many partitions.
    pub partitions: u32,
    /// Copies of the first partition.
    pub replicas: u32,
}

impl Request for Metadata {
    const KEY: i16 = 3;
    const VERSION: i16 = 4;
    const NAME: &'static str = "Metadata";
    type Answer = Cluster;

    fn write(&self, to: &mut Writer) {
        to.no_list();
        to.bool(false);
    }

    fn read(from: &mut Reader<'_>) -> Result<Cluster, Malformed> {
        from.i32()?;
        let brokers = from.list(|from| {
            let (id, host, port) = (from.i32()?, from.text()?, from.i32()?);
            from.optional_text()?;
            Ok((id, (host, u16::try_from(port).map_err(|_| Malformed)?)))
        })?;
        from.optional_text()?;
        let controller = from.i32()?;
        let topics = from.list(|from| {
            let (code, name, internal) = (from.i16()?, from.text()?, from.bool()?);
            let replicas = from.list(|from| {
                from.i16()?;
                from.i32()?;
                from.i32()?;
                let replicas = from.list(Reader::i32)?;
                from.list(Reader::i32)?;
                Ok(replicas.len())
            })?;
            let count = |number: usize| u32::try_from(number).map_err(|_| Malformed);
            let first = replicas.first().copied().unwrap_or(0);
            let size = TopicSize { name, partitions: count(replicas.len())?, replicas: count(first)? };
            Ok((code == 0 && !internal).then_some(size))
        })?;
        Ok(Cluster { brokers: brokers.into_iter().collect(), controller, topics: topics.into_iter().flatten().collect() })
    }
}

/// Makes topics.
#[derive(Debug)]
pub struct CreateTopics(pub Vec<NewTopic>);

/// A topic that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTopic {
    /// Unique.
    pub name: String,
    /// How many partitions.
    pub partitions: i32,
    /// Copies of each; -1 is what the broker usually makes.
    pub replicas: i16,
    /// Settings and their values.
    pub config: Vec<(String, String)>,
}

impl Request for CreateTopics {
    const KEY: i16 = 19;
    const VERSION: i16 = 4;
    const NAME: &'static str = "CreateTopics";
    type Answer = Vec<Answered>;

    fn write(&self, to: &mut Writer) {
        to.list(&self.0, |to, topic| {
            to.text(&topic.name);
            to.i32(topic.partitions);
            to.i16(topic.replicas);
            to.list(&[] as &[()], |_, ()| {});
            to.list(&topic.config, |to, (name, value)| {
                to.text(name);
                to.text(value);
            });
        });
        to.i32(CHANGE_WITHIN_MS);
        to.bool(false);
    }

    fn read(from: &mut Reader<'_>) -> Result<Vec<Answered>, Malformed> {
        answers(from)
    }
}

/// Deletes topics with all that is in them.
#[derive(Debug)]
pub struct DeleteTopics(pub Vec<String>);

impl Request for DeleteTopics {
    const KEY: i16 = 20;
    const VERSION: i16 = 3;
    const NAME: &'static str = "DeleteTopics";
    type Answer = Vec<Answered>;

    fn write(&self, to: &mut Writer) {
        to.list(&self.0, |to, name| to.text(name));
        to.i32(CHANGE_WITHIN_MS);
    }

    fn read(from: &mut Reader<'_>) -> Result<Vec<Answered>, Malformed> {
        from.i32()?;
        from.list(|from| Ok(Answered { topic: from.text()?, code: from.i16()?, message: None }))
    }
}

/// Gives topics more partitions.
#[derive(Debug)]
pub struct CreatePartitions(pub Vec<(String, i32)>);

impl Request for CreatePartitions {
    const KEY: i16 = 37;
    const VERSION: i16 = 1;
    const NAME: &'static str = "CreatePartitions";
    type Answer = Vec<Answered>;

    fn write(&self, to: &mut Writer) {
        to.list(&self.0, |to, (name, count)| {
            to.text(name);
            to.i32(*count);
            to.no_list();
        });
        to.i32(CHANGE_WITHIN_MS);
        to.bool(false);
    }

    fn read(from: &mut Reader<'_>) -> Result<Vec<Answered>, Malformed> {
        answers(from)
    }
}

/// The settings of topics.
#[derive(Debug)]
pub struct DescribeConfigs(pub Vec<String>);

/// A setting of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Kafka's own name.
    pub name: String,
    /// `None` where the broker does not show it.
    pub value: Option<String>,
    /// Where it comes from: 1 is the topic itself, 5 what the software begins with.
    pub source: i8,
}

impl Request for DescribeConfigs {
    const KEY: i16 = 32;
    const VERSION: i16 = 1;
    const NAME: &'static str = "DescribeConfigs";
    type Answer = Vec<(Answered, Vec<Setting>)>;

    fn write(&self, to: &mut Writer) {
        to.list(&self.0, |to, name| {
            to.i8(TOPIC);
            to.text(name);
            to.no_list();
        });
        to.bool(false);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        from.i32()?;
        from.list(|from| {
            let (code, message) = (from.i16()?, from.optional_text()?);
            from.i8()?;
            let topic = from.text()?;
            let settings = from.list(|from| {
                let (name, value) = (from.text()?, from.optional_text()?);
                from.bool()?;
                let source = from.i8()?;
                from.bool()?;
                from.list(|from| {
                    from.text()?;
                    from.optional_text()?;
                    from.i8()
                })?;
                Ok(Setting { name, value, source })
            })?;
            Ok((Answered { topic, code, message }, settings))
        })
    }
}

/// Changes settings of topics.
#[derive(Debug)]
pub struct IncrementalAlterConfigs(pub Vec<Altered>);

/// Settings of a topic that are to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Altered {
    /// Name of the topic.
    pub topic: String,
    /// Settings and their values; `None` is what the broker has without one.
    pub config: Vec<(String, Option<String>)>,
}

impl Request for IncrementalAlterConfigs {
    const KEY: i16 = 44;
    const VERSION: i16 = 0;
    const NAME: &'static str = "IncrementalAlterConfigs";
    type Answer = Vec<Answered>;

    fn write(&self, to: &mut Writer) {
        to.list(&self.0, |to, altered| {
            to.i8(TOPIC);
            to.text(&altered.topic);
            to.list(&altered.config, |to, (name, value)| {
                to.text(name);
                // 0 sets, 1 takes away.
                to.i8(i8::from(value.is_none()));
                to.optional_text(value.as_deref());
            });
        });
        to.bool(false);
    }

    fn read(from: &mut Reader<'_>) -> Result<Vec<Answered>, Malformed> {
        from.i32()?;
        from.list(|from| {
            let (code, message) = (from.i16()?, from.optional_text()?);
            from.i8()?;
            Ok(Answered { topic: from.text()?, code, message })
        })
    }
}
