//! Whose orders these are: an account has one list of them for all its marketplaces, and each is counted once.

use crate::marketplace::Marketplace;
use crate::wire::{Line, Order};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Marketplaces that are told of, at most.
const MOST: usize = 64;

/// The marketplaces whose orders are ours.
pub(crate) struct OrdersOf {
    names: BTreeSet<&'static str>,
    told: Mutex<BTreeSet<String>>,
}

impl OrdersOf {
    /// Those that are named; else those whose listings may be ours: the own one, and with older listings, which can't be
    /// told apart but by their currency, all of the same.
    pub(crate) fn new(named: Option<Vec<Marketplace>>, own: Marketplace, trading: bool) -> Self {
        let may = |other: &Marketplace| other.name == own.name || trading && other.currency() == own.currency();
        let all = named.unwrap_or_else(|| Marketplace::all().filter(may).collect());
        Self {
            names: all.into_iter().map(|one| one.name).collect(),
            told: Mutex::default(),
        }
    }

    /// The order with the lines that are ours; `None`: none is. A line that does not say where it was listed is ours: a
    /// sale that nobody counts is worse than one that is counted twice.
    pub(crate) fn ours(&self, mut order: Order) -> Option<Order> {
        let before = order.lines.len();
        order.lines.retain(|line| self.is_ours(line));
        (before == 0 || !order.lines.is_empty()).then_some(order)
    }

    fn is_ours(&self, line: &Line) -> bool {
        let Some(marketplace) = line.marketplace.as_deref().filter(|name| !name.is_empty()) else {
            return true;
        };
        let ours = self.names.contains(marketplace);
        if !ours {
            self.tell(marketplace);
        }
        ours
    }

    fn tell(&self, marketplace: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < MOST && told.insert(marketplace.to_owned()) {
            tracing::warn!(
                marketplace,
                "orders of this marketplace are not counted by this connector: give it one of its own, or name it in `orders_of`"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn lines(of: &OrdersOf, marketplaces: &[Value]) -> Option<usize> {
        let line = |name: &Value| json!({"lineItemId": "1", "quantity": 1, "listingMarketplaceId": name});
        let lines: Vec<Value> = marketplaces.iter().map(line).collect();
        let at = "2026-01-05T12:00:00.000Z";
        let order = json!({"orderId": "1", "creationDate": at, "lastModifiedDate": at, "lineItems": lines,
            "orderFulfillmentStatus": "NOT_STARTED", "cancelStatus": {"cancelState": "NONE_REQUESTED"}});
        of.ours(serde_json::from_value(order).unwrap())
            .map(|order| order.lines.len())
    }

    #[test]
    fn a_line_is_of_the_connector_whose_listing_it_may_be() {
        let named = |name| Marketplace::named(name).unwrap();
        let german = named("EBAY_DE");
        let (with, without) = (OrdersOf::new(None, german, true), OrdersOf::new(None, german, false));
        let told = OrdersOf::new(Some(vec![german, named("EBAY_GB")]), german, true);
        for (marketplace, ours) in [
            (json!("EBAY_DE"), [true, true, true]),
            (json!("EBAY_AT"), [true, false, false]),
            (json!("EBAY_GB"), [false, false, true]),
            (json!("EBAY_NEW"), [false, false, false]),
            (json!(""), [true, true, true]),
            (json!(null), [true, true, true]),
        ] {
            let one = [marketplace.clone()];
            let found = [&with, &without, &told].map(|of| lines(of, &one).is_some());
            assert_eq!(found, ours, "{marketplace}");
        }
        assert_eq!(lines(&without, &[json!("EBAY_DE"), json!("EBAY_FR")]), Some(1));
        assert_eq!(lines(&without, &[]), Some(0), "there is nothing to go by");
    }
}
