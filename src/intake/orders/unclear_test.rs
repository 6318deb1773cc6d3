//! Orders that nobody understands: none of the others waits for them.

use super::super::unclear::MOST;
use super::*;
use omnistock_sdk::Unclear;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A channel with one order, and so many that nobody understands until somebody mends them.
struct Strange(Arc<Shop>, AtomicUsize);

impl Strange {
    fn new(unclear: usize) -> Arc<Self> {
        Arc::new(Self(shop(), unclear.into()))
    }

    fn unclear(&self) -> Vec<Unclear> {
        let unclear = |number: usize| Unclear {
            order: number.to_string(),
            because: "it has no lines".to_owned(),
        };
        (0..self.1.load(Ordering::Relaxed)).map(unclear).collect()
    }
}

#[async_trait]
impl OrderSource for Strange {
    async fn orders(&self, cursor: Option<&Cursor>) -> Result<OrderPage, ConnectorError> {
        let page = OrderSource::orders(self.0.as_ref(), cursor).await?;
        // As vendors do that are asked for what changed.
        let unclear = if cursor.is_none() { self.unclear() } else { Vec::new() };
        Ok(OrderPage { unclear, ..page })
    }

    async fn order(&self, id: &OrderId) -> Result<Option<OrderFact>, ConnectorError> {
        if let Some(unclear) = self.unclear().into_iter().find(|unclear| unclear.order == id.as_str()) {
            return Err(unclear.into());
        }
        Ok(Some(OrderFact {
            order: id.clone(),
            ..order(None, OrderStatus::Open)
        }))
    }
}

#[async_trait]
impl Connector for Strange {
    fn manifest(&self) -> &Manifest {
        &self.0.0
    }

    fn orders(&self) -> Option<&dyn OrderSource> {
        Some(self)
    }

    async fn check(&self) -> Result<(), ConnectorError> {
        Ok(())
    }
}

#[tokio::test]
async fn an_order_that_is_not_understood_is_put_aside_durably_and_asked_for_once_in_each_life() {
    let strange = Strange::new(2);
    let (mut poller, lease, store) = reader_of(strange.clone()).await;
    assert!(poller.poll(&lease).await.unwrap());
    let appended = async || store.read(EntryId::default(), 100).await.unwrap().len();
    assert_eq!((appended().await, poller.board.unclear().len()), (1, 2));

    strange.1.store(1, Ordering::Relaxed);
    assert!(poller.poll(&lease).await.unwrap());
    assert_eq!(
        (appended().await, poller.board.unclear().len()),
        (1, 2),
        "it does not come by itself"
    );
    let mut next = poller.clone();
    (next.cursor, next.aside) = (None, Aside::default());
    assert!(next.poll(&lease).await.unwrap());
    assert_eq!(appended().await, 2, "a new life asks for it");
    let known = next.board.unclear();
    assert_eq!(known.keys().collect::<Vec<_>>(), ["0"]);
    assert_eq!(known["0"].because, "it has no lines");
    next.load_cursor().await.unwrap();
    assert_eq!(next.board.unclear(), known, "as stored");
}

#[tokio::test]
async fn where_no_order_is_understood_the_poll_fails_and_its_cursor_stays() {
    let (mut poller, lease, _store) = reader_of(Strange::new(MOST + 1)).await;
    let error = poller.poll(&lease).await.unwrap_err().to_string();
    assert!(
        error.contains("more than 100 orders can't be understood, such as 0: it has no lines"),
        "{error}"
    );
    assert_eq!(poller.load_cursor().await.unwrap().1, None);
}
