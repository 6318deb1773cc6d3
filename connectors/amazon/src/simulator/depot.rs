//! What the simulated depots hold.

use super::answer::{Answer, failed, given, list, ok, put};
use super::shop::{STORES, Shop};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// Articles in a page.
const PAGE: usize = 50;
/// A page leads on for so long [the vendor's definition].
const GOOD: Duration = Duration::from_secs(30);

/// `getInventorySummaries`. A token is the SKU that was last told and when.
pub(super) fn summaries(shop: &Shop, query: &str) -> Answer {
    let asked = list(query, "marketplaceIds");
    if asked != [STORES[0]] || given(query, "granularityType").as_deref() != Some("Marketplace") {
        return failed(
            400,
            "InvalidInput",
            "granularityType, granularityId and one marketplace are required",
        );
    }
    let token = given(query, "nextToken");
    let behind = match token.as_deref().map(|token| token.split_once('|')) {
        None => None,
        Some(Some((made, sku))) if good(made, shop.started) => Some(sku.to_owned()),
        Some(_) => return failed(400, "InvalidInput", "The nextToken has expired"),
    };
    let detailed = given(query, "details").as_deref() == Some("true");
    let held = shop
        .listings
        .iter()
        .filter_map(|(sku, listing)| Some((sku, listing.depot?)));
    let held: Vec<_> = held
        .filter(|(sku, _)| behind.as_ref().is_none_or(|behind| *sku > behind))
        .collect();
    let row = |(sku, units): &(&String, i64)| {
        let mut row = json!({"sellerSku": sku, "asin": "B000000000", "fnSku": "X000000000", "condition": "NewItem",
            "productName": "Suitcase", "totalQuantity": units + 5, "lastUpdatedTime": "2026-01-05T12:00:00Z"});
        if detailed {
            put(
                &mut row,
                "inventoryDetails",
                json!({"fulfillableQuantity": units, "inboundWorkingQuantity": 3,
                "reservedQuantity": {"totalReservedQuantity": 2, "pendingCustomerOrderQuantity": 2}}),
            );
        }
        row
    };
    let rows: Vec<Value> = held.iter().take(PAGE).map(row).collect();
    let granularity = json!({"granularityType": "Marketplace", "granularityId": STORES[0]});
    let mut answer = json!({"payload": {"granularity": granularity, "inventorySummaries": rows}});
    if let Some((last, _)) = held.get(PAGE - 1).filter(|_| held.len() > PAGE) {
        put(
            &mut answer,
            "pagination",
            json!({"nextToken": format!("{}|{last}", shop.started.elapsed().as_millis())}),
        );
    }
    ok(&answer)
}

fn good(made: &str, started: Instant) -> bool {
    let made = made.parse().map(Duration::from_millis);
    made.is_ok_and(|made| started.elapsed() <= made + GOOD)
}
