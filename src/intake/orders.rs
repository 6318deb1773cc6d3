//! Polls a channel's orders: at its interval, when a webhook hints, and when delivery needs to
//! know the newest sales before it raises a number.
//!
//! The cursor moves only after the orders it covers are durable; a crash in between reads them
//! again, which changes nothing.

mod asked;
mod doubted;
mod full;
mod place;
mod round;
mod unclear;

use super::inbox::Inbox;
use super::order_board::OrderBoard;
use super::webhook_board::WebhookBoard;
use crate::store::{CommitError, EntryId, Lease, Store, StoreError};
use asked::AllAsked;
use doubted::{Doubted, Settled, newer, same};
use full::{FullRead, FullTimes};
use omnistock_engine::Event;
use omnistock_sdk::{Connector, ConnectorError, Cursor, ErrorClass, now};
use omnistock_words::{ChannelName, Millis, OrderFact, OrderId};
pub(super) use place::place_of;
use round::Unended;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use unclear::Aside;
pub use unclear::UnclearOrder;

/// Orders remembered so that an overlap does not fill the inbox again, at most.
const REMEMBERED: usize = 20_000;
/// Pages of one round, at most; the next round goes on from there, at once.
#[cfg(not(test))]
const PAGES: usize = 1_000;
#[cfg(test)]
const PAGES: usize = 3;

/// Asks for a poll now and waits for it.
#[derive(Clone)]
pub struct OrderRequests {
    wake: Arc<Notify>,
    fresh: watch::Receiver<Fresh>,
    doubted: Arc<Doubted>,
    all: Arc<AllAsked>,
}

/// The last poll whose orders are in the ledgers.
#[derive(Debug, Clone, Default)]
struct Fresh {
    began: Option<Millis>,
    back_filled: bool,
    /// When the last read of all orders began that is in the ledgers.
    all: Option<Millis>,
}

impl OrderRequests {
    /// Wakes the poller without waiting.
    pub fn hint(&self) {
        self.wake.notify_one();
    }

    /// Has every order read that may still hold stock, from the first; with `doubt`, for a number that no order
    /// explains, once an hour at most.
    pub fn read_all(&self, doubt: bool) {
        self.all.ask(doubt);
        self.wake.notify_one();
    }

    /// Somebody told of this order: what a poll that begins from now on says of it is news, also where an earlier poll
    /// said the same.
    pub fn doubt(&self, order: &OrderId) {
        self.doubted.doubt(order, now());
    }

    /// A webhook told this of an order, and it is in the inbox at this place: only something else is news.
    pub fn told(&self, fact: &OrderFact, entry: EntryId) {
        self.doubted.told(fact, entry, now());
    }

    /// A webhook told once more what one told before.
    pub fn repeated(&self, fact: &OrderFact) {
        self.doubted.repeated(fact, now());
    }

    /// Returns when a poll that began after this call is applied to the ledgers: the time it began.
    /// `None` when the poller has ended. Callers share polls. Cancel safe.
    pub async fn fetch(&self) -> Option<Millis> {
        let asked = now();
        let mut fresh = self.fresh.clone();
        self.wake.notify_one();
        let seen = fresh
            .wait_for(|fresh| fresh.began.is_some_and(|began| began >= asked))
            .await
            .ok()?;
        seen.began
    }

    /// Whether a poll that began then or later is applied to the ledgers.
    pub fn polled_since(&self, at: Millis) -> bool {
        self.fresh.borrow().began.is_some_and(|began| began >= at)
    }

    /// Whether a read of all orders that began then or later is applied to the ledgers.
    pub fn all_read_since(&self, at: Millis) -> bool {
        self.fresh.borrow().all.is_some_and(|all| all >= at)
    }

    /// Whether the open orders of the channel are in the ledgers and a poll was made in this life.
    pub fn back_filled(&self) -> bool {
        self.fresh.borrow().back_filled
    }

    /// Returns once [`Self::back_filled`].
    pub async fn wait_back_filled(&self) -> bool {
        self.fresh.clone().wait_for(|fresh| fresh.back_filled).await.is_ok()
    }
}

/// Polls one channel's orders. A clone begins anew with the same handles, as after a restart.
#[derive(Clone)]
pub struct OrderPoller {
    channel: ChannelName,
    connector: Arc<dyn Connector>,
    every: Duration,
    store: Arc<dyn Store>,
    lease: watch::Receiver<Option<Lease>>,
    inbox: Inbox,
    board: Arc<OrderBoard>,
    wake: Arc<Notify>,
    fresh: watch::Sender<Fresh>,
    seen: HashMap<OrderId, OrderFact>,
    doubted: Arc<Doubted>,
    /// Told of orders that were news, where webhooks should have told of them before.
    webhooks: Option<Arc<WebhookBoard>>,
    /// The newest event that was appended and may not be applied yet: also one of a poll that failed
    /// behind it, whose orders the next poll knows and doesn't append again.
    appended: Option<EntryId>,
    cursor: Option<(u64, Option<Cursor>)>,
    /// Orders that can't be understood.
    aside: Aside,
    /// The store has lost something: all open orders are read once more, wherever the cursor stands.
    anew: bool,
    /// A poll that has more to read than one round does.
    unended: Option<Unended>,
    all: Arc<AllAsked>,
    full: Option<FullRead>,
    full_times: FullTimes,
}

#[derive(Debug, thiserror::Error)]
enum PollError {
    #[error(transparent)]
    Vendor(#[from] ConnectorError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error("the ledger has ended")]
    Ended,
}

impl From<StoreError> for PollError {
    fn from(error: StoreError) -> Self {
        Self::Commit(CommitError::Store(error))
    }
}

impl OrderPoller {
    /// A poller of `connector`'s orders for `channel`.
    pub fn new(
        channel: ChannelName,
        connector: Arc<dyn Connector>,
        every: Duration,
        store: Arc<dyn Store>,
        lease: watch::Receiver<Option<Lease>>,
        inbox: Inbox,
        board: Arc<OrderBoard>,
    ) -> Self {
        let (wake, fresh, seen) = (Arc::default(), watch::channel(Fresh::default()).0, HashMap::new());
        Self {
            channel,
            connector,
            every,
            store,
            lease,
            inbox,
            board,
            wake,
            fresh,
            seen,
            doubted: Arc::default(),
            webhooks: None,
            appended: None,
            cursor: None,
            aside: Aside::default(),
            anew: false,
            unended: None,
            all: Arc::default(),
            full: None,
            full_times: FullTimes::new(Duration::from_hours(24), Duration::from_mins(15)),
        }
    }

    /// How often all orders are read, and how old one must be to count as missed.
    #[must_use]
    pub fn whole(mut self, every: Duration, grace: Duration) -> Self {
        self.full_times = FullTimes::new(every, grace);
        self
    }

    /// Reads all open orders before it goes on from the stored cursor: what the store has lost comes again.
    #[must_use]
    pub fn anew(mut self, anew: bool) -> Self {
        self.anew = anew;
        self
    }

    /// Tells this board of orders that no webhook told of before.
    #[must_use]
    pub fn webhooks(mut self, board: Option<Arc<WebhookBoard>>) -> Self {
        self.webhooks = board;
        self
    }

    /// The handle that wakes it.
    pub fn requests(&self) -> OrderRequests {
        OrderRequests {
            wake: Arc::clone(&self.wake),
            fresh: self.fresh.subscribe(),
            doubted: Arc::clone(&self.doubted),
            all: Arc::clone(&self.all),
        }
    }

    /// Works until `cancel`. A failed poll is repeated, slower and slower, at most every interval or 30 s.
    pub async fn run(mut self, cancel: CancellationToken) {
        let (mut failures, mut due) = (0_u32, Instant::now());
        while !cancel.is_cancelled() {
            let lease = self.lease.borrow().clone();
            let pause = match lease {
                None => Duration::from_millis(100),
                Some(lease) => match self.turn(&lease, due).await {
                    Ok(next) => {
                        failures = 0;
                        due = next;
                        self.pause(due)
                    }
                    Err(error) => {
                        failures = failures.saturating_add(1);
                        self.failed(&error, failures)
                    }
                },
            };
            tokio::select! {
                () = cancel.cancelled() => break,
                // A failing vendor is not asked faster because somebody waits.
                () = self.wake.notified(), if failures == 0 => due = Instant::now(),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Polls when that is due, else goes on with the full read: when the next poll is due. One that was not read to its
    /// end goes on at once.
    async fn turn(&mut self, lease: &Lease, due: Instant) -> Result<Instant, PollError> {
        if Instant::now() < due {
            self.go_on_reading(lease).await;
            return Ok(due);
        }
        let ended = self.poll(lease).await?;
        self.go_on_reading(lease).await;
        let pause = if ended { self.every } else { Duration::ZERO };
        Ok(Instant::now() + pause)
    }

    fn pause(&self, due: Instant) -> Duration {
        if self.reads_all() {
            return Duration::ZERO;
        }
        due.saturating_duration_since(Instant::now())
    }

    fn failed(&mut self, error: &PollError, failures: u32) -> Duration {
        self.cursor = None;
        let channel = &self.channel;
        tracing::warn!(%channel, "orders were not read: {error}");
        self.board
            .with(|numbers| (numbers.error, numbers.unended) = (Some(error.to_string()), 0));
        let wish = match error {
            PollError::Vendor(ConnectorError {
                class: ErrorClass::Retry { after: Some(after) },
                ..
            }) => *after,
            _ => Duration::ZERO,
        };
        crate::retry::delay(failures, rand::random()).max(wish)
    }

    /// Appends what is new.
    async fn take_in(&mut self, orders: Vec<OrderFact>, began: Millis) -> Result<(), PollError> {
        let told = self.settle_doubts(&orders, began);
        let fresh: Vec<OrderFact> = orders.into_iter().filter(|order| !self.known(order)).collect();
        let events: Vec<Event> = fresh
            .iter()
            .map(|order| Event::Order {
                channel: self.channel.clone(),
                order: order.clone(),
            })
            .collect();
        let last = self.inbox.append(&events).await?;
        self.appended = last.max(self.appended);
        self.board.with(|numbers| numbers.orders += events.len() as u64);
        if let Some(webhooks) = self.webhooks.as_ref().filter(|_| self.fresh.borrow().back_filled) {
            let untold = fresh.iter().filter(|order| !told.contains(&order.order));
            webhooks.polled(untold.count() as u64);
        }
        for order in fresh {
            self.seen.insert(order.order.clone(), order);
        }
        Ok(())
    }

    /// Takes in what others told of the orders of this page, of a poll that began then; which ones that were.
    fn settle_doubts(&mut self, page: &[OrderFact], began: Millis) -> HashSet<OrderId> {
        if self.doubted.is_everything() || self.seen.len() > REMEMBERED {
            self.seen.clear();
        }
        let mut told = HashSet::new();
        for order in page.iter().map(|order| &order.order) {
            let known = match self.doubted.settle(order, began) {
                Settled::Nothing => continue,
                Settled::News => None,
                Settled::Known(told) => Some(told),
            };
            told.insert(order.clone());
            let seen = self.seen.remove(order);
            let Some(known) = known else { continue };
            // The poll speaks of what the webhook said: it is over when that is in the ledgers.
            self.appended = self.appended.max(Some(known.entry));
            let newest = match seen {
                Some(seen) => newer(seen, known.fact),
                None => Some(known.fact),
            };
            self.seen.extend(newest.map(|newest| (order.clone(), newest)));
        }
        told
    }

    /// Whether this very state of the order was appended before, whatever our fetch sequence says.
    fn known(&self, order: &OrderFact) -> bool {
        self.seen.get(&order.order).is_some_and(|seen| same(order, seen))
    }
}

#[cfg(test)]
#[path = "orders_test.rs"]
mod tests;
