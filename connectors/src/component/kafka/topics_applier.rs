//! Makes a cluster have the topics of `topics.json`.

use async_trait::async_trait;

use super::broker::{Broker, Servers};
use super::plan;
use super::topics_file::{self, Topic, TopicsFile};
use crate::component::applier::{Applier, ApplyError, Change, Contents};

/// The applier of kind `kafka`: a connection a call, because calls are rare and a broker may be started anew in between.
#[derive(Debug)]
pub struct KafkaApplier {
    servers: Servers,
}

impl KafkaApplier {
    /// One with these settings of a sidecar. Does not connect.
    ///
    /// # Errors
    /// The settings are not right.
    pub fn of(settings: serde_json::Value) -> Result<Self, String> {
        let servers: Servers = serde_json::from_value(settings).map_err(|error| error.to_string())?;
        match servers.servers.iter().find(|server| server.rsplit_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_err())) {
            Some(bad) => Err(format!("server \"{bad}\" is not of the form host:port")),
            None if servers.servers.is_empty() => Err("servers must name one at least".to_owned()),
            None => Ok(Self { servers }),
        }
    }

    async fn plan(&self, change: Change<'_>) -> Result<(Broker, Vec<plan::Step>, Vec<String>), ApplyError> {
        let before = change.before.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let after = read(change.after)?;
        let mut broker = Broker::find(&self.servers).await?;
        let named = |name: &str| before.iter().chain([&after]).any(|file| file.topics.contains_key(name));
        let there = broker.topics(named).await?;
        Ok((broker, plan::steps(&before, &after, &there), plan::obstacles(&before, &after, &there)))
    }
}

#[async_trait]
impl Applier for KafkaApplier {
    async fn check(&self, change: Change<'_>) -> Result<(), ApplyError> {
        let (broker, steps, obstacles) = self.plan(change).await?;
        match obstacles.is_empty() {
            true => broker.can_do(&steps),
            false => Err(ApplyError::Refused(obstacles.join("; "))),
        }
    }

    async fn apply(&self, change: Change<'_>) -> Result<(), ApplyError> {
        let (mut broker, steps, _) = self.plan(change).await?;
        for step in &steps {
            tracing::info!(?step, "applying");
        }
        broker.carry_out(steps).await
    }

    async fn look(&self, files: &Contents) -> Result<(), ApplyError> {
        let (_, steps, _) = self.plan(Change { before: &[], after: files }).await?;
        match steps.first() {
            None => Ok(()),
            Some(first) => Err(ApplyError::Differs(first.difference())),
        }
    }

    async fn present(&self) -> Result<Contents, ApplyError> {
        let topics = Broker::find(&self.servers).await?.given().await?;
        let topic = |(name, present): (String, plan::Present)| {
            let topic =
                Topic { partitions: present.partitions, replication_factor: Some(present.replicas), config: present.config };
            (name, topic)
        };
        let file = TopicsFile { topics: topics.into_iter().map(topic).collect(), ..TopicsFile::default() };
        Ok(Contents::from([(topics_file::PATH.to_owned(), file.to_text())]))
    }
}

/// The topics that some files name.
fn read(files: &Contents) -> Result<TopicsFile, ApplyError> {
    match files.get(topics_file::PATH) {
        None => Ok(TopicsFile::default()),
        Some(text) => TopicsFile::parse(text).map_err(|error| ApplyError::Refused(format!("{}: {error}", topics_file::PATH))),
    }
}
