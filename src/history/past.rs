//! Reading the history: blocks about a SKU, ledgers as they were, settings by their name.

use super::keep::{KeptSettings, settings_key};
use super::{Block, BlockError, Record, about};
use crate::store::{HistoryId, Key, Store, StoreError, Way};
use omnistock_words::{Settings, Sku};
use std::collections::BTreeMap;

/// Entries read on the way to a ledger of the past, at most.
const MOST: usize = 10_000;
/// Entries in one read.
const PAGE: usize = 64;

/// Why the past can't be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PastError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Damage.
    #[error(transparent)]
    Block(#[from] BlockError),
}

/// Ledgers by SKU and version.
pub type Ledgers = BTreeMap<(Sku, u64), Vec<u8>>;

/// Blocks about a SKU beyond `from`, at most `most`.
pub async fn blocks(
    store: &dyn Store,
    subject: &str,
    from: HistoryId,
    way: Way,
    most: usize,
) -> Result<Vec<(HistoryId, Block)>, PastError> {
    let found = store.history(Some(subject), from, way, most).await?;
    let block = |entry: crate::store::PastEntry| Ok((entry.id, Block::decode(&entry.bytes)?));
    found.into_iter().map(block).collect()
}

/// The bytes of a SKU's ledger at a version. `near`: a place in the history at or before which that
/// version was the newest; the search begins there. `None`: it is not kept any more.
pub async fn ledger_at(
    store: &dyn Store,
    sku: &Sku,
    version: u64,
    near: HistoryId,
) -> Result<Option<Vec<u8>>, PastError> {
    if version == 0 {
        return Ok(Some(Vec::new()));
    }
    let (mut steps, mut from, mut read) = (BTreeMap::new(), near, 0);
    let subject = about(sku);
    while read < MOST {
        let page = blocks(store, &subject, from, Way::Forward, PAGE).await?;
        read += page.len();
        let ended = page.len() < PAGE;
        for (id, block) in page {
            from = id;
            let ours = block
                .past
                .into_iter()
                .filter(|past| past.sku == *sku && past.version > version);
            steps.extend(ours.map(|past| (past.version, past)));
        }
        if let Some((whole, past)) = steps.iter().find(|(_, past)| past.is_whole()) {
            return Ok(Some(walk(past.old(&[])?, *whole - 1, version, &steps)?));
        }
        if !ended {
            continue;
        }
        // Nothing is kept whole behind it: the newest is in the store.
        let stored = store
            .load(&[Key::sku(sku)])
            .await?
            .into_iter()
            .next()
            .unwrap_or_default();
        let newest = steps.keys().next_back().copied().unwrap_or(version);
        if stored.version == newest {
            return Ok(walk(stored.bytes, newest, version, &steps).ok());
        }
        if stored.version < newest {
            return Ok(None);
        }
        // It has changed meanwhile, and what changed it is in the history by now; without it, never.
        if steps.is_empty() && read > 0 && blocks(store, &subject, from, Way::Forward, 1).await?.is_empty() {
            return Ok(None);
        }
        read += PAGE;
    }
    Ok(None)
}

/// From one version back to another, step by step.
fn walk(
    mut ledger: Vec<u8>,
    from: u64,
    to: u64,
    steps: &BTreeMap<u64, super::PastLedger>,
) -> Result<Vec<u8>, BlockError> {
    for version in (to + 1..=from).rev() {
        let step = steps
            .get(&version)
            .ok_or_else(|| BlockError(format!("version {version} of a ledger is not kept any more")))?;
        ledger = step.old(&ledger)?;
    }
    Ok(ledger)
}

/// The settings of this name; `None`: they are not kept any more.
pub async fn settings_named(store: &dyn Store, name: &str) -> Result<Option<Settings>, PastError> {
    let stored = store
        .load(&[settings_key(name)])
        .await?
        .into_iter()
        .next()
        .unwrap_or_default();
    if stored.bytes.is_empty() {
        return Ok(None);
    }
    Ok(Some(KeptSettings::decode(&stored.bytes)?.settings))
}

impl Block {
    /// Whether any record of it satisfies `wanted`.
    pub fn any(&self, wanted: impl Fn(&Record) -> bool) -> bool {
        self.records.iter().any(wanted)
    }
}
