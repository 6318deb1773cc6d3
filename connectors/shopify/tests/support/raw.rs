//! Calls without the connector: what the vendor's recorded clients sent.

use omnistock_sdk::http::{Http, HttpSettings};
use omnistock_shopify::simulator::Simulator;
use reqwest::Method;
use serde_json::{Value, json};

pub(crate) const SET: &str = "mutation Set($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) { inventoryAdjustmentGroup { id } userErrors { field message code } }
}";

/// The answer to one call.
pub(crate) async fn post(shop: &Simulator, query: &str, variables: Value) -> Value {
    let http = Http::new(HttpSettings::new(shop.url())).unwrap();
    let request = http
        .request(Method::POST, "/admin/api/2026-04/graphql.json")
        .header("x-shopify-access-token", shop.token());
    let request = request.json(&json!({"query": query, "variables": variables}));
    http.send(request).await.unwrap().json().unwrap()
}

/// One entry as the vendor wants it.
pub(crate) fn entry(item: u64, location: u64, quantity: i64, expected: impl Into<Value>) -> Value {
    json!({"inventoryItemId": format!("gid://shopify/InventoryItem/{item}"), "locationId": format!("gid://shopify/Location/{location}"),
        "quantity": quantity, "changeFromQuantity": expected.into()})
}

/// The input of a call with these entries.
pub(crate) fn input(entries: &[Value]) -> Value {
    json!({"name": "available", "reason": "correction", "quantities": entries})
}

/// Codes of the errors of the call, then those of its entries.
pub(crate) fn codes(answer: &Value) -> Vec<String> {
    let list = |errors: &Value, code: fn(&Value) -> &Value| -> Vec<String> {
        errors
            .as_array()
            .into_iter()
            .flatten()
            .map(|error| code(error).as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let mut codes = list(&answer["errors"], |error| &error["extensions"]["code"]);
    codes.extend(list(&answer["data"]["inventorySetQuantities"]["userErrors"], |error| {
        &error["code"]
    }));
    codes
}
