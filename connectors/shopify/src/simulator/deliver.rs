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
        let available = self.levels.get(&(item, location)).map(|level| level.available);
        let body = json!({"inventory_item_id": item, "location_id": location, "available": available, "updated_at": now().to_string()});
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
        let signature = hmac_sha256_base64(&SecretString::from(self.secret.clone()), body.as_bytes());
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

async fn deliver(pending: &Pending, uri: &str, body: String, signature: &str) -> bool {
    let Ok(url) = uri.parse() else { return false };
    let Ok(client) = Http::new(HttpSettings {
        deadline: PATIENCE,
        ..HttpSettings::new(url)
    }) else {
        return false;
    };
    let request = client
        .request(reqwest::Method::POST, "")
        .header("content-type", "application/json")
        .header("x-shopify-topic", &pending.topic)
        .header("x-shopify-hmac-sha256", signature)
        .header("x-shopify-shop-domain", "simulated.myshopify.com")
        .header("x-shopify-webhook-id", format!("{:032x}", pending.id))
        .header("x-shopify-event-id", format!("{:032x}", pending.id))
        .header("x-shopify-triggered-at", now().to_string())
        .body(body);
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
        let work = async {
            match (due, next) {
                (Some((pending, uri, body, signature)), _) => {
                    let well = deliver(&pending, &uri, body, &signature).await;
                    shared.shop().delivered(pending, well);
                }
                (None, Some(next)) => {
                    tokio::select! { () = sleep_until(next) => {}, () = shared.changed.notified() => {} }
                }
                (None, None) => shared.changed.notified().await,
            }
        };
        tokio::select! { () = work => {}, () = shared.stopping.cancelled() => return }
    }
}
