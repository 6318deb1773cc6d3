//! Webhook subscriptions: who wants to be told what.

use super::graph::{Node, Request};
use super::reads::{gid, id_of};
use super::shop::Shop;
use apollo_compiler::ast;
use serde_json::{Value, json};

pub(super) struct Hook {
    /// In the interface's way, such as `ORDERS_CREATE`.
    pub(super) topic: String,
    pub(super) uri: String,
    format: String,
    /// Members that bodies are cut to; all where empty.
    pub(super) fields: Vec<String>,
}

impl Hook {
    pub(super) fn node(&self, id: u64) -> Node {
        super::reads::bare("WebhookSubscription", id)
            .leaf("topic", self.topic.as_str())
            .leaf("uri", self.uri.as_str())
            .leaf("format", self.format.as_str())
            .leaf("includeFields", self.fields.clone())
    }

    fn take(&mut self, given: &Value) {
        let text = |name: &str| given.get(name).and_then(Value::as_str).map(str::to_owned);
        if let Some(uri) = text("uri") {
            self.uri = uri;
        }
        if let Some(format) = text("format") {
            self.format = format;
        }
        if let Some(fields) = given.get("includeFields").and_then(Value::as_array) {
            self.fields = fields
                .iter()
                .filter_map(|field| field.as_str().map(str::to_owned))
                .collect();
        }
    }
}

fn refused(place: &str, message: &str) -> Value {
    json!({"webhookSubscription": null, "deletedWebhookSubscriptionId": null, "userErrors": [{"field": ["webhookSubscription", place], "message": message}]})
}

fn done(id: u64) -> Value {
    let gid = gid("WebhookSubscription", id);
    json!({"webhookSubscription": {"id": gid}, "deletedWebhookSubscriptionId": gid, "userErrors": []})
}

/// The vendor calls https addresses only; a simulated one its own machine, too.
fn is_callable(uri: &str) -> bool {
    uri.starts_with("https://") || uri.starts_with("http://127.0.0.1:")
}

pub(super) fn create(shop: &mut Shop, request: &Request, field: &ast::Field) -> Value {
    let topic = request.argument(field, "topic").as_str().unwrap_or_default().to_owned();
    let mut hook = Hook {
        topic,
        uri: String::new(),
        format: "JSON".to_owned(),
        fields: Vec::new(),
    };
    hook.take(&request.argument(field, "webhookSubscription"));
    if !is_callable(&hook.uri) {
        return refused("callbackUrl", "Address protocol http:// is not supported");
    }
    if shop
        .hooks
        .values()
        .any(|other| other.topic == hook.topic && other.uri == hook.uri && other.fields == hook.fields)
    {
        return refused("callbackUrl", "Address for this topic has already been taken");
    }
    let id = shop.next_id();
    shop.hooks.insert(id, hook);
    done(id)
}

pub(super) fn update(shop: &mut Shop, request: &Request, field: &ast::Field) -> Value {
    let id = id_of("WebhookSubscription", &request.argument(field, "id"));
    let Some((id, hook)) = id.and_then(|id| Some((id, shop.hooks.get_mut(&id)?))) else {
        return refused("id", "Webhook subscription does not exist");
    };
    hook.take(&request.argument(field, "webhookSubscription"));
    done(id)
}

pub(super) fn delete(shop: &mut Shop, request: &Request, field: &ast::Field) -> Value {
    let id = id_of("WebhookSubscription", &request.argument(field, "id"));
    match id.filter(|id| shop.hooks.remove(id).is_some()) {
        Some(id) => done(id),
        None => refused("id", "Webhook subscription does not exist"),
    }
}
