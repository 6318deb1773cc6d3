//! Webhooks: which are believed, what they say, and keeping them registered.
//!
//! The vendor delivers once, late (by its task runner), merged per object with the state at delivery,
//! and stops after more than five failures in a row: a webhook saves time, it proves nothing by its absence.

use crate::connector::WooCommerce;
use crate::order_fact::fact;
use crate::wire::{Identified, Order, Product, VendorError, Webhook};
use async_trait::async_trait;
use omnistock_sdk::http::verify_hmac_sha256_base64;
use omnistock_sdk::{
    ConnectorError, ExposeSecret, Hint, ListingKey, RawRequest, Received, SecretString, SubscriptionState,
    WebhookError, WebhookRole,
};
use omnistock_words::{ListingId, OrderId};
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::sync::atomic::Ordering;

/// What we ask to be told.
const TOPICS: [&str; 5] = [
    "order.created",
    "order.updated",
    "order.deleted",
    "order.restored",
    "product.updated",
];

/// A body is rendered before it is sent, so its state may be this much older than its arrival, milliseconds;
/// a fetch that began in between knows better.
const TRANSIT: i64 = 5_000;

/// More webhooks than any shop has, in pages of 100: where a list that never ends is left.
const MOST_PAGES: u32 = 20;

fn body<T: DeserializeOwned>(request: &RawRequest) -> Result<T, WebhookError> {
    serde_json::from_slice(&request.body).map_err(|error| WebhookError::Malformed(error.to_string()))
}

/// What a newly created webhook sends to see whether anybody is there: unsigned, says nothing [observed].
fn is_ping(request: &RawRequest) -> bool {
    let number = request.body.strip_prefix(b"webhook_id=").unwrap_or_default();
    (1..=20).contains(&number.len()) && number.iter().all(u8::is_ascii_digit)
}

fn receive(secrets: &[SecretString], request: &RawRequest) -> Result<Received, WebhookError> {
    let Some(signature) = request.header("x-wc-webhook-signature") else {
        return if is_ping(request) {
            Ok(Received::Nothing)
        } else {
            Err(WebhookError::Unsigned("no x-wc-webhook-signature"))
        };
    };
    if !verify_hmac_sha256_base64(secrets, &request.body, signature) {
        return Err(WebhookError::Unsigned("the signature is of another secret or body"));
    }
    // The topic is not signed: it only picks the parser, and a body of another kind is not taken for an order.
    match request.header("x-wc-webhook-topic").unwrap_or_default() {
        "order.deleted" => order_hint(request),
        topic if topic.starts_with("order.") => order(request),
        topic if topic.starts_with("product.") => product(request),
        _ => Ok(Received::Nothing),
    }
}

/// Whether the object was gone when the body was rendered: the vendor signs and sends its own error [observed].
fn is_error(request: &RawRequest) -> bool {
    let error: VendorError = serde_json::from_slice(&request.body).unwrap_or_default();
    !error.code.is_empty() && serde_json::from_slice::<Identified>(&request.body).is_err()
}

fn order(request: &RawRequest) -> Result<Received, WebhookError> {
    if is_error(request) {
        return Ok(Received::Look(vec![Hint::Orders]));
    }
    let order: Order = body(request)?;
    Ok(match fact(&order, request.received_at.plus(-TRANSIT)) {
        Ok(Some(fact)) => Received::Orders(vec![fact]),
        Ok(None) => Received::Nothing,
        // What can't be understood here can't be when it is fetched, and that has somebody to tell; the vendor only
        // counts refusals, and stops sending after a few.
        Err(_) => return order_hint(request),
    })
}

/// A deleted order's body is its id: whether it is in the trash or gone is for a fetch to say.
fn order_hint(request: &RawRequest) -> Result<Received, WebhookError> {
    if is_error(request) {
        return Ok(Received::Look(vec![Hint::Orders]));
    }
    let id = body::<Identified>(request)?.id;
    let order = OrderId::new(id.to_string()).map_err(|error| WebhookError::Malformed(error.to_string()))?;
    Ok(Received::Look(vec![Hint::Order(order)]))
}

fn product(request: &RawRequest) -> Result<Received, WebhookError> {
    if is_error(request) {
        // A product that is gone: the next pass over the catalogue says so.
        return Ok(Received::Nothing);
    }
    let product: Product = body(request)?;
    let listing = ListingId::new(product.id.to_string()).map_err(|error| WebhookError::Malformed(error.to_string()))?;
    let key = ListingKey {
        listing,
        location: None,
    };
    Ok(Received::Look(vec![match product.stock_quantity {
        Some(quantity) => Hint::Shown(key, quantity),
        None => Hint::Listings(vec![key]),
    }]))
}

impl WooCommerce {
    async fn registered(&self, url: &str) -> Result<Vec<Webhook>, ConnectorError> {
        let mut ours = Vec::new();
        for page in 1..=MOST_PAGES {
            let number = page.to_string();
            let query = [
                ("per_page", "100"),
                ("page", number.as_str()),
                ("orderby", "id"),
                ("order", "asc"),
            ];
            let answer = self.client.get("/webhooks", &query).await?;
            let hooks: Vec<Webhook> = answer.json()?;
            let more = crate::client::has_next(&answer, page, hooks.len());
            ours.extend(hooks.into_iter().filter(|hook| hook.delivery_url == url));
            if !more {
                break;
            }
        }
        Ok(ours)
    }

    /// One active webhook of this topic; says what had to be mended.
    async fn ensure(
        &self,
        url: &str,
        topic: &str,
        hooks: &[Webhook],
        told: bool,
    ) -> Result<Option<String>, ConnectorError> {
        let secret = self
            .webhook_secrets
            .first()
            .map(ExposeSecret::expose_secret)
            .unwrap_or_default();
        let mut same: Vec<&Webhook> = hooks.iter().filter(|hook| hook.topic == topic).collect();
        same.sort_by_key(|hook| (hook.status != "active", hook.id));
        let Some((kept, doubles)) = same.split_first() else {
            let new = json!({"name": format!("omnistock {topic}"), "topic": topic, "delivery_url": url, "secret": secret, "status": "active"});
            self.client.send(Method::POST, "/webhooks", &new).await?;
            return Ok(Some(format!("{topic} was missing")));
        };
        let mut mended = None;
        if kept.status != "active" || !told {
            let change = json!({"status": "active", "secret": secret});
            self.client
                .send(Method::PUT, &format!("/webhooks/{}", kept.id), &change)
                .await?;
            mended = (kept.status != "active").then(|| format!("{topic} was {}", kept.status));
        }
        for double in doubles {
            self.client.delete(&format!("/webhooks/{}", double.id)).await?;
            mended = Some(format!("{topic} was there more than once"));
        }
        Ok(mended)
    }
}

#[async_trait]
impl WebhookRole for WooCommerce {
    fn receive(&self, request: &RawRequest) -> Result<Received, WebhookError> {
        receive(&self.webhook_secrets, request)
    }

    async fn subscribe(&self, url: &str) -> Result<SubscriptionState, ConnectorError> {
        let hooks = self.registered(url).await?;
        let told = self.secret_told.load(Ordering::Relaxed);
        let mut mended = Vec::new();
        for topic in TOPICS {
            mended.extend(self.ensure(url, topic, &hooks, told).await?);
        }
        self.secret_told.store(true, Ordering::Relaxed);
        Ok(if mended.is_empty() {
            SubscriptionState::Active
        } else {
            SubscriptionState::Mended(mended.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use omnistock_sdk::http::hmac_sha256_base64;
    use omnistock_words::{Millis, OrderStatus, Quantity};
    use proptest::prelude::*;

    const ORDER: &str = r#"{"id":101,"status":"processing","date_created_gmt":"2026-11-21T21:08:56","date_modified_gmt":"2026-11-21T21:08:57","billing":{"email":"a@example.test"},"line_items":[{"id":1,"quantity":3,"sku":"S-010"}]}"#;

    fn secret() -> Vec<SecretString> {
        vec![SecretString::from("new"), SecretString::from("old")]
    }

    fn request(topic: &str, body: &str, signed_with: Option<&str>) -> RawRequest {
        let mut headers = vec![("x-wc-webhook-topic".to_owned(), topic.to_owned())];
        if let Some(secret) = signed_with {
            headers.push((
                "x-wc-webhook-signature".to_owned(),
                hmac_sha256_base64(&SecretString::from(secret), body.as_bytes()),
            ));
        }
        RawRequest {
            headers,
            query: String::new(),
            body: Bytes::from(body.to_owned()),
            received_at: Millis(9_000),
        }
    }

    #[test]
    fn a_signed_order_is_taken_with_either_secret() {
        for with in ["new", "old"] {
            let Ok(Received::Orders(orders)) = receive(&secret(), &request("order.updated", ORDER, Some(with))) else {
                panic!("{with}")
            };
            assert_eq!((orders[0].order.as_str(), orders[0].status), ("101", OrderStatus::Open));
            assert_eq!(
                orders[0].revision.unwrap().sequence,
                4_000,
                "older than a fetch that began just before it came"
            );
        }
    }

    #[test]
    fn what_is_forged_or_unsigned_is_not_believed() {
        for forged in [
            request("order.updated", ORDER, Some("wrong")),
            request("order.updated", ORDER, None),
            request("order.updated", "webhook_id=12&status=x", None),
            request("order.updated", "webhook_id=", None),
        ] {
            assert!(
                matches!(receive(&secret(), &forged), Err(WebhookError::Unsigned(_))),
                "{forged:?}"
            );
        }
    }

    #[test]
    fn the_ping_of_a_new_webhook_says_nothing() {
        let ping = RawRequest {
            headers: Vec::new(),
            ..request("", "webhook_id=12", None)
        };
        assert_eq!(receive(&secret(), &ping), Ok(Received::Nothing));
    }

    #[test]
    fn a_deleted_object_leads_to_a_look() {
        let gone = r#"{"code":"woocommerce_rest_shop_order_invalid_id","message":"Invalid ID.","data":{"status":404}}"#;
        assert_eq!(
            receive(&secret(), &request("order.created", gone, Some("new"))),
            Ok(Received::Look(vec![Hint::Orders]))
        );
        let deleted = receive(&secret(), &request("order.deleted", r#"{"id":101}"#, Some("new")));
        assert_eq!(
            deleted,
            Ok(Received::Look(vec![Hint::Order(OrderId::new("101").unwrap())]))
        );
    }

    #[test]
    fn a_product_sent_again_as_an_order_is_not_an_order() {
        let product =
            r#"{"id":10,"type":"simple","status":"publish","sku":"S-001","stock_quantity":50,"manage_stock":true}"#;
        assert!(matches!(
            receive(&secret(), &request("order.updated", product, Some("new"))),
            Err(WebhookError::Malformed(_))
        ));
        let key = ListingKey {
            listing: ListingId::new("10").unwrap(),
            location: None,
        };
        let look = receive(&secret(), &request("product.updated", product, Some("new")));
        assert_eq!(look, Ok(Received::Look(vec![Hint::Shown(key, Quantity::whole(50))])));
        assert_eq!(
            receive(&secret(), &request("coupon.updated", product, Some("new"))),
            Ok(Received::Nothing)
        );
    }

    proptest! {
        #[test]
        fn no_signed_body_makes_it_panic(body in "\\PC{0,80}", topic in "(order|product)\\.(created|updated|deleted)") {
            drop(receive(&secret(), &request(&topic, &body, Some("new"))));
        }

        #[test]
        fn no_changed_byte_goes_unnoticed(at in 0..ORDER.len(), flip in 1u8..=255) {
            let mut changed = request("order.updated", ORDER, Some("new"));
            let mut bytes = changed.body.to_vec();
            bytes[at] ^= flip;
            changed.body = Bytes::from(bytes);
            prop_assert!(matches!(receive(&secret(), &changed), Err(WebhookError::Unsigned(_))));
        }
    }
}
