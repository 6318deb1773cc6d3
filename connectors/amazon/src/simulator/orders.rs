//! Orders: buyers, what becomes of what they bought, and how late a search finds it.

use super::answer::{Answer, failed, given, list, ok, put};
use super::records::{Refusal, Sale};
use super::shop::{STORES, Shop};
use omnistock_words::Millis;
use serde_json::{Value, json};

/// Words of a buyer, told to whoever asks for them.
pub(super) const BUYER: [&str; 3] = [
    "Petra Muster",
    "petra@marketplace.amazon.de",
    super::notify::POSTAL_CODE,
];

/// An order with one item.
pub(super) struct Order {
    pub(super) id: String,
    pub(super) sku: String,
    pub(super) created: Millis,
    pub(super) updated: Millis,
    pub(super) status: &'static str,
    pub(super) by: &'static str,
    pub(super) ordered: i64,
    pub(super) gone: i64,
    pub(super) cancelled: i64,
    pub(super) left_at: Option<Millis>,
}

impl Order {
    /// The id of its only line.
    fn line(&self) -> String {
        format!("{}1", self.id.replace('-', ""))
    }
}

impl Shop {
    /// All sales, oldest first.
    pub(super) fn sales(&self) -> Vec<Sale> {
        let sale = |order: &Order| Sale {
            at: order.created,
            sku: order.sku.clone(),
            units: order.ordered,
            order: order.id.clone(),
            line: order.line(),
        };
        self.orders.iter().map(sale).collect()
    }

    /// A buyer checks out. Amazon takes the units off at once.
    pub(super) fn buy(&mut self, sku: &str, units: i64) -> Result<String, Refusal> {
        let shown = self.shown(sku);
        let depot = self.listings.get(sku).ok_or(Refusal::NotListed)?.depot;
        let by = if depot.is_some() { "AMAZON" } else { "MERCHANT" };
        let there = shown.or(depot).unwrap_or(0);
        if there < units {
            return Err(Refusal::SoldOut);
        }
        match self.listings.get_mut(sku).and_then(|listing| listing.depot.as_mut()) {
            Some(held) => *held -= units,
            None => self.set_units(sku, there - units),
        }
        let (number, at) = (self.number(), self.tick());
        let id = format!("302-{:07}-{:07}", number / 7, number);
        self.orders.push(Order {
            id: id.clone(),
            sku: sku.to_owned(),
            created: at,
            updated: at,
            status: "PENDING",
            by,
            ordered: units,
            gone: 0,
            cancelled: 0,
            left_at: None,
        });
        self.tell_order(&id);
        Ok(id)
    }

    /// Changes an order; false where there is none, or the change says that it can't be.
    pub(super) fn change(&mut self, id: &str, change: impl FnOnce(&mut Order, Millis) -> bool) -> bool {
        let at = self.tick();
        let Some(order) = self.orders.iter_mut().find(|order| order.id == id) else {
            return false;
        };
        let changed = change(order, at);
        if changed {
            order.updated = at;
            self.tell_order(id);
        }
        changed
    }

    /// So many units leave.
    pub(super) fn ship(&mut self, id: &str, units: i64) -> bool {
        self.change(id, |order, at| {
            let left = order.ordered - order.gone - order.cancelled;
            if units < 1 || units > left || order.status == "CANCELLED" {
                return false;
            }
            (order.gone, order.left_at) = (order.gone + units, Some(at));
            order.status = if units == left { "SHIPPED" } else { "PARTIALLY_SHIPPED" };
            true
        })
    }

    /// So many units are cancelled and on sale again; all of them end the order.
    pub(super) fn cancel(&mut self, id: &str, units: i64) -> bool {
        let mut back = None;
        let done = self.change(id, |order, _| {
            let left = order.ordered - order.gone - order.cancelled;
            if units < 1 || units > left {
                return false;
            }
            order.cancelled += units;
            if order.cancelled == order.ordered {
                order.status = "CANCELLED";
            }
            back = (order.by == "MERCHANT").then(|| order.sku.clone());
            true
        });
        if let Some(sku) = back
            && let Some(there) = self.shown(&sku)
        {
            self.set_units(&sku, there + units);
        }
        done
    }

    /// So many units of an order are not gone and not cancelled.
    pub(super) fn left(&self, id: &str) -> i64 {
        let order = self.orders.iter().find(|order| order.id == id);
        order.map_or(0, |order| order.ordered - order.gone - order.cancelled)
    }
}

fn shape(order: &Order, query: &str) -> Value {
    let included = list(query, "includedData");
    let included = |name: &str| included.iter().any(|one| one == name);
    let mut item = json!({"orderItemId": order.line(), "quantityOrdered": order.ordered,
        "product": {"asin": "B000000000", "title": "Suitcase", "sellerSku": order.sku}});
    let mut told = json!({"orderId": order.id, "createdTime": order.created.to_string(),
        "lastUpdatedTime": order.updated.to_string(),
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": STORES[0], "marketplaceName": "Amazon.de"}});
    if included("FULFILLMENT") {
        put(
            &mut told,
            "fulfillment",
            json!({"fulfillmentStatus": order.status, "fulfilledBy": order.by}),
        );
        put(
            &mut item,
            "fulfillment",
            json!({"quantityFulfilled": order.gone,
            "quantityUnfulfilled": order.ordered - order.gone - order.cancelled}),
        );
    }
    if included("BUYER") {
        put(
            &mut told,
            "buyer",
            json!({"buyerName": BUYER[0], "buyerEmail": BUYER[1]}),
        );
    }
    if included("PACKAGES")
        && let Some(left) = order.left_at
    {
        put(
            &mut told,
            "packages",
            json!([{"packageReferenceId": "1", "shipTime": left.to_string()}]),
        );
    }
    put(&mut told, "orderItems", json!([item]));
    told
}

/// The place of an order in a search, as a token tells it.
fn place(token: &str) -> Option<(Millis, String)> {
    let (at, id) = token.split_once('|')?;
    Some((Millis(at.parse().ok()?), id.to_owned()))
}

/// `searchOrders`.
pub(super) fn search(shop: &Shop, query: &str) -> Answer {
    let created = given(query, "createdAfter");
    let changed = given(query, "lastUpdatedAfter");
    let from = match (&created, &changed) {
        (Some(from), None) | (None, Some(from)) => from.parse::<Millis>().ok(),
        _ => None,
    };
    let size: usize = given(query, "maxResultsPerPage")
        .map_or(Some(100), |size| size.parse().ok())
        .unwrap_or(0);
    let (Some(from), true) = (from, (1..=100).contains(&size)) else {
        return failed(
            400,
            "InvalidInput",
            "Exactly one of createdAfter and lastUpdatedAfter, and 1 to 100 results",
        );
    };
    let token = given(query, "paginationToken").map(|token| place(&token));
    if token == Some(None) {
        return failed(400, "InvalidInput", "'paginationToken' is not valid");
    }
    let (token, statuses) = (token.flatten(), list(query, "fulfillmentStatuses"));
    let late = i64::try_from(shop.settings.orders_after.as_millis()).unwrap_or(0);
    let before = omnistock_sdk::now().max(shop.latest()).plus(-late);
    let by = |order: &Order| {
        if created.is_some() {
            order.created
        } else {
            order.updated
        }
    };
    let wanted = |order: &&Order| {
        by(order) >= from
            && by(order) <= before
            && (statuses.is_empty() || statuses.iter().any(|status| status == order.status))
            && token.as_ref().is_none_or(|(at, id)| (by(order), &order.id) > (*at, id))
    };
    let mut found: Vec<&Order> = shop.orders.iter().filter(wanted).collect();
    found.sort_by(|a, b| (by(a), &a.id).cmp(&(by(b), &b.id)));
    let page: Vec<&Order> = found.iter().take(size).copied().collect();
    let mut answer = json!({"orders": page.iter().map(|order| shape(order, query)).collect::<Vec<_>>()});
    let until = if created.is_some() {
        "createdBefore"
    } else {
        "lastUpdatedBefore"
    };
    put(&mut answer, until, json!(before.to_string()));
    if let Some(last) = page.last().filter(|_| found.len() > page.len()) {
        put(
            &mut answer,
            "pagination",
            json!({"nextToken": format!("{}|{}", by(last).0, last.id)}),
        );
    }
    ok(&answer)
}

/// `getOrder`.
pub(super) fn one(shop: &Shop, id: &str, query: &str) -> Answer {
    match shop.orders.iter().find(|order| order.id == id) {
        Some(order) => ok(&json!({"order": shape(order, query)})),
        None => failed(404, "NotFound", "There is no such order"),
    }
}
