//! Orders of which others than polls told: what a poll said of them before may not be the newest any more.
//!
//! What a webhook said is in the inbox. Where it is the newest that is known of the order, a poll that says the same has
//! nothing to add: it waits for the entry of the webhook instead of appending the order once more.

use super::REMEMBERED;
use crate::store::EntryId;
use omnistock_words::{Millis, OrderFact, OrderId};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What was told of an order, and where in the inbox it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    pub(super) fact: OrderFact,
    pub(super) entry: EntryId,
}

/// When an order was last told of; what was told, where that is certain to be what the ledger will hold.
#[derive(Debug, Clone, PartialEq)]
struct Doubt {
    since: Millis,
    told: Option<Told>,
}

/// What became of the doubts about one order.
pub(super) enum Settled {
    /// Nobody told of it.
    Nothing,
    /// What a poll says of it is news.
    News,
    /// It is known as that.
    Known(Told),
}

/// `None`: too many to name, all of them.
pub(super) struct Doubted(Mutex<Option<HashMap<OrderId, Doubt>>>);

impl Default for Doubted {
    fn default() -> Self {
        Self(Mutex::new(Some(HashMap::new())))
    }
}

/// Which of two reports the ledger will hold, when that can be told from their revisions.
pub(super) fn newer(one: OrderFact, other: OrderFact) -> Option<OrderFact> {
    match (one.revision?, other.revision?) {
        (first, second) if first > second => Some(one),
        (first, second) if first < second => Some(other),
        _ => (one == other).then_some(one),
    }
}

fn together(one: Told, other: Told) -> Option<Told> {
    let entry = one.entry.max(other.entry);
    newer(one.fact, other.fact).map(|fact| Told { fact, entry })
}

impl Doubted {
    fn all(&self) -> MutexGuard<'_, Option<HashMap<OrderId, Doubt>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, order: &OrderId, now: Millis, told: impl FnOnce(Option<Option<Told>>) -> Option<Told>) {
        let mut doubted = self.all();
        let Some(orders) = doubted.as_mut() else { return };
        let before = orders.remove(order).map(|doubt| doubt.told);
        let told = told(before);
        orders.insert(order.clone(), Doubt { since: now, told });
        if orders.len() > REMEMBERED {
            *doubted = None;
        }
    }

    /// Somebody told of it.
    pub(super) fn doubt(&self, order: &OrderId, now: Millis) {
        self.put(order, now, |_| None);
    }

    /// A webhook told this of it, which is in the inbox.
    pub(super) fn told(&self, fact: &OrderFact, entry: EntryId, now: Millis) {
        // Without a revision the last one to arrive counts, and nobody knows here which one that is.
        let new = fact.revision.is_some().then(|| Told {
            fact: fact.clone(),
            entry,
        });
        self.put(&fact.order, now, |before| match before {
            None => new,
            Some(before) => together(before?, new?),
        });
    }

    /// The same body came once more: it says nothing new of an order that it told of just before.
    pub(super) fn repeated(&self, fact: &OrderFact, now: Millis) {
        self.put(&fact.order, now, |before| {
            before.flatten().filter(|told| same(&told.fact, fact))
        });
    }

    /// What was told of it may not be what the ledger makes of it now.
    pub(super) fn uncertain(&self, order: &OrderId) {
        if let Some(doubt) = self.all().as_mut().and_then(|all| all.get_mut(order)) {
            doubt.told = None;
        }
    }

    /// There are too many doubts to name.
    pub(super) fn is_everything(&self) -> bool {
        self.all().is_none()
    }

    /// What a page of a poll that began then is to be compared with. A page that was read before somebody told of the
    /// order may be older: the next one is news, too.
    pub(super) fn settle(&self, order: &OrderId, began: Millis) -> Settled {
        let mut doubted = self.all();
        let all = doubted.get_or_insert_default();
        let Some(doubt) = all.get(order) else {
            return Settled::Nothing;
        };
        let told = if doubt.since <= began {
            all.remove(order).and_then(|doubt| doubt.told)
        } else {
            doubt.told.clone()
        };
        told.map_or(Settled::News, Settled::Known)
    }
}

/// The same state of an order, whatever our fetch sequence says.
pub(super) fn same(one: &OrderFact, other: &OrderFact) -> bool {
    let mut one = one.clone();
    match (&mut one.revision, &other.revision) {
        (Some(new), Some(old)) => new.sequence = old.sequence,
        (new, old) => new.clone_from(old),
    }
    one == *other
}
