//! The owner's look at the lags: collects what was measured, stores it, and has SKUs looked at again
//! whose adaptive safety stock becomes another one.

use super::Ledger;
use super::lags::{Dark, moved};
use super::marks::{World, differing};
use super::upkeep::{PAGE, lags_key};
use crate::store::{CommitBatch, CommitError, DocumentWrite, Lease};
use omnistock_engine::{DocumentKey, Documents, Lags, Measured};
use omnistock_words::{ChannelName, Millis, SafetyStock, Settings, Sku};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Whether lags matter to any number.
fn is_adaptive(settings: &Settings) -> bool {
    let adaptive = |held: &SafetyStock| matches!(held, SafetyStock::Adaptive { .. });
    let mut policies = settings.channels.values().map(|channel| &channel.policy);
    let mut patches = settings.rules.iter().map(|rule| &rule.set);
    policies.any(|policy| adaptive(&policy.safety_stock) || adaptive(&policy.sku_safety_stock))
        || patches.any(|patch| {
            let held = [&patch.safety_stock, &patch.sku_safety_stock];
            held.into_iter().flatten().any(adaptive)
        })
}

impl Ledger {
    /// Brings the lags up to date, when it is time.
    pub(super) async fn measure(&mut self, lease: &Lease, at: Millis) -> Result<(), CommitError> {
        if (0..self.parts.times.measure).contains(&at.since(self.upkeep.measured_at)) {
            return Ok(());
        }
        self.upkeep.measured_at = at;
        let settings = self.parts.settings.load_full();
        for channel in settings.channels.keys() {
            let oldest = self.parts.store.dirty(channel.as_str(), 1).await?;
            // While nobody was at work nothing was pushed: that says nothing of the channel.
            let waiting = oldest
                .first()
                .map_or(0, |mark| at.since(mark.since.max(self.upkeep.began)));
            let lags = self.parts.watched.get(channel).map(|watched| watched.pushes());
            let lags = lags.unwrap_or_default();
            self.upkeep
                .meters
                .pushed(channel, &lags, waiting, self.parts.times.patience, at);
        }
        self.adopt(lease, &settings, at).await?;
        if at.since(self.upkeep.saved_at) >= self.parts.times.save {
            self.upkeep.saved_at = at;
            self.save_lags(lease).await?;
        }
        Ok(())
    }

    /// From here on everybody promises by the newest measurements.
    async fn adopt(&mut self, lease: &Lease, settings: &Settings, at: Millis) -> Result<(), CommitError> {
        let lags = self.upkeep.meters.lags();
        let last_units = self.last_units(settings, &lags, at).await?;
        let (old, new) = (self.parts.measured.load_full(), Arc::new(Measured { lags, last_units }));
        if *old == *new {
            return Ok(());
        }
        self.parts.measured.store(Arc::clone(&new));
        let skus = moved(&old, &new);
        if old.lags != new.lags && is_adaptive(settings) {
            for (channel, lags) in &new.lags {
                tracing::info!(%channel, order_ms = lags.order, push_ms = lags.push, "the channel's lags");
            }
            self.upkeep.cause(World {
                at,
                measured: old,
                sources: None,
            });
            return Ok(());
        }
        for some in skus.chunks(PAGE) {
            if let Err(error) = self.look_again(lease, settings, some, &old, at).await {
                self.upkeep.cause(World {
                    at,
                    measured: old,
                    sources: None,
                });
                return Err(error);
            }
        }
        Ok(())
    }

    /// Which channel shows the last units of which SKU, by the engine's rule.
    async fn last_units(
        &mut self,
        settings: &Settings,
        lags: &BTreeMap<ChannelName, Lags>,
        at: Millis,
    ) -> Result<BTreeMap<Sku, ChannelName>, CommitError> {
        let watched = self.parts.watched.clone();
        let Some(dark) = Dark::of(settings, &watched) else {
            return Ok(BTreeMap::new());
        };
        let (skus, mut found) = (Vec::from_iter(dark.skus()), BTreeMap::new());
        for some in skus.chunks(PAGE) {
            let mut documents = Documents::measured(lags.clone());
            if settings.rules.name_attributes() {
                let keys = some.iter().cloned().map(DocumentKey::Sku).collect();
                self.cache.fill(self.parts.store.as_ref(), &mut documents, keys).await?;
                self.cache.trim();
            }
            found.extend(dark.last_units(settings, &documents, some, at));
        }
        Ok(found)
    }

    /// Marks the SKUs whose number was another one by earlier measurements.
    async fn look_again(
        &mut self,
        lease: &Lease,
        settings: &Settings,
        skus: &[Sku],
        old: &Arc<Measured>,
        at: Millis,
    ) -> Result<(), CommitError> {
        let (known, mut documents) = (Documents::default(), Documents::default());
        self.load_sources(settings, &mut documents).await?;
        self.load_needs(settings, skus.iter(), &known, &mut documents).await?;
        self.parts.measured.load().feed(&mut documents);
        let mut before = documents.clone();
        old.feed(&mut before);
        let mut marks = BTreeSet::new();
        for sku in skus {
            let channels = differing(settings, (&before, at), (&documents, at), sku);
            marks.extend(channels.into_iter().map(|channel| (channel, sku.clone())));
        }
        self.commit_marks(lease, &marks, at).await
    }

    async fn save_lags(&mut self, lease: &Lease) -> Result<(), CommitError> {
        let fresh = self.upkeep.meters.fresh();
        let writes: BTreeMap<_, _> = fresh
            .into_iter()
            .map(|(channel, version, bytes)| {
                let write = DocumentWrite {
                    key: lags_key(&channel),
                    expected: version,
                    version: version + 1,
                    bytes: Some(bytes),
                };
                (channel, write)
            })
            .collect();
        if writes.is_empty() {
            return Ok(());
        }
        let batch = CommitBatch {
            writes: writes.into_values().collect(),
            ..CommitBatch::default()
        };
        self.parts.store.commit(lease, &batch).await?;
        self.upkeep.meters.stored();
        Ok(())
    }
}
