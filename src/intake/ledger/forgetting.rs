//! Orders whose two lives ended long ago are forgotten, so that ledgers don't grow for ever.
//!
//! A slow walk over the orders, a page at a time, each in one commit: the order goes, its lines leave
//! their SKUs' ledgers, and the channel's watermark says that later reports of it are counted only.

use super::Ledger;
use crate::history::told;
use crate::store::{CommitBatch, CommitError, Kind, Lease, Versioned};
use omnistock_engine::{DocumentKey, Documents, OrderDocument, OrderKey, forget};
use omnistock_words::{ChannelName, Millis, OrderId, Sku};
use std::collections::BTreeSet;

/// Orders in one page.
const ORDERS: usize = 100;
/// SKUs that the forgotten orders of one page touch, about.
const SKUS: usize = 1_000;

fn read(id: &str, stored: &Versioned) -> Option<(OrderKey, OrderDocument)> {
    let (channel, order) = id.split_once('/')?;
    let key = OrderKey {
        channel: ChannelName::new(channel).ok()?,
        order: OrderId::new(order).ok()?,
    };
    Some((key, OrderDocument::decode(&stored.bytes).ok()?))
}

impl Ledger {
    /// A page of orders, when its time has come; `false`: nothing to do now.
    pub(super) async fn forget_some(&mut self, lease: &Lease, at: Millis) -> Result<bool, CommitError> {
        let times = self.parts.times;
        let pause = if self.upkeep.forget_after.is_some() {
            times.page
        } else {
            times.walk
        };
        if (0..pause).contains(&at.since(self.upkeep.forgot_at)) {
            return Ok(false);
        }
        self.upkeep.forgot_at = at;
        let from = self.upkeep.forget_after.take();
        let page = self.parts.store.scan(Kind::Order, from.as_deref(), ORDERS).await?;
        let whole = page.len() == ORDERS;
        let (mut old, mut touched, mut after) = (Vec::new(), BTreeSet::<Sku>::new(), None);
        for (id, stored) in &page {
            if touched.len() >= SKUS {
                break;
            }
            after = Some(id.clone());
            // One that can't be read stays: whoever needs it says so.
            let found =
                read(id, stored).filter(|(key, order)| at.since(order.at) >= times.retain && self.is_filled(key));
            if let Some((key, document)) = found {
                touched.extend(document.touched);
                old.push(key);
            }
        }
        let cut = after.as_ref() != page.last().map(|(id, _)| id);
        self.forget_orders(lease, &old, touched, at).await?;
        self.upkeep.forget_after = after.filter(|_| whole || cut);
        Ok(false)
    }

    /// The watermark passes over unknown orders that are older: before the back-fill is complete an open
    /// one may be among them, which must not be lost.
    fn is_filled(&self, key: &OrderKey) -> bool {
        let watched = self.parts.watched.get(&key.channel);
        watched.is_none_or(|channel| channel.back_filled())
    }

    async fn forget_orders(
        &mut self,
        lease: &Lease,
        old: &[OrderKey],
        touched: BTreeSet<Sku>,
        at: Millis,
    ) -> Result<(), CommitError> {
        if old.is_empty() {
            return Ok(());
        }
        let settings = self.parts.settings.load_full();
        let mut documents = Documents::default();
        self.load_sources(&settings, &mut documents).await?;
        let orders = old.iter().cloned().map(DocumentKey::Order);
        let keys = orders.chain(touched.into_iter().map(DocumentKey::Sku)).collect();
        self.cache.fill(self.parts.store.as_ref(), &mut documents, keys).await?;
        let before = documents.clone();
        let gone = old
            .iter()
            .filter(|key| forget(&settings, &mut documents, key, self.parts.times.retain, at))
            .count();
        let changed: BTreeSet<DocumentKey> = documents.take_changed().into_iter().collect();
        if changed.is_empty() {
            return Ok(());
        }
        let mut batch = CommitBatch::default();
        let written = self.writes(&documents, &changed, &mut batch);
        // No event led there, but past ledgers are told from those that replaced them.
        batch.history = told(&settings, (&before, &documents), &[], &batch.writes, at);
        let woken = self
            .marks(
                &settings,
                (before, &mut documents),
                &changed,
                BTreeSet::new(),
                at,
                &mut batch,
            )
            .await?;
        self.commit(lease, &batch, &written).await?;
        self.cache.keep(&documents, &written, Some(&self.parts.newest));
        self.parts.newest.settle();
        self.wake(&woken);
        self.parts.board.forgot(gone as u64);
        tracing::debug!(gone, "orders were forgotten");
        Ok(())
    }
}
