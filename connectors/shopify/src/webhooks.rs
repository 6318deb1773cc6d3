//! Webhooks: which are believed, what they say, and keeping them registered.
//!
//! The vendor delivers at least once, in no order, for four hours; then it removes the subscription. A body is
//! only ever a reason to look: what it says of an order is read again from the one interface that tells it whole.

use crate::client::Client;
use crate::documents::{RESUBSCRIBE, SUBSCRIBE, SUBSCRIPTIONS, UNSUBSCRIBE};
use crate::wire::{Page, Subscription, UserError};
use omnistock_sdk::http::verify_hmac_sha256_base64;
use omnistock_sdk::{
    ConnectorError, Hint, ListingKey, RawRequest, Received, SecretString, SubscriptionState, WebhookError,
};
use omnistock_words::{ListingId, OrderId, Quantity, VendorLocation};
use serde::Deserialize;
use serde_json::{Value, json};

/// What we ask to be told, and the only members that a body is to have: no buyer's data leaves the shop for us.
/// `updated_at` must be among them, else deliveries that differ in it alone are dropped as doubles [documented].
const TOPICS: [(&str, &[&str]); 8] = [
    ("ORDERS_CREATE", &["id", "updated_at"]),
    ("ORDERS_UPDATED", &["id", "updated_at"]),
    ("ORDERS_CANCELLED", &["id", "updated_at"]),
    ("ORDERS_DELETE", &["id"]),
    ("REFUNDS_CREATE", &["id", "order_id", "created_at"]),
    (
        "INVENTORY_LEVELS_UPDATE",
        &["inventory_item_id", "location_id", "available", "updated_at"],
    ),
    (
        "INVENTORY_LEVELS_CONNECT",
        &["inventory_item_id", "location_id", "available", "updated_at"],
    ),
    ("INVENTORY_LEVELS_DISCONNECT", &["inventory_item_id", "location_id"]),
];

/// A hundred subscriptions each: where a list that never ends is left.
const MOST_PAGES: u32 = 20;

/// What bodies say, as far as we look; ids are bare numbers.
#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    id: Option<u64>,
    #[serde(default)]
    order_id: Option<u64>,
    #[serde(default)]
    inventory_item_id: Option<u64>,
    #[serde(default)]
    location_id: Option<u64>,
    /// Null where nobody counts.
    #[serde(default)]
    available: Option<i64>,
}

/// Verifies, then reads. A repeated delivery says the same again, which changes nothing: it is not looked up by its id
/// (`x-shopify-webhook-id`), because one whose first copy could not be stored must be heard when it comes again.
pub(crate) fn receive(secrets: &[SecretString], request: &RawRequest) -> Result<Received, WebhookError> {
    let Some(signature) = request.header("x-shopify-hmac-sha256") else {
        return Err(WebhookError::Unsigned("no x-shopify-hmac-sha256"));
    };
    if !verify_hmac_sha256_base64(secrets, &request.body, signature) {
        return Err(WebhookError::Unsigned("the signature is of another secret or body"));
    }
    // The topic is not signed: it only picks what to look for, and a body without that is not understood.
    let topic = request.header("x-shopify-topic").unwrap_or_default();
    let group = topic.split('/').next().unwrap_or_default();
    if !["orders", "refunds", "inventory_levels"].contains(&group) {
        return Ok(Received::Nothing);
    }
    let body: Body =
        serde_json::from_slice(&request.body).map_err(|error| WebhookError::Malformed(error.to_string()))?;
    let hint = match group {
        "orders" => order(body.id),
        "refunds" => order(body.order_id),
        _ => listing(&body),
    };
    let hint = hint.ok_or_else(|| WebhookError::Malformed(format!("a body of {topic} without its ids")))?;
    Ok(Received::Look(vec![hint]))
}

fn order(id: Option<u64>) -> Option<Hint> {
    OrderId::new(id?.to_string()).ok().map(Hint::Order)
}

fn listing(body: &Body) -> Option<Hint> {
    let listing = ListingId::new(body.inventory_item_id?.to_string()).ok()?;
    let location = VendorLocation::new(body.location_id?.to_string()).ok();
    let key = ListingKey { listing, location };
    Some(match body.available {
        Some(available) => Hint::Shown(key, Quantity::whole(available)),
        None => Hint::Listings(vec![key]),
    })
}

/// Keeps the webhooks of `client`'s app at one address.
pub(crate) struct Registrar<'a> {
    pub(crate) client: &'a Client,
}

#[derive(Deserialize)]
struct Changed {
    #[serde(rename = "userErrors")]
    errors: Vec<UserError>,
}

impl Registrar<'_> {
    /// One webhook of each topic at `url`, as it should be; says what had to be mended.
    pub(crate) async fn subscribe(&self, url: &str) -> Result<SubscriptionState, ConnectorError> {
        let registered = self.registered(url).await?;
        let mut mended = Vec::new();
        for (topic, fields) in TOPICS {
            mended.extend(self.ensure(url, topic, fields, &registered).await?);
        }
        Ok(if mended.is_empty() {
            SubscriptionState::Active
        } else {
            SubscriptionState::Mended(mended.join(", "))
        })
    }

    async fn registered(&self, url: &str) -> Result<Vec<Subscription>, ConnectorError> {
        let (mut ours, mut after) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let page: Page<Subscription> = self
                .client
                .ask(&SUBSCRIPTIONS, &json!({ "after": after }), "webhookSubscriptions")
                .await?;
            after = page.next();
            ours.extend(page.nodes.into_iter().filter(|one| one.uri == url));
            if after.is_none() {
                break;
            }
        }
        Ok(ours)
    }

    async fn ensure(
        &self,
        url: &str,
        topic: &str,
        fields: &[&str],
        registered: &[Subscription],
    ) -> Result<Option<String>, ConnectorError> {
        let wanted = json!({"uri": url, "format": "JSON", "includeFields": fields});
        let right = |one: &&Subscription| one.format == "JSON" && one.include_fields == fields;
        let mut same: Vec<&Subscription> = registered.iter().filter(|one| one.topic == topic).collect();
        same.sort_by_key(|one| !right(one));
        let Some((kept, doubles)) = same.split_first() else {
            self.change(
                &SUBSCRIBE,
                &json!({"topic": topic, "subscription": wanted}),
                "webhookSubscriptionCreate",
            )
            .await?;
            return Ok(Some(format!("{topic} was missing")));
        };
        let mut mended = None;
        if !right(kept) {
            self.change(
                &RESUBSCRIBE,
                &json!({"id": kept.id, "subscription": wanted}),
                "webhookSubscriptionUpdate",
            )
            .await?;
            mended = Some(format!("{topic} was told in another form"));
        }
        for double in doubles {
            self.change(&UNSUBSCRIBE, &json!({ "id": double.id }), "webhookSubscriptionDelete")
                .await?;
            mended = Some(format!("{topic} was there more than once"));
        }
        Ok(mended)
    }

    async fn change(
        &self,
        document: &crate::documents::Document,
        variables: &Value,
        field: &str,
    ) -> Result<(), ConnectorError> {
        let changed: Changed = self.client.ask(document, variables, field).await?;
        match changed.errors.first() {
            None => Ok(()),
            Some(error) => Err(ConnectorError::operator(format!(
                "{}: {}; check `public_url` of the webhooks: Shopify calls https addresses with a valid certificate only",
                document.name, error.message
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use omnistock_sdk::http::hmac_sha256_base64;
    use omnistock_words::Millis;
    use proptest::prelude::*;

    const ORDER: &str = r#"{"id":450789469,"updated_at":"2026-01-05T12:30:00-05:00"}"#;

    fn secrets() -> Vec<SecretString> {
        vec![SecretString::from("new"), SecretString::from("old")]
    }

    fn request(topic: &str, body: &str, signed_with: Option<&str>) -> RawRequest {
        let mut headers = vec![("x-shopify-topic".to_owned(), topic.to_owned())];
        if let Some(secret) = signed_with {
            let signature = hmac_sha256_base64(&SecretString::from(secret), body.as_bytes());
            headers.push(("x-shopify-hmac-sha256".to_owned(), signature));
        }
        RawRequest {
            headers,
            query: String::new(),
            body: Bytes::from(body.to_owned()),
            received_at: Millis(9_000),
        }
    }

    #[test]
    fn either_secret_is_believed_and_an_order_is_looked_at() {
        let look = Ok(Received::Look(vec![Hint::Order(OrderId::new("450789469").unwrap())]));
        for with in ["new", "old"] {
            assert_eq!(receive(&secrets(), &request("orders/updated", ORDER, Some(with))), look);
        }
        let refund = r#"{"id":7,"order_id":450789469}"#;
        assert_eq!(
            receive(&secrets(), &request("refunds/create", refund, Some("new"))),
            look
        );
    }

    #[test]
    fn a_level_is_looked_at_by_item_and_location() {
        let body = r#"{"inventory_item_id":271878346596884015,"location_id":24826418,"available":5,"updated_at":"2026-01-05T12:30:00-05:00"}"#;
        let Ok(Received::Look(hints)) = receive(&secrets(), &request("inventory_levels/update", body, Some("new")))
        else {
            panic!()
        };
        let [Hint::Shown(key, quantity)] = hints.as_slice() else {
            panic!("{hints:?}")
        };
        assert_eq!(
            (key.listing.as_str(), key.location.as_ref().unwrap().as_str(), *quantity),
            ("271878346596884015", "24826418", Quantity::whole(5))
        );
    }

    #[test]
    fn what_is_forged_unsigned_or_senseless_is_not_believed() {
        for forged in [
            request("orders/updated", ORDER, Some("wrong")),
            request("orders/updated", ORDER, None),
        ] {
            assert!(
                matches!(receive(&secrets(), &forged), Err(WebhookError::Unsigned(_))),
                "{forged:?}"
            );
        }
        assert!(matches!(
            receive(&[], &request("orders/updated", ORDER, Some(""))),
            Err(WebhookError::Unsigned(_))
        ));
        for (topic, body) in [
            ("orders/updated", "{}"),
            ("inventory_levels/update", ORDER),
            ("refunds/create", ORDER),
            ("orders/updated", "["),
        ] {
            let received = receive(&secrets(), &request(topic, body, Some("new")));
            assert!(
                matches!(received, Err(WebhookError::Malformed(_))),
                "{topic} {body}: {received:?}"
            );
        }
        assert_eq!(
            receive(&secrets(), &request("app/uninstalled", "{}", Some("new"))),
            Ok(Received::Nothing)
        );
    }

    proptest! {
        #[test]
        fn no_signed_body_makes_it_panic(body in "\\PC{0,80}", topic in "(orders|refunds|inventory_levels)/(create|updated|delete)") {
            drop(receive(&secrets(), &request(&topic, &body, Some("new"))));
        }

        #[test]
        fn no_changed_byte_goes_unnoticed(at in 0..ORDER.len(), flip in 1u8..=255) {
            let mut changed = request("orders/updated", ORDER, Some("new"));
            let mut bytes = changed.body.to_vec();
            bytes[at] ^= flip;
            changed.body = Bytes::from(bytes);
            prop_assert!(matches!(receive(&secrets(), &changed), Err(WebhookError::Unsigned(_))));
        }
    }
}
