//! Sealing: buffers become segments, many topics in one catalog transaction.
//!
//! ```text
//!  claim batches ─▶ sort, encode, write, fsync ─▶ wait for earlier claims ─▶ catalog ─▶ swap in memory ─▶ trim the log
//! ```
//!
//! A crash anywhere before the catalog's commit leaves an orphan file and the log, which is replayed.

use std::sync::Arc;

use strata_catalog::Publication;
use strata_storage::segment::{SealBatch, SealJob, SegmentMeta};

use crate::Result;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::topics::{SealClaim, TopicState, Turn};

/// Claims that are published together, at most: bounds the memory of a round over many topics.
const CLAIMS_PER_ROUND_MAX: usize = 1_000;

/// A topic and the part of its buffer that is being sealed.
pub(super) type Claimed = (Arc<TopicState>, SealClaim);

/// Seals every buffer that is large or old, and under pressure the largest ones. False if something failed.
pub(super) async fn seal_what_is_due(engine: &Arc<Engine>) -> bool {
    let mut all_well = true;
    loop {
        let claims = due_claims(engine);
        if claims.is_empty() {
            return all_well;
        }
        let (large, small): (Vec<_>, Vec<_>) = claims.into_iter().partition(|(_, claim)| is_large(engine, claim));
        let mut work = tokio::task::JoinSet::new();
        for claimed in large {
            let permits = engine.lifecycle().seal_permits.clone();
            let Ok(permit) = permits.acquire_owned().await else { return false };
            let engine = engine.clone();
            work.spawn(async move {
                let sealed = seal(&engine, vec![claimed]).await;
                drop(permit);
                sealed
            });
        }
        for round in batches_of(small, CLAIMS_PER_ROUND_MAX) {
            let engine = engine.clone();
            work.spawn(async move { seal(&engine, round).await });
        }
        while let Some(ended) = work.join_next().await {
            all_well &= matches!(ended, Ok(Ok(())));
        }
        if !all_well {
            return false;
        }
    }
}

fn is_large(engine: &Engine, claim: &SealClaim) -> bool {
    claim.batches.iter().map(|batch| batch.records.rows() as u64).sum::<u64>() >= engine.config().seal_age_rows_min
}

fn batches_of(mut claims: Vec<Claimed>, size: usize) -> Vec<Vec<Claimed>> {
    let mut rounds = Vec::new();
    while !claims.is_empty() {
        let rest = claims.split_off(claims.len().min(size));
        rounds.push(std::mem::replace(&mut claims, rest));
    }
    rounds
}

/// Everything that should be sealed now.
fn due_claims(engine: &Arc<Engine>) -> Vec<Claimed> {
    let config = engine.config();
    let now_us = engine.clock().now_us();
    let memory_short = engine.pressure().is_high();
    let log_long = engine.wal().bytes() > config.wal_bytes_max;
    let topics = engine.topics().list();
    let mut claims = Vec::new();
    for topic in &topics {
        let (waiting, only_ranges) = topic.waiting();
        let old = waiting.since_us.is_some_and(|since_us| now_us.saturating_sub(since_us) >= config.seal_age_us);
        let due = waiting.rows >= config.seal_rows
            || waiting.bytes as u64 >= config.seal_bytes
            || (old && waiting.rows >= config.seal_age_rows_min)
            || (only_ranges && log_long);
        if due {
            claims.extend(topic.claim(config.seal_rows).map(|claim| (topic.clone(), claim)));
        }
    }
    if claims.is_empty() && memory_short {
        let largest = topics.iter().max_by_key(|topic| topic.waiting().0.bytes);
        claims.extend(largest.and_then(|topic| topic.claim(config.seal_rows).map(|claim| (topic.clone(), claim))));
    }
    if claims.is_empty() && log_long {
        claims = oldest_claims(&topics, config.seal_rows);
    }
    claims
}

/// The half of the topics that hold the oldest part of the log: sealing them lets it be trimmed.
fn oldest_claims(topics: &[Arc<TopicState>], rows_max: u64) -> Vec<Claimed> {
    let mut holding: Vec<_> = topics.iter().filter_map(|topic| topic.oldest_position().map(|at| (at, topic))).collect();
    holding.sort_by_key(|(position, _)| *position);
    holding.truncate(holding.len().div_ceil(2));
    holding.into_iter().filter_map(|(_, topic)| topic.claim(rows_max).map(|claim| (topic.clone(), claim))).collect()
}

/// Seals and publishes claims, all in one catalog transaction.
///
/// # Errors
/// When a segment could not be written or the catalog refused: the claims are given back, nothing is lost.
pub(super) async fn seal(engine: &Arc<Engine>, claims: Vec<Claimed>) -> Result<()> {
    let result = try_seal(engine, &claims).await;
    let mut failed = engine.lifecycle().failed.lock();
    match &result {
        Ok(()) => failed.retain(|id| !claims.iter().any(|(topic, _)| topic.id() == *id)),
        Err(error) => {
            for (topic, claim) in &claims {
                topic.unclaim(claim);
                if !failed.contains(&topic.id()) {
                    failed.push(topic.id());
                    tracing::error!(topic = %topic.id(), %error, "sealing failed; the records stay in the log and it is tried again");
                }
            }
        }
    }
    drop(failed);
    result
}

async fn try_seal(engine: &Arc<Engine>, claims: &[Claimed]) -> Result<()> {
    let mut segments = Vec::with_capacity(claims.len());
    for (_, claim) in claims {
        segments.push(write_segment(engine, claim).await?);
    }
    let mut ready = Vec::with_capacity(claims.len());
    for ((topic, claim), segment) in claims.iter().zip(segments) {
        match (wait_for_turn(topic, claim).await, segment) {
            (true, segment) => ready.push((topic, claim, segment)),
            (false, segment) => {
                // Records of the claim that were not truncated with the others wait again.
                topic.unclaim(claim);
                if let Some(segment) = segment {
                    engine.segments().delete(&segment.location).await?;
                }
            }
        }
    }
    let now_us = engine.clock().now_us();
    let publications: Vec<Publication> = ready
        .iter()
        .map(|(topic, claim, segment)| Publication {
            topic: topic.id(),
            added: segment.iter().map(|segment| SegmentMeta::clone(segment)).collect(),
            replaced: Vec::new(),
            producers: claim.producers.clone(),
            next_offset: claim.end_offset().unwrap_or(0),
            now_us,
        })
        .collect();
    engine.catalog().publish(&publications).await?;
    for (topic, claim, segment) in ready {
        topic.publish_seal(claim, segment);
    }
    super::trim::trim_log(engine);
    Ok(())
}

async fn write_segment(engine: &Arc<Engine>, claim: &SealClaim) -> Result<Option<Arc<SegmentMeta>>> {
    if claim.batches.is_empty() {
        return Ok(None);
    }
    let batches = claim.batches.iter().map(|batch| SealBatch { base_offset: batch.base_offset, records: batch.records.clone() });
    let job = SealJob {
        topic: claim.topic.id,
        schema: claim.topic.columns.clone(),
        batches: batches.collect(),
        writer: engine.writer(),
        producers: claim.producers.iter().map(|(name, numbers, _)| (name.clone(), numbers.clone())).collect(),
        topic_definition: definition_text(&claim.topic)?,
        indexes: super::index::specs(&claim.topic),
        created_at_us: engine.clock().now_us(),
    };
    engine.make_room(claim.batches.iter().map(|batch| batch.bytes).sum());
    Ok(Some(Arc::new(engine.segments().seal(job).await?)))
}

/// The topic as JSON, for `strata rebuild-catalog`.
pub(super) fn definition_text(topic: &strata_catalog::Topic) -> Result<String> {
    serde_json::to_string(topic).map_err(|error| EngineError::Internal(format!("topic definition: {error}")))
}

/// Returns when everything before the claim is published; false if its records are published or gone already.
async fn wait_for_turn(topic: &TopicState, claim: &SealClaim) -> bool {
    loop {
        let changed = topic.changed();
        tokio::pin!(changed);
        changed.as_mut().enable();
        match topic.turn(claim) {
            Turn::Now => return true,
            Turn::Never => return false,
            Turn::Later => changed.await,
        }
    }
}

/// Seals the largest buffer; false if there is none.
pub(super) async fn seal_largest(engine: &Arc<Engine>) -> Result<bool> {
    let topics = engine.topics().list();
    let Some(topic) = topics.into_iter().max_by_key(|topic| topic.waiting().0.bytes) else { return Ok(false) };
    let Some(claim) = topic.claim(engine.config().seal_rows) else { return Ok(false) };
    seal(engine, vec![(topic, claim)]).await?;
    Ok(true)
}
