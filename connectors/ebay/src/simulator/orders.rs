//! The Fulfillment API, and what becomes of an order: sold, cancelled, sent in parts, paid back.

use super::records::{Refusal, Sale};
use super::server::{Call, json_answer, refused};
use super::shop::Shop;
use crate::windows::stamp;
use axum::response::Response;
use omnistock_words::Millis;
use serde_json::{Value, json};

const PREFIX: &str = "/sell/fulfillment/v1/order";
const DOMAIN: &str = "API_FULFILLMENT";
const TWO_YEARS: i64 = 731 * 86_400_000;

/// What the vendor sends of a buyer with each order.
pub(super) const BUYER: [&str; 4] = [
    "a_buyer_99",
    "Erika Mustermann",
    "Musterweg 7",
    "erika@members.example.test",
];

#[derive(Debug, Clone)]
pub(super) struct Line {
    id: String,
    sku: String,
    page: u64,
    marketplace: String,
    units: i64,
    sent: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Order {
    created: Millis,
    modified: Millis,
    cancelled: Option<Millis>,
    refunded: bool,
    lines: Vec<Line>,
}

fn progress(sent: i64, units: i64) -> &'static str {
    if sent >= units {
        "FULFILLED"
    } else if sent > 0 {
        "IN_PROGRESS"
    } else {
        "NOT_STARTED"
    }
}

impl Order {
    fn progress(&self) -> &'static str {
        let sum = |of: fn(&Line) -> i64| self.lines.iter().map(of).sum::<i64>();
        progress(sum(|line| line.sent), sum(|line| line.units))
    }

    fn shown(&self, id: &str) -> Value {
        let line = |line: &Line| {
            let refunds = if self.refunded {
                vec![json!({"refundId": "1", "refundDate": stamp(self.modified)})]
            } else {
                vec![]
            };
            json!({"lineItemId": line.id, "sku": line.sku, "legacyItemId": line.page.to_string(), "title": format!("Article {}", line.sku),
                   "quantity": line.units, "soldFormat": "FIXED_PRICE", "listingMarketplaceId": line.marketplace,
                   "lineItemCost": {"value": "9.90", "currency": "EUR"}, "refunds": refunds,
                   "lineItemFulfillmentStatus": progress(line.sent, line.units)})
        };
        let lines: Vec<Value> = self.lines.iter().map(line).collect();
        let mut cancel = json!({"cancelState": "NONE_REQUESTED", "cancelRequests": []});
        if let Some(at) = self.cancelled {
            cancel = json!({"cancelState": "CANCELED", "cancelledDate": stamp(at), "cancelRequests": []});
        }
        let address = json!({"addressLine1": BUYER[2], "city": "Berlin", "postalCode": "10115", "countryCode": "DE"});
        let contact = json!({"fullName": BUYER[1], "email": BUYER[3], "contactAddress": address});
        json!({"orderId": id, "creationDate": stamp(self.created), "lastModifiedDate": stamp(self.modified),
               "orderFulfillmentStatus": self.progress(), "orderPaymentStatus": if self.refunded { "FULLY_REFUNDED" } else { "PAID" },
               "sellerId": "merchant", "buyer": {"username": BUYER[0]}, "cancelStatus": cancel, "lineItems": lines,
               "fulfillmentStartInstructions": [{"fulfillmentInstructionsType": "SHIP_TO", "shippingStep": {"shipTo": contact}}]})
    }
}

pub(super) fn answer(shop: &Shop, call: &Call<'_>) -> Response {
    if call.path == PREFIX {
        return list(shop, call);
    }
    let id = call
        .path
        .strip_prefix(PREFIX)
        .map(|rest| rest.trim_start_matches('/'))
        .unwrap_or_default();
    match shop.orders.get(id) {
        Some(order) => json_answer(200, &order.shown(id)),
        None => refused(404, 32_100, DOMAIN, &format!("Invalid order ID: {id}")),
    }
}

/// A filter's instants; a missing end is open.
fn range(text: &str) -> Result<(Millis, Option<Millis>), (u32, &'static str)> {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let (from, to) = inner
        .and_then(|inner| inner.split_once(".."))
        .ok_or((30_800, "Invalid filter value"))?;
    let from = from.parse().map_err(|_| (30_820, "Start date is missing"))?;
    let to = if to.is_empty() {
        None
    } else {
        Some(to.parse().map_err(|_| (30_810, "Invalid date format"))?)
    };
    Ok((from, to))
}

type Asked = (
    Option<(Millis, Option<Millis>)>,
    Option<(Millis, Option<Millis>)>,
    Vec<String>,
);

fn filters(shop: &Shop, text: &str) -> Result<Asked, (u32, &'static str)> {
    let (mut created, mut modified, mut states) = (None, None, Vec::new());
    for filter in text.split(',').filter(|filter| !filter.is_empty()) {
        let (name, value) = filter.split_once(':').ok_or((30_700, "Invalid filter name"))?;
        match name {
            "creationdate" => created = Some(range(value)?),
            "lastmodifieddate" => modified = Some(range(value)?),
            "orderfulfillmentstatus" if ["{NOT_STARTED|IN_PROGRESS}", "{FULFILLED|IN_PROGRESS}"].contains(&value) => {
                states = value.trim_matches(['{', '}']).split('|').map(str::to_owned).collect();
            }
            "orderfulfillmentstatus" => return Err((30_800, "Invalid filter value")),
            _ => return Err((30_700, "Invalid filter name")),
        }
    }
    for (from, to) in [created, modified].into_iter().flatten() {
        if from > shop.now() || to.is_some_and(|to| to > shop.now()) {
            return Err((30_850, "Start and end dates can't be in the future"));
        }
        if to.is_some_and(|to| to < from) {
            return Err((30_840, "Start date should be before end date"));
        }
        if shop.now().since(from) > TWO_YEARS {
            return Err((
                30_830,
                "Time range between start date and end date must be within '2' years.",
            ));
        }
    }
    // With both the time of change is left aside.
    Ok((created, modified.filter(|_| created.is_none()), states))
}

fn list(shop: &Shop, call: &Call<'_>) -> Response {
    let number = |name: &str, default: usize| call.asked(name).map_or(Some(default), |text| text.parse().ok());
    let Some(limit @ 1..=200) = number("limit", 50) else {
        return refused(400, 31_100, DOMAIN, "Invalid limit");
    };
    let Some(offset) = number("offset", 0) else {
        return refused(400, 31_000, DOMAIN, "Invalid offset");
    };
    let (created, modified, states) = match filters(shop, call.asked("filter").unwrap_or_default()) {
        Ok(filters) => filters,
        Err((id, words)) => return refused(400, id, DOMAIN, words),
    };
    let within = |at: Millis, range: &Option<(Millis, Option<Millis>)>| {
        range.is_none_or(|(from, to)| at >= from && to.is_none_or(|to| at <= to))
    };
    let wanted = |order: &Order| {
        within(order.created, &created)
            && within(order.modified, &modified)
            && (states.is_empty() || states.iter().any(|state| state == order.progress()))
    };
    let mut all: Vec<(&String, &Order)> = shop.orders.iter().filter(|(_, order)| wanted(order)).collect();
    all.sort_by_key(|(id, order)| (std::cmp::Reverse(order.created), std::cmp::Reverse((*id).clone())));
    let rows: Vec<Value> = all
        .iter()
        .skip(offset)
        .take(limit)
        .map(|(id, order)| order.shown(id))
        .collect();
    let href = format!("https://api.ebay.com{PREFIX}?limit={limit}&offset={offset}");
    json_answer(
        200,
        &json!({"href": href, "total": all.len(), "limit": limit, "offset": offset, "orders": rows}),
    )
}

impl Shop {
    /// A buyer buys.
    pub(super) fn buy(&mut self, sku: &str, units: i64) -> Result<String, Refusal> {
        self.catch_up();
        let page = self.take(sku, units)?;
        let (number, at) = (self.number(), self.now());
        let id = format!(
            "{:02}-{:05}-{:05}",
            number % 90 + 10,
            number / 100_000 % 100_000,
            number % 100_000
        );
        let line_id = format!("10{number}");
        let line = Line {
            id: line_id.clone(),
            sku: sku.to_owned(),
            page,
            marketplace: self.marketplace_of(sku),
            units,
            sent: 0,
        };
        let order = Order {
            created: at,
            modified: at,
            cancelled: None,
            refunded: false,
            lines: vec![line],
        };
        self.orders.insert(id.clone(), order);
        self.sales.push(Sale {
            at,
            sku: sku.to_owned(),
            units,
            order: id.clone(),
            line: line_id,
        });
        self.tell("ORDER_CONFIRMATION", &id);
        Ok(id)
    }

    /// Changes an order; its time of change never stands still.
    fn touch(&mut self, id: &str, change: impl FnOnce(&mut Order) -> bool) -> bool {
        let now = self.now();
        let Some(order) = self.orders.get_mut(id) else {
            return false;
        };
        let at = now.max(order.modified.plus(1));
        let done = change(order);
        if done {
            order.modified = at;
        }
        done
    }

    /// Cancels; the vendor sells the units again. False where it has left, or was cancelled already.
    pub(super) fn cancel(&mut self, id: &str) -> bool {
        let now = self.now();
        let done = self.touch(id, |order| {
            let open = order.cancelled.is_none() && order.progress() == "NOT_STARTED";
            order.cancelled = order.cancelled.or(open.then_some(now));
            open
        });
        let lines = self.orders.get(id).filter(|_| done).map(|order| order.lines.clone());
        for line in lines.unwrap_or_default() {
            // A listing that has ended meanwhile takes nothing back.
            self.take(&line.sku, -line.units).ok();
        }
        done
    }

    /// Sends so many units of the first line. False where there are not as many left.
    pub(super) fn send(&mut self, id: &str, units: Option<i64>) -> bool {
        let done = self.touch(id, |order| {
            let Some(line) = order.lines.first_mut().filter(|_| order.cancelled.is_none()) else {
                return false;
            };
            let units = units.unwrap_or(line.units - line.sent);
            let fits = units > 0 && line.sent + units <= line.units;
            line.sent += if fits { units } else { 0 };
            fits
        });
        if done {
            self.tell("ITEM_MARKED_SHIPPED", id);
        }
        done
    }

    /// Gives the money back; nothing else changes.
    pub(super) fn pay_back(&mut self, id: &str) -> bool {
        self.touch(id, |order| {
            order.refunded = true;
            true
        })
    }
}
