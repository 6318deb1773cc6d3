//! A merchant to ask questions about: settings in few words, scenarios as JSON.
#![allow(dead_code, reason = "every test file uses a part of it")]

#[cfg(test)]
pub(crate) mod facts;
#[cfg(test)]
pub(crate) mod offers;
pub(crate) mod script;

use omnistock_engine::evaluate::{Scenario, differences, evaluate};
use omnistock_words::{
    Basis, ChannelPolicy, ChannelSettings, Component, GrossNet, LocationPolicy, Match, Millis, PolicyPatch, PriceList,
    Quantity, Rule, SafetyStock, Settings, SourcePolicy,
};
use serde_json::{Value, json};

pub(crate) const NOW: &str = "2026-01-05T12:00:00Z";

pub(crate) fn now() -> Millis {
    NOW.parse().unwrap()
}

pub(crate) fn quantity(text: &str) -> Quantity {
    text.parse().unwrap()
}

pub(crate) fn units(text: &str) -> SafetyStock {
    SafetyStock::Units(quantity(text))
}

/// One source `erp` (physical, by reference).
pub(crate) fn merchant() -> Settings {
    let mut settings = Settings::default();
    settings
        .sources
        .insert("erp".parse().unwrap(), SourcePolicy::new(Basis::Physical));
    settings
}

pub(crate) fn location(settings: &mut Settings, name: &str, policy: LocationPolicy) {
    settings.locations.insert(name.parse().unwrap(), policy);
}

pub(crate) fn places(settings: &mut Settings, names: &[&str]) {
    for name in names {
        location(settings, name, LocationPolicy::default());
    }
}

pub(crate) fn channel(settings: &mut Settings, name: &str, pool: &[&str], policy: ChannelPolicy) {
    let locations = pool.iter().map(|place| place.parse().unwrap()).collect();
    let policy = ChannelPolicy { locations, ..policy };
    let connector = name.parse().unwrap();
    settings.channels.insert(
        name.parse().unwrap(),
        ChannelSettings {
            connector,
            template: None,
            policy,
        },
    );
}

pub(crate) fn rule(settings: &mut Settings, sku: &str, set: PolicyPatch) {
    let matches = Match {
        sku: Some(sku.into()),
        ..Match::default()
    };
    let place = format!("omnistock.toml:{}", settings.rules.len() + 1);
    settings.rules.push(Rule {
        matches,
        channels: None,
        from: None,
        until: None,
        set,
        place,
    });
}

pub(crate) fn bundle(settings: &mut Settings, sku: &str, parts: &[(&str, &str)]) {
    let parts = parts.iter().map(|(sku, n)| Component {
        sku: sku.parse().unwrap(),
        quantity: quantity(n),
    });
    settings.bundles.insert(sku.parse().unwrap(), parts.collect());
}

pub(crate) fn list(settings: &mut Settings, name: &str, tax: GrossNet) {
    let list = PriceList {
        from: "erp".parse().unwrap(),
        currency: "EUR".parse().unwrap(),
        tax,
        tax_rate: None,
    };
    settings.price_lists.insert(name.parse().unwrap(), list);
}

/// A complete report of `erp` at 11:35: (sku, place, quantity).
pub(crate) fn stock(rows: &[(&str, &str, &str)]) -> Value {
    let rows: Vec<_> = rows
        .iter()
        .map(|(s, l, q)| json!({ "sku": s, "location": l, "quantity": q }))
        .collect();
    json!({ "type": "stock", "source": "erp", "as_of": "2026-01-05T11:35:00Z", "rows": rows })
}

/// An open order placed at 11:30 plus its number of minutes: (sku, quantity).
pub(crate) fn order(channel: &str, id: u32, lines: &[(&str, &str)]) -> Value {
    let lines: Vec<_> = lines
        .iter()
        .enumerate()
        .map(|(i, (s, q))| json!({ "line": i.to_string(), "sku": s, "quantity": q }))
        .collect();
    let placed = format!("2026-01-05T11:{:02}:00Z", 30 + id % 30);
    json!({ "type": "order", "channel": channel, "order": id.to_string(), "revision": 1, "status": "open", "placed_at": placed, "lines": lines })
}

pub(crate) fn reservation(id: &str, sku: &str, at: (&str, &str), quantity: &str) -> Value {
    json!({ "type": "reservation", "id": id, "sku": sku, at.0: at.1, "quantity": quantity, "expires_at": "2026-01-05T13:00:00Z" })
}

/// The output of a scenario.
pub(crate) fn run(settings: &Settings, events: &[Value], ask: &[Value]) -> Value {
    let scenario: Scenario = serde_json::from_value(json!({ "now": NOW, "events": events, "ask": ask })).unwrap();
    serde_json::to_value(evaluate(settings, &scenario).unwrap()).unwrap()
}

/// The answer to one question.
pub(crate) fn ask(settings: &Settings, events: &[Value], ask: &Value) -> Value {
    run(settings, events, std::slice::from_ref(ask))["answers"][0].clone()
}

/// What a channel shows.
pub(crate) fn shown(settings: &Settings, events: &[Value], channel: &str, sku: &str) -> Value {
    ask(settings, events, &json!({ "channel": channel, "sku": sku }))["quantity"].clone()
}

/// The value behind a step.
pub(crate) fn step(settings: &Settings, events: &[Value], channel: &str, sku: &str, step: &str) -> Value {
    let answer = ask(settings, events, &json!({ "channel": channel, "sku": sku }));
    let steps = answer["steps"].as_array().unwrap().clone();
    steps.into_iter().find(|found| found["step"] == step).unwrap()["value"].clone()
}

/// Panics with what is missing.
pub(crate) fn holds(expected: &Value, actual: &Value) {
    let differences = differences(expected, actual);
    assert!(differences.is_empty(), "{differences:#?}\nin {actual:#}");
}

pub(crate) fn shop() -> Settings {
    let mut s = merchant();
    places(&mut s, &["one", "two"]);
    channel(&mut s, "shop", &["one"], ChannelPolicy::default());
    s
}

pub(crate) fn berlin(source: SourcePolicy) -> Settings {
    let mut s = merchant();
    s.sources.insert("erp".parse().unwrap(), source);
    places(&mut s, &["berlin", "hamburg"]);
    channel(&mut s, "shop", &["berlin"], ChannelPolicy::default());
    s
}

pub(crate) fn at(minute: u32, rows: &[(&str, &str, &str)]) -> Value {
    let mut report = stock(rows);
    report["as_of"] = json!(format!("2026-01-05T11:{minute:02}:00Z"));
    report
}

pub(crate) fn pool(settings: &Settings, events: &[Value]) -> Value {
    step(settings, events, "shop", "A", "pool")
}

pub(crate) fn status(revision: u32, status: &str, minute: u32) -> Value {
    let mut report = order("shop", 0, &[("A", "2")]);
    report["revision"] = json!(revision);
    report["status"] = json!(status);
    report["at"] = json!(format!("2026-01-05T11:{minute:02}:00Z"));
    report
}

pub(crate) fn absorbed(quantity: &str, minute: u32) -> Value {
    let as_of = format!("2026-01-05T11:{minute:02}:00Z");
    json!({ "type": "absorbed", "source": "erp", "channel": "shop", "order": "0", "line": "0", "quantity": quantity, "as_of": as_of })
}
