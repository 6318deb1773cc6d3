//! What other settings would change on every channel: each listing's number and price under both, from the
//! newest ledgers, some articles at a time. Nothing is written.

use super::explain::away;
use super::plan_causes::{Difference, differences};
use super::plan_count::{Counting, Under, furthest, largest};
use super::plan_pages::{Page, Pages};
use super::planning::Progress;
use super::share::Share;
use super::view::DaemonView;
use crate::delivery::Approved;
use crate::server::{ApiError, PlanCause, PlanView};
use crate::store::Key;
use omnistock_engine::guard::over;
use omnistock_engine::{Documents, SkuDocument, SourceDocument, needs};
use omnistock_sdk::now;
use omnistock_words::{ChannelName, ListingId, Settings, Sku};
use std::collections::{BTreeMap, BTreeSet};

/// A plan, and what of it guards would stop, by channel: let out when the plan is taken.
pub(super) struct Plan {
    pub(super) view: PlanView,
    pub(super) stopped: BTreeMap<ChannelName, Vec<Approved>>,
    /// Refusals that come before all others.
    zeros: Vec<String>,
}

/// What is compared.
pub(super) struct Asked<'a> {
    /// Names the configuration.
    pub(super) hash: &'a str,
    pub(super) new: &'a Settings,
    /// Whether it is to be known which listings guards would stop: one entry each.
    pub(super) stopped: bool,
}

impl DaemonView {
    /// What other settings would change. Beside what it answers it holds one page of articles in memory; it has at
    /// most half a core, and lists that look through the whole store have their turns between two pages.
    pub(super) async fn plan_settings(&self, asked: Asked<'_>, progress: &Progress) -> Result<Plan, ApiError> {
        let (old, new) = (self.house.settings.load_full(), asked.new);
        let mut differences = differences(&old, new);
        let mut plan = Plan::new(asked.hash);
        let mut counted: BTreeMap<&ChannelName, Counting> = BTreeMap::new();
        for channel in self.house.channels.keys() {
            let mode = new.channels.get(channel).map(|channel| channel.policy.mode);
            counted.insert(channel, Counting::new(channel, mode.unwrap_or_default(), asked.stopped));
        }
        progress.of(self.house.skus.count());
        let mut pages = Pages::new(self);
        loop {
            let mut share = Share::begin();
            let Some(page) = pages.next().await? else { break };
            let turn = self.turns.next().await?;
            let documents = self.ledgers(&page.skus, [&old, new]).await?;
            count(
                &page,
                &documents,
                (&old, new),
                &mut counted,
                &mut differences,
                &mut share,
            )
            .await;
            progress.looked(page.skus.len());
            drop(turn);
            share.rest().await;
        }
        for (channel, mut counting) in counted {
            let connector = self.house.connector(channel);
            let most = connector.map_or(1, |connector| connector.manifest().max_write.max(1));
            counting.calls(u64::try_from(most).unwrap_or(1), &self.house.limits(channel));
            plan.take(channel, counting, &old);
        }
        plan.finish(differences);
        Ok(plan)
    }

    /// The ledgers that the numbers of these SKUs need, under each of the settings.
    async fn ledgers(&self, skus: &[Sku], settings: [&Settings; 2]) -> Result<Documents, ApiError> {
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

/// Counts what changes at the listings of some articles.
async fn count(
    page: &Page<'_>,
    documents: &Documents,
    (old, new): (&Settings, &Settings),
    counted: &mut BTreeMap<&ChannelName, Counting>,
    differences: &mut [Difference],
    share: &mut Share,
) {
    for at in &page.channels {
        let Some(counting) = counted.get_mut(at.channel) else {
            continue;
        };
        for (sku, listings) in page.skus.iter().zip(&at.of) {
            let offers: Vec<ListingId> = listings.iter().map(|listing| listing.listing.clone()).collect();
            let under = Under {
                documents,
                channel: at.channel,
                offers: &offers,
                now: now(),
            };
            for listing in listings {
                counting.listing(&under, (old, new), listing, sku, differences);
                share.step().await;
            }
        }
    }
}

impl Plan {
    fn new(hash: &str) -> Self {
        Self {
            view: PlanView {
                hash: hash.to_owned(),
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
        }
    }

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
