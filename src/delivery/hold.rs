//! A channel's hold: listings that a guard stopped, told to people, and what a person decides about them.

use super::worker::Worker;
use crate::checksum::checksum;
use omnistock_sdk::now;
use omnistock_words::{ChannelName, Millis, Percent, Quantity, Sku};
use std::collections::HashSet;
use std::fmt;
use tokio::sync::oneshot;

/// How many SKUs a hold names.
const EXAMPLES: usize = 5;

/// What a guard stopped at a channel: at most one hold at a time, of all listings together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelHold {
    /// Such as `h-3f2a41`; the same after a restart.
    pub id: String,
    /// Since when.
    pub since: Millis,
    /// Listings that are held.
    pub listings: u64,
    /// Listings of the channel with a number.
    pub whole: u64,
    /// The limit that was exceeded.
    pub limit: Percent,
    /// The first of them: SKU, what was published, what of it is left.
    pub examples: Vec<(Sku, Quantity, Quantity)>,
    /// A person's reason to keep it so.
    pub rejected: Option<String>,
}

impl fmt::Display for ChannelHold {
    /// One sentence: the setting that stopped them, how many, and where to look first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            listings, whole, limit, ..
        } = self;
        write!(
            f,
            "newly_zero: {listings} of {whole} listings would newly show zero (limit {limit})"
        )?;
        let example = |(sku, from, left): &(Sku, Quantity, Quantity)| {
            if from == left {
                format!("{sku} keeps {left}")
            } else {
                format!("{sku} keeps {left} of {from}")
            }
        };
        let examples: Vec<String> = self.examples.iter().map(example).collect();
        if examples.is_empty() {
            Ok(())
        } else {
            write!(f, ", first {}", examples.join(", "))
        }
    }
}

/// What a person decided about a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldDecision {
    /// The newest numbers go out.
    Approve(String),
    /// They stay held, without a new page, until there is stock again.
    Reject(String),
}

/// A decision on its way to the worker.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) id: String,
    pub(super) decision: HoldDecision,
    pub(super) done: oneshot::Sender<()>,
}

/// A name for a hold that begins now.
pub(super) fn name(channel: &ChannelName, since: Millis) -> String {
    short(&format!("channel {channel}\n{since}"))
}

/// A name for a hold of prices that begins now.
pub(super) fn price_name(channel: &ChannelName, since: Millis) -> String {
    short(&format!("prices {channel}\n{since}"))
}

fn short(text: &str) -> String {
    format!("h-{}", checksum(text, 6))
}

impl Worker {
    /// Tells the board what is held. Before a held listing is looked at again, so that every sale from
    /// then on marks it.
    pub(super) fn tell_holds(&mut self) {
        self.guarding.changed = false;
        let (mut hold, mut skus) = (None, HashSet::new());
        let (limit, whole) = (self.zero_limit(), self.catalogue.counted() as u64);
        for index in self.catalogue.held() {
            let Some(entry) = self.catalogue.get(index) else {
                continue;
            };
            let (Some(sku), Some(held)) = (&entry.document.sku, &entry.document.held) else {
                continue;
            };
            let hold = hold.get_or_insert_with(|| ChannelHold {
                id: held.hold.clone(),
                since: held.since,
                listings: 0,
                whole: 0,
                limit,
                examples: Vec::new(),
                rejected: held.rejected.clone(),
            });
            hold.listings += 1;
            if hold.examples.len() < EXAMPLES {
                hold.examples.push((sku.clone(), held.from, held.quantity));
            }
            skus.insert(sku.clone());
        }
        if let Some(hold) = &mut hold {
            hold.whole = whole.max(hold.listings);
        }
        self.parts.board.set_hold(hold, skus);
    }

    /// Carries out what a person decided; answered behind the commit that holds it.
    pub(super) fn decided(&mut self) {
        if let Some(asked) = self.parts.board.asked() {
            self.carry_out_decision(asked);
        }
        if self.guarding.changed {
            self.tell_holds();
        }
        if self.prices.changed {
            self.tell_price_holds();
        }
    }

    fn carry_out_decision(&mut self, asked: Asked) {
        let (channel, id, now) = (&self.parts.channel, &asked.id, now());
        match &asked.decision {
            HoldDecision::Approve(reason) => {
                tracing::warn!(%channel, "{id} is let out on approval: {reason}");
            }
            HoldDecision::Reject(reason) => tracing::warn!(%channel, "{id} stays held: {reason}"),
        }
        for index in self.catalogue.held() {
            let Some(entry) = self.catalogue.get_mut(index) else {
                continue;
            };
            let Some(held) = entry.document.held.as_mut().filter(|held| held.hold == *id) else {
                continue;
            };
            match &asked.decision {
                HoldDecision::Approve(_) => (entry.document.held, entry.document.released) = (None, true),
                HoldDecision::Reject(reason) => held.rejected = Some(reason.clone()),
            }
            let sku = entry.document.sku.clone();
            self.changes.touch(index);
            self.catalogue.show(index, self.gate, &self.parts.board);
            if let Some(sku) = sku {
                self.work.look(&sku, now, now);
            }
        }
        self.decide_prices(&asked);
        self.guarding.changed = true;
        self.guarding.answers.push(asked.done);
    }
}
