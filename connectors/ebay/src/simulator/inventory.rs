//! The Inventory API: items, offers, and setting numbers and prices of several at once.

use super::records::BatchRule;
use super::server::{Call, error, json_answer, refused};
use super::shop::{Accepted, Item, Offer, REVISIONS, Shop};
use axum::http::Method;
use axum::response::Response;
use serde_json::{Value, json};

const PREFIX: &str = "/sell/inventory/v1";
const DOMAIN: &str = "API_INVENTORY";

pub(super) fn answer(shop: &mut Shop, call: &Call<'_>) -> Response {
    let path = call.path.strip_prefix(PREFIX).unwrap_or_default();
    match (call.method, path) {
        (&Method::GET, "/inventory_item") => page(shop, call),
        (&Method::GET, "/location") => json_answer(200, &json!({"total": 0, "limit": 1, "offset": 0, "locations": []})),
        (&Method::GET, "/offer") => offers(shop, call.asked("sku").unwrap_or_default()),
        (&Method::POST, "/bulk_get_inventory_item") => items(shop, &call.json()),
        (&Method::POST, "/bulk_update_price_quantity") => update(shop, &call.json()),
        (&Method::GET, _) => match path.strip_prefix("/offer/").and_then(|id| id.parse().ok()) {
            Some(id) => one_offer(shop, id),
            None => refused(
                404,
                25_710,
                DOMAIN,
                "We didn't find the resource/entity you are requesting.",
            ),
        },
        _ => refused(
            404,
            25_710,
            DOMAIN,
            "We didn't find the resource/entity you are requesting.",
        ),
    }
}

fn item(sku: &str, item: &Item) -> Value {
    let mut ship = json!({"allocationByFormat": {"auction": item.auction}});
    if let (Some(quantity), Some(ship)) = (item.quantity, ship.as_object_mut()) {
        ship.insert("quantity".to_owned(), json!(quantity));
    }
    json!({"sku": sku, "locale": "de_DE", "condition": "NEW", "product": {"title": format!("Article {sku}")},
           "availability": {"shipToLocationAvailability": ship}})
}

/// The item in an answer of several: its SKU stands beside it.
fn own_item(sku: &str, one: &Item) -> Value {
    item(sku, one)
}

/// `offset` is the number of a page, from 0 on.
fn page(shop: &Shop, call: &Call<'_>) -> Response {
    let number = |name: &str, default: usize| call.asked(name).map_or(Some(default), |text| text.parse().ok());
    let (Some(limit @ 1..=200), Some(offset)) = (number("limit", 25), number("offset", 0)) else {
        return refused(400, 25_706, DOMAIN, "You have provided invalid pagination values.");
    };
    let rows: Vec<Value> = shop
        .items
        .iter()
        .skip(offset * limit)
        .take(limit)
        .map(|(sku, one)| item(sku, one))
        .collect();
    let total = shop.items.len();
    let href = |offset: usize| format!("{PREFIX}/inventory_item?limit={limit}&offset={offset}");
    let mut answer =
        json!({"href": href(offset), "total": total, "size": rows.len(), "limit": limit, "inventoryItems": rows});
    if let Some(answer) = answer.as_object_mut().filter(|_| (offset + 1) * limit < total) {
        answer.insert("next".to_owned(), json!(href(offset + 1)));
    }
    json_answer(200, &answer)
}

fn offer(shop: &Shop, id: u64, offer: &Offer) -> Value {
    let mut row = json!({"offerId": id.to_string(), "sku": offer.sku, "marketplaceId": offer.marketplace, "format": offer.format,
        "availableQuantity": offer.quantity, "listingDescription": "…",
        "pricingSummary": {"price": {"value": offer.price.0, "currency": offer.price.1}},
        "status": if offer.published { "PUBLISHED" } else { "UNPUBLISHED" }});
    if let (Some(page), Some(row)) = (offer.page, row.as_object_mut()) {
        let status = match shop.shown_by(id) {
            _ if offer.ended => "ENDED",
            Some(0) => "OUT_OF_STOCK",
            _ => "ACTIVE",
        };
        let listing = json!({"listingId": page.to_string(), "listingStatus": status, "soldQuantity": offer.sold});
        row.insert("listing".to_owned(), listing);
    }
    row
}

fn offers(shop: &Shop, sku: &str) -> Response {
    let rows = shop.offers_of(sku).into_iter();
    let rows: Vec<Value> = rows.map(|(id, one)| offer(shop, id, one)).collect();
    if rows.is_empty() {
        return refused(404, 25_713, DOMAIN, "This Offer is not available.");
    }
    let href = format!("{PREFIX}/offer?limit=100&offset=0");
    json_answer(
        200,
        &json!({"href": href, "total": rows.len(), "size": rows.len(), "limit": 100, "offers": rows}),
    )
}

fn one_offer(shop: &Shop, id: u64) -> Response {
    match shop.offers.get(&id) {
        Some(one) => json_answer(200, &offer(shop, id, one)),
        None => refused(404, 25_713, DOMAIN, "This Offer is not available."),
    }
}

fn requests(body: &Value) -> Vec<Value> {
    let rows = body.get("requests").and_then(Value::as_array);
    rows.cloned().unwrap_or_default()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn items(shop: &Shop, body: &Value) -> Response {
    let requests = requests(body);
    if requests.is_empty() || requests.len() > 25 {
        return refused(
            400,
            25_727,
            DOMAIN,
            "The number of InventoryItems in the request cannot exceed 25.",
        );
    }
    let mut skus: Vec<&str> = requests.iter().map(|request| text(request, "sku")).collect();
    let mut all = true;
    let row = |sku: &&str| {
        if let Some(one) = shop.items.get(*sku) {
            return json!({"sku": sku, "statusCode": 200, "inventoryItem": own_item(sku, one), "errors": [], "warnings": []});
        }
        all = false;
        let words = format!("SKU {sku} is not available in the system");
        json!({"sku": sku, "statusCode": 404, "errors": [error(25_702, DOMAIN, "REQUEST", &words)]})
    };
    let rows: Vec<Value> = skus.iter().map(row).collect();
    skus.sort_unstable();
    if skus.iter().zip(skus.iter().skip(1)).any(|(one, other)| one == other) {
        return refused(400, 25_734, DOMAIN, "SKU should be unique in the request.");
    }
    json_answer(if all { 200 } else { 207 }, &json!({ "responses": rows }))
}

fn update(shop: &mut Shop, body: &Value) -> Response {
    let mut requests = requests(body);
    if requests.is_empty() || requests.len() > 25 {
        return refused(400, 25_709, DOMAIN, "Invalid value for requests. 1 to 25 are allowed.");
    }
    match shop.rule {
        BatchRule::OneRefused if requests.len() > 1 => {
            return refused(
                400,
                25_002,
                DOMAIN,
                "Any User error. Only one SKU can be updated per call.",
            );
        }
        BatchRule::OneSilent => requests.truncate(1),
        BatchRule::Many | BatchRule::OneRefused => {}
    }
    let rows: Vec<Value> = requests.iter().flat_map(|request| of_item(shop, request)).collect();
    let fine = rows.iter().all(|row| row.get("statusCode") == Some(&json!(200)));
    json_answer(if fine { 200 } else { 207 }, &json!({ "responses": rows }))
}

fn result(sku: &str, offer: Option<&str>, problem: Option<&(u16, u32, String)>) -> Value {
    let status = problem.map_or(200, |(status, ..)| *status);
    let errors: Vec<Value> = problem
        .into_iter()
        .map(|(status, id, words)| {
            let category = if *status >= 500 { "APPLICATION" } else { "REQUEST" };
            error(*id, DOMAIN, category, words)
        })
        .collect();
    let mut row = json!({"sku": sku, "statusCode": status, "errors": errors, "warnings": []});
    if let (Some(offer), Some(row)) = (offer, row.as_object_mut()) {
        row.insert("offerId".to_owned(), json!(offer));
    }
    row
}

fn invalid(field: &str) -> (u16, u32, String) {
    (400, 25_709, format!("Invalid value for {field}."))
}

/// The rows of one request: each offer's, or the item's where no offer is named.
fn of_item(shop: &mut Shop, request: &Value) -> Vec<Value> {
    let sku = text(request, "sku").to_owned();
    let there = request.pointer("/shipToLocationAvailability/quantity");
    let offers: Vec<Value> = request
        .get("offers")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let problem = there.and_then(|quantity| item_problem(shop, &sku, quantity));
    if let Some(problem) = problem {
        let id = |offer: &Value| text(offer, "offerId").to_owned();
        return offers
            .iter()
            .map(|offer| result(&sku, Some(&id(offer)), Some(&problem)))
            .collect();
    }
    let mut rows = Vec::new();
    let mut fine = true;
    for offer in &offers {
        let own = if sku.is_empty() {
            of_offer(offer, shop)
        } else {
            sku.clone()
        };
        let problem = change_offer(shop, &sku, offer);
        fine &= problem.is_none();
        rows.push(result(&own, Some(text(offer, "offerId")), problem.as_ref()));
    }
    // An item's number goes with its offers: where one was refused it stays.
    if let Some(quantity) = there.and_then(Value::as_i64).filter(|_| fine) {
        shop.accept(Accepted::Item {
            sku: sku.clone(),
            quantity,
        });
        if offers.is_empty() {
            rows.push(result(&sku, None, None));
        }
    }
    rows
}

fn of_offer(offer: &Value, shop: &Shop) -> String {
    let id = text(offer, "offerId").parse::<u64>().ok();
    let known = id.and_then(|id| shop.offers.get(&id));
    known.map(|offer| offer.sku.clone()).unwrap_or_default()
}

fn item_problem(shop: &Shop, sku: &str, quantity: &Value) -> Option<(u16, u32, String)> {
    let Some(quantity) = quantity
        .as_i64()
        .filter(|quantity| (0..=i64::from(i32::MAX)).contains(quantity))
    else {
        return Some(invalid("quantity"));
    };
    let Some(item) = shop.items.get(sku) else {
        return Some((404, 25_702, format!("SKU {sku} is not available in the system")));
    };
    (quantity < item.auction).then(|| {
        let words = "shipToLocationAvailability quantity value should be greater than or equal to auction allocation.";
        (400, 25_759, words.to_owned())
    })
}

fn change_offer(shop: &mut Shop, sku: &str, wanted: &Value) -> Option<(u16, u32, String)> {
    let id = text(wanted, "offerId").parse::<u64>().ok();
    let known = id.and_then(|id| Some((id, shop.offers.get(&id)?.clone())));
    let Some((id, offer)) = known else {
        return Some((404, 25_713, "This Offer is not available.".to_owned()));
    };
    if !sku.is_empty() && offer.sku != sku {
        return Some((400, 25_002, "Any User error. The offer is of another SKU.".to_owned()));
    }
    let Some(page) = offer.page.filter(|_| offer.published && !offer.ended) else {
        return Some((400, 25_002, "Any User error. The offer is not published.".to_owned()));
    };
    if shop.faults.failing_sku.as_deref() == Some(offer.sku.as_str()) {
        return Some((500, 25_001, "A system error has occurred.".to_owned()));
    }
    let quantity = match wanted.get("availableQuantity") {
        None => None,
        Some(value) => match value.as_i64().filter(|units| (0..=i64::from(i32::MAX)).contains(units)) {
            Some(units) => Some(units),
            None => return Some(invalid("availableQuantity")),
        },
    };
    let price = match wanted.get("price") {
        None => None,
        Some(price)
            if text(price, "currency") == offer.price.1
                && text(price, "value").parse::<f64>().is_ok_and(|amount| amount > 0.0) =>
        {
            Some((text(price, "value").to_owned(), offer.price.1.clone()))
        }
        Some(_) => return Some(invalid("price")),
    };
    if quantity.is_none() && price.is_none() {
        return Some(invalid("offers"));
    }
    if !shop.revise(page) {
        let words = format!("Any User error. Listing {page} was revised {REVISIONS} times this calendar day.");
        return Some((400, 25_002, words));
    }
    shop.accept(Accepted::Offer {
        offer: id,
        quantity,
        price,
    });
    None
}
