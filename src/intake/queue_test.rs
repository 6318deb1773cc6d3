//! What becomes of messages of a queue: handed over before they are put away, and left where that fails.
#![allow(clippy::indexing_slicing, reason = "a test")]

use super::*;
use crate::intake::OrderPoller;
use crate::store::Store;
use crate::store::memory::Memory;
use async_trait::async_trait;
use omnistock_engine::decode_event;
use omnistock_sdk::{Cursor, Facts, Grouping, Manifest, OrderPage, OrderSource};
use omnistock_words::{ListingId, OrderFact, OrderStatus, Quantity, WriteMeaning};
use std::sync::Mutex;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

/// A vendor with a queue and orders, as the test wants them.
struct Vendor {
    manifest: Manifest,
    waiting: Mutex<Vec<Message>>,
    away: Mutex<Vec<String>>,
    refused: Mutex<Option<ConnectorError>>,
    read: Mutex<Vec<String>>,
}

#[async_trait]
impl QueueRole for Vendor {
    async fn messages(&self, _: Duration) -> Result<Vec<Message>, ConnectorError> {
        Ok(self.waiting.lock().unwrap().clone())
    }

    fn returns(&self) -> Duration {
        Duration::from_mins(1)
    }

    async fn put_away(&self, tickets: &[Ticket]) -> Result<(), ConnectorError> {
        self.away
            .lock()
            .unwrap()
            .extend(tickets.iter().map(|ticket| ticket.0.clone()));
        self.waiting
            .lock()
            .unwrap()
            .retain(|message| !tickets.contains(&message.ticket));
        Ok(())
    }
}

#[async_trait]
impl OrderSource for Vendor {
    async fn orders(&self, _: Option<&Cursor>) -> Result<OrderPage, ConnectorError> {
        Ok(OrderPage {
            orders: vec![],
            unclear: vec![],
            cursor: Cursor(String::new()),
            more: false,
        })
    }

    async fn order(&self, order: &OrderId) -> Result<Option<OrderFact>, ConnectorError> {
        self.read.lock().unwrap().push(order.to_string());
        if let Some(error) = self.refused.lock().unwrap().clone() {
            return Err(error);
        }
        if order.as_str() == "unknown" {
            return Ok(None);
        }
        Ok(Some(OrderFact {
            order: order.clone(),
            revision: None,
            status: OrderStatus::Open,
            placed_at: Millis(5),
            at: None,
            lines: vec![],
        }))
    }
}

#[async_trait]
impl Connector for Vendor {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn orders(&self) -> Option<&dyn OrderSource> {
        Some(self)
    }

    fn queue(&self) -> Option<&dyn QueueRole> {
        Some(self)
    }

    async fn check(&self) -> Result<(), ConnectorError> {
        Ok(())
    }
}

struct World {
    vendor: Arc<Vendor>,
    store: Arc<dyn Store>,
    reader: QueueReader,
    board: Arc<WebhookBoard>,
    looks: Arc<Mutex<Vec<ListingKey>>>,
    poller: OrderPoller,
    requests: OrderRequests,
    cancel: CancellationToken,
}

impl World {
    async fn open(messages: Vec<Message>) -> Self {
        let manifest = Manifest {
            kind: "fake",
            write: WriteMeaning::Available,
            compare_and_set: false,
            max_write: 1,
            max_read: 1,
            grouping: Grouping::Any,
            all_or_nothing: false,
            concurrency: 1,
            clock_grain: Duration::from_millis(1),
            decimals: 0,
            least: Quantity::ZERO,
            most: Quantity::whole(9),
            facts: Facts::default(),
        };
        let vendor = Arc::new(Vendor {
            manifest,
            waiting: Mutex::new(messages),
            away: Mutex::default(),
            refused: Mutex::default(),
            read: Mutex::default(),
        });
        let store: Arc<dyn Store> = Arc::new(Memory::new());
        let lease = store.acquire("own", Duration::from_mins(5)).await.unwrap().unwrap();
        // Whatever is appended counts as applied.
        let applied = watch::channel(EntryId(1_000)).1;
        let inbox = Inbox::new(Arc::clone(&store), Arc::default(), applied);
        let channel = ChannelName::new("market").unwrap();
        let poller = OrderPoller::new(
            channel.clone(),
            vendor.clone(),
            Duration::from_hours(1),
            Arc::clone(&store),
            watch::channel(Some(lease)).1,
            inbox.clone(),
            Arc::default(),
        );
        let (looks, board) = (Arc::<Mutex<Vec<ListingKey>>>::default(), Arc::<WebhookBoard>::default());
        let (seen, requests) = (Arc::clone(&looks), poller.requests());
        let concerned = Concerned {
            orders: Some(requests.clone()),
            listings: Arc::new(move |keys| seen.lock().unwrap().extend(keys.iter().cloned())),
        };
        let reader = QueueReader::new(QueueParts {
            name: ConnectorName::new("market").unwrap(),
            connector: vendor.clone(),
            channels: BTreeMap::from([(channel, concerned)]),
            source: None,
            inbox,
            board: Arc::clone(&board),
        });
        Self {
            vendor,
            store,
            reader,
            board,
            looks,
            poller,
            requests,
            cancel: CancellationToken::new(),
        }
    }

    async fn turn(&mut self) -> Result<usize, ConnectorError> {
        let vendor = Arc::clone(&self.vendor);
        self.reader.turn(vendor.as_ref()).await
    }

    fn refuse(&self, error: Option<ConnectorError>) {
        *self.vendor.refused.lock().unwrap() = error;
    }

    /// Ids of the orders that are durable.
    async fn durable(&self) -> Vec<String> {
        let entries = self.store.read(EntryId::default(), 100).await.unwrap();
        let order = |bytes: &[u8]| match decode_event(bytes) {
            Ok(Event::Order { order, .. }) => order.order.to_string(),
            other => panic!("{other:?}"),
        };
        entries.iter().map(|entry| order(&entry.bytes)).collect()
    }

    fn away(&self) -> Vec<String> {
        self.vendor.away.lock().unwrap().clone()
    }

    fn read(&self) -> Vec<String> {
        self.vendor.read.lock().unwrap().clone()
    }
}

fn message(ticket: &str, says: Result<Vec<Hint>, &str>) -> Message {
    Message {
        ticket: Ticket(ticket.to_owned()),
        sent_at: Some(now()),
        says: says.map_err(str::to_owned),
    }
}

fn order(ticket: &str, id: &str) -> Message {
    message(ticket, Ok(vec![Hint::Order(OrderId::new(id).unwrap())]))
}

fn listing(ticket: &str, id: &str) -> Message {
    let key = ListingKey {
        listing: ListingId::new(id).unwrap(),
        location: None,
    };
    message(ticket, Ok(vec![Hint::Listings(vec![key])]))
}

#[tokio::test]
async fn orders_are_durable_and_listings_handed_on_before_their_messages_go() {
    let messages = vec![
        listing("1", "A"),
        order("2", "302-1"),
        order("3", "302-1"),
        order("4", "unknown"),
    ];
    let mut world = World::open(messages).await;
    assert_eq!(world.turn().await.unwrap(), 4);
    assert_eq!(
        world.durable().await,
        ["302-1"],
        "a message that comes twice is one look"
    );
    assert_eq!(world.read(), ["302-1", "unknown"]);
    assert_eq!(world.looks.lock().unwrap()[0].listing.as_str(), "A");
    assert_eq!(world.away(), ["1", "2", "3", "4"]);
    assert_eq!(world.board.totals().accepted, 4);
    assert_eq!(world.turn().await.unwrap(), 0);
}

#[tokio::test]
async fn what_can_not_be_read_now_stays_in_the_queue_and_the_rest_is_not_asked_for() {
    let mut world = World::open(vec![order("1", "302-1"), order("2", "302-2"), listing("3", "A")]).await;
    world.refuse(Some(ConnectorError::retry("answer 503")));
    assert!(world.turn().await.is_err(), "it is asked slower");
    assert_eq!((world.read().len(), world.away()), (1, vec!["3".to_owned()]));
    assert!(world.durable().await.is_empty());
    world.refuse(None);
    world.turn().await.unwrap();
    assert_eq!(world.durable().await, ["302-1", "302-2"]);
    assert_eq!((world.away().len(), world.board.totals().busy), (3, 2));
}

#[tokio::test]
async fn an_order_for_a_person_is_told_and_stops_no_other() {
    let mut world = World::open(vec![order("1", "302-1"), listing("2", "A")]).await;
    world.refuse(Some(ConnectorError::operator("order 302-1: look at it")));
    assert_eq!(world.turn().await.unwrap(), 2);
    assert_eq!(world.away(), ["2"]);
    assert_eq!(world.board.trouble().unwrap(), "order 302-1: look at it");
    world.refuse(None);
    world.turn().await.unwrap();
    assert_eq!((world.board.trouble(), world.away().len()), (None, 2));
}

#[tokio::test]
async fn an_order_of_which_a_poll_has_told_since_is_not_read_once_more() {
    let mut old = order("1", "302-1");
    old.sent_at = Some(now().plus(-SKEW - 60_000));
    let mut world = World::open(vec![old, order("2", "302-2")]).await;
    let tasks = TaskTracker::new();
    tasks.spawn(world.poller.clone().run(world.cancel.clone()));
    assert!(world.requests.wait_back_filled().await);
    world.turn().await.unwrap();
    assert_eq!((world.read(), world.away().len()), (vec!["302-2".to_owned()], 2));
    world.cancel.cancel();
    tasks.close();
    tasks.wait().await;
}

#[tokio::test]
async fn messages_that_nobody_understands_are_counted_told_once_and_put_away() {
    let strange = (0..100).map(|number| message(&number.to_string(), Err("messages of type X are of no use here")));
    let mut world = World::open(strange.chain([message("pong", Ok(vec![]))]).collect()).await;
    world.turn().await.unwrap();
    assert_eq!(
        (world.board.totals().malformed, world.board.totals().accepted),
        (100, 1)
    );
    assert_eq!((world.away().len(), world.reader.strange.len()), (101, 1));
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_fails_is_told_at_once_where_a_person_can_mend_it_and_else_in_a_while() {
    let mut world = World::open(vec![]).await;
    let away = ConnectorError::retry("no answer");
    let pauses: Vec<Duration> = (0..3).map(|_| world.reader.failed(&away)).collect();
    assert_eq!(world.board.trouble().as_deref(), Some("no answer"), "from the third on");
    assert!(pauses.iter().all(|pause| *pause <= Duration::from_secs(30)));
    world.turn().await.unwrap();
    assert_eq!(world.board.trouble(), None);
    world.reader.failed(&ConnectorError::operator("the queue is gone"));
    assert_eq!(world.board.trouble().as_deref(), Some("the queue is gone"));
}
