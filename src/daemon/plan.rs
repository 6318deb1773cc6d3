//! What other settings would change on every channel: each listing's number and price under both, from the
//! newest ledgers. Nothing is written.

use super::explain::away;
use super::plan_causes::{Difference, differences};
use super::plan_count::{Counting, Under, furthest, largest};
use super::view::DaemonView;
use crate::delivery::{Approved, decode_listing};
use crate::server::{ApiError, PlanCause, PlanView};
use crate::store::{Key, Kind};
use omnistock_engine::guard::over;
use omnistock_engine::{Documents, SkuDocument, SourceDocument, needs};
use omnistock_planner::{ListingDocument, document_prefix};
use omnistock_sdk::now;
use omnistock_words::{ChannelName, ListingId, Settings, Sku};
use std::collections::{BTreeMap, BTreeSet};

/// Listings in one read of the store.
const PAGE: usize = 1_000;
/// SKUs whose ledgers are looked at together.
const SKUS: usize = 500;

/// A plan, and what of it guards would stop, by channel: let out when the plan is taken.
pub(super) struct Plan {
    pub(super) view: PlanView,
    pub(super) stopped: BTreeMap<ChannelName, Vec<Approved>>,
    /// Refusals that come before all others.
    zeros: Vec<String>,
}

impl DaemonView {
    /// What `new` would change.
    pub(super) async fn plan_settings(&self, hash: String, new: &Settings) -> Result<Plan, ApiError> {
        let old = self.house.settings.load_full();
        let mut differences = differences(&old, new);
        let mut plan = Plan {
            view: PlanView {
                hash,
                at: now(),
                applied: false,
                refused: Vec::new(),
                restart: Vec::new(),
                channels: Vec::new(),
                because: Vec::new(),
                top: Vec::new(),
                prices: Vec::new(),
            },
            stopped: BTreeMap::new(),
            zeros: Vec::new(),
        };
        for channel in self.house.channels.keys() {
            let counted = self.plan_channel(channel, &old, new, &mut differences).await?;
            plan.take(channel, counted, &old);
        }
        plan.finish(differences);
        Ok(plan)
    }

    async fn plan_channel(
        &self,
        channel: &ChannelName,
        old: &Settings,
        new: &Settings,
        differences: &mut [Difference],
    ) -> Result<Counting, ApiError> {
        let listings = self.all_listings(channel).await?;
        let mode = new
            .channels
            .get(channel)
            .map(|channel| channel.policy.mode)
            .unwrap_or_default();
        let mut counting = Counting::new(channel, mode);
        let skus: Vec<&Sku> = listings.keys().collect();
        for some in skus.chunks(SKUS) {
            let documents = self.ledgers(some, [old, new]).await?;
            for (sku, listings) in some.iter().filter_map(|sku| Some((*sku, listings.get(*sku)?))) {
                let offers: Vec<ListingId> = listings.iter().map(|listing| listing.listing.clone()).collect();
                let under = Under {
                    documents: &documents,
                    channel,
                    offers: &offers,
                    now: now(),
                };
                for listing in listings {
                    counting.listing(&under, (old, new), listing, sku, differences);
                }
            }
            tokio::task::yield_now().await;
        }
        let connector = self.house.connector(channel);
        let most = connector
            .as_ref()
            .map_or(1, |connector| connector.manifest().max_write.max(1));
        counting.calls(u64::try_from(most).unwrap_or(1), &self.house.limits(channel));
        Ok(counting)
    }

    /// The listings of a channel by SKU.
    async fn all_listings(&self, channel: &ChannelName) -> Result<BTreeMap<Sku, Vec<ListingDocument>>, ApiError> {
        let prefix = document_prefix(channel);
        let (mut after, mut found) = (prefix.clone(), BTreeMap::<Sku, Vec<ListingDocument>>::new());
        loop {
            let page = self.house.store.scan(Kind::Listing, Some(&after), PAGE).await;
            let page = page.map_err(|error| away(&error))?;
            let (own, whole) = (
                page.iter().take_while(|(id, _)| id.starts_with(&prefix)).count(),
                page.len() == PAGE,
            );
            for (id, stored) in page.into_iter().take(own) {
                if let Ok(listing) = decode_listing(&stored.bytes)
                    && let Some(sku) = listing.sku.clone()
                {
                    found.entry(sku).or_default().push(listing);
                }
                after = id;
            }
            if !whole || own < PAGE {
                return Ok(found);
            }
        }
    }

    /// The ledgers that the numbers of these SKUs need, under each of the settings.
    async fn ledgers(&self, skus: &[&Sku], settings: [&Settings; 2]) -> Result<Documents, ApiError> {
        let needed = skus
            .iter()
            .flat_map(|sku| settings.into_iter().flat_map(|settings| needs(settings, sku)));
        let needed: BTreeSet<Sku> = needed.collect();
        let sources: BTreeSet<_> = settings
            .into_iter()
            .flat_map(|settings| settings.sources.keys().cloned())
            .collect();
        let keys: Vec<Key> = needed
            .iter()
            .map(Key::sku)
            .chain(sources.iter().map(Key::source))
            .collect();
        let mut stored = self
            .house
            .store
            .load(&keys)
            .await
            .map_err(|error| away(&error))?
            .into_iter();
        let mut documents = Documents::default();
        for sku in needed {
            let bytes = stored.next().unwrap_or_default().bytes;
            if let (false, Ok(ledger)) = (bytes.is_empty(), SkuDocument::decode(&bytes)) {
                documents.skus.insert(sku, ledger);
            }
        }
        for source in sources {
            let bytes = stored.next().unwrap_or_default().bytes;
            if let (false, Ok(known)) = (bytes.is_empty(), SourceDocument::decode(&bytes)) {
                documents.sources.insert(source, known);
            }
        }
        self.house.measured.load().feed(&mut documents);
        for (name, channel) in &self.house.channels {
            channel.board.feed(name, &mut documents);
        }
        Ok(documents)
    }
}

impl Plan {
    fn take(&mut self, channel: &ChannelName, counted: Counting, old: &Settings) {
        let guard = old
            .channels
            .get(channel)
            .map(|channel| channel.policy.guard)
            .unwrap_or_default();
        let row = counted.row;
        if over(counted.zeros, row.listings, guard.newly_zero) {
            let text = format!(
                "{channel}: {} of {} to 0 ({}, limit {})",
                counted.zeros,
                row.listings,
                share(counted.zeros, row.listings),
                guard.newly_zero
            );
            self.zeros.push(text);
        }
        if over(row.price, row.listings, guard.prices_changed) {
            let (changed, share) = (row.price, share(row.price, row.listings));
            self.view.refused.push(format!(
                "{channel}: {changed} of {} prices change ({share}, limit {})",
                row.listings, guard.prices_changed
            ));
        } else if counted.jumps > 0 {
            let jumps = counted.jumps;
            self.view.refused.push(format!(
                "{channel}: {jumps} prices move further than their guard lets them"
            ));
        }
        self.view.channels.push(row);
        self.view.top.extend(counted.top);
        self.view.prices.extend(counted.prices);
        if !counted.stopped.is_empty() {
            self.stopped.insert(channel.clone(), counted.stopped);
        }
    }

    fn finish(&mut self, differences: Vec<Difference>) {
        self.view.refused.splice(0..0, self.zeros.drain(..));
        largest(&mut self.view.top);
        furthest(&mut self.view.prices);
        let causes = differences.into_iter().filter(|difference| difference.listings > 0);
        self.view.because = causes
            .map(|difference| PlanCause {
                place: difference.place,
                text: difference.text,
                listings: difference.listings,
            })
            .collect();
        self.view.because.sort_by_key(|cause| std::cmp::Reverse(cause.listings));
    }
}

/// `34.0 %`
fn share(part: u64, whole: u64) -> String {
    let tenths = part.saturating_mul(1_000).checked_div(whole).unwrap_or_default();
    format!("{}.{} %", tenths / 10, tenths % 10)
}
