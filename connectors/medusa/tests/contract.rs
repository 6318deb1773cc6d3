//! What the simulated server answers has every property that the vendor's definition requires.
//!
//! `OMNISTOCK_SPECS` names the folder with the vendors' definitions (`medusa/admin-openapi-2.0.0.yaml`).
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use omnistock_medusa::simulator::{Simulator, SimulatorSettings};
use omnistock_sdk::http::{Http, HttpSettings};
use reqwest::Method;
use serde_json::Value;

/// The names under `required:` of a schema of `components`: block YAML with two spaces a level, as the vendor generates it.
fn required(definition: &str, schema: &str) -> Vec<String> {
    let heading = format!("    {schema}:");
    let lines = definition
        .lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| line.starts_with("     "));
    let names = lines
        .skip_while(|line| *line != "      required:")
        .skip(1)
        .map_while(|line| line.strip_prefix("        - "));
    names.map(str::to_owned).collect()
}

async fn first(http: &Http, key: &str, path: &str, list: &str) -> Value {
    let answer: Value = http
        .send(http.request(Method::GET, path).basic_auth(key, Some("")))
        .await
        .unwrap()
        .json()
        .unwrap();
    for name in ["count", "offset", "limit"] {
        assert!(answer.get(name).is_some_and(Value::is_number), "{path}: {name}");
    }
    answer
        .get(list)
        .and_then(|rows| rows.get(0))
        .cloned()
        .unwrap_or_else(|| panic!("{path} has no row in {list}"))
}

fn complete(definition: &str, schema: &str, value: &Value) {
    let names = required(definition, schema);
    assert!(!names.is_empty(), "the definition has no {schema}");
    // A line's detail names its own line as `item`: the real server leaves that out, too.
    let names: Vec<String> = names
        .into_iter()
        .filter(|name| schema != "BaseOrderItemDetail" || name != "item")
        .collect();
    let missing: Vec<&String> = names.iter().filter(|name| value.get(name.as_str()).is_none()).collect();
    assert!(missing.is_empty(), "{schema} lacks {missing:?}");
}

#[tokio::test]
async fn answers_have_what_the_vendors_definition_requires() {
    let Ok(folder) = std::env::var("OMNISTOCK_SPECS") else {
        eprintln!("the contract test did not run: OMNISTOCK_SPECS is not set");
        return;
    };
    let definition =
        std::fs::read_to_string(std::path::Path::new(&folder).join("medusa/admin-openapi-2.0.0.yaml")).unwrap();
    let shop = Simulator::start(SimulatorSettings::default()).await.unwrap();
    let berlin = shop.add_location("Berlin");
    shop.add_product("A", &[(berlin, 10)]);
    shop.buy("A", 1).unwrap();
    let http = Http::new(HttpSettings::new(shop.url())).unwrap();
    let row = async |path: &str, list: &str| first(&http, shop.api_key(), path, list).await;
    let item = row("/admin/inventory-items", "inventory_items").await;
    complete(&definition, "AdminInventoryItem", &item);
    complete(
        &definition,
        "AdminInventoryLevel",
        item.get("location_levels").and_then(|levels| levels.get(0)).unwrap(),
    );
    complete(
        &definition,
        "AdminReservation",
        &row("/admin/reservations", "reservations").await,
    );
    complete(
        &definition,
        "AdminStockLocation",
        &row("/admin/stock-locations", "stock_locations").await,
    );
    let order = row("/admin/orders", "orders").await;
    complete(&definition, "AdminOrder", &order);
    let line = order.get("items").and_then(|items| items.get(0)).unwrap();
    complete(&definition, "AdminOrderLineItem", line);
    complete(&definition, "BaseOrderItemDetail", line.get("detail").unwrap());
}
