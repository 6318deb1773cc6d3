//! Guards on prices at work: what would move too far, or too many at once, keeps what is published until all
//! that belongs together was looked at. Then it is let go, or held; only a person lets a held price out.

use super::catalogue::Index;
use super::hold::{Asked, HoldDecision, price_name};
use super::worker::Worker;
use omnistock_engine::guard::{GuardName, over, price_fault};
use omnistock_planner::HeldPrice;
use omnistock_sdk::now;
use omnistock_words::{ChannelGuard, Millis, Money, Percent, Quantity, Sku};
use std::collections::BTreeMap;
use std::fmt;

/// How many SKUs a hold names.
const EXAMPLES: usize = 5;

/// Prices that guards stopped at a channel, together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceHold {
    /// Such as `h-3f2a41`; the same after a restart.
    pub id: String,
    /// Since when.
    pub since: Millis,
    /// Listings whose price is held.
    pub listings: u64,
    /// The first of them: SKU, the guard, what stays, what would take its place.
    pub examples: Vec<(Sku, String, Money, Money)>,
    /// A person's reason to keep it so.
    pub rejected: Option<String>,
}

impl fmt::Display for PriceHold {
    /// One sentence: how many, and by example which guard stopped what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.listings == 1 { "price is" } else { "prices are" };
        write!(f, "{} {plural} held", self.listings)?;
        let example =
            |(sku, guard, from, to): &(Sku, String, Money, Money)| format!("{sku} stays {from}, not {to} ({guard})");
        let examples: Vec<String> = self.examples.iter().map(example).collect();
        if examples.is_empty() {
            Ok(())
        } else {
            write!(f, ", first {}", examples.join(", "))
        }
    }
}

impl Worker {
    /// The share of prices that may change at once.
    fn changed_limit(&self) -> Percent {
        let channel = self.settings.channels.get(&self.parts.channel);
        channel
            .map_or_else(ChannelGuard::default, |channel| channel.policy.guard)
            .prices_changed
    }

    /// Whether the price stays held: it does while the newest one has the fault, or what is published is
    /// not what it should be where too many changed at once.
    pub(super) fn still_held_price(&mut self, index: Index, new: Money, jump: Percent) -> bool {
        let Some((_, document)) = self.catalogue.price(index) else {
            return false;
        };
        let Some(held) = &mut document.held else { return false };
        let own = price_fault(held.from, new, jump).map(GuardName::name);
        let many = held.guard == GuardName::PricesChanged.name() && held.from != new;
        let guard = own.or_else(|| many.then(|| GuardName::PricesChanged.name()));
        let changed = guard.is_none_or(|guard| held.guard != guard || held.to != new);
        match guard {
            Some(guard) => (held.guard, held.to) = (guard.to_owned(), new),
            None => document.held = None,
        }
        if changed {
            self.changes.touch(index);
            self.prices.changed = true;
        }
        guard.is_some()
    }

    /// Judges the prices that would change, once everything that belongs together was looked at, with a
    /// `report` or one by one. What is let go is looked at again at once.
    pub(super) fn judge_prices(&mut self, report: bool, now: Millis) {
        if self.prices.suspects.is_empty() || !self.may_judge() {
            return;
        }
        let suspects = std::mem::take(&mut self.prices.suspects);
        let many = self.too_many(&suspects.keys().copied().collect::<Vec<_>>(), report, now);
        let (mut released, mut faults) = (Vec::new(), Vec::new());
        for (index, change) in suspects {
            let own = price_fault(change.old, change.new, change.jump);
            let guard = own.or(many.then_some(GuardName::PricesChanged));
            let Some((known, _)) = self.catalogue.price(index) else {
                continue;
            };
            known.suspect = false;
            if let Some(guard) = guard {
                faults.push((index, guard, change.old, change.new));
                continue;
            }
            known.passed = Some(change.new);
            if !report {
                self.prices.recent.note(index, now, Quantity::ONE);
            }
            released.extend(self.catalogue.get(index).and_then(|entry| entry.document.sku.clone()));
        }
        if !faults.is_empty() {
            self.hold_prices(faults, now);
        }
        for sku in &released {
            self.work.look(sku, now, now);
        }
    }

    /// Whether these changes, with what is held for the same reason and the single changes of 15 minutes,
    /// are more than may change at once.
    fn too_many(&mut self, suspects: &[Index], report: bool, now: Millis) -> bool {
        self.prices.recent.expire(now);
        let by_many = |index: &Index| {
            let entry = self.catalogue.get(*index);
            let price = entry.as_ref().and_then(|entry| entry.document.price.as_ref());
            let held = price.and_then(|price| price.held.as_ref());
            held.is_some_and(|held| held.guard == GuardName::PricesChanged.name())
        };
        let whole = self.catalogue.priced();
        let held = self.catalogue.held().into_iter().filter(by_many).count();
        let others = |(index, _): &(&Index, Quantity)| !suspects.contains(index);
        let recent = if report {
            0
        } else {
            self.prices.recent.within(now).filter(others).count()
        };
        let count = |listings: usize| u64::try_from(listings).unwrap_or(u64::MAX);
        over(
            count(suspects.len() + held + recent),
            count(whole),
            self.changed_limit(),
        )
    }

    /// What is held and not rejected is one hold, with one name: a rejected one stays what the person saw.
    fn hold_prices(&mut self, faults: Vec<(Index, GuardName, Money, Money)>, now: Millis) {
        let open = self
            .parts
            .board
            .price_holds()
            .into_iter()
            .find(|hold| hold.rejected.is_none());
        let (hold, since) = open.map_or_else(
            || (price_name(&self.parts.channel, now), now),
            |hold| (hold.id, hold.since),
        );
        for (index, guard, from, to) in faults {
            let Some((_, document)) = self.catalogue.price(index) else {
                continue;
            };
            document.held = Some(HeldPrice {
                hold: hold.clone(),
                since,
                guard: guard.name().to_owned(),
                from,
                to,
                rejected: None,
            });
            self.changes.touch(index);
            self.catalogue.show(index, self.gate, &self.parts.board);
        }
        self.tell_price_holds();
        if let Some(held) = self.parts.board.price_holds().into_iter().find(|held| held.id == hold) {
            tracing::error!(channel = %self.parts.channel, "{hold}: {held}");
        }
    }

    /// Tells the board which prices are held.
    pub(super) fn tell_price_holds(&mut self) {
        self.prices.changed = false;
        let mut holds: BTreeMap<String, PriceHold> = BTreeMap::new();
        for index in self.catalogue.held() {
            let Some(entry) = self.catalogue.get(index) else {
                continue;
            };
            let held = entry.document.price.as_ref().and_then(|price| price.held.as_ref());
            let (Some(sku), Some(held)) = (&entry.document.sku, held) else {
                continue;
            };
            let hold = holds.entry(held.hold.clone()).or_insert_with(|| PriceHold {
                id: held.hold.clone(),
                since: held.since,
                listings: 0,
                examples: Vec::new(),
                rejected: held.rejected.clone(),
            });
            hold.listings += 1;
            if hold.examples.len() < EXAMPLES {
                hold.examples
                    .push((sku.clone(), held.guard.clone(), held.from, held.to));
            }
        }
        self.parts.board.set_price_holds(holds.into_values().collect());
    }

    /// Carries out what a person decided about held prices.
    pub(super) fn decide_prices(&mut self, asked: &Asked) {
        let at = now();
        for index in self.catalogue.held() {
            let Some((_, document)) = self.catalogue.price(index) else {
                continue;
            };
            let Some(held) = document.held.as_mut().filter(|held| held.hold == asked.id) else {
                continue;
            };
            match &asked.decision {
                HoldDecision::Approve(_) => {
                    document.released = Some(held.to);
                    document.held = None;
                }
                HoldDecision::Reject(reason) => held.rejected = Some(reason.clone()),
            }
            self.prices.changed = true;
            self.changes.touch(index);
            self.catalogue.show(index, self.gate, &self.parts.board);
            let sku = self.catalogue.get(index).and_then(|entry| entry.document.sku.clone());
            if let Some(sku) = sku {
                self.work.look(&sku, at, at);
            }
        }
    }
}
