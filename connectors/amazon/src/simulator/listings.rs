//! Listings: searching, reading, and what a patch does to an attribute.

use super::answer::{Answer, failed, given, list, ok, put};
use super::shop::{STORES, Shop};
use omnistock_words::Millis;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use tokio::time::Instant;

/// Listings that can be paged through, at most [the vendor's definition].
const DEEPEST: usize = 1_000;

/// What tells entries of an attribute apart.
const SELECTORS: [&str; 4] = ["fulfillment_channel_code", "marketplace_id", "currency", "audience"];

type Attributes = BTreeMap<String, Vec<Map<String, Value>>>;

fn strange_stores(query: &str) -> Option<Answer> {
    let asked = list(query, "marketplaceIds");
    if asked.is_empty() {
        return Some(failed(400, "InvalidInput", "'marketplaceIds' is required"));
    }
    let known = asked.iter().all(|store| STORES.contains(&store.as_str()));
    (!known).then(|| failed(403, "Unauthorized", "Access to requested resource is denied."))
}

/// Milliseconds from when an offer is created in the first store to when it is in the next one.
const SPREADS: i64 = 3_600_000;

fn shape(sku: &str, shop: &Shop, query: &str) -> Value {
    let (included, stores) = (included(query), list(query, "marketplaceIds"));
    let mut item = json!({ "sku": sku });
    let Some(listing) = shop.listings.get(sku) else {
        return item;
    };
    let included = |name: &str| included.iter().any(|one| one == name);
    let entries = |name: &str| listing.attributes.get(name).map(Vec::as_slice).unwrap_or_default();
    if included("summaries") {
        // One for each store that is asked for.
        let one = |(store, later): (&&str, i64)| {
            json!({"marketplaceId": store, "asin": "B000000000", "productType": "LUGGAGE",
            "conditionType": "new_new", "status": ["BUYABLE", "DISCOVERABLE"], "itemName": "Suitcase",
            "createdDate": listing.created.plus(later).to_string(), "lastUpdatedDate": listing.changed.to_string()})
        };
        let asked = STORES.iter().zip([0, SPREADS]);
        let asked = asked.filter(|(store, _)| stores.iter().any(|one| one == *store));
        put(&mut item, "summaries", asked.map(one).collect());
    }
    if included("fulfillmentAvailability") {
        let one = |entry: &Map<String, Value>| {
            let mut shown = json!({"fulfillmentChannelCode": entry.get("fulfillment_channel_code")});
            if let Some(units) = entry.get("quantity") {
                put(&mut shown, "quantity", units.clone());
            }
            shown
        };
        put(
            &mut item,
            "fulfillmentAvailability",
            entries("fulfillment_availability").iter().map(one).collect(),
        );
    }
    if included("offers") {
        let one = |entry: &Map<String, Value>| {
            let amount = entry.get("our_price")?.pointer("/0/schedule/0/value_with_tax")?;
            Some(json!({"marketplaceId": entry.get("marketplace_id"), "offerType": "B2C",
                "price": {"currencyCode": entry.get("currency"), "amount": amount.to_string()}}))
        };
        put(
            &mut item,
            "offers",
            entries("purchasable_offer").iter().filter_map(one).collect(),
        );
    }
    if included("attributes") {
        put(&mut item, "attributes", json!(listing.attributes));
    }
    if included("issues") {
        put(&mut item, "issues", json!(listing.issues));
    }
    item
}

fn included(query: &str) -> Vec<String> {
    let asked = list(query, "includedData");
    // What is not asked for is not told.
    if asked.is_empty() {
        vec!["summaries".to_owned()]
    } else {
        asked
    }
}

/// `searchListingsItems`.
pub(super) fn search(shop: &Shop, query: &str) -> Answer {
    if let Some(refused) = strange_stores(query) {
        return refused;
    }
    let (identifiers, kind) = (list(query, "identifiers"), given(query, "identifiersType"));
    let size: usize = given(query, "pageSize")
        .map_or(Some(10), |size| size.parse().ok())
        .unwrap_or(0);
    if !(1..=20).contains(&size) || identifiers.len() > 20 || identifiers.is_empty() != kind.is_none() {
        return failed(
            400,
            "InvalidInput",
            "'pageSize' or 'identifiers' is not as it has to be",
        );
    }
    let after = given(query, "createdAfter").map(|after| after.parse::<Millis>());
    let Ok(after) = after.transpose() else {
        return failed(400, "InvalidInput", "'createdAfter' is no date-time");
    };
    let wanted = |(sku, listing): &(&String, &super::shop::Listing)| {
        (identifiers.is_empty() || identifiers.contains(sku)) && after.is_none_or(|after| listing.created >= after)
    };
    let mut found: Vec<_> = shop.listings.iter().filter(wanted).collect();
    match (given(query, "sortBy").as_deref(), given(query, "sortOrder").as_deref()) {
        // Those of one moment come in no order that anybody could rely on.
        (Some("createdDate"), Some("ASC")) => found.sort_by(|a, b| a.1.created.cmp(&b.1.created).then(b.0.cmp(a.0))),
        (Some("sku"), Some("ASC")) => {}
        _ => found.sort_by_key(|(_, listing)| std::cmp::Reverse(listing.changed)),
    }
    // A token is a row number: what vanishes meanwhile pulls the others forward.
    let token = given(query, "pageToken").map(|token| token.parse::<usize>());
    let Ok(from) = token.transpose() else {
        return failed(400, "InvalidInput", "'pageToken' is not valid");
    };
    let (from, total) = (from.unwrap_or(0), found.len());
    let items: Vec<Value> = found
        .iter()
        .skip(from)
        .take(size.min(DEEPEST.saturating_sub(from)))
        .map(|(sku, _)| shape(sku, shop, query))
        .collect();
    let next = from + items.len();
    let mut answer = json!({"numberOfResults": total, "items": items});
    if next < total.min(DEEPEST) {
        put(&mut answer, "pagination", json!({"nextToken": next.to_string()}));
    }
    ok(&answer)
}

/// `getListingsItem`.
pub(super) fn one(shop: &Shop, sku: &str, query: &str) -> Answer {
    if let Some(refused) = strange_stores(query) {
        return refused;
    }
    if !shop.listings.contains_key(sku) {
        return failed(404, "NotFound", "SKU not found in the marketplace");
    }
    ok(&shape(sku, shop, query))
}

fn issue(code: &str, message: &str, attribute: &str) -> Value {
    json!({"code": code, "message": message, "severity": "ERROR", "attributeNames": [attribute], "categories": ["INVALID_ATTRIBUTE"]})
}

fn attribute(patch: &Value) -> &str {
    let path = patch.get("path").and_then(Value::as_str).unwrap_or_default();
    path.strip_prefix("/attributes/").unwrap_or_default()
}

/// What a listing says of a change that failed behind its yes.
pub(super) fn issue_of(patch: &Value) -> Value {
    issue(
        "8541",
        "The change could not be applied to the offer.",
        attribute(patch),
    )
}

/// What is wrong with these patches, in the vendor's way.
pub(super) fn invalid(shop: &Shop, sku: &str, patches: &[Value]) -> Vec<Value> {
    if !shop.listings.contains_key(sku) {
        return vec![issue(
            "90220",
            "'[condition_type]' is required but not supplied.",
            "condition_type",
        )];
    }
    if shop.faults.invalid_skus.contains(sku) {
        return vec![issue(
            "90000900",
            "The offer is restricted.",
            "fulfillment_availability",
        )];
    }
    patches.iter().filter_map(fault).collect()
}

fn fault(patch: &Value) -> Option<Value> {
    let name = attribute(patch);
    if !["fulfillment_availability", "purchasable_offer"].contains(&name) {
        return Some(issue("90000900", "The attribute in the path is not supported.", name));
    }
    let entries = patch
        .get("value")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let deletes = patch.get("op").and_then(Value::as_str) == Some("delete");
    let selector = if name == "purchasable_offer" {
        "currency"
    } else {
        "fulfillment_channel_code"
    };
    if entries.is_empty() && !deletes || entries.iter().any(|entry| entry.get(selector).is_none()) {
        let message =
            format!("The field '{selector}' does not have enough values. The required minimum is '1' value(s).");
        return Some(issue("99022", &message, name));
    }
    let units = |entry: &Value| {
        entry
            .get("quantity")
            .is_none_or(|units| units.as_i64().is_some_and(|units| units >= 0))
    };
    if !entries.iter().all(units) {
        return Some(issue("90220", "'quantity' is not a whole number from 0 on.", name));
    }
    let cheap = |entry: &Value| {
        let amount = entry.pointer("/our_price/0/schedule/0/value_with_tax");
        amount.is_some_and(|amount| amount.as_f64().is_none_or(|amount| amount <= 0.0))
    };
    if entries.iter().any(cheap) {
        return Some(issue("90220", "'value_with_tax' is not a number above 0.", name));
    }
    // Handling time goes with a quantity only.
    let lead = |entry: &Value| entry.get("lead_time_to_ship_max_days").is_some() && entry.get("quantity").is_none();
    entries
        .iter()
        .any(lead)
        .then(|| issue("90220", "'quantity' is required but not supplied.", name))
}

/// Carries a patch out. `replace` leaves nothing of what was there; `merge` changes what it names.
pub(super) fn apply(attributes: &mut Attributes, patch: &Value, most: Option<i64>) {
    let name = attribute(patch).to_owned();
    let values = patch.get("value").and_then(Value::as_array).into_iter().flatten();
    let mut values: Vec<Map<String, Value>> = values.filter_map(Value::as_object).cloned().collect();
    for value in &mut values {
        if let (Some(most), Some(units)) = (most, value.get("quantity").and_then(Value::as_i64)) {
            value.insert("quantity".to_owned(), json!(units.min(most)));
        }
    }
    let entries = attributes.entry(name).or_default();
    match patch.get("op").and_then(Value::as_str) {
        Some("delete") => entries.clear(),
        Some("merge") => {
            for value in values {
                let same = |entry: &&mut Map<String, Value>| {
                    SELECTORS
                        .iter()
                        .all(|selector| entry.get(*selector) == value.get(*selector))
                };
                match entries.iter_mut().find(same) {
                    Some(entry) => entry.extend(value),
                    None => entries.push(value),
                }
            }
        }
        _ => *entries = values,
    }
}

/// `patchListingsItem`.
pub(super) fn patch(shop: &mut Shop, sku: &str, query: &str, body: &[u8]) -> Answer {
    if let Some(refused) = strange_stores(query) {
        return refused;
    }
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let patches = body
        .get("patches")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if body.get("productType").and_then(Value::as_str).is_none() || patches.is_empty() {
        return failed(400, "InvalidInput", "'productType' and 'patches' are required");
    }
    let preview = given(query, "mode").as_deref() == Some("VALIDATION_PREVIEW");
    if shop.faults.throttled_skus.contains(sku) && !preview {
        shop.counters.throttled += 1;
        return failed(
            429,
            "QuotaExceeded",
            "You exceeded your quota for product data of this account.",
        );
    }
    let issues = invalid(shop, sku, &patches);
    let status = match (issues.is_empty(), preview) {
        (false, _) => "INVALID",
        (true, true) => "VALID",
        (true, false) => "ACCEPTED",
    };
    let submission = format!("{:032x}", shop.number());
    if status == "ACCEPTED" {
        shop.crosses(sku);
        shop.queue(sku, patches, Instant::now());
        shop.settle();
    }
    ok(&json!({"sku": sku, "status": status, "submissionId": submission, "issues": issues}))
}
