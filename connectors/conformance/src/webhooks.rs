//! Webhooks: what is believed, what it may lead to, and that the vendor goes on sending.
#![allow(missing_docs, reason = "the names of cases are sentences")]
#![allow(clippy::unused_async, reason = "all cases have one form")]

use crate::hand::{applied, buy, connector, listing, look, orders, units, webhooks, write};
use crate::{Applies, Hook, Shop};
use bytes::Bytes;
use omnistock_sdk::{Connector, Hint, RawRequest, Received, SubscriptionState, WebhookError};
use std::sync::Arc;

/// An address of ours; no simulator calls it before anything happens.
const ADDRESS: &str = "http://127.0.0.1:9/webhooks/shop";

/// A connector, and a request about an order that was just placed.
fn order(shop: &Shop) -> Applies<(Arc<dyn Connector>, String, RawRequest)> {
    let connector = connector(shop)?;
    webhooks(&connector)?;
    orders(&connector)?;
    shop.add("A", 10)?;
    let order = buy(shop, "A", 3)?;
    let request = shop.webhook(&Hook::Order(order.clone()))?;
    Ok((connector, order, request))
}

/// A connector, and a request about an order, or about a figure of a source that takes none.
fn news(shop: &Shop) -> Applies<(Arc<dyn Connector>, RawRequest)> {
    let connector = connector(shop)?;
    webhooks(&connector)?;
    if connector.orders().is_some() {
        return order(shop).map(|(connector, _, request)| (connector, request));
    }
    Ok((connector, shop.webhook(&Hook::News)?))
}

/// As the daemon does: a key that the request names is fetched, once, and then it is received again.
async fn receive(connector: &Arc<dyn Connector>, request: &RawRequest) -> Result<Received, WebhookError> {
    let role = connector.webhooks().expect("webhooks");
    match role.receive(request) {
        Err(WebhookError::Key(id)) => {
            role.fetch_key(&id).await.expect("the key");
            role.receive(request)
        }
        said => said,
    }
}

pub async fn a_signed_order_is_believed(shop: Shop) -> Applies<()> {
    let (connector, order, request) = order(&shop)?;
    match receive(&connector, &request).await.expect("a signed order") {
        Received::Orders(facts) => {
            assert_eq!(facts.len(), 1);
            assert_eq!(
                (facts[0].order.as_str(), facts[0].lines[0].quantity),
                (order.as_str(), units(3))
            );
        }
        Received::Look(hints) => {
            let about =
                |hint: &Hint| matches!(hint, Hint::Orders) || matches!(hint, Hint::Order(id) if id.as_str() == order);
            assert!(hints.iter().any(about), "{hints:?}");
        }
        Received::Nothing => panic!("an order says nothing"),
    }
    Ok(())
}

pub async fn a_changed_byte_is_not_believed(shop: Shop) -> Applies<()> {
    let (connector, request) = news(&shop)?;
    shop.signs()?;
    for place in (0..request.body.len()).step_by(7) {
        let mut body = request.body.to_vec();
        body[place] ^= 1;
        let forged = RawRequest {
            body: Bytes::from(body),
            ..request.clone()
        };
        let said = receive(&connector, &forged).await;
        assert!(matches!(said, Err(WebhookError::Unsigned(_))), "byte {place}: {said:?}");
    }
    Ok(())
}

pub async fn the_signature_of_another_secret_is_not_believed(shop: Shop) -> Applies<()> {
    let (connector, _) = news(&shop)?;
    let said = receive(&connector, &shop.webhook(&Hook::Foreign)?).await;
    assert!(matches!(said, Err(WebhookError::Unsigned(_))), "{said:?}");
    Ok(())
}

pub async fn an_unsigned_request_is_not_believed(shop: Shop) -> Applies<()> {
    let (connector, request) = news(&shop)?;
    let mut unsigned = request.clone();
    unsigned
        .headers
        .retain(|(name, _)| !name.contains("signature") && !name.contains("hmac"));
    // A vendor that signs nothing has a word in the address.
    unsigned.query.clear();
    let proof = |request: &RawRequest| (request.headers.len(), request.query.clone());
    assert_ne!(proof(&unsigned), proof(&request), "nothing proved it");
    let said = receive(&connector, &unsigned).await;
    assert!(matches!(said, Err(WebhookError::Unsigned(_))), "{said:?}");
    Ok(())
}

pub async fn the_ping_of_a_new_subscription_says_nothing(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    webhooks(&connector)?;
    let said = receive(&connector, &shop.webhook(&Hook::Ping)?).await;
    assert_eq!(said, Ok(Received::Nothing));
    Ok(())
}

pub async fn a_replay_says_the_same_again(shop: Shop) -> Applies<()> {
    let (connector, request) = news(&shop)?;
    let (first, again) = (receive(&connector, &request).await, receive(&connector, &request).await);
    assert!(first.is_ok());
    assert_eq!(first, again, "the ledger counts an order once, by its revision");
    Ok(())
}

pub async fn the_echo_of_our_own_write_is_only_a_look(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    webhooks(&connector)?;
    let channel = crate::hand::channel(&connector)?;
    shop.add("A", 5)?;
    let listing = listing(channel, "A").await;
    assert!(applied(&write(&connector, &listing, 8).await.expect("a write")));
    match receive(&connector, &shop.webhook(&Hook::Echo("A".to_owned()))?)
        .await
        .expect("a signed echo")
    {
        Received::Orders(facts) => panic!("an echo is taken for orders: {facts:?}"),
        Received::Nothing => {}
        Received::Look(hints) => {
            let key = &listing.reference.key;
            let about = |hint: &Hint| match hint {
                Hint::Listings(keys) => keys.contains(key),
                // By it our own number is known again.
                Hint::Shown(told, quantity) => told == key && *quantity == units(8),
                Hint::Order(_) | Hint::Orders => false,
            };
            assert!(hints.iter().all(about), "{hints:?}");
        }
    }
    assert_eq!(look(channel, &listing).await.quantity, Some(units(8)));
    Ok(())
}

pub async fn subscribing_again_changes_nothing(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let role = webhooks(&connector)?;
    shop.registers()?;
    let first = role.subscribe(ADDRESS).await.expect("a subscription");
    assert!(matches!(first, SubscriptionState::Mended(_)), "there was none");
    let count = shop.subscriptions();
    assert!(count > 0);
    assert_eq!(
        role.subscribe(ADDRESS).await.expect("a subscription"),
        SubscriptionState::Active
    );
    assert_eq!(shop.subscriptions(), count);
    Ok(())
}

pub async fn a_subscription_that_is_gone_is_registered_again(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let role = webhooks(&connector)?;
    shop.registers()?;
    role.subscribe(ADDRESS).await.expect("a subscription");
    let count = shop.subscriptions();
    shop.lose_subscription()?;
    assert!(shop.subscriptions() < count);
    let said = role.subscribe(ADDRESS).await.expect("a subscription");
    assert!(
        matches!(said, SubscriptionState::Mended(ref what) if !what.is_empty()),
        "{said:?}"
    );
    assert_eq!(shop.subscriptions(), count);
    Ok(())
}
