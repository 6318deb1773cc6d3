//! Webhooks from the shop to a receiver of ours, and the care of their registration.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests"
)]

use crate::support::{Shop, quick, start, until};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use omnistock_sdk::{Connector, Hint, RawRequest, Received, SubscriptionState, WebhookError, now};
use omnistock_shopify::simulator::Faults;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Takes what comes and answers with a status of choice.
#[derive(Clone)]
struct Receiver {
    seen: Arc<Mutex<Vec<RawRequest>>>,
    status: Arc<Mutex<StatusCode>>,
    url: String,
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
    async fn start() -> Self {
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

    fn seen(&self) -> Vec<RawRequest> {
        self.seen.lock().unwrap().clone()
    }

    fn hints(&self, connector: &dyn Connector) -> Vec<Hint> {
        let receive = |request: &RawRequest| match connector.webhooks().unwrap().receive(request).unwrap() {
            Received::Look(hints) => hints,
            other => panic!("{other:?}"),
        };
        self.seen().iter().flat_map(receive).collect()
    }
}

async fn subscribed() -> (Shop, Receiver) {
    let shop = start().await;
    let receiver = Receiver::start().await;
    shop.set_faults(quick());
    let state = shop
        .connector
        .webhooks()
        .unwrap()
        .subscribe(&receiver.url)
        .await
        .unwrap();
    assert!(matches!(state, SubscriptionState::Mended(_)));
    (shop, receiver)
}

#[tokio::test]
async fn a_sale_is_told_signed_and_without_the_buyer_and_a_changed_byte_is_not_believed() {
    let (shop, receiver) = subscribed().await;
    let item = shop.add_item("A", &[(shop.berlin, 10)]);
    let order = shop.buy("A", 1).unwrap();
    let connector = shop.connector.as_ref();
    until("order and level", || {
        let hints = receiver.hints(connector);
        let ordered = hints
            .iter()
            .any(|hint| matches!(hint, Hint::Order(id) if id.as_str() == order.to_string()));
        let counted = hints.iter().any(
            |hint| matches!(hint, Hint::Shown(key, _) if *key == crate::support::reference(item, shop.berlin).key),
        );
        ordered && counted
    })
    .await;
    for request in receiver.seen() {
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        assert!(!body.contains("somebody"), "only what was asked for: {body}");
        let mut forged = request.clone();
        forged.body = Bytes::from(body.replace(':', ": "));
        let received = connector.webhooks().unwrap().receive(&forged);
        assert!(matches!(received, Err(WebhookError::Unsigned(_))), "{received:?}");
    }
}

#[tokio::test]
async fn refunds_edits_and_deletions_lead_to_the_order() {
    let (shop, receiver) = subscribed().await;
    shop.add_item("A", &[(shop.berlin, 10)]);
    let (refunded, deleted) = (shop.buy("A", 2).unwrap(), shop.buy("A", 1).unwrap());
    until("both orders", || receiver.hints(shop.connector.as_ref()).len() >= 6).await;
    receiver.seen.lock().unwrap().clear();
    shop.refund_unshipped(refunded, 1, true);
    shop.delete(deleted);
    until("both changes", || {
        let topics: BTreeSet<String> = receiver
            .seen()
            .iter()
            .filter_map(|one| one.header("x-shopify-topic").map(str::to_owned))
            .collect();
        topics.contains("refunds/create") && topics.contains("orders/delete")
    })
    .await;
    let orders: BTreeSet<String> = receiver
        .hints(shop.connector.as_ref())
        .into_iter()
        .filter_map(|hint| {
            if let Hint::Order(id) = hint {
                Some(id.to_string())
            } else {
                None
            }
        })
        .collect();
    assert_eq!(orders, BTreeSet::from([refunded.to_string(), deleted.to_string()]));
}

#[tokio::test]
async fn a_new_secret_and_the_one_before_are_both_believed_while_they_change() {
    let (shop, receiver) = subscribed().await;
    shop.add_item("A", &[(shop.berlin, 10)]);
    let keys = json!({"webhook_secret": {"env": "the secret after"}, "webhook_secret_previous": {"env": shop.client_secret()}});
    let rotated = crate::support::build(crate::support::table(&shop, &keys));
    until("told with the old", || !receiver.seen().is_empty()).await;
    shop.rotate_secret("the secret after");
    receiver.seen.lock().unwrap().clear();
    shop.buy("A", 1).unwrap();
    until("told with the new", || receiver.seen().len() >= 3).await;
    assert!(!receiver.hints(rotated.as_ref()).is_empty());
    let before = shop.connector.webhooks().unwrap().receive(&receiver.seen()[0]);
    assert!(
        matches!(before, Err(WebhookError::Unsigned(_))),
        "who knows the old one alone"
    );
}

#[tokio::test]
async fn subscribing_again_changes_nothing_until_something_is_broken() {
    let (shop, receiver) = subscribed().await;
    let webhooks = shop.connector.webhooks().unwrap();
    let count = shop.webhooks().len();
    assert_eq!(
        webhooks.subscribe(&receiver.url).await.unwrap(),
        SubscriptionState::Active
    );
    let (gone, wide) = (shop.webhooks()[1].clone(), shop.webhooks()[2].clone());
    shop.remove_webhook(gone.0);
    shop.widen_webhook(wide.0);
    let state = webhooks.subscribe(&receiver.url).await.unwrap();
    assert_eq!(
        state,
        SubscriptionState::Mended(format!("{} was missing, {} was told in another form", gone.1, wide.1))
    );
    assert_eq!(
        webhooks.subscribe(&receiver.url).await.unwrap(),
        SubscriptionState::Active
    );
    // Somebody else's address is left alone.
    webhooks.subscribe(&format!("{}2", receiver.url)).await.unwrap();
    assert_eq!(shop.webhooks().len(), 2 * count);
}

#[tokio::test]
async fn an_address_that_the_vendor_does_not_call_is_a_matter_for_a_person() {
    let shop = start().await;
    let error = shop
        .connector
        .webhooks()
        .unwrap()
        .subscribe("http://example.test/webhooks/shop")
        .await
        .unwrap_err();
    assert_eq!(error.class, omnistock_sdk::ErrorClass::Operator);
    assert!(error.message.contains("https"), "{error}");
}

#[tokio::test]
async fn a_receiver_that_keeps_failing_loses_its_subscription_and_gets_it_back() {
    let (shop, receiver) = subscribed().await;
    *receiver.status.lock().unwrap() = StatusCode::SERVICE_UNAVAILABLE;
    let count = shop.webhooks().len();
    shop.add_item("A", &[(shop.berlin, 10)]);
    until("removed", || shop.webhooks().len() == count - 1).await;
    assert_eq!(shop.counters().webhooks_failed, 9);
    *receiver.status.lock().unwrap() = StatusCode::OK;
    let state = shop
        .connector
        .webhooks()
        .unwrap()
        .subscribe(&receiver.url)
        .await
        .unwrap();
    assert_eq!(
        state,
        SubscriptionState::Mended("INVENTORY_LEVELS_CONNECT was missing".to_owned())
    );
}

#[tokio::test]
async fn what_could_not_be_stored_comes_again_and_is_heard_and_doubles_say_the_same() {
    let (shop, receiver) = subscribed().await;
    shop.set_faults(Faults {
        duplicate_webhook_rate: 1.0,
        ..quick()
    });
    *receiver.status.lock().unwrap() = StatusCode::SERVICE_UNAVAILABLE;
    shop.add_item("A", &[(shop.berlin, 10)]);
    until("refused once", || shop.counters().webhooks_failed >= 1).await;
    *receiver.status.lock().unwrap() = StatusCode::OK;
    until("delivered twice", || shop.counters().webhooks_delivered == 2).await;
    let hints = receiver.hints(shop.connector.as_ref());
    assert!(
        hints.len() >= 3 && hints.iter().all(|hint| *hint == hints[0]),
        "{hints:?}"
    );
}

#[tokio::test]
async fn deliveries_overtake_each_other_and_some_never_come() {
    let (shop, receiver) = subscribed().await;
    shop.set_faults(Faults {
        webhook_delay: Duration::from_millis(300),
        ..quick()
    });
    let items: Vec<String> = (0..12)
        .map(|number| shop.add_item(&format!("S-{number}"), &[(shop.berlin, 1)]).to_string())
        .collect();
    until("all told", || receiver.seen().len() == 12).await;
    let told: Vec<String> = receiver
        .hints(shop.connector.as_ref())
        .into_iter()
        .filter_map(|hint| {
            if let Hint::Shown(key, _) = hint {
                Some(key.listing.to_string())
            } else {
                None
            }
        })
        .collect();
    assert_ne!(told, items);
    shop.set_faults(Faults {
        lose_webhook_rate: 1.0,
        ..quick()
    });
    shop.add_item("LOST", &[(shop.berlin, 1)]);
    assert_eq!(shop.counters().webhooks_lost, 1);
}

#[tokio::test]
async fn a_connector_without_a_secret_has_no_webhooks() {
    let shop = start().await;
    let keys = json!({"webhook_secret": null, "webhook_secret_previous": null});
    assert!(
        crate::support::build(crate::support::table(&shop, &keys))
            .webhooks()
            .is_none()
    );
}
