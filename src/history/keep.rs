//! How long the history is kept, and the settings it refers to: each stored once, by its name.

use super::{BlockError, settings_name};
use crate::store::{CommitBatch, CommitError, DocumentWrite, HistoryId, Key, Kind, Lease, Store, StoreError};
use omnistock_words::{Millis, Settings};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Settings larger than this are not kept, bytes.
const MOST: usize = 64 << 20;
/// Entries forgotten in one step.
const STEP: usize = 500;
/// Kept settings that are looked at, at most.
const MOST_KEPT: usize = 1_000;
/// What ids of kept settings begin with.
const PREFIX: &str = "settings/";

/// How long and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryLimits {
    /// Entries older than this are forgotten, milliseconds.
    pub keep: i64,
    /// Beyond so many bytes the oldest are forgotten, however young.
    pub most_bytes: u64,
}

/// Settings as they are kept.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KeptSettings {
    /// Since when they were in force, the last time.
    pub(super) since: Millis,
    /// The settings.
    pub(super) settings: Settings,
}

pub(super) fn settings_key(name: &str) -> Key {
    Key::new(Kind::Merchant, format!("{PREFIX}{name}"))
}

impl KeptSettings {
    fn encode(&self) -> Vec<u8> {
        lz4_flex::block::compress_prepend_size(&serde_json::to_vec(self).unwrap_or_default())
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, BlockError> {
        let damaged = |what: &dyn std::fmt::Display| BlockError(format!("settings of the past: {what}"));
        let size = bytes.first_chunk::<4>().map_or(0, |size| u32::from_le_bytes(*size));
        if size as usize > MOST {
            return Err(damaged(&"larger than 64 MiB"));
        }
        let plain = lz4_flex::block::decompress_size_prepended(bytes).map_err(|error| damaged(&error))?;
        serde_json::from_slice(&plain).map_err(|error| damaged(&error))
    }
}

/// Settings of the past as they lie in the store.
#[derive(Default)]
struct Found {
    /// By when they came into force: that, id, version.
    kept: Vec<(Millis, String, u64)>,
    /// What nobody can read: id, version, why.
    unreadable: Vec<(String, u64, String)>,
}

async fn found(store: &dyn Store) -> Result<Found, StoreError> {
    let mut found = Found::default();
    let stored = store.scan(Kind::Merchant, Some(PREFIX), MOST_KEPT).await?;
    for (id, stored) in stored.into_iter().take_while(|(id, _)| id.starts_with(PREFIX)) {
        match KeptSettings::decode(&stored.bytes) {
            Ok(settings) => found.kept.push((settings.since, id, stored.version)),
            Err(error) => found.unreadable.push((id, stored.version, error.to_string())),
        }
    }
    found.kept.sort();
    Ok(found)
}

/// Keeps the settings in force, so that numbers decided under them can be explained later, and
/// forgets those that were replaced before `horizon`: no entry refers to them any more. What can't be read
/// stays where it is, unless it is what is kept now: the keys of it, each with the reason.
///
/// # Errors
/// The store's; nothing was changed then, or all of it.
async fn keep_settings(
    store: &dyn Store,
    lease: &Lease,
    settings: &Settings,
    at: Millis,
    horizon: Millis,
) -> Result<Vec<(String, String)>, CommitError> {
    let key = settings_key(&settings_name(settings));
    let Found {
        kept: before,
        unreadable,
    } = found(store).await?;
    let mut writes = Vec::new();
    if before.last().is_none_or(|(_, id, _)| *id != key.id) {
        let readable = before.iter().map(|(_, id, version)| (id, *version));
        let expected = readable
            .chain(unreadable.iter().map(|(id, version, _)| (id, *version)))
            .find(|(id, _)| **id == key.id)
            .map_or(0, |(_, version)| version);
        let bytes = KeptSettings {
            since: at,
            settings: settings.clone(),
        }
        .encode();
        if bytes.len() > crate::store::MOST_BYTES {
            tracing::warn!("the settings are too large to be kept: numbers decided under them are not explained later");
        } else {
            writes.push(DocumentWrite {
                key: key.clone(),
                expected,
                version: expected + 1,
                bytes: Some(bytes),
            });
        }
    }
    let replaced = before.iter().zip(before.iter().skip(1));
    let old = replaced.filter(|((_, id, _), (next, ..))| *next < horizon && *id != key.id);
    writes.extend(old.map(|((_, id, version), _)| DocumentWrite {
        key: Key::new(Kind::Merchant, id.clone()),
        expected: *version,
        version: version + 1,
        bytes: None,
    }));
    if !writes.is_empty() {
        let batch = CommitBatch {
            writes,
            ..CommitBatch::default()
        };
        store.commit(lease, &batch).await?;
    }
    Ok(unreadable.into_iter().map(|(id, _, why)| (id, why)).collect())
}

/// Keeps what is needed and forgets what is old, step by step.
#[derive(Default)]
pub struct Keeper {
    kept: Option<(Lease, Arc<Settings>)>,
    /// Unreadable documents that were told of: once is enough.
    told: BTreeSet<String>,
}

impl Keeper {
    /// One step. `true`: there is more to do at once.
    pub async fn step(
        &mut self,
        store: &dyn Store,
        lease: &Lease,
        settings: &Arc<Settings>,
        limits: HistoryLimits,
        now: Millis,
    ) -> Result<bool, CommitError> {
        let known = |(of, kept): &(Lease, Arc<Settings>)| of == lease && Arc::ptr_eq(kept, settings);
        if !self.kept.as_ref().is_some_and(known) {
            let unreadable = keep_settings(store, lease, settings, now, now.plus(-limits.keep)).await?;
            for (id, why) in unreadable {
                if self.told.insert(id.clone()) {
                    tracing::warn!(
                        document = id,
                        "a document of the past can't be read and is passed over: {why}"
                    );
                }
            }
            self.kept = Some((lease.clone(), Arc::clone(settings)));
        }
        let size = store.history_size().await?;
        let horizon = HistoryId::first_at(now.plus(-limits.keep));
        let over = size.bytes > limits.most_bytes;
        if !over && size.oldest.is_none_or(|oldest| oldest >= horizon) {
            return Ok(false);
        }
        let before = if over { HistoryId::END } else { horizon };
        // By size, a step takes little: it must not take more than is too much by a lot.
        let most = if over { STEP / 10 } else { STEP };
        Ok(store.forget_history(lease, before, most).await? > 0)
    }
}
