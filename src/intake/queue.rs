//! A vendor's queue: its messages are taken out, what they ask for is looked at, and then they are put away.
//!
//! An order of which a message tells is read and durable before its message goes; a listing is handed to its channel,
//! which reads all of them at its start anyway. So a crash at any moment leaves a message that comes again, or a look
//! that comes all the same. Polls go on as if there were no queue, whatever becomes of it.

use super::deadline::within;
use super::inbox::Inbox;
use super::orders::OrderRequests;
use super::webhook_board::{Taken, WebhookBoard};
use crate::retry;
use crate::store::EntryId;
use omnistock_engine::Event;
use omnistock_sdk::{Connector, ConnectorError, ErrorClass, Hint, ListingKey, Message, QueueRole, Ticket, now};
use omnistock_words::{ChannelName, ConnectorName, Millis, OrderId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

/// How long a queue waits for a message.
const WAIT: Duration = Duration::from_secs(20);
/// Beyond that, until it counts as away; and for putting messages away.
const GRACE: Duration = Duration::from_secs(40);
/// A queue that does not wait is asked no more often than this.
const LEAST: Duration = Duration::from_secs(1);
/// How long listings wait for the orders that explain what they show.
const ORDERS_FIRST: Duration = Duration::from_secs(5);
/// So far the vendor's clock may be off ours, milliseconds.
const SKEW: i64 = 10_000;
/// From so many failures in a row on, people are told; at once where only they can mend it.
const TELL: u32 = 3;
/// Kinds of messages that nobody understands, which are told by name.
const MOST_STRANGE: usize = 32;

/// Has listings of a channel read.
pub type Listings = dyn Fn(&[ListingKey]) + Send + Sync;

/// A channel of which messages may tell.
#[derive(Clone)]
pub struct Concerned {
    /// The poller of its orders, where it has one.
    pub orders: Option<OrderRequests>,
    /// Has these listings read.
    pub listings: Arc<Listings>,
}

/// What a reader of a queue is given.
#[derive(Clone)]
pub struct QueueParts {
    /// The connector's name.
    pub name: ConnectorName,
    /// The connector, within its account's limits.
    pub connector: Arc<dyn Connector>,
    /// The channels that it writes.
    pub channels: BTreeMap<ChannelName, Concerned>,
    /// Rings the reader of its figures, where it is a source.
    pub source: Option<Arc<Notify>>,
    /// The way into the ledger.
    pub inbox: Inbox,
    /// What became of its messages.
    pub board: Arc<WebhookBoard>,
}

/// Reads one queue.
pub struct QueueReader {
    parts: QueueParts,
    /// What was told already of messages that nobody understands.
    strange: BTreeSet<String>,
    failures: u32,
    /// Why it failed the last time, as it was told.
    told: Option<String>,
}

/// What is handed over of some messages.
#[derive(Default)]
struct Handed {
    done: Vec<Ticket>,
    /// Whether an order that was named is durable, by its id.
    orders: BTreeMap<OrderId, bool>,
    appended: Option<EntryId>,
    listings: Vec<ListingKey>,
    /// What went wrong last, where something did.
    error: Option<ConnectorError>,
    /// The vendor or the store is away: the rest comes again.
    away: bool,
}

impl QueueReader {
    /// A reader that has read nothing yet.
    pub fn new(parts: QueueParts) -> Self {
        Self {
            parts,
            strange: BTreeSet::new(),
            failures: 0,
            told: None,
        }
    }

    /// Works until `cancel`. A queue that fails is asked slower and slower, every 30 s at most.
    pub async fn run(mut self, cancel: CancellationToken) {
        let connector = Arc::clone(&self.parts.connector);
        let Some(role) = connector.queue() else { return };
        loop {
            let began = Instant::now();
            let turn = tokio::select! {
                () = cancel.cancelled() => break,
                turn = self.turn(role) => turn,
            };
            let pause = match turn {
                Ok(0) => LEAST.saturating_sub(began.elapsed()),
                Ok(_) => Duration::ZERO,
                Err(error) => self.failed(&error),
            };
            tokio::select! {
                () = cancel.cancelled() => break,
                () = sleep(pause) => {}
            }
        }
    }

    /// Takes messages, hands over what they ask for, puts them away; how many there were.
    async fn turn(&mut self, role: &dyn QueueRole) -> Result<usize, ConnectorError> {
        let who = self.parts.name.to_string();
        let messages = within(&who, "its queue", WAIT + GRACE, role.messages(WAIT)).await?;
        let (count, until) = (messages.len(), Instant::now() + role.returns() / 2);
        let handed = self.hand_over(messages, until).await;
        if !handed.done.is_empty() {
            within(&who, "messages are put away", GRACE, role.put_away(&handed.done)).await?;
        }
        match handed.error {
            Some(error) if handed.away => Err(error),
            // One order alone: a person has to look at it, and the others go on.
            Some(error) => {
                self.failures = 0;
                self.tell(&error);
                Ok(count)
            }
            None => {
                self.failures = 0;
                self.told = None;
                self.parts.board.set_trouble(None);
                Ok(count)
            }
        }
    }

    fn failed(&mut self, error: &ConnectorError) -> Duration {
        self.failures = self.failures.saturating_add(1);
        if error.class == ErrorClass::Operator || self.failures >= TELL {
            self.tell(error);
        }
        let wish = match error.class {
            ErrorClass::Retry { after: Some(after) } => after,
            _ => Duration::ZERO,
        };
        retry::delay(self.failures, rand::random()).max(wish)
    }

    /// Once in the log, for as long as it stays the same.
    fn tell(&mut self, error: &ConnectorError) {
        let words = error.to_string();
        if self.told.as_ref() != Some(&words) {
            tracing::warn!(connector = %self.parts.name, "its queue is not read, polls go on: {words}");
        }
        self.parts.board.set_trouble(Some(words.clone()));
        self.told = Some(words);
    }

    async fn hand_over(&mut self, messages: Vec<Message>, until: Instant) -> Handed {
        let mut handed = Handed::default();
        for message in messages {
            let hints = match message.says {
                Ok(hints) => hints,
                Err(why) => {
                    self.strange(&why);
                    handed.done.push(message.ticket);
                    continue;
                }
            };
            let taken = if hints.is_empty() { Taken::Nothing } else { Taken::Look };
            let mut all = true;
            for hint in hints {
                all &= self.follow(hint, message.sent_at, until, &mut handed).await;
            }
            if all {
                self.parts.board.took(taken, now());
                handed.done.push(message.ticket);
            } else {
                self.parts.board.busy();
            }
        }
        self.look(&handed).await;
        handed
    }

    /// Counted and told once by its kind; it would not be understood the next time either.
    fn strange(&mut self, why: &str) {
        self.parts.board.malformed();
        if self.strange.len() < MOST_STRANGE && self.strange.insert(why.to_owned()) {
            tracing::warn!(connector = %self.parts.name, "a message of the queue was put away: {why}");
        }
    }

    /// Whether what the hint asks for is handed over.
    async fn follow(&self, hint: Hint, sent: Option<Millis>, until: Instant, handed: &mut Handed) -> bool {
        match hint {
            Hint::Orders => {
                for requests in self
                    .parts
                    .channels
                    .values()
                    .filter_map(|channel| channel.orders.as_ref())
                {
                    requests.hint();
                }
                true
            }
            Hint::Listings(keys) => {
                handed.listings.extend(keys);
                true
            }
            Hint::Shown(key, _) => {
                handed.listings.push(key);
                true
            }
            Hint::Order(order) => {
                if let Some(done) = handed.orders.get(&order) {
                    return *done;
                }
                let done = !handed.away && self.order(&order, sent, until, handed).await;
                handed.orders.insert(order, done);
                done
            }
        }
    }

    /// Whether the order is durable as it is now, or a poll has told of it since. One that the vendor does not know is
    /// left to the polls.
    async fn order(&self, order: &OrderId, sent: Option<Millis>, until: Instant, handed: &mut Handed) -> bool {
        let Some(role) = self.parts.connector.orders() else {
            return true;
        };
        let late = i64::try_from(role.late().as_millis()).unwrap_or(i64::MAX);
        let known_from = sent.map(|sent| sent.plus(late.saturating_add(SKEW)));
        let channels = self.parts.channels.iter();
        let asking: Vec<(&ChannelName, &OrderRequests)> = channels
            .filter_map(|(channel, concerned)| Some((channel, concerned.orders.as_ref()?)))
            .filter(|(_, requests)| known_from.is_none_or(|from| !requests.polled_since(from)))
            .collect();
        if asking.is_empty() {
            return true;
        }
        let late = || Err(ConnectorError::retry("an order could not be read in time"));
        let fact = match timeout_at(until, role.order(order)).await.unwrap_or_else(|_| late()) {
            Ok(Some(fact)) => fact,
            Ok(None) => return true,
            Err(error) => {
                handed.away = matches!(error.class, ErrorClass::Retry { .. } | ErrorClass::Unknown);
                handed.error = Some(error);
                return false;
            }
        };
        let event = |channel: &ChannelName| Event::Order {
            channel: channel.clone(),
            order: fact.clone(),
        };
        let events: Vec<Event> = asking.iter().map(|(channel, _)| event(channel)).collect();
        match self.parts.inbox.append(&events).await {
            Ok(last) => handed.appended = last.or(handed.appended),
            Err(error) => {
                (handed.away, handed.error) = (true, Some(ConnectorError::retry(error.to_string())));
                return false;
            }
        }
        for (_, requests) in asking {
            requests.doubt(order);
        }
        true
    }

    /// Has listings read, behind the orders that explain what they show: else each sale would look unexplained, and
    /// cost a poll.
    async fn look(&self, handed: &Handed) {
        if handed.listings.is_empty() {
            return;
        }
        if timeout(ORDERS_FIRST, self.parts.inbox.applied(handed.appended))
            .await
            .is_err()
        {
            tracing::debug!("orders of messages are not applied yet: their listings are read all the same");
        }
        for concerned in self.parts.channels.values() {
            (concerned.listings)(&handed.listings);
        }
        if let Some(source) = &self.parts.source {
            source.notify_one();
        }
    }
}

#[cfg(test)]
#[path = "queue_test.rs"]
mod tests;
