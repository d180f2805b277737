//! What a cluster has, and changing it: plans as requests to the broker that is responsible.

use serde::Deserialize;

use super::connection::Connection;
use super::error_code::{self, TOPIC_ALREADY_EXISTS, UNKNOWN_TOPIC_OR_PARTITION};
use super::plan::{Present, Step, Topics};
use super::request::{
    Altered, Answered, Cluster, CreatePartitions, CreateTopics, DeleteTopics, DescribeConfigs, IncrementalAlterConfigs, Metadata,
    NewTopic, Setting,
};
use crate::component::applier::ApplyError;

/// Topics in one request.
const TOPICS_A_REQUEST: usize = 200;
/// Where a setting comes from that the topic itself has.
const FROM_TOPIC: i8 = 1;
/// A broker that lists at least so many settings of a topic lists all of them, also those that nobody set.
const ALL_SETTINGS_MIN: usize = 15;

/// Where the brokers are: `[apply.kafka]` of a sidecar.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Servers {
    /// `host:port`; the first that answers is asked for the others.
    pub servers: Vec<String>,
}

/// A connection to the broker that makes and changes topics.
#[derive(Debug)]
pub struct Broker {
    connection: Connection,
    cluster: Cluster,
}

impl Broker {
    /// Finds the broker that is responsible.
    ///
    /// # Errors
    /// None of the servers answers, or the responsible broker cannot be reached.
    pub async fn find(servers: &Servers) -> Result<Self, ApplyError> {
        let mut refusals = Vec::new();
        for address in &servers.servers {
            match Connection::open(address).await {
                Ok(connection) => return Self::responsible(connection).await,
                Err(error) => refusals.push(error.to_string()),
            }
        }
        Err(ApplyError::Unreachable(refusals.join("; ")))
    }

    async fn responsible(mut connection: Connection) -> Result<Self, ApplyError> {
        let cluster = connection.ask(&Metadata).await?;
        if let Some((host, port)) = cluster.brokers.get(&cluster.controller) {
            let address = format!("{host}:{port}");
            if address != connection.address() {
                connection = Connection::open(&address).await?;
            }
        }
        Ok(Self { connection, cluster })
    }

    /// Some of the topics that there are, with all of their settings.
    ///
    /// # Errors
    /// The broker does not tell.
    pub async fn topics(&mut self, is_wanted: impl Fn(&str) -> bool) -> Result<Topics, ApplyError> {
        let described = self.settings(is_wanted).await?;
        let valued = |setting: Setting| setting.value.map(|value| (setting.name, value));
        Ok(described
            .into_iter()
            .map(|(name, topic, settings)| (name, Present { config: settings.into_iter().filter_map(valued).collect(), ..topic }))
            .collect())
    }

    /// All topics, with the settings that somebody gave them.
    ///
    /// # Errors
    /// The broker does not tell.
    pub async fn given(&mut self) -> Result<Topics, ApplyError> {
        let described = self.settings(|_| true).await?;
        Ok(described
            .into_iter()
            .map(|(name, topic, settings)| {
                let all = settings.len() >= ALL_SETTINGS_MIN;
                let given = settings.into_iter().filter(|setting| !all || setting.source == FROM_TOPIC);
                (name, Present { config: given.filter_map(|setting| Some((setting.name, setting.value?))).collect(), ..topic })
            })
            .collect())
    }

    async fn settings(&mut self, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<(String, Present, Vec<Setting>)>, ApplyError> {
        let wanted: Vec<_> = self.cluster.topics.iter().filter(|topic| is_wanted(&topic.name)).cloned().collect();
        let mut found = Vec::with_capacity(wanted.len());
        for batch in wanted.chunks(TOPICS_A_REQUEST) {
            let names = batch.iter().map(|topic| topic.name.clone()).collect();
            let mut described = self.connection.ask(&DescribeConfigs(names)).await?;
            for topic in batch {
                let Some(at) = described.iter().position(|(answered, _)| answered.topic == topic.name) else {
                    return Err(ApplyError::Silent(format!("topic {}: the broker does not tell its settings", topic.name)));
                };
                let (answered, settings) = described.swap_remove(at);
                if answered.code == UNKNOWN_TOPIC_OR_PARTITION {
                    // Deleted in this moment.
                    continue;
                }
                refuse("look at", vec![answered], &[])?;
                let present = Present { partitions: topic.partitions, replicas: topic.replicas, config: Default::default() };
                found.push((topic.name.clone(), present, settings));
            }
        }
        Ok(found)
    }

    /// Whether the broker knows all requests that a plan needs.
    ///
    /// # Errors
    /// The first that it does not know, and for which topic it would be needed.
    pub fn can_do(&self, steps: &[Step]) -> Result<(), ApplyError> {
        steps.iter().try_for_each(|step| {
            let (name, known) = match step {
                Step::Create { name, .. } => (name, self.connection.knows::<CreateTopics>()),
                Step::AddPartitions { name, .. } => (name, self.connection.knows::<CreatePartitions>()),
                Step::Alter { name, .. } => (name, self.connection.knows::<IncrementalAlterConfigs>()),
                Step::Delete { name } => (name, self.connection.knows::<DeleteTopics>()),
            };
            known.map_err(|error| ApplyError::Refused(format!("topic {name}: {error}")))
        })
    }

    /// Carries a plan out: what is made first, what is deleted last. What somebody else did in the meantime is as good.
    ///
    /// # Errors
    /// The first topic that the broker refuses, in its words. Others may have been changed.
    pub async fn carry_out(&mut self, steps: Vec<Step>) -> Result<(), ApplyError> {
        let (mut new, mut larger, mut altered, mut doomed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for step in steps {
            match step {
                Step::Create { name, topic } => new.push(NewTopic {
                    name,
                    partitions: signed(topic.partitions),
                    replicas: topic.replication_factor.map_or(-1, |copies| i16::try_from(copies).unwrap_or(i16::MAX)),
                    config: topic.config.into_iter().collect(),
                }),
                Step::AddPartitions { name, to } => larger.push((name, signed(to))),
                Step::Alter { name, config } => altered.push(Altered { topic: name, config: config.into_iter().collect() }),
                Step::Delete { name } => doomed.push(name),
            }
        }
        let connection = &mut self.connection;
        for batch in batches(new) {
            refuse("make", connection.ask(&CreateTopics(batch)).await?, &[TOPIC_ALREADY_EXISTS])?;
        }
        for batch in batches(larger) {
            refuse("add partitions", connection.ask(&CreatePartitions(batch)).await?, &[])?;
        }
        for batch in batches(altered) {
            refuse("change settings", connection.ask(&IncrementalAlterConfigs(batch)).await?, &[])?;
        }
        for batch in batches(doomed) {
            refuse("delete", connection.ask(&DeleteTopics(batch)).await?, &[UNKNOWN_TOPIC_OR_PARTITION])?;
        }
        Ok(())
    }
}

fn signed(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn batches<T>(items: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let mut items = items.into_iter();
    std::iter::from_fn(move || {
        let batch: Vec<T> = items.by_ref().take(TOPICS_A_REQUEST).collect();
        (!batch.is_empty()).then_some(batch)
    })
}

/// The first answer that is not well, as an error.
fn refuse(what: &str, answers: Vec<Answered>, as_good: &[i16]) -> Result<(), ApplyError> {
    match answers.into_iter().find(|answer| answer.code != 0 && !as_good.contains(&answer.code)) {
        None => Ok(()),
        Some(Answered { topic, code, message }) => {
            let words = message.filter(|message| !message.is_empty()).map(|message| format!(": {message}")).unwrap_or_default();
            Err(ApplyError::Refused(format!("topic {topic}, {what}: {}{words}", error_code::name(code))))
        }
    }
}
