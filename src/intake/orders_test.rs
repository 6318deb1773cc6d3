//! What a poll may say of the ledgers, also after one that failed.

use super::*;
use crate::store::EntryId;
use crate::store::memory::Memory;
use async_trait::async_trait;
use omnistock_sdk::{Facts, Grouping, Manifest, OrderPage, OrderSource};
use omnistock_words::{OrderStatus, Quantity, WriteMeaning};

/// A channel with one order, always the same.
struct Shop(Manifest);

#[async_trait]
impl OrderSource for Shop {
    async fn orders(&self, _: Option<&Cursor>) -> Result<OrderPage, ConnectorError> {
        let order = OrderFact {
            order: OrderId::new("1001").unwrap(),
            revision: None,
            status: OrderStatus::Open,
            placed_at: Millis(5),
            at: None,
            lines: vec![],
        };
        Ok(OrderPage {
            orders: vec![order],
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
    Arc::new(Shop(Manifest {
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
    }))
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
