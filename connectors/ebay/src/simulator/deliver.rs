//! Delivers notifications: signed, again after a failure with a count that rises, and in the end not at all any more.

use super::Shared;
use super::notify::Waiting;
use omnistock_sdk::http::{Http, HttpSettings};
use reqwest::Method;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Attempts after which the destination is marked as down.
const MOST_ATTEMPTS: u32 = 8;

/// Delivers until the shop stops.
pub(super) async fn deliver(shared: Arc<Shared>) {
    loop {
        let next = shared.shop().notices.waiting.pop_front();
        let pause = match next {
            Some(waiting) => {
                let delivered = send(&shared, &waiting).await;
                settle(&shared, waiting, delivered)
            }
            None => Some(Duration::from_mins(1)),
        };
        let Some(pause) = pause else { continue };
        tokio::select! {
            () = shared.changed() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// How long to wait after a failure; none after a success.
fn settle(shared: &Shared, mut waiting: Waiting, delivered: bool) -> Option<Duration> {
    let mut shop = shared.shop();
    waiting.attempts += 1;
    if delivered {
        shop.counters.delivered.push(waiting.attempts);
        return None;
    }
    if waiting.attempts < MOST_ATTEMPTS {
        shop.notices.waiting.push_back(waiting);
        return Some(Duration::from_millis(200));
    }
    let to = &waiting.endpoint;
    for destination in shop.notices.destinations.values_mut().filter(|one| one.endpoint == *to) {
        "MARKED_DOWN".clone_into(&mut destination.status);
    }
    None
}

async fn send(shared: &Shared, waiting: &Waiting) -> bool {
    let (body, signature) = {
        let shop = shared.shop();
        let data = json!({"user": {"userId": "u1", "username": "a_buyer_99"}, "order": {"orderId": waiting.order}});
        let body = shop.message(&waiting.topic, &waiting.id, waiting.attempts + 1, &data);
        let signature = shop.notices.signature(body.as_bytes(), false);
        (body, signature)
    };
    let Some(http) = waiting.endpoint.parse().ok().and_then(|url| {
        let settings = HttpSettings::new(url);
        Http::new(HttpSettings {
            deadline: Duration::from_secs(3),
            ..settings
        })
        .ok()
    }) else {
        return false;
    };
    let request = http
        .request(Method::POST, "")
        .header("x-ebay-signature", signature)
        .header("content-type", "application/json")
        .body(body);
    http.send(request).await.is_ok()
}
