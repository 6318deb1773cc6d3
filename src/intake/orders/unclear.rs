//! Orders that can't be understood are put aside and named, so that no other order waits for them. Which ones those are is
//! durable before the cursor passes them; a new life asks for each of them once more: the program may be a newer one.

use super::{OrderPoller, PollError};
use crate::intake::deadline::{PAGE, within};
use crate::store::{DocumentWrite, Key, Kind};
use omnistock_sdk::{ConnectorError, Unclear, now};
use omnistock_words::{Millis, OrderFact, OrderId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// More than so many are no matter of single orders: the poll fails, and orders wait.
pub(super) const MOST: usize = 100;

/// Why an order is not understood, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnclearOrder {
    /// What is wrong with it, and where to look at it.
    pub because: String,
    /// When it was found.
    pub since: Millis,
}

/// Orders put aside, by the channel's id, as they are stored or to be stored with the next place.
#[derive(Debug, Clone, Default)]
pub(super) struct Aside {
    orders: BTreeMap<String, UnclearOrder>,
    version: u64,
    pub(super) changed: bool,
    asked: bool,
}

impl Aside {
    /// As stored. One that can't be read is begun anew: each of them is found again when it changes.
    pub(super) fn stored(&mut self, bytes: &[u8], version: u64) {
        self.orders = serde_json::from_slice(bytes).unwrap_or_default();
        (self.version, self.changed) = (version, false);
    }

    fn put(&mut self, unclear: Unclear) {
        let Unclear { order, because } = unclear;
        let known = self.orders.get(&order);
        if known.is_some_and(|known| known.because == because) {
            return;
        }
        let since = known.map_or_else(now, |known| known.since);
        self.orders.insert(order, UnclearOrder { because, since });
        self.changed = true;
    }

    fn clear(&mut self, order: &str) {
        self.changed |= self.orders.remove(order).is_some();
    }

    fn saved(&mut self) {
        self.version += 1;
        self.changed = false;
    }
}

impl OrderPoller {
    pub(super) fn aside_key(&self) -> Key {
        Key::new(Kind::Channel, format!("{}/unclear_orders", self.channel))
    }

    /// Takes in which orders of a page are not understood, and which ones are by now.
    pub(super) fn put_aside(&mut self, orders: &[OrderFact], unclear: Vec<Unclear>) -> Result<(), PollError> {
        for order in orders {
            self.aside.clear(order.order.as_str());
        }
        for unclear in unclear {
            if !self.aside.orders.contains_key(&unclear.order) {
                tracing::error!(channel = %self.channel, "{unclear}; it is left out until it is understood");
            }
            self.aside.put(unclear);
        }
        let count = self.aside.orders.len();
        if let (true, Some((order, first))) = (count > MOST, self.aside.orders.first_key_value()) {
            let because = &first.because;
            return Err(PollError::Vendor(ConnectorError::operator(format!(
                "more than {MOST} orders can't be understood, such as {order}: {because}; orders after them wait"
            ))));
        }
        self.tell_aside();
        Ok(())
    }

    pub(super) fn tell_aside(&self) {
        self.board
            .with(|numbers| numbers.unclear.clone_from(&self.aside.orders));
    }

    /// Each of them once in a life.
    pub(super) async fn ask_for_unclear(&mut self) -> Result<(), PollError> {
        if self.aside.asked {
            return Ok(());
        }
        let connector = Arc::clone(&self.connector);
        let Some(role) = connector.orders() else { return Ok(()) };
        let who = connector.manifest().kind;
        for id in self.aside.orders.keys().cloned().collect::<Vec<_>>() {
            let Ok(order) = OrderId::new(&*id) else { continue };
            match within(who, "an order", PAGE, role.order(&order)).await {
                Ok(fact) => {
                    self.aside.clear(&id);
                    let began = now();
                    self.take_in(fact.into_iter().collect(), began).await?;
                }
                Err(error) => tracing::debug!(channel = %self.channel, "{error}"),
            }
        }
        self.aside.asked = true;
        self.tell_aside();
        Ok(())
    }

    /// What the next commit of the place is to write beside it.
    pub(super) fn aside_write(&self) -> Option<DocumentWrite> {
        let bytes = serde_json::to_vec(&self.aside.orders).ok();
        self.aside.changed.then(|| DocumentWrite {
            key: self.aside_key(),
            expected: self.aside.version,
            version: self.aside.version + 1,
            bytes,
        })
    }

    /// It is durable.
    pub(super) fn aside_written(&mut self) {
        if self.aside.changed {
            self.aside.saved();
        }
    }
}
