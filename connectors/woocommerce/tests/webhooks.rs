//! Webhooks from the shop to a receiver of ours, and the care of their registration.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

use crate::support::{start, until};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use omnistock_sdk::{Connector, Hint, RawRequest, Received, SubscriptionState, WebhookError, now};
use omnistock_woocommerce::simulator::{Faults, Refusal};
use omnistock_words::OrderStatus;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Takes what comes and answers with a status of choice.
#[derive(Clone)]
pub(crate) struct Receiver {
    seen: Arc<Mutex<Vec<RawRequest>>>,
    status: Arc<Mutex<StatusCode>>,
    pub(crate) url: String,
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    receiver.seen.lock().unwrap().push(RawRequest {
        headers,
        query: String::new(),
        body,
        received_at: now(),
    });
    *receiver.status.lock().unwrap()
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks/shop", listener.local_addr().unwrap());
        let receiver = Self {
            seen: Arc::default(),
            status: Arc::new(Mutex::new(StatusCode::OK)),
            url,
        };
        let router = Router::new().fallback(take).with_state(receiver.clone());
        tokio_util::task::TaskTracker::new().spawn(async move { axum::serve(listener, router).await.unwrap() });
        receiver
    }

    pub(crate) fn seen(&self) -> Vec<RawRequest> {
        self.seen.lock().unwrap().clone()
    }

    fn believed(&self, connector: &dyn Connector) -> Vec<Received> {
        self.seen()
            .iter()
            .map(|request| connector.webhooks().unwrap().receive(request).unwrap())
            .collect()
    }

    fn orders(&self, connector: &dyn Connector) -> Vec<OrderStatus> {
        let orders = |received| {
            if let Received::Orders(orders) = received {
                orders
            } else {
                Vec::new()
            }
        };
        self.believed(connector)
            .into_iter()
            .flat_map(orders)
            .map(|order| order.status)
            .collect()
    }
}

pub(crate) fn quick() -> Faults {
    Faults {
        webhook_delay: Duration::from_millis(20),
        ..Faults::default()
    }
}

#[tokio::test]
async fn an_order_comes_signed_and_is_believed_and_a_changed_byte_is_not() {
    let (shop, connector) = start().await;
    let receiver = Receiver::start().await;
    shop.set_faults(quick());
    shop.add_product("A", 10);
    let webhooks = connector.webhooks().unwrap();
    assert!(matches!(
        webhooks.subscribe(&receiver.url).await.unwrap(),
        SubscriptionState::Mended(_)
    ));
    until("five pings", || receiver.seen().len() == 5).await;
    assert!(
        receiver
            .believed(connector.as_ref())
            .iter()
            .all(|received| *received == Received::Nothing)
    );
    shop.buy("A", 1).unwrap();
    until("the order", || {
        receiver.orders(connector.as_ref()).contains(&OrderStatus::Open)
    })
    .await;
    until("the product's echo", || {
        receiver
            .believed(connector.as_ref())
            .iter()
            .any(|r| matches!(r, Received::Look(hints) if matches!(hints[0], Hint::Shown(..))))
    })
    .await;
    let mut forged = receiver
        .seen()
        .into_iter()
        .find(|request| request.header("x-wc-webhook-topic") == Some("order.created"))
        .unwrap();
    forged.body = Bytes::from(
        String::from_utf8(forged.body.to_vec())
            .unwrap()
            .replace("\"quantity\":1", "\"quantity\":9"),
    );
    assert!(matches!(webhooks.receive(&forged), Err(WebhookError::Unsigned(_))));
}

#[tokio::test]
async fn subscribing_again_changes_nothing_until_something_is_broken() {
    let (shop, connector) = start().await;
    let receiver = Receiver::start().await;
    let webhooks = connector.webhooks().unwrap();
    webhooks.subscribe(&receiver.url).await.unwrap();
    assert_eq!(
        webhooks.subscribe(&receiver.url).await.unwrap(),
        SubscriptionState::Active
    );
    assert_eq!(shop.webhooks().len(), 5);
    shop.disable_webhook(shop.webhooks()[1].0);
    let topic = shop.webhooks()[1].1.clone();
    let SubscriptionState::Mended(what) = webhooks.subscribe(&receiver.url).await.unwrap() else {
        panic!("nothing mended")
    };
    assert_eq!(what, format!("{topic} was disabled"));
    assert!(shop.webhooks().iter().all(|(_, _, status)| status == "active"));
    // Another process of ours, and an address of somebody else: no doubles, no harm.
    let other = crate::support::build(crate::support::table(&shop));
    assert_eq!(
        other.webhooks().unwrap().subscribe(&receiver.url).await.unwrap(),
        SubscriptionState::Active
    );
    other
        .webhooks()
        .unwrap()
        .subscribe(&format!("{}2", receiver.url))
        .await
        .unwrap();
    assert_eq!(shop.webhooks().len(), 10);
}

#[tokio::test]
async fn a_receiver_that_fails_six_times_in_a_row_is_told_nothing_more_until_it_subscribes_again() {
    let (shop, connector) = start().await;
    let receiver = Receiver::start().await;
    shop.set_faults(quick());
    for number in 0..8 {
        shop.add_product(&format!("S-{number}"), 10);
    }
    let webhooks = connector.webhooks().unwrap();
    webhooks.subscribe(&receiver.url).await.unwrap();
    *receiver.status.lock().unwrap() = StatusCode::INTERNAL_SERVER_ERROR;
    for number in 0..8 {
        shop.set_stock(&format!("S-{number}"), 5);
    }
    until("disabled", || {
        shop.webhooks()
            .iter()
            .any(|(_, topic, status)| topic == "product.updated" && status == "disabled")
    })
    .await;
    assert_eq!(shop.counters().webhooks_failed, 6, "nothing is sent twice");
    *receiver.status.lock().unwrap() = StatusCode::OK;
    assert_eq!(
        webhooks.subscribe(&receiver.url).await.unwrap(),
        SubscriptionState::Mended("product.updated was disabled".to_owned())
    );
    let before = shop.counters().webhooks_delivered;
    shop.set_stock("S-0", 4);
    until("delivered again", || shop.counters().webhooks_delivered > before).await;
}

#[tokio::test]
async fn deliveries_are_merged_and_tell_the_state_at_delivery() {
    let (shop, connector) = start().await;
    let receiver = Receiver::start().await;
    connector.webhooks().unwrap().subscribe(&receiver.url).await.unwrap();
    shop.add_product("A", 10);
    shop.set_faults(Faults {
        webhook_delay: Duration::from_millis(400),
        ..Faults::default()
    });
    let (cancelled, deleted) = (shop.buy("A", 1).unwrap(), shop.buy("A", 1).unwrap());
    shop.cancel(cancelled);
    shop.delete(deleted);
    until("both", || receiver.orders(connector.as_ref()).len() == 2).await;
    assert_eq!(
        receiver.orders(connector.as_ref()),
        [OrderStatus::Cancelled; 2],
        "order.created and order.updated, once each"
    );
    until("the deleted one", || {
        receiver
            .believed(connector.as_ref())
            .contains(&Received::Look(vec![Hint::Orders]))
    })
    .await;
}

#[tokio::test]
async fn an_order_that_comes_back_from_the_trash_is_restored() {
    let (shop, connector) = start().await;
    let receiver = Receiver::start().await;
    connector.webhooks().unwrap().subscribe(&receiver.url).await.unwrap();
    shop.set_faults(quick());
    shop.add_product("A", 10);
    let order = shop.buy("A", 1).unwrap();
    shop.trash(order);
    let came = |topic: &str| {
        let topic = Some(topic);
        let mut found = receiver.seen().into_iter();
        found.rfind(|request| request.header("x-wc-webhook-topic") == topic)
    };
    until("the trash", || came("order.deleted").is_some()).await;
    shop.set_status(order, "processing");
    until("the order", || came("order.restored").is_some()).await;
    match connector.webhooks().unwrap().receive(&came("order.restored").unwrap()) {
        Ok(Received::Orders(orders)) => assert_eq!(orders[0].status, OrderStatus::Open),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_shop_that_is_down_delivers_when_it_is_back() {
    let (shop, connector) = start().await;
    let receiver = Receiver::start().await;
    connector.webhooks().unwrap().subscribe(&receiver.url).await.unwrap();
    shop.set_faults(quick());
    shop.add_product("A", 10);
    shop.buy("A", 1).unwrap();
    shop.set_faults(Faults {
        outage: true,
        ..quick()
    });
    assert_eq!(shop.buy("A", 1), Err(Refusal::Unreachable));
    shop.set_faults(quick());
    until("the order", || !receiver.orders(connector.as_ref()).is_empty()).await;
    assert_eq!(shop.orders().len(), 1);
}

#[tokio::test]
async fn lost_and_doubled_deliveries_happen_and_are_counted() {
    let (shop, connector) = start().await;
    let receiver = Receiver::start().await;
    connector.webhooks().unwrap().subscribe(&receiver.url).await.unwrap();
    shop.set_faults(Faults {
        lose_webhook_rate: 1.0,
        ..quick()
    });
    shop.add_product("A", 10);
    shop.set_stock("A", 5);
    until("lost", || shop.counters().webhooks_lost == 1).await;
    assert_eq!(shop.counters().webhooks_delivered, 0);
    shop.set_faults(Faults {
        duplicate_webhook_rate: 1.0,
        ..quick()
    });
    shop.set_stock("A", 4);
    until("twice", || shop.counters().webhooks_delivered == 2).await;
    assert_eq!(shop.counters().webhooks_doubled, 1);
}
