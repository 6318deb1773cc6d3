//! The connector against the simulated server, over HTTP: reading, writing, orders, logging in.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use omnistock_medusa::SPEC;
use omnistock_medusa::simulator::{Faults, Refusal, Simulator, SimulatorSettings};
use omnistock_sdk::{
    Connector, ConnectorContext, ConnectorError, Cursor, ErrorClass, ItemOutcome, ListingReading, LocationCodes,
    SecretReference, SecretResolver, SecretString, WriteItem,
};
use omnistock_words::{ConnectorName, LocationName, OrderFact, OrderStatus, Quantity, VendorLocation};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Resolves `{ env = "…" }` to its own text.
struct Plain;

impl SecretResolver for Plain {
    fn resolve(&self, reference: &SecretReference) -> Result<SecretString, String> {
        match reference {
            SecretReference::Env(text) => Ok(SecretString::from(text.clone())),
            other => Err(format!("nothing at {other:?}")),
        }
    }
}

struct Shop {
    simulator: Simulator,
    berlin: String,
    hamburg: String,
}

impl Shop {
    async fn open() -> Self {
        Self::with(SimulatorSettings::default()).await
    }

    async fn with(settings: SimulatorSettings) -> Self {
        let simulator = Simulator::start(settings).await.unwrap();
        let (berlin, hamburg) = (
            simulator.add_location("Lager Berlin"),
            simulator.add_location("hamburg"),
        );
        Self {
            simulator,
            berlin,
            hamburg,
        }
    }

    fn add(&self, sku: &str, berlin: i64, hamburg: i64) -> String {
        self.simulator
            .add_product(sku, &[(self.berlin.clone(), berlin), (self.hamburg.clone(), hamburg)])
    }

    /// berlin by its id in `codes`, hamburg by its own name.
    fn connector(&self, change: Value) -> Arc<dyn Connector> {
        let mut table = json!({"url": self.simulator.url().as_str(), "email": self.simulator.email(), "password": {"env": self.simulator.password()}});
        for (key, value) in change.as_object().unwrap() {
            table[key] = value.clone();
        }
        table.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let ours = |name: &str| LocationName::new(name).unwrap();
        let codes = [(VendorLocation::new(&self.berlin).unwrap(), ours("berlin"))]
            .into_iter()
            .collect();
        let context = ConnectorContext {
            name: ConnectorName::new("medusa").unwrap(),
            locations: LocationCodes::new(vec![ours("berlin"), ours("hamburg")], codes),
            secrets: Arc::new(Plain),
            folder: std::path::PathBuf::new(),
        };
        (SPEC.build)(context, table).unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    fn calls(&self, route: &str) -> u64 {
        self.simulator.counters().calls.get(route).copied().unwrap_or_default()
    }
}

async fn catalogue(connector: &dyn Connector) -> Vec<ListingReading> {
    let mut all = Vec::new();
    let mut cursor: Option<Cursor> = None;
    loop {
        let page = connector.channel().unwrap().catalogue(cursor.as_ref()).await.unwrap();
        all.extend(page.listings);
        cursor = page.next;
        if cursor.is_none() {
            return all;
        }
    }
}

/// All pages from `cursor` on, and the cursor of the next poll.
async fn orders(connector: &dyn Connector, mut cursor: Option<Cursor>) -> (Vec<OrderFact>, Cursor) {
    let mut all = Vec::new();
    loop {
        let page = connector.orders().unwrap().orders(cursor.as_ref()).await.unwrap();
        all.extend(page.orders);
        if !page.more {
            return (all, page.cursor);
        }
        cursor = Some(page.cursor);
    }
}

fn write(reading: &ListingReading, units: i64) -> WriteItem {
    WriteItem {
        reference: reading.reference.clone(),
        quantity: Quantity::whole(units),
    }
}

fn numbers(reading: &ListingReading) -> (Option<&str>, Option<&str>, Option<Quantity>) {
    (
        reading.sku.as_ref().map(|sku| sku.as_str()),
        reading.place.as_ref().map(|place| place.as_str()),
        reading.quantity,
    )
}

#[tokio::test]
async fn the_catalogue_has_every_level_once_over_all_pages() {
    let shop = Shop::open().await;
    for number in 0..250 {
        shop.add(&format!("SKU-{number:03}"), number, 1);
    }
    let foreign = shop.simulator.add_location("somewhere else");
    shop.simulator.add_product("X", &[(foreign, 3)]);
    shop.simulator.add_product("NOWHERE", &[]);
    let connector = shop.connector(json!({}));
    connector.check().await.unwrap();
    let all = catalogue(connector.as_ref()).await;
    assert_eq!(all.len(), 502);
    assert_eq!(
        numbers(&all[14]),
        (Some("SKU-007"), Some("berlin"), Some(Quantity::whole(7)))
    );
    assert_eq!(
        numbers(&all[15]),
        (Some("SKU-007"), Some("hamburg"), Some(Quantity::ONE))
    );
    assert_eq!(numbers(&all[500]), (Some("X"), None, Some(Quantity::whole(3))));
    assert_eq!(numbers(&all[501]), (Some("NOWHERE"), None, None));
    assert!(all[501].unwritable.as_ref().unwrap().contains("Manage locations"));
    let read = connector
        .channel()
        .unwrap()
        .read(&[all[15].reference.clone()])
        .await
        .unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].reference, all[15].reference);
}

#[tokio::test]
async fn a_sale_is_a_reserved_line_beside_the_gross_number() {
    let shop = Shop::open().await;
    shop.add("A", 10, 5);
    let connector = shop.connector(json!({}));
    let order = shop.simulator.buy("A", 3).unwrap();
    let all = catalogue(connector.as_ref()).await;
    let (facts, _) = orders(connector.as_ref(), None).await;
    assert_eq!(
        all[0].quantity,
        Some(Quantity::whole(10)),
        "gross: the sale doesn't lower it"
    );
    assert_eq!(all[0].reserved.len(), 1);
    assert_eq!(
        all[0].reserved[0].line, facts[0].lines[0].line,
        "the ledger finds the line by its id"
    );
    assert_eq!(
        (all[0].reserved[0].quantity, all[1].reserved.len()),
        (Quantity::whole(3), 0)
    );
    // Promise 6 at Berlin: with the reserved units on top a buyer sees just that.
    connector
        .channel()
        .unwrap()
        .write(&[write(&all[0], 6 + 3), write(&all[1], 0)])
        .await
        .unwrap();
    assert_eq!(shop.simulator.shown("A"), Some(6));
    assert!(shop.simulator.fulfil(&order));
    let read = connector
        .channel()
        .unwrap()
        .read(&[all[0].reference.clone()])
        .await
        .unwrap();
    assert_eq!(
        (read[0].quantity, read[0].reserved.len()),
        (Some(Quantity::whole(6)), 0),
        "packing takes the units from both"
    );
}

#[tokio::test]
async fn units_set_aside_by_hand_have_a_line_that_no_order_has() {
    let shop = Shop::open().await;
    shop.add("A", 10, 0);
    let reservation = shop.simulator.reserve_by_hand("A", &shop.berlin, 4).unwrap();
    let connector = shop.connector(json!({}));
    let all = catalogue(connector.as_ref()).await;
    assert_eq!(all[0].reserved[0].line.as_str(), reservation);
    assert_eq!(all[0].reserved[0].order, None);
}

#[tokio::test]
async fn one_unknown_level_undoes_the_whole_call() {
    let shop = Shop::open().await;
    shop.add("A", 10, 5);
    let connector = shop.connector(json!({}));
    let all = catalogue(connector.as_ref()).await;
    let mut wrong = write(&all[1], 8);
    wrong.reference.key.location = Some(VendorLocation::new("sloc_gone").unwrap());
    let error = connector
        .channel()
        .unwrap()
        .write(&[write(&all[0], 7), wrong])
        .await
        .unwrap_err();
    assert_eq!(error.class, ErrorClass::Rejected);
    assert!(
        error.message.contains("is not stocked at location sloc_gone"),
        "{error}"
    );
    assert_eq!(
        shop.simulator.level("A", &shop.berlin),
        Some((10, 0)),
        "nothing was written"
    );
    let error = connector
        .channel()
        .unwrap()
        .write(&[write(&all[0], -1)])
        .await
        .unwrap_err();
    assert_eq!(error.class, ErrorClass::Rejected);
    let outcomes = connector
        .channel()
        .unwrap()
        .write(&[write(&all[0], 7), write(&all[1], 8)])
        .await
        .unwrap();
    assert_eq!(
        outcomes,
        [7, 8].map(|units| ItemOutcome::Applied {
            quantity: Some(Quantity::whole(units))
        })
    );
    assert_eq!(shop.simulator.shown("A"), Some(15));
}

#[tokio::test]
async fn a_write_without_an_answer_may_have_been_done() {
    let shop = Shop::open().await;
    shop.add("A", 10, 5);
    let connector = shop.connector(json!({"deadline_ms": 300}));
    let all = catalogue(connector.as_ref()).await;
    shop.simulator.set_faults(Faults {
        timeout_after_apply_rate: 1.0,
        ..Faults::default()
    });
    let error = connector
        .channel()
        .unwrap()
        .write(&[write(&all[0], 7)])
        .await
        .unwrap_err();
    assert_eq!(error.class, ErrorClass::Unknown);
    assert_eq!(shop.simulator.level("A", &shop.berlin), Some((7, 0)));
    shop.simulator.set_faults(Faults {
        outage: true,
        ..Faults::default()
    });
    assert_eq!(
        connector
            .channel()
            .unwrap()
            .write(&[write(&all[0], 6)])
            .await
            .unwrap_err()
            .class,
        ErrorClass::Unknown
    );
    assert_eq!(shop.simulator.buy("A", 1), Err(Refusal::Unreachable));
}

#[tokio::test]
async fn a_sale_a_cancellation_and_a_parcel_are_each_told_by_the_next_poll() {
    let shop = Shop::open().await;
    shop.add("A", 10, 5);
    shop.simulator.draft("A", 2).unwrap();
    let connector = shop.connector(json!({}));
    let (facts, cursor) = orders(connector.as_ref(), None).await;
    assert_eq!(facts, [], "a draft is not an order");
    let first = shop.simulator.buy("A", 3).unwrap();
    let second = shop.simulator.buy("A", 1).unwrap();
    let (facts, cursor) = orders(connector.as_ref(), Some(cursor)).await;
    assert_eq!(
        facts.iter().map(|fact| fact.order.as_str()).collect::<Vec<_>>(),
        [&first, &second]
    );
    assert_eq!(
        (facts[0].status, facts[0].lines[0].quantity),
        (OrderStatus::Open, Quantity::whole(3))
    );
    assert_eq!(facts[0].lines[0].sku.as_ref().unwrap().as_str(), "A");
    assert!(shop.simulator.cancel(&first));
    assert!(shop.simulator.pack(&second, 1));
    let (facts, cursor) = orders(connector.as_ref(), Some(cursor)).await;
    let status = |order: &str| {
        facts
            .iter()
            .rfind(|fact| fact.order.as_str() == order)
            .map(|fact| fact.status)
    };
    assert_eq!(
        (status(&first), status(&second)),
        (Some(OrderStatus::Cancelled), Some(OrderStatus::Open)),
        "packed is not handed over"
    );
    assert!(shop.simulator.fulfil(&second));
    let (facts, _) = orders(connector.as_ref(), Some(cursor)).await;
    assert_eq!(
        facts.iter().rfind(|fact| fact.order.as_str() == second).unwrap().status,
        OrderStatus::Shipped
    );
}

#[tokio::test]
async fn a_back_fill_has_every_open_order_and_loses_nothing_that_changes_meanwhile() {
    let shop = Shop::open().await;
    shop.add("A", 1_000, 0);
    let placed: Vec<String> = (0..230).map(|_| shop.simulator.buy("A", 1).unwrap()).collect();
    assert!(shop.simulator.cancel(&placed[0]));
    let connector = shop.connector(json!({}));
    let source = connector.orders().unwrap();
    let first = source.orders(None).await.unwrap();
    assert!(first.more);
    // One that was read and one that wasn't change while pages are read.
    assert!(shop.simulator.cancel(&placed[5]) && shop.simulator.cancel(&placed[225]));
    let (rest, _) = orders(connector.as_ref(), Some(first.cursor)).await;
    let all: Vec<&OrderFact> = first.orders.iter().chain(&rest).collect();
    let last = |order: &str| {
        all.iter()
            .filter(|fact| fact.order.as_str() == order)
            .max_by_key(|fact| fact.revision)
            .map(|fact| fact.status)
    };
    for order in &placed[1..] {
        let cancelled = *order == placed[5] || *order == placed[225];
        assert_eq!(
            last(order),
            Some(if cancelled {
                OrderStatus::Cancelled
            } else {
                OrderStatus::Open
            }),
            "{order}"
        );
    }
}

#[tokio::test]
async fn one_order_is_found_by_its_id_and_an_unknown_one_is_not() {
    let shop = Shop::open().await;
    shop.add("A", 10, 5);
    let (order, draft) = (
        shop.simulator.buy("A", 3).unwrap(),
        shop.simulator.draft("A", 1).unwrap(),
    );
    let connector = shop.connector(json!({}));
    let found = |id: &str| omnistock_words::OrderId::new(id).unwrap();
    let source = connector.orders().unwrap();
    assert_eq!(
        source.order(&found(&order)).await.unwrap().unwrap().order.as_str(),
        order
    );
    for none in [draft.as_str(), "order_nope", "../users", "%2e%2e"] {
        assert_eq!(source.order(&found(none)).await.unwrap(), None, "{none}");
    }
}

#[tokio::test]
async fn an_expired_token_is_renewed_once_for_all_callers() {
    let shop = Shop::open().await;
    shop.add("A", 10, 5);
    let connector = shop.connector(json!({}));
    let all = catalogue(connector.as_ref()).await;
    assert_eq!(shop.calls("POST /auth/user/emailpass"), 1);
    shop.simulator.expire_tokens();
    let channel = connector.channel().unwrap();
    let references = [all[0].reference.clone()];
    let (one, two, three) = tokio::join!(
        channel.read(&references),
        channel.read(&references),
        channel.read(&references)
    );
    assert_eq!(
        (one.unwrap().len(), two.unwrap().len(), three.unwrap().len()),
        (1, 1, 1)
    );
    assert_eq!(shop.calls("POST /auth/user/emailpass"), 2);
    shop.simulator.expire_tokens();
    let outcomes = channel.write(&[write(&all[0], 4)]).await.unwrap();
    assert_eq!(
        outcomes,
        [ItemOutcome::Applied {
            quantity: Some(Quantity::whole(4))
        }],
        "a refused write was not done and goes again"
    );
}

#[tokio::test]
async fn a_server_that_refuses_every_token_is_asked_twice_and_no_more() {
    let shop = Shop::with(SimulatorSettings {
        token_life: Duration::ZERO,
        ..SimulatorSettings::default()
    })
    .await;
    let error = shop.connector(json!({})).check().await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Operator);
    assert_eq!(
        (
            shop.calls("POST /auth/user/emailpass"),
            shop.calls("GET /admin/stock-locations")
        ),
        (2, 2)
    );
}

fn names(error: &ConnectorError, settings: &[&str]) -> bool {
    error.class == ErrorClass::Operator
        && settings
            .iter()
            .all(|setting| error.message.contains(&format!("`{setting}`")))
}

#[tokio::test]
async fn wrong_credentials_are_a_matter_for_a_person_and_name_the_setting() {
    let shop = Shop::open().await;
    shop.add("A", 10, 5);
    let wrong = shop
        .connector(json!({"password": {"env": "wrong-password"}}))
        .check()
        .await
        .unwrap_err();
    assert!(names(&wrong, &["email", "password"]), "{wrong}");
    assert!(
        wrong.message.contains("Invalid email or password") && !wrong.message.contains("wrong-password"),
        "{wrong}"
    );
    let key = |text: &str| shop.connector(json!({"email": null, "password": null, "api_key": {"env": text}}));
    let wrong = key("sk_nope").check().await.unwrap_err();
    assert!(
        names(&wrong, &["api_key"]) && !wrong.message.contains("sk_nope"),
        "{wrong}"
    );
    let good = key(shop.simulator.api_key());
    good.check().await.unwrap();
    shop.simulator.revoke_api_key();
    assert!(names(&good.check().await.unwrap_err(), &["api_key"]));
    let nobody = shop
        .connector(json!({"url": format!("{}store", shop.simulator.url())}))
        .check()
        .await
        .unwrap_err();
    assert!(names(&nobody, &["url"]), "{nobody}");
}

#[tokio::test]
async fn a_shop_with_no_place_of_ours_fails_the_check() {
    let simulator = Simulator::start(SimulatorSettings::default()).await.unwrap();
    simulator.add_location("Garage");
    let (berlin, hamburg) = ("sloc_old".to_owned(), String::new());
    let shop = Shop {
        simulator,
        berlin,
        hamburg,
    };
    let error = shop.connector(json!({})).check().await.unwrap_err();
    assert!(names(&error, &["codes"]), "{error}");
}

#[tokio::test]
async fn a_line_is_sold_from_one_location_or_not_at_all() {
    let shop = Shop::open().await;
    shop.add("A", 10, 5);
    assert_eq!(
        shop.simulator.buy("A", 11),
        Err(Refusal::SoldOut),
        "10 + 5 are there, but not 11 in one place"
    );
    shop.simulator.buy("A", 7).unwrap();
    shop.simulator.buy("A", 4).unwrap();
    assert_eq!(
        (
            shop.simulator.level("A", &shop.berlin),
            shop.simulator.level("A", &shop.hamburg)
        ),
        (Some((10, 7)), Some((5, 4)))
    );
    assert_eq!((shop.simulator.shown("A"), shop.simulator.sales().len()), (Some(4), 2));
}

#[tokio::test]
async fn a_stopped_shop_frees_its_port() {
    let shop = Shop::open().await;
    let port = shop.simulator.port();
    let connector = shop.connector(json!({}));
    connector.check().await.unwrap();
    shop.simulator.stop().await;
    assert!(matches!(
        connector.check().await.unwrap_err().class,
        ErrorClass::Retry { .. } | ErrorClass::Unknown
    ));
    assert!(
        Simulator::start(SimulatorSettings {
            port,
            ..SimulatorSettings::default()
        })
        .await
        .is_ok()
    );
}
