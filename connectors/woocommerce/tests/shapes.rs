//! The simulated shop answers in the shapes that running shops were captured with: fields, types, codes, headers.
//!
//! Each call that was captured is made again, to our shop.

use crate::support::raw::{Answer, Caller};
use crate::support::shape::{Look, Sample, captured, differences, line, literal, samples};
use crate::support::until;
use crate::webhooks::{Receiver, quick};
use omnistock_woocommerce::simulator::{Simulator, SimulatorSettings};
use serde_json::{Value, json};

const CAPTURES: [(&str, Look); 2] = [
    // Our shop is of this version.
    ("woocommerce-11.0.1.txt", Look::Whole),
    ("woocommerce-8.9.1.txt", Look::Part),
];

struct Shop {
    simulator: Simulator,
    caller: Caller,
    first: u64,
    parent: u64,
    child: u64,
}

impl Shop {
    /// As many articles as the captured shop: 50 beside the variations.
    async fn open() -> Self {
        let simulator = Simulator::start(SimulatorSettings::default()).await.unwrap();
        let ids: Vec<u64> = (1..50)
            .map(|number| simulator.add_product(&format!("S-{number:03}"), 20))
            .collect();
        let child = simulator.add_variation("V-001", "V-001-S", 5);
        Self {
            caller: Caller::new(&simulator),
            first: ids[0],
            parent: simulator.product("V-001").unwrap(),
            child,
            simulator,
        }
    }

    async fn ask(&self, method: &str, path: &str, query: &[(&str, &str)], body: &str) -> Answer {
        let target = self.caller.target(method, path, query);
        self.caller.raw(method, &target, body).await
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        self.ask(method, path, &[], &body.to_string()).await
    }

    async fn batch(&self, update: Value) -> Answer {
        self.send("POST", "/products/batch", json!({ "update": update })).await
    }

    async fn order(&self, status: &str, sold: Value) -> Answer {
        let order = json!({"status": status, "line_items": [sold]});
        self.send("POST", "/orders", order).await
    }

    /// The call under this heading; `None` for one we have no such call for.
    async fn again(&self, title: &str) -> Option<Answer> {
        let (first, second) = (self.first, self.first + 1);
        let units = |id: u64, units: Value| json!({"id": id, "stock_quantity": units});
        let begins = |begin: &str| title.starts_with(begin);
        Some(if begins("per_page=101") {
            self.ask("GET", "/products", &[("per_page", "101")], "").await
        } else if begins("batch ok") {
            let mut answer = self
                .batch(json!([units(first, json!(77)), units(second, json!(78))]))
                .await;
            // Only the list was captured.
            answer.body = answer.body["update"].take();
            answer
        } else if begins("batch: missing id") {
            let missing = units(99_999_999, json!(1));
            let child = units(self.child, json!(1));
            self.batch(json!([
                missing,
                units(first, json!(-4)),
                child,
                units(second, json!(12))
            ]))
            .await
        } else if begins("batch with a non integer qty") {
            self.batch(json!([units(first, json!("abc")), units(second, json!(13))]))
                .await
        } else if begins("batch with qty 1.5") {
            self.batch(json!([units(first, json!(1.5)), units(second, json!(14))]))
                .await
        } else if begins("batch with no id") {
            self.batch(json!([{"stock_quantity": 1}])).await
        } else if begins("batch with 101") {
            self.batch((0..101).map(|_| units(first, json!(1))).collect()).await
        } else if begins("batch duplicate sku create") {
            let create = json!({"create": [{"name": "again", "sku": "S-001"}]});
            self.send("POST", "/products/batch", create).await
        } else if begins("batch bad json") {
            self.ask("POST", "/products/batch", &[], "{\"update\": [").await
        } else if begins("variations batch") {
            let path = format!("/products/{}/variations/batch", self.parent);
            let update = json!([units(self.child, json!(21)), units(1, json!(1))]);
            self.send("POST", &path, json!({ "update": update })).await
        } else if begins("single PUT missing") {
            self.send("PUT", "/products/99999999", json!({"stock_quantity": 1}))
                .await
        } else if begins("single PUT wrong type") {
            let path = format!("/products/{first}");
            self.send("PUT", &path, json!({"stock_quantity": "abc"})).await
        } else if begins("order pending") {
            self.order("pending", json!({"product_id": first, "quantity": 3})).await
        } else if begins("order processing set_paid") {
            self.order("processing", json!({"product_id": first, "quantity": 2}))
                .await
        } else if begins("oversell 500 by REST") {
            self.order("processing", json!({"product_id": first, "quantity": 500}))
                .await
        } else if begins("order unknown product") {
            self.order("processing", json!({"product_id": 99_999_999, "quantity": 1}))
                .await
        } else {
            return None;
        })
    }
}

fn same(what: &str, vendor: &Value, ours: &Value, look: Look) {
    let found = differences(vendor, ours, look);
    assert!(found.is_empty(), "{what}:\n{}\n{ours:#}", found.join("\n"));
}

/// Products of a capture were cut to some fields, errors were not.
fn look_at(body: &Value, look: Look) -> Look {
    let rows = body.get("update").unwrap_or(body).as_array();
    let cut = rows.is_some_and(|rows| rows.iter().any(|row| row.get("error").is_none()));
    if cut { Look::Part } else { look }
}

#[tokio::test]
async fn every_captured_call_is_answered_in_the_vendors_shape() {
    for (name, look) in CAPTURES {
        let Some(text) = captured(name) else { return };
        let samples = samples(&text);
        for Sample { title, status, body } in &samples {
            let shop = Shop::open().await;
            let answer = shop
                .again(title)
                .await
                .unwrap_or_else(|| panic!("{name}: {title}: no such call here"));
            assert_eq!(answer.status, *status, "{name}: {title}: {}", answer.body);
            if let Some(body) = body {
                same(&format!("{name}: {title}"), body, &answer.body, look_at(body, look));
            }
        }
        println!("{name}: {} calls are answered alike", samples.len());
        assert_eq!(samples.len(), 16);
    }
}

#[tokio::test]
async fn a_product_and_the_headers_of_a_page_are_the_vendors() {
    for (name, look) in CAPTURES {
        let Some(text) = captured(name) else { return };
        let shop = Shop::open().await;
        let found = shop.ask("GET", "/products", &[("sku", "V-001-S")], "").await.body;
        let told = literal(line(&text, "sku lookup of variation returns:")).unwrap();
        same("the variation found by SKU", &told, &found[0], Look::Part);
        let page = shop
            .ask("GET", "/products", &[("per_page", "10"), ("page", "2")], "")
            .await;
        fields(&text, "product keys", &page.body[0], look);
        let told = text
            .lines()
            .find_map(|line| literal(line).filter(|value| value.get("low_stock_amount").is_some()));
        same("a product", &told.unwrap(), &page.body[0], Look::Part);
        let address = shop.simulator.url();
        for (header, value) in headers(line(&text, "pagination hdrs")) {
            let ours = &page.headers[&header.to_lowercase()];
            let theirs = value.strip_prefix('<').and_then(|rest| rest.split("/wp-json").next());
            let value = theirs.map_or_else(
                || value.to_owned(),
                |theirs| value.replace(theirs, address.as_str().trim_end_matches('/')),
            );
            assert_eq!(*ours, value, "{name}: {header}");
        }
        let all = shop.ask("GET", "/products", &[("per_page", "100")], "").await;
        assert_eq!(all.headers.get("link"), None, "one page has no neighbours");
        shop.simulator.set_managed("S-001", false);
        let path = format!("/products/{}", shop.first);
        let answer = shop.send("PUT", &path, json!({"stock_quantity": 5})).await.body;
        same(
            "not counted",
            &literal(line(&text, "qty on manage_stock=false -> 200")).unwrap(),
            &answer,
            Look::Part,
        );
    }
}

/// Names and values, as the script that captured them prints them.
fn headers(text: &str) -> Vec<(&str, &str)> {
    let pairs = text.trim_matches(['{', '}', '\'']).split("', '");
    pairs.map(|pair| pair.split_once("': '").unwrap()).collect()
}

/// Exactly these fields; of an older version at least these.
fn fields(text: &str, begin: &str, ours: &Value, look: Look) {
    let told = literal(line(text, begin)).unwrap();
    let told: Vec<&str> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    let ours: Vec<&String> = ours.as_object().unwrap().keys().collect();
    let missing: Vec<_> = told
        .iter()
        .filter(|name| !ours.iter().any(|our| our == *name))
        .collect();
    let more: Vec<_> = ours.iter().filter(|name| !told.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "{begin}: missing {missing:?}");
    assert!(look == Look::Part || more.is_empty(), "{begin}: our invention {more:?}");
}

#[tokio::test]
async fn an_order_and_what_its_life_does_to_the_stock_are_the_vendors() {
    for (name, look) in CAPTURES {
        let Some(text) = captured(name) else { return };
        let shop = Shop::open().await;
        let order = shop
            .order("pending", json!({"product_id": shop.first, "quantity": 3}))
            .await
            .body;
        fields(&text, "order keys", &order, look);
        let told = literal(line(&text, "line item:")).unwrap();
        same("a line", &told, &order["line_items"][0], look);
        let path = format!("/orders/{}", order["id"]);
        for status in ["processing", "completed", "cancelled", "pending", "on-hold", "refunded"] {
            let answer = shop.send("PUT", &path, json!({ "status": status })).await;
            let told = line(&text, &format!("-> {status} "));
            assert!(told.starts_with(&answer.status.to_string()), "{name}: {status}: {told}");
            let left = format!("stock ({},", shop.simulator.shown("S-001").unwrap());
            assert!(told.contains(&left), "{name}: {status}: {left} but {told}");
            let notes = answer.body["line_items"][0]["meta_data"].as_array().unwrap();
            let note = notes.first().map(|note| note["value"].as_str().unwrap());
            let told = told
                .split("_reduced_stock', '")
                .nth(1)
                .and_then(|rest| rest.split('\'').next());
            assert_eq!(note, told, "{name}: {status}");
        }
        let answer = shop
            .order(
                "processing",
                json!({"product_id": shop.parent, "variation_id": shop.child, "quantity": 1}),
            )
            .await;
        let told = line(&text, "variation order 201")
            .split("line ")
            .nth(1)
            .and_then(literal)
            .unwrap();
        same(
            "a line with a variation",
            &told,
            &answer.body["line_items"][0],
            Look::Part,
        );
        let target = shop.caller.target("GET", "/products", &[]);
        assert_eq!(shop.caller.raw("GET", &target, "").await.status, 200);
        let again = shop.caller.raw("GET", &target, "").await;
        assert_eq!(again.status, 401);
        same(
            "a nonce used twice",
            &literal(line(&text, "OAuth1 replay nonce 401")).unwrap(),
            &again.body,
            look,
        );
    }
}

/// Brings about what the captured delivery tells of, and has it told.
fn delivered(shop: &Simulator, topic: &str, told: &Value) -> (Vec<(String, String)>, String) {
    let sku = format!("X-{}", shop.orders().len());
    let product = shop.add_product(&sku, 50);
    shop.set_managed(&sku, told["manage_stock"] != json!(false));
    let object = if told.get("code").is_some() {
        99_999_999
    } else if topic.starts_with("order.") {
        let order = shop.check_out_unpaid(&sku, 3).unwrap();
        shop.set_status(order, "processing");
        if told["date_completed"].is_string() {
            shop.complete(order);
        }
        shop.set_status(order, told["status"].as_str().unwrap());
        order
    } else {
        product
    };
    shop.delivery(topic, object, shop.webhook_secret())
}

/// Whether a header says the same, or the same kind of thing.
fn alike(name: &str, vendor: &str, ours: &str) -> bool {
    let hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match name {
        "x-wc-webhook-source" => ours.starts_with("http://") && ours.ends_with('/') == vendor.ends_with('/'),
        "x-wc-webhook-id" => ours.parse::<u64>().is_ok(),
        "x-wc-webhook-delivery-id" => ours.len() == vendor.len() && hexadecimal(ours),
        "x-wc-webhook-signature" => ours.len() == vendor.len(),
        _ => ours == vendor,
    }
}

#[tokio::test]
async fn webhooks_come_in_the_vendors_shape() {
    let Some(text) = captured("woocommerce-webhooks.jsonl") else {
        return;
    };
    let (shop, connector) = crate::support::start().await;
    shop.set_faults(quick());
    shop.add_product("A", 5);
    let receiver = Receiver::start().await;
    connector.webhooks().unwrap().subscribe(&receiver.url).await.unwrap();
    until("a ping", || !receiver.seen().is_empty()).await;
    let ping = receiver.seen().remove(0);
    let mut compared = 0;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let line: Value = serde_json::from_str(line).unwrap();
        let (headers, told) = (line["headers"].as_object().unwrap(), line["body"].as_str().unwrap());
        let ours = if let Some(topic) = headers.get("X-WC-Webhook-Topic") {
            let vendor: Value = serde_json::from_str(told).unwrap();
            let (ours, body) = delivered(&shop, topic.as_str().unwrap(), &vendor);
            same(told, &vendor, &serde_json::from_str(&body).unwrap(), Look::Whole);
            ours
        } else {
            let name = told.split('=').next().unwrap();
            let body = String::from_utf8(ping.body.to_vec()).unwrap();
            assert_eq!(body.split('=').next(), Some(name));
            ping.headers.clone().into_iter().collect()
        };
        for (name, value) in headers {
            let (name, value) = (name.to_lowercase(), value.as_str().unwrap());
            let our = ours.iter().find(|(our, _)| *our == name);
            let our = our.unwrap_or_else(|| panic!("{name} is missing"));
            assert!(alike(&name, value, &our.1), "{name}: {value}, ours {}", our.1);
        }
        let webhook = |name: &str| name.starts_with("x-wc-");
        let more = ours.iter().filter(|(name, _)| webhook(name)).count();
        assert_eq!(
            more,
            headers.keys().filter(|name| webhook(&name.to_lowercase())).count()
        );
        compared += 1;
    }
    println!("{compared} captured deliveries are told alike");
    assert_eq!(compared, 11);
}

#[test]
fn what_differs_is_named() {
    let vendor = json!({"code": "a", "data": {"status": 400}, "list": [{"id": 1, "price": 9.9}], "none": null});
    assert_eq!(differences(&vendor, &vendor, Look::Whole), [""; 0]);
    let ours = json!({"code": "b", "data": {}, "list": [{"id": "1", "price": 9.5}], "none": 1, "more": true});
    let found = differences(&vendor, &ours, Look::Whole);
    assert_eq!(
        found,
        [
            "/code is \"b\", the vendor's is \"a\"",
            "/data/status is missing",
            "/list/0/id is text, the vendor's is integer",
            "/none is integer, the vendor's is null",
            "/more is our invention",
        ]
    );
    assert_eq!(differences(&vendor, &ours, Look::Part).len(), 3);
    let (two, one) = (json!({"update": [1, 2]}), json!({"update": [1]}));
    assert_eq!(
        differences(&two, &one, Look::Part),
        ["/update has 1 entries, the vendor's 2"]
    );
    assert_eq!(
        differences(&json!([1]), &json!([]), Look::Part),
        [" has 0 entries, the vendor's 1"]
    );
}
