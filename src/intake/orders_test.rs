//! What a poll may say of the ledgers, also after one that failed.

use super::*;
use crate::store::EntryId;
use crate::store::memory::Memory;
use async_trait::async_trait;
use omnistock_sdk::{Facts, Grouping, Manifest, OrderPage, OrderSource};
use omnistock_words::{OrderStatus, Quantity, Revision, WriteMeaning};

#[path = "orders/round_test.rs"]
mod rounds;
#[path = "orders/unclear_test.rs"]
mod unclear_orders;

/// A channel with one order, always the same, with this revision.
struct Shop(Manifest, Option<Revision>);

fn order(revision: Option<Revision>, status: OrderStatus) -> OrderFact {
    OrderFact {
        order: OrderId::new("1001").unwrap(),
        revision,
        status,
        placed_at: Millis(5),
        at: None,
        lines: vec![],
    }
}

#[async_trait]
impl OrderSource for Shop {
    async fn orders(&self, _: Option<&Cursor>) -> Result<OrderPage, ConnectorError> {
        Ok(OrderPage {
            orders: vec![order(self.1, OrderStatus::Open)],
            unclear: vec![],
            cursor: Cursor("5".to_owned()),
            more: false,
        })
    }

    async fn order(&self, _: &OrderId) -> Result<Option<OrderFact>, ConnectorError> {
        Ok(None)
    }
}

#[async_trait]
impl Connector for Shop {
    fn manifest(&self) -> &Manifest {
        &self.0
    }

    fn orders(&self) -> Option<&dyn OrderSource> {
        Some(self)
    }

    async fn check(&self) -> Result<(), ConnectorError> {
        Ok(())
    }
}

fn shop() -> Arc<Shop> {
    shop_at(None)
}

fn shop_at(revision: Option<Revision>) -> Arc<Shop> {
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
    Arc::new(Shop(manifest, revision))
}

#[tokio::test]
async fn orders_of_a_poll_that_failed_are_waited_for_by_the_next_one() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let length = Duration::from_mins(5);
    let old = store.acquire("old", length).await.unwrap().unwrap();
    store.release(&old).await.unwrap();
    let lease = store.acquire("new", length).await.unwrap().unwrap();
    let (applies, applied) = watch::channel(EntryId::default());
    let (_leases, leads) = watch::channel(None);
    let mut poller = OrderPoller::new(
        ChannelName::new("shop").unwrap(),
        shop(),
        length,
        Arc::clone(&store),
        leads,
        Inbox::new(Arc::clone(&store), Arc::default(), applied),
        Arc::default(),
    );
    let requests = poller.requests();
    assert!(poller.poll(&old).await.is_err(), "its cursor is refused");
    let entries = store.read(EntryId::default(), 10).await.unwrap();
    assert_eq!(entries.len(), 1, "its order is durable all the same");

    let mut next = Box::pin(poller.poll(&lease));
    assert!(
        tokio::time::timeout(Duration::from_millis(50), &mut next)
            .await
            .is_err(),
        "the order is not in the ledgers"
    );
    assert!(!requests.back_filled());
    applies.send_replace(entries[0].id);
    next.await.unwrap();
    assert!(requests.back_filled());
    assert_eq!(store.read(EntryId::default(), 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_order_of_which_a_webhook_told_is_news_to_the_next_poll() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let lease = store.acquire("own", Duration::from_mins(5)).await.unwrap().unwrap();
    let (_applies, applied) = watch::channel(EntryId(100));
    let (_leases, leads) = watch::channel(None);
    let mut poller = OrderPoller::new(
        ChannelName::new("shop").unwrap(),
        shop(),
        Duration::from_mins(5),
        Arc::clone(&store),
        leads,
        Inbox::new(Arc::clone(&store), Arc::default(), applied),
        Arc::default(),
    );
    let requests = poller.requests();
    let entries = async || store.read(EntryId::default(), 100).await.unwrap().len();
    poller.poll(&lease).await.unwrap();
    poller.poll(&lease).await.unwrap();
    assert_eq!(entries().await, 1, "what polls said before is no news");
    // Something else may be in the ledger by now: what the channel says counts again, once.
    requests.doubt(&OrderId::new("1001").unwrap());
    poller.poll(&lease).await.unwrap();
    poller.poll(&lease).await.unwrap();
    assert_eq!(entries().await, 2);
    for number in 0..=REMEMBERED {
        requests.doubt(&OrderId::new(number.to_string()).unwrap());
    }
    poller.poll(&lease).await.unwrap();
    poller.poll(&lease).await.unwrap();
    assert_eq!(entries().await, 3, "too many to name are all of them");
}

/// A poll behind webhooks that told these; what it adds to the inbox, and whether it waits for what the last one said.
async fn behind_webhooks(told: &[(i64, i64, OrderStatus)]) -> (usize, bool) {
    let revision = |number, sequence| Some(Revision { number, sequence });
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let lease = store.acquire("own", Duration::from_mins(5)).await.unwrap().unwrap();
    let (applies, applied) = watch::channel(EntryId::default());
    let (_leases, leads) = watch::channel(None);
    let mut poller = OrderPoller::new(
        ChannelName::new("shop").unwrap(),
        shop_at(revision(7, 100)),
        Duration::from_mins(5),
        Arc::clone(&store),
        leads,
        Inbox::new(Arc::clone(&store), Arc::default(), applied),
        Arc::default(),
    );
    let requests = poller.requests();
    for (number, sequence, status) in told {
        let entry = store.append(&[b"{}".to_vec()]).await.unwrap()[0];
        requests.told(&order(revision(*number, *sequence), *status), entry);
    }
    let mut poll = Box::pin(poller.poll(&lease));
    let wait = Duration::from_millis(30);
    let waits = tokio::time::timeout(wait, &mut poll).await.is_err();
    applies.send_replace(EntryId(1_000));
    if waits {
        poll.as_mut().await.unwrap();
    }
    drop(poll);
    let first = store.read(EntryId::default(), 100).await.unwrap().len();
    poller.poll(&lease).await.unwrap();
    let all = store.read(EntryId::default(), 100).await.unwrap().len();
    assert_eq!(first, all, "once at most");
    (all - told.len(), waits)
}

#[tokio::test]
async fn what_a_webhook_said_is_no_news_to_a_poll_which_waits_for_it() {
    use OrderStatus::{Cancelled, Open};
    assert_eq!(behind_webhooks(&[(7, 50, Open)]).await, (0, true));
    assert_eq!(behind_webhooks(&[(7, 150, Open)]).await, (0, true), "read later");
    assert_eq!(behind_webhooks(&[(6, 50, Cancelled), (7, 60, Open)]).await, (0, true));
    assert_eq!(
        behind_webhooks(&[(7, 60, Open), (6, 50, Cancelled)]).await,
        (0, true),
        "the late one is older"
    );
    // What the ledger holds is something else, or nobody knows here what it is.
    assert_eq!(behind_webhooks(&[(6, 50, Open)]).await, (1, true));
    assert_eq!(behind_webhooks(&[(7, 50, Cancelled)]).await, (1, true));
    assert_eq!(behind_webhooks(&[(7, 60, Open), (7, 60, Cancelled)]).await, (1, true));
    assert_eq!(behind_webhooks(&[(7, 50, Open), (7, 60, Cancelled)]).await, (1, true));
}

#[tokio::test]
async fn a_body_that_comes_again_is_no_news_and_what_a_full_read_doubts_is() {
    let doubted = Doubted::default();
    let fact = order(Some(Revision { number: 7, sequence: 1 }), OrderStatus::Open);
    let told = |began| match doubted.settle(&fact.order, Millis(began)) {
        Settled::Known(told) => Some(told.entry),
        Settled::News => None,
        Settled::Nothing => panic!("it was told of"),
    };
    doubted.told(&fact, EntryId(3), Millis(1));
    doubted.repeated(&fact, Millis(5));
    assert_eq!(told(4), Some(EntryId(3)));
    doubted.uncertain(&fact.order);
    assert_eq!(told(4), None);
    assert_eq!(told(5), None, "it is over with this one");
    doubted.repeated(&fact, Millis(6));
    assert_eq!(told(6), None, "nobody knows what was told before");
    doubted.told(&order(None, OrderStatus::Open), EntryId(4), Millis(7));
    assert_eq!(told(8), None, "without a revision");
}

async fn reader_of(shop: Arc<dyn Connector>) -> (OrderPoller, Lease, Arc<dyn Store>) {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let lease = store.acquire("own", Duration::from_mins(5)).await.unwrap().unwrap();
    let poller = OrderPoller::new(
        ChannelName::new("shop").unwrap(),
        shop,
        Duration::from_mins(5),
        Arc::clone(&store),
        watch::channel(None).1,
        Inbox::new(Arc::clone(&store), Arc::default(), watch::channel(EntryId(100)).1),
        Arc::default(),
    );
    (poller, lease, store)
}
