//! Deliveries: at least once, in no order, the state at delivery, tried nine times; then the subscription is gone.

use super::Shared;
use super::shop::Shop;
use omnistock_sdk::http::{Http, HttpSettings, hmac_sha256_base64};
use omnistock_sdk::{SecretString, now};
use rand::Rng;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// A receiver gets this long [documented].
const PATIENCE: Duration = Duration::from_secs(5);

/// The first attempt and eight more [documented].
const ATTEMPTS: u32 = 9;

/// Something to be told.
#[derive(Clone)]
pub(super) struct Pending {
    due: Instant,
    hook: u64,
    /// In the header's way, such as `orders/create`.
    topic: String,
    body: Value,
    /// The same for all attempts and copies of one delivery.
    id: u64,
    attempts: u32,
}

impl Shop {
    /// A request about an order as it is now, signed with `secret`.
    pub(super) fn order_request(&self, id: u64, secret: &str) -> (Vec<(String, String)>, String) {
        let updated = self.orders.get(&id).map(|order| order.updated).unwrap_or_default();
        let body = json!({"id": id, "updated_at": updated.to_string()}).to_string();
        (headers("orders/updated", &signature(secret, &body), id), body)
    }

    /// A request about what is left of an article at a location, signed with the app's secret.
    pub(super) fn level_request(&self, sku: &str, location: u64) -> (Vec<(String, String)>, String) {
        let item = self.by_sku(sku).unwrap_or_default();
        let body = self.level_body(item, location).to_string();
        (
            headers("inventory_levels/update", &signature(&self.secret, &body), item),
            body,
        )
    }

    fn level_body(&self, item: u64, location: u64) -> Value {
        let available = self.levels.get(&(item, location)).map(|level| level.available);
        json!({"inventory_item_id": item, "location_id": location, "available": available, "updated_at": now().to_string()})
    }

    pub(super) fn order_changed(&mut self, id: u64, topic: &str) {
        let updated = self.orders.get(&id).map(|order| order.updated).unwrap_or_default();
        let body = if topic.starts_with("refunds/") {
            json!({"id": id + 1, "order_id": id, "created_at": updated.to_string(), "note": "for Somebody"})
        } else {
            json!({"id": id, "updated_at": updated.to_string(), "email": "somebody@example.test"})
        };
        self.enqueue(topic, &body);
    }

    pub(super) fn level_changed(&mut self, item: u64, location: u64, topic: &str) {
        let body = self.level_body(item, location);
        self.enqueue(topic, &body);
    }

    fn enqueue(&mut self, topic: &str, body: &Value) {
        let wanted = topic.replace('/', "_").to_uppercase();
        let hooks: Vec<u64> = self
            .hooks
            .iter()
            .filter(|(_, hook)| hook.topic == wanted)
            .map(|(id, _)| *id)
            .collect();
        for hook in hooks {
            if self.happens(self.faults.lose_webhook_rate) {
                self.counters.webhooks_lost += 1;
                continue;
            }
            let copies = 1 + u32::from(self.happens(self.faults.duplicate_webhook_rate));
            self.counters.webhooks_doubled += u64::from(copies - 1);
            let id = self.next_id();
            for _ in 0..copies {
                let percent = self.random.random_range(0..200);
                let due = Instant::now() + self.faults.webhook_delay * percent / 100;
                self.pending.push(Pending {
                    due,
                    hook,
                    topic: topic.to_owned(),
                    body: body.clone(),
                    id,
                    attempts: 0,
                });
            }
        }
    }

    /// What is due next, with the address and the signed body; `None` when nothing is.
    fn due(&mut self) -> Option<(Pending, String, String, String)> {
        if self.faults.outage {
            return None;
        }
        let at = Instant::now();
        let index = self
            .pending
            .iter()
            .enumerate()
            .filter(|(_, one)| one.due <= at)
            .min_by_key(|(_, one)| one.due)?
            .0;
        let pending = self.pending.swap_remove(index);
        let hook = self.hooks.get(&pending.hook)?;
        let members = pending.body.as_object().cloned().unwrap_or_default();
        let kept: Map<String, Value> = members
            .into_iter()
            .filter(|(name, _)| hook.fields.is_empty() || hook.fields.contains(name))
            .collect();
        let body = Value::Object(kept).to_string();
        let signature = signature(&self.secret, &body);
        Some((pending, hook.uri.clone(), body, signature))
    }

    fn next_due(&self) -> Option<Instant> {
        self.pending
            .iter()
            .map(|one| one.due)
            .min()
            .filter(|_| !self.faults.outage)
    }

    fn delivered(&mut self, mut pending: Pending, well: bool) {
        if well {
            self.counters.webhooks_delivered += 1;
            return;
        }
        self.counters.webhooks_failed += 1;
        pending.attempts += 1;
        if pending.attempts >= ATTEMPTS {
            self.hooks.remove(&pending.hook);
        } else {
            pending.due = Instant::now() + self.faults.webhook_retry;
            self.pending.push(pending);
        }
    }
}

fn signature(secret: &str, body: &str) -> String {
    hmac_sha256_base64(&SecretString::from(secret), body.as_bytes())
}

/// What goes with a body. The ids are the same for all attempts of a delivery.
fn headers(topic: &str, signature: &str, id: u64) -> Vec<(String, String)> {
    let id = format!("{id:032x}");
    let triggered = now().to_string();
    [
        ("content-type", "application/json"),
        ("x-shopify-topic", topic),
        ("x-shopify-hmac-sha256", signature),
        ("x-shopify-shop-domain", "simulated.myshopify.com"),
        ("x-shopify-webhook-id", &id),
        ("x-shopify-event-id", &id),
        ("x-shopify-triggered-at", &triggered),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

async fn deliver(pending: &Pending, uri: &str, body: String, signature: &str) -> bool {
    let Ok(url) = uri.parse() else { return false };
    let Ok(client) = Http::new(HttpSettings {
        deadline: PATIENCE,
        ..HttpSettings::new(url)
    }) else {
        return false;
    };
    let mut request = client.request(reqwest::Method::POST, "").body(body);
    for (name, value) in headers(&pending.topic, signature, pending.id) {
        request = request.header(name, value);
    }
    client.send(request).await.is_ok()
}

/// Delivers one after the other until the shop stops.
pub(super) async fn run(shared: Arc<Shared>) {
    loop {
        let (due, next) = {
            let mut shop = shared.shop();
            let due = shop.due();
            (due, shop.next_due())
        };
        match (due, next) {
            (Some((pending, uri, body, signature)), _) => {
                let well = deliver(&pending, &uri, body, &signature).await;
                shared.shop().delivered(pending, well);
            }
            (None, Some(next)) => {
                tokio::select! { () = sleep_until(next) => {}, () = shared.changed() => {} }
            }
            (None, None) => shared.changed().await,
        }
    }
}
