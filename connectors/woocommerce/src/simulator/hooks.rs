//! `/webhooks`: who wants to be told what. Secrets are taken, never shown.

use super::answer::{Call, Reply, cut, page};
use super::pending::Pending;
use super::shop::Shop;
use serde_json::{Value, json};
use tokio::time::Instant;

pub(super) struct Hook {
    pub(super) topic: String,
    pub(super) url: String,
    pub(super) secret: String,
    /// `active`, `paused` or `disabled`.
    pub(super) status: String,
    /// Failures in a row.
    pub(super) failures: u32,
}

fn render(id: u64, hook: &Hook) -> Value {
    let (resource, event) = hook.topic.split_once('.').unwrap_or_default();
    json!({"id": id, "name": format!("Webhook {id}"), "status": hook.status, "topic": hook.topic, "resource": resource,
           "event": event, "delivery_url": hook.url, "failure_count": hook.failures})
}

/// `None`: not one of these routes.
pub(super) fn answer(shop: &mut Shop, call: &Call) -> Option<Reply> {
    let segments: Vec<&str> = call.path.split('/').skip(1).collect();
    Some(match (call.method.as_str(), segments.as_slice()) {
        ("GET", ["webhooks"]) => {
            let mut rows: Vec<(&u64, &Hook)> = shop.hooks.iter().collect();
            if call.query("order") != Some("asc") {
                rows.reverse();
            }
            page(call, rows, &shop.address, |(id, hook)| {
                cut(call, render(*id, hook)).to_string()
            })
        }
        ("POST", ["webhooks"]) => create(shop, call),
        (method, ["webhooks", id]) => match id.parse().ok().filter(|id| shop.hooks.contains_key(id)) {
            Some(id) => one(shop, call, method, id),
            None => Reply::error(404, "woocommerce_rest_shop_webhook_invalid_id", "Invalid ID."),
        },
        _ => return None,
    })
}

fn create(shop: &mut Shop, call: &Call) -> Reply {
    let text = |name: &str| {
        call.body
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (topic, url) = (text("topic"), text("delivery_url"));
    if topic.split_once('.').is_none() {
        return Reply::error(
            400,
            "woocommerce_rest_webhook_invalid_topic",
            "Webhook topic is required and must be valid.",
        );
    }
    if !url.starts_with("http") {
        let message = "Webhook delivery URL must be a valid URL starting with http:// or https://.";
        return Reply::error(400, "woocommerce_rest_webhook_invalid_delivery_url", message);
    }
    let id = shop.next_id();
    let hook = Hook {
        topic,
        url,
        secret: text("secret"),
        status: "active".to_owned(),
        failures: 0,
    };
    let row = render(id, &hook);
    shop.hooks.insert(id, hook);
    let ping = Pending { hook: id, object: None };
    shop.pending.add(Instant::now(), ping);
    Reply::created(&row)
}

fn one(shop: &mut Shop, call: &Call, method: &str, id: u64) -> Reply {
    let Some(hook) = shop.hooks.get_mut(&id) else {
        return Reply::no_route();
    };
    let row = match method {
        "GET" => render(id, hook),
        "PUT" | "POST" => {
            let text = |name: &str| call.body.get(name).and_then(Value::as_str).map(str::to_owned);
            hook.secret = text("secret").unwrap_or_else(|| hook.secret.clone());
            hook.url = text("delivery_url").unwrap_or_else(|| hook.url.clone());
            if let Some(status) = text("status") {
                hook.status = status;
                hook.failures = 0;
            }
            render(id, hook)
        }
        "DELETE" => {
            let row = render(id, hook);
            shop.hooks.remove(&id);
            row
        }
        _ => return Reply::no_route(),
    };
    Reply::ok(&cut(call, row))
}
