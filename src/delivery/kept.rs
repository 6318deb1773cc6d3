//! Units that adaptive safety stock holds back, from one look at a SKU to the next: raised at once,
//! lowered late, and then without any event.
//!
//! In memory only: after a start the newest need counts at once. What may be lowered by now is of no
//! use any more, so no more is kept than was looked at within the engine's ten minutes.

use super::ChannelBoard;
use super::sight::Sight;
use super::worker::Worker;
use omnistock_engine::{Documents, Held};
use omnistock_words::{ChannelName, Millis, Sku};
use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};

/// Kept SKUs are not gone through before there are so many.
const FEW: usize = 1_024;

/// By SKU, of one channel.
#[derive(Debug, Default)]
pub(super) struct KeptBack {
    held: HashMap<Sku, Held>,
    tidy_at: usize,
}

impl KeptBack {
    fn set(&mut self, sku: &Sku, held: Option<Held>, now: Millis) {
        match held.filter(|held| held.units.is_positive()) {
            None => drop(self.held.remove(sku)),
            Some(held) => drop(self.held.insert(sku.clone(), held)),
        }
        if self.held.len() > self.tidy_at.max(FEW) {
            self.held.retain(|_, held| held.lower_from > now);
            self.tidy_at = 2 * self.held.len();
        }
    }
}

impl ChannelBoard {
    fn kept_back(&self) -> MutexGuard<'_, KeptBack> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands over what the channel holds back of the documents' SKUs, so that everybody who computes
    /// its promises says the number that its worker sends.
    pub fn feed(&self, channel: &ChannelName, documents: &mut Documents) {
        let kept = self.kept_back();
        let known = |sku: &Sku| Some(((channel.clone(), sku.clone()), *kept.held.get(sku)?));
        let known: Vec<_> = documents.skus.keys().filter_map(known).collect();
        for (key, held) in known {
            documents.held.insert(key, held);
        }
    }

    pub(super) fn keep_back(&self, sku: &Sku, held: Option<Held>, now: Millis) {
        self.kept_back().set(sku, held, now);
    }
}

/// The more cautious of two listings of one SKU.
pub(super) fn more(one: Option<Held>, other: Option<Held>) -> Option<Held> {
    [one, other]
        .into_iter()
        .flatten()
        .max_by_key(|held| (held.units, held.lower_from))
}

impl Worker {
    /// Remembers what is held back. Where it is more than is needed now, the SKU is looked at again
    /// when it may be lowered.
    pub(super) fn keep_back(&mut self, sku: &Sku, sight: &Sight<'_>, now: Millis) {
        let held = sight.held.get();
        let earlier = sight.documents.held.get(&(self.parts.channel.clone(), sku.clone()));
        // One that is as much as is needed counts from now on: only a kept one has its time from before.
        let kept = held.filter(|held| earlier.is_some_and(|earlier| earlier.lower_from == held.lower_from));
        self.work.look_later(sku, kept.map(|kept| kept.lower_from));
        self.parts.board.keep_back(sku, held, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::house::{house, until};
    use omnistock_engine::Lags;
    use omnistock_sdk::now;
    use omnistock_words::{Percent, Quantity, SafetyStock, Settings, WriteMeaning};
    use std::sync::Arc;

    fn held(units: i64, lower_from: Millis) -> Held {
        Held {
            units: Quantity::whole(units),
            lower_from,
        }
    }

    #[tokio::test]
    async fn less_is_held_back_when_its_time_has_come_without_any_event() {
        let house = house(WriteMeaning::Available, &[("A", 0, 10)]).await;
        let mut settings = Settings::clone(&house.settings.load());
        let lags = Lags { order: 700, push: 300 };
        let mut measured = omnistock_engine::Measured::default();
        for (name, channel) in &mut settings.channels {
            channel.policy.safety_stock = SafetyStock::Adaptive {
                chance: Percent::whole(1),
                max: Quantity::whole(6),
            };
            measured.lags.insert(name.clone(), lags);
        }
        house.settings.store(settings.into());
        house.measured.store(Arc::new(measured));
        let (sku, lower_from) = (Sku::new("A").unwrap(), now().plus(1_500));
        house.board.keep_back(&sku, Some(held(4, lower_from)), now());
        let run = house.start();
        until("more is kept", async || house.number("A") == 6).await;
        until("it is lowered", async || house.number("A") == 10).await;
        assert!(now() >= lower_from);
        house.quiet().await;
        let mut documents = Documents::default();
        documents.skus.insert(sku, omnistock_engine::SkuDocument::default());
        house.board.feed(&"shop".parse().unwrap(), &mut documents);
        assert!(documents.held.is_empty(), "nothing is held back any more");
        run.stop().await;
    }

    #[test]
    fn what_may_be_lowered_is_not_gathered() {
        let mut kept = KeptBack::default();
        for index in 0..10_000 {
            let sku = Sku::new(format!("A{index}")).unwrap();
            kept.set(&sku, Some(held(1, Millis(index + 1))), Millis(index));
        }
        assert!(kept.held.len() <= FEW + 1, "{}", kept.held.len());
        assert_eq!(
            more(Some(held(2, Millis(9))), Some(held(3, Millis(1)))),
            Some(held(3, Millis(1))),
            "the more cautious counts"
        );
    }
}
