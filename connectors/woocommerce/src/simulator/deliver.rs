//! Deliveries: late, merged per object, the state at delivery, once; a webhook that fails more than five times in a row is disabled.

use super::answer::error;
use super::pending::Pending;
use super::shop::Shop;
use super::{Shared, orders, products};
use omnistock_sdk::http::{Http, HttpSettings, hmac_sha256_base64};
use omnistock_sdk::{SecretString, now};
use rand::Rng;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// A receiver gets this long; the real shop waits a minute.
const PATIENCE: Duration = Duration::from_secs(5);

/// One request.
struct Delivery {
    hook: u64,
    url: String,
    /// Topic and signature; none for a ping.
    signed: Option<(String, String)>,
    body: String,
    copies: u32,
}

impl Shop {
    pub(super) fn order_changed(&mut self, id: u64, event: &str) {
        self.enqueue(&format!("order.{event}"), id);
    }

    pub(super) fn product_added(&mut self, id: u64) {
        self.enqueue("product.created", id);
    }

    pub(super) fn product_changed(&mut self, id: u64) {
        self.enqueue("product.updated", id);
    }

    fn enqueue(&mut self, topic: &str, object: u64) {
        let wanted = self
            .hooks
            .iter()
            .filter(|(_, hook)| hook.topic == topic && hook.status == "active");
        let hooks: Vec<u64> = wanted.map(|(id, _)| *id).collect();
        for hook in hooks {
            let pending = Pending {
                hook,
                object: Some(object),
            };
            if !self.pending.contains(pending) {
                let percent = self.random.random_range(50..150);
                let due = Instant::now() + self.faults.webhook_delay * percent / 100;
                self.pending.add(due, pending);
            }
        }
    }

    /// What is due, rendered now; `None` when nothing is, or it was lost.
    fn due(&mut self) -> Option<Delivery> {
        if self.faults.outage {
            return None;
        }
        let pending = self.pending.take(Instant::now())?;
        let lost = pending.object.is_some() && self.happens(self.faults.lose_webhook_rate);
        let doubled = pending.object.is_some() && self.happens(self.faults.duplicate_webhook_rate);
        self.counters.webhooks_lost += u64::from(lost);
        self.counters.webhooks_doubled += u64::from(doubled && !lost);
        let hook = self.hooks.get(&pending.hook)?;
        let active = hook.status == "active" || pending.object.is_none();
        let body = pending.object.map_or_else(
            || format!("webhook_id={}", pending.hook),
            |object| self.body(&hook.topic, object),
        );
        let signature = hmac_sha256_base64(&SecretString::from(hook.secret.clone()), body.as_bytes());
        let signed = pending.object.map(|_| (hook.topic.clone(), signature));
        let copies = if lost || !active { 0 } else { 1 + u32::from(doubled) };
        Some(Delivery {
            hook: pending.hook,
            url: hook.url.clone(),
            signed,
            body,
            copies,
        })
    }

    /// Headers and body of a delivery, as `due` and `request` make them.
    pub(super) fn signed(&self, topic: &str, id: u64, secret: &str) -> (Vec<(String, String)>, String) {
        let body = self.body(topic, id);
        let signature = hmac_sha256_base64(&SecretString::from(secret), body.as_bytes());
        let hook = self.hooks.iter().find(|(_, hook)| hook.topic == topic);
        let hook = hook.map_or(1, |(id, _)| *id);
        let headers = headers(hook, &format!("{}/", self.address), Some((topic, &signature)));
        let owned = headers.into_iter().map(|(name, value)| (name.to_owned(), value));
        (owned.collect(), body)
    }

    fn body(&self, topic: &str, id: u64) -> String {
        let gone = |code: &str| error(404, code, "Invalid ID.");
        let body = if topic == "order.deleted" {
            serde_json::json!({ "id": id })
        } else if topic.starts_with("order.") {
            self.orders.get(id).map_or_else(
                || gone("woocommerce_rest_shop_order_invalid_id"),
                |order| orders::render(self, order),
            )
        } else {
            let product = self.products.get(&id);
            product.map_or_else(
                || gone("woocommerce_rest_product_invalid_id"),
                |product| products::render(self, id, product),
            )
        };
        body.to_string()
    }

    fn delivered(&mut self, hook: u64, well: bool) {
        if well {
            self.counters.webhooks_delivered += 1;
        } else {
            self.counters.webhooks_failed += 1;
        }
        let Some(hook) = self.hooks.get_mut(&hook) else { return };
        hook.failures = if well { 0 } else { hook.failures + 1 };
        if hook.failures > 5 {
            "disabled".clone_into(&mut hook.status);
        }
    }
}

/// What a delivery of a webhook comes with: of a ping, which has neither topic nor signature, only what it is.
fn headers(hook: u64, source: &str, signed: Option<(&str, &str)>) -> Vec<(&'static str, String)> {
    let agent = ("user-agent", "WooCommerce/11.0.1 Hookshot (WordPress/7.1)".to_owned());
    let Some((topic, signature)) = signed else {
        return vec![agent, ("content-type", "application/x-www-form-urlencoded".to_owned())];
    };
    let (resource, event) = topic.split_once('.').unwrap_or_default();
    // The same for all deliveries of a webhook within a second [observed].
    let mut id = DefaultHasher::new();
    (hook, now().0 / 1_000).hash(&mut id);
    vec![
        agent,
        ("content-type", "application/json".to_owned()),
        ("x-wc-webhook-source", source.to_owned()),
        ("x-wc-webhook-topic", topic.to_owned()),
        ("x-wc-webhook-resource", resource.to_owned()),
        ("x-wc-webhook-event", event.to_owned()),
        ("x-wc-webhook-signature", signature.to_owned()),
        ("x-wc-webhook-id", hook.to_string()),
        ("x-wc-webhook-delivery-id", format!("{0:016x}{0:016x}", id.finish())),
    ]
}

fn request(client: &Http, delivery: &Delivery, source: &str) -> reqwest::RequestBuilder {
    let signed = delivery.signed.as_ref();
    let signed = signed.map(|(topic, signature)| (topic.as_str(), signature.as_str()));
    let request = client.request(reqwest::Method::POST, "").body(delivery.body.clone());
    let headers = headers(delivery.hook, source, signed).into_iter();
    headers.fold(request, |request, (name, value)| request.header(name, value))
}

async fn deliver(shared: &Shared, client: Option<&Http>, delivery: &Delivery, source: &str) {
    for _ in 0..delivery.copies {
        let well = match client {
            Some(client) => client.send(request(client, delivery, source)).await.is_ok(),
            None => false,
        };
        // A ping that fails is forgiven.
        if delivery.signed.is_some() {
            shared.shop().delivered(delivery.hook, well);
        }
    }
}

/// One client per receiver, kept while it is needed; `None` where the address is none.
fn client<'a>(clients: &'a mut HashMap<String, Http>, url: &str) -> Option<&'a Http> {
    if clients.len() > 100 {
        clients.clear();
    }
    if !clients.contains_key(url) {
        let settings = HttpSettings {
            deadline: PATIENCE,
            ..HttpSettings::new(url.parse().ok()?)
        };
        clients.insert(url.to_owned(), Http::new(settings).ok()?);
    }
    clients.get(url)
}

/// Delivers one after the other until the shop stops. A shop may have several of these at work.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut clients: HashMap<String, Http> = HashMap::new();
    let source = format!("{}/", shared.shop().address);
    loop {
        let (next, delivery) = {
            let mut shop = shared.shop();
            let delivery = shop.due();
            // A shop that is down delivers nothing; `set_faults` wakes this loop.
            let next = shop.pending.next().filter(|_| !shop.faults.outage);
            (next, delivery)
        };
        match (delivery, next) {
            (Some(delivery), next) => {
                if next.is_some() {
                    // For another one of these, which waits.
                    shared.wake();
                }
                deliver(&shared, client(&mut clients, &delivery.url), &delivery, &source).await;
            }
            (None, Some(due)) => {
                tokio::select! { () = sleep_until(due) => {}, () = shared.changed() => {} }
            }
            (None, None) => shared.changed().await,
        }
    }
}
