//! Scenarios in few words: a world, facts and questions, one a line, so that tables stay readable.
//!
//! Facts become the JSON of `evaluate` and go through its parser; answers come back as one line.

#![allow(
    clippy::string_slice,
    clippy::type_complexity,
    clippy::format_push_string,
    reason = "tables for people"
)]

use super::{NOW, now, quantity};
use omnistock_engine::evaluate::{Scenario, evaluate};
use omnistock_words::{
    Absorb, Carve, ChannelPolicy, ChannelSettings, Component, LocationPolicy, Match, Millis, Missing, PolicyPatch,
    PriceList, Rule, Settings, SourcePolicy, Stale,
};
use serde_json::{Map, Value, json};

/// What is declared, one thing a line:
/// `source erp physical by_delay=30m cutover=11:45 missing=3 stale=only_decrease max_age=10m`,
/// `place berlin safety=2 stop=1 source=erp off part_of=x units=30 share=30%`,
/// `channel shop berlin,hamburg {patch}`, `rule A shop {patch}`, `bundle SET A=2 B=1`, `list retail gross EUR`.
pub(crate) fn world(text: &str) -> Settings {
    let mut settings = Settings::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (line, patch) = line
            .split_once('{')
            .map_or((line, None), |(head, tail)| (head, Some(format!("{{{tail}"))));
        let patch: PolicyPatch = patch
            .map(|text| serde_json::from_str(&text).unwrap())
            .unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["source", name, basis, options @ ..] => {
                settings.sources.insert(name.parse().unwrap(), source(basis, options));
            }
            ["place", name, options @ ..] => {
                settings.locations.insert(name.parse().unwrap(), place(options));
            }
            ["channel", name, pool] => {
                let mut policy = ChannelPolicy {
                    locations: pool
                        .split(',')
                        .filter(|name| *name != "-")
                        .map(|name| name.parse().unwrap())
                        .collect(),
                    ..ChannelPolicy::default()
                };
                policy.lay(&patch);
                let (connector, template) = (name.parse().unwrap(), None);
                settings.channels.insert(
                    name.parse().unwrap(),
                    ChannelSettings {
                        connector,
                        template,
                        policy,
                    },
                );
            }
            ["rule", sku, channels, options @ ..] => settings.rules.push(rule(sku, channels, options, patch)),
            ["bundle", sku, parts @ ..] => {
                let parts = parts.iter().map(|part| part.split_once('=').unwrap());
                let parts = parts.map(|(sku, n)| Component {
                    sku: sku.parse().unwrap(),
                    quantity: quantity(n),
                });
                settings.bundles.insert(sku.parse().unwrap(), parts.collect());
            }
            ["list", name, tax, currency] => {
                let tax = serde_json::from_value(json!(tax)).unwrap();
                let list = PriceList {
                    tax_rate: None,
                    from: "erp".parse().unwrap(),
                    currency: currency.parse().unwrap(),
                    tax,
                };
                settings.price_lists.insert(name.parse().unwrap(), list);
            }
            _ => panic!("{line}"),
        }
    }
    settings
}

fn minutes(text: &str) -> i64 {
    match text.split_at(text.len() - 1) {
        (n, "h") => n.parse::<i64>().unwrap() * 3_600_000,
        (n, _) => n.parse::<i64>().unwrap() * 60_000,
    }
}

fn source(basis: &str, options: &[&str]) -> SourcePolicy {
    let mut policy = SourcePolicy::new(serde_json::from_value(json!(basis)).unwrap());
    for option in options {
        match option.split_once('=') {
            None => policy.absorb = serde_json::from_value(json!(option)).unwrap(),
            Some(("by_delay", delay)) => policy.absorb = Absorb::ByDelay(minutes(delay)),
            Some(("cutover", at)) => policy.cutover = Some(instant(at).parse().unwrap()),
            Some(("missing", times)) => policy.missing = Missing::ZeroAfter(times.parse().unwrap()),
            Some(("max_age", limit)) => policy.max_age = Some(minutes(limit)),
            Some(("zero_after", limit)) => policy.stale = Stale::ZeroAfter(minutes(limit)),
            Some(("stale", stale)) => policy.stale = serde_json::from_value(json!(stale)).unwrap(),
            Some(_) => panic!("{option}"),
        }
    }
    policy
}

fn place(options: &[&str]) -> LocationPolicy {
    let mut policy = LocationPolicy::default();
    for option in options {
        match option.split_once('=') {
            None => policy.enabled = *option != "off",
            Some(("safety", n)) => policy.safety_stock = quantity(n),
            Some(("stop", n)) => policy.stop_at = Some(quantity(n)),
            Some(("source", name)) => policy.source = Some(name.parse().unwrap()),
            Some(("part_of", name)) => policy.part_of = Some(name.parse().unwrap()),
            Some(("units", n)) => policy.carve = Some(Carve::Units(quantity(n))),
            Some(("share", n)) => policy.carve = Some(Carve::Share(n.parse().unwrap())),
            Some(_) => panic!("{option}"),
        }
    }
    policy
}

fn rule(sku: &str, channels: &str, options: &[&str], set: PolicyPatch) -> Rule {
    let mut matches = Match::default();
    match sku.split_once('=') {
        None => matches.sku = Some(sku.to_owned()),
        Some(("tag", pattern)) => matches.tag = Some(pattern.to_owned()),
        Some(("brand", pattern)) => matches.brand = Some(pattern.to_owned()),
        Some(("listing", pattern)) => matches.listing = Some(pattern.to_owned()),
        Some(_) => panic!("{sku}"),
    }
    let at = |key: &str| -> Option<Millis> {
        let found = options
            .iter()
            .filter_map(|option| option.split_once('='))
            .find(|(name, _)| *name == key);
        found.map(|(_, at)| instant(at).parse().unwrap())
    };
    Rule {
        matches,
        channels: (channels != "*").then(|| channels.split(',').map(|name| name.parse().unwrap()).collect()),
        from: at("from"),
        until: at("until"),
        set,
        place: format!("omnistock.toml:{sku}"),
    }
}

/// `11:40` is today.
fn instant(text: &str) -> String {
    match text.len() {
        5 => format!("2026-01-05T{text}:00Z"),
        8 => format!("2026-01-05T{text}Z"),
        _ => text.to_owned(),
    }
}

/// What happened, one event a line:
/// `stock erp 11:40 berlin:A=10 !berlin:B=1 partial read_until=11:44 basis=net_of_orders` (`!`: not for sale),
/// `order shop/7 r1 open 11:30 at=11:31 1:A=2,location=berlin,status=shipped` (`r-`: no revision),
/// `absorbed erp shop/7/1 2 11:40`, `move erp m1 berlin A -3 11:45 after=1h`,
/// `reserve r A 2 berlin 13:00` (`#shop`: for a channel), `price erp retail A 9.90 EUR from=11:00 until=13:00`.
pub(crate) fn facts(text: &str) -> Vec<Value> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(fact).collect()
}

fn fact(line: &str) -> Value {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["stock", source, at, rest @ ..] => stock(source, at, rest),
        ["order", order, revision, status, placed, rest @ ..] => {
            let (channel, order) = order.split_once('/').unwrap();
            let mut event = json!({ "type": "order", "channel": channel, "order": order, "status": status, "placed_at": instant(placed) });
            if let Ok(revision) = revision[1..].parse::<i64>() {
                event["revision"] = json!(revision);
            }
            let lines = rest.iter().filter(|word| !word.starts_with("at="));
            event["lines"] = lines.map(|word| order_line(word)).collect();
            if let Some(at) = rest.iter().find_map(|word| word.strip_prefix("at=")) {
                event["at"] = json!(instant(at));
            }
            event
        }
        ["absorbed", source, line, quantity, at @ ..] => {
            let [channel, order, line] = line.split('/').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let mut event = json!({ "type": "absorbed", "source": source, "channel": channel, "order": order, "line": line, "quantity": quantity });
            if let [at] = at {
                event["as_of"] = json!(instant(at));
            }
            event
        }
        ["move", source, id, location, sku, quantity, at, rest @ ..] => {
            let mut event = json!({ "type": "movement", "source": source, "id": id, "location": location, "sku": sku, "quantity": quantity, "at": instant(at) });
            if let Some(delay) = rest.iter().find_map(|word| word.strip_prefix("after=")) {
                event["contained"] = json!({ "by_delay": delay });
            }
            event
        }
        ["reserve", id, sku, quantity, target, until] => {
            let (key, name) = target
                .strip_prefix('#')
                .map_or(("location", *target), |name| ("channel", name));
            json!({ "type": "reservation", "id": id, "sku": sku, "quantity": quantity, key: name, "expires_at": instant(until) })
        }
        ["price", source, list, sku, amount, currency, rest @ ..] => {
            let mut event = json!({ "type": "price", "source": source, "list": list, "sku": sku, "amount": amount, "currency": currency });
            for (key, at) in rest.iter().filter_map(|word| word.split_once('=')) {
                event[key] = json!(instant(at));
            }
            event
        }
        _ => panic!("{line}"),
    }
}

fn stock(source: &str, at: &str, rest: &[&str]) -> Value {
    let (mut event, mut rows) = (
        json!({ "type": "stock", "source": source, "as_of": instant(at) }),
        Vec::new(),
    );
    for word in rest {
        if let Some((place, row)) = word
            .strip_prefix("read_until=")
            .is_none()
            .then(|| word.split_once(':'))
            .flatten()
        {
            let (sku, amount) = row.split_once('=').unwrap();
            let (amount, tags) = amount.split_once(',').unwrap_or((amount, ""));
            let mut row = json!({ "sku": sku, "location": place.trim_start_matches('!'), "quantity": amount });
            if place.starts_with('!') {
                row["sellable"] = json!(false);
            }
            if !tags.is_empty() {
                row["tags"] = json!(tags.split(',').collect::<Vec<_>>());
            }
            rows.push(row);
        } else {
            match word.split_once('=') {
                None => event["complete"] = json!(false),
                Some(("read_until", end)) => event["read_until"] = json!(instant(end)),
                Some((key, value)) => event[key] = json!(value),
            }
        }
    }
    event["rows"] = rows.into();
    event
}

fn order_line(word: &str) -> Value {
    let mut parts = word.split(',');
    let (line, sold) = parts.next().unwrap().split_once(':').unwrap();
    let (sku, quantity) = sold.split_once('=').unwrap();
    let mut fields = Map::new();
    fields.insert("line".into(), json!(line));
    if !sku.is_empty() {
        fields.insert("sku".into(), json!(sku));
    }
    fields.insert("quantity".into(), json!(quantity));
    for (key, value) in parts.map(|part| part.split_once('=').unwrap()) {
        fields.insert(key.into(), json!(value));
    }
    fields.into()
}

/// The whole output.
pub(crate) fn output(settings: &Settings, events: &[Value], ask: &Value) -> Value {
    let scenario = json!({ "now": NOW, "events": events, "ask": [ask] });
    let scenario: Scenario = serde_json::from_value(scenario).unwrap();
    assert_eq!(scenario.now, now());
    serde_json::to_value(evaluate(settings, &scenario).unwrap()).unwrap()
}

/// One answer as a line. Questions: `shop A` (the quantity), `shop A pool` (the value behind a step),
/// `shop A state`, `shop A price`, `shop A why` (no price), `at berlin A`, `order shop/7`, `refused`,
/// `complaints`, `held`.
pub(crate) fn answer(settings: &Settings, events: &[Value], question: &str) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let words: Vec<&str> = question.split_whitespace().collect();
    let first = |ask: Value| output(settings, events, &ask)["answers"][0].clone();
    match words.as_slice() {
        ["order", order] => {
            let (channel, order) = order.split_once('/').unwrap();
            let lines = first(json!({ "channel": channel, "order": order }))["lines"].clone();
            let line = |line: &Value| {
                let sourced = line["sourced"].as_array().unwrap().iter();
                let sourced = sourced.map(|part| format!("{} {}", text(&part["location"]), text(&part["quantity"])));
                let sourced = sourced.collect::<Vec<_>>().join(" + ");
                format!(
                    "{}: in {} from [{sourced}] short {}",
                    text(&line["line"]),
                    text(&line["contained"]),
                    text(&line["short"])
                )
            };
            lines
                .as_array()
                .unwrap()
                .iter()
                .map(line)
                .collect::<Vec<_>>()
                .join("; ")
        }
        ["at", place, sku] => text(&first(json!({ "location": place, "sku": sku }))["sellable"]),
        ["refused"] => {
            let refused = output(settings, events, &json!({}))["refused"].clone();
            let one = |one: &Value| format!("{} {}: {}", text(&one["type"]), text(&one["id"]), text(&one["because"]));
            refused
                .as_array()
                .unwrap()
                .iter()
                .map(one)
                .collect::<Vec<_>>()
                .join("; ")
        }
        [list @ ("complaints" | "held")] => {
            let found = output(settings, events, &json!({}))[list].clone();
            found.as_array().map_or(0, Vec::len).to_string()
        }
        [channel, sku, rest @ ..] => {
            let answer = first(json!({ "channel": channel, "sku": sku }));
            match rest {
                [] => text(&answer["quantity"]),
                ["state"] => text(&answer["state"]),
                ["price"] => answer["price"].get("amount").map_or("null".to_owned(), text),
                ["why"] => text(&answer["price_because"]),
                [step] => {
                    let steps = answer["steps"].as_array().unwrap();
                    text(&steps.iter().find(|found| found["step"] == **step).unwrap()["value"])
                }
                _ => panic!("{question}"),
            }
        }
        _ => panic!("{question}"),
    }
}

/// Asks every question of a case: (sentence, facts, question → answer). All that is wrong is told in one go.
pub(crate) fn table(settings: &Settings, cases: &[(&str, &str, &[(&str, &str)])]) {
    let mut wrong = String::new();
    for (sentence, text, questions) in cases {
        let events = facts(text);
        for (question, expected) in *questions {
            let found = answer(settings, &events, question);
            if found != *expected {
                wrong += &format!("{sentence}\n{text}\n{question}: expected {expected}, got {found}\n\n");
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
