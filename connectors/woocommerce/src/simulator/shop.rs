//! The shop's books: products, orders, and what happens to stock when something is sold or cancelled.

use super::SimulatorSettings;
use super::auth::Nonces;
use super::hooks::Hook;
use super::order_book::OrderBook;
use super::pending::PendingQueue;
use super::price::Asked;
use super::records::{Counters, Faults, PriceWrite, Refusal, Sale, ShopLine, ShopOrder, Write};
use omnistock_sdk::now;
use omnistock_words::Millis;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub(super) const KEY: &str = "ck_c0ffee5ec4e789abcdef0123456789abcdef0123";
pub(super) const SECRET: &str = "cs_c0ffee5ec4e701234567890abcdef0123456789a";
pub(super) const WEBHOOK_SECRET: &str = "hook-c0ffee5ec4e7-of-the-simulator";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manage {
    Yes,
    No,
    Parent,
}

#[derive(Debug, Clone)]
pub(super) struct Product {
    pub(super) parent: Option<u64>,
    pub(super) kind: &'static str,
    pub(super) sku: String,
    pub(super) manage: Manage,
    pub(super) quantity: i64,
    pub(super) price: Asked,
    pub(super) created: Millis,
    pub(super) modified: Millis,
}

pub(super) struct Shop {
    pub(super) address: String,
    pub(super) read_only: bool,
    pub(super) revoked: bool,
    pub(super) offset: i64,
    pub(super) products: BTreeMap<u64, Product>,
    /// Those without a parent, in the order of their ids.
    pub(super) tops: Vec<u64>,
    skus: HashMap<String, u64>,
    pub(super) orders: OrderBook,
    unpaid: BTreeSet<u64>,
    pub(super) hooks: BTreeMap<u64, Hook>,
    pub(super) pending: PendingQueue,
    pub(super) nonces: Nonces,
    pub(super) faults: Faults,
    pub(super) counters: Counters,
    pub(super) sales: Vec<Sale>,
    pub(super) writes: Vec<Write>,
    pub(super) price_writes: Vec<PriceWrite>,
    pub(super) currency: String,
    pub(super) random: StdRng,
    last_id: u64,
    last_line: u64,
}

impl Shop {
    pub(super) fn new(settings: &SimulatorSettings, address: String) -> Self {
        Self {
            address,
            read_only: settings.read_only,
            revoked: false,
            offset: settings.offset,
            products: BTreeMap::new(),
            tops: Vec::new(),
            skus: HashMap::new(),
            orders: OrderBook::default(),
            unpaid: BTreeSet::new(),
            hooks: BTreeMap::new(),
            pending: PendingQueue::default(),
            nonces: Nonces::default(),
            faults: settings.faults.clone(),
            counters: Counters::default(),
            sales: Vec::new(),
            writes: Vec::new(),
            price_writes: Vec::new(),
            currency: "EUR".to_owned(),
            random: StdRng::seed_from_u64(settings.seed),
            last_id: 9,
            last_line: 0,
        }
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Whether something of this rate happens now.
    pub(super) fn happens(&mut self, rate: f64) -> bool {
        rate > 0.0 && self.random.random_bool(rate.clamp(0.0, 1.0))
    }

    fn add(&mut self, sku: &str, quantity: i64, kind: &'static str, parent: Option<u64>, manage: Manage) -> u64 {
        let id = self.next_id();
        self.products.insert(
            id,
            Product {
                parent,
                kind,
                sku: sku.to_owned(),
                manage,
                quantity,
                price: Asked::default(),
                created: now(),
                modified: now(),
            },
        );
        if parent.is_none() {
            self.tops.push(id);
        }
        if !sku.is_empty() {
            self.skus.insert(sku.to_owned(), id);
        }
        self.product_added(id);
        id
    }

    pub(super) fn add_product(&mut self, sku: &str, quantity: i64) -> u64 {
        self.add(sku, quantity, "simple", None, Manage::Yes)
    }

    pub(super) fn add_variation(&mut self, parent_sku: &str, sku: &str, quantity: i64) -> u64 {
        let parent = self.skus.get(parent_sku).copied();
        let parent = parent.unwrap_or_else(|| self.add(parent_sku, 0, "variable", None, Manage::No));
        self.add(sku, quantity, "variation", Some(parent), Manage::Yes)
    }

    pub(super) fn by_sku(&self, sku: &str) -> Option<u64> {
        self.skus.get(sku).copied()
    }

    pub(super) fn set_managed(&mut self, sku: &str, manage: Manage) {
        let Some(id) = self.by_sku(sku) else { return };
        if let Some(product) = self.products.get_mut(&id) {
            (product.manage, product.modified) = (manage, now());
        }
        self.product_changed(id);
    }

    /// An absolute number, whatever was sold since the writer last looked.
    pub(super) fn write(&mut self, id: u64, quantity: i64) {
        let quantity = self.faults.most_units.map_or(quantity, |most| quantity.min(most));
        if let Some(product) = self.products.get_mut(&id) {
            let before = std::mem::replace(&mut product.quantity, quantity);
            product.modified = now();
            self.writes.push(Write {
                at: now(),
                sku: product.sku.clone(),
                before,
                after: quantity,
            });
        }
        self.product_changed(id);
    }

    pub(super) fn set_stock(&mut self, sku: &str, quantity: i64) {
        let Some(id) = self.by_sku(sku) else { return };
        if let Some(product) = self.products.get_mut(&id) {
            product.quantity = quantity;
            product.modified = now();
        }
        self.product_changed(id);
    }

    /// The product whose number counts for this one; `None` where nobody counts.
    fn counted_at(&self, id: u64) -> Option<u64> {
        let product = self.products.get(&id)?;
        match product.manage {
            Manage::Yes => Some(id),
            Manage::No => None,
            Manage::Parent => product.parent,
        }
    }

    pub(super) fn shown(&self, sku: &str) -> Option<i64> {
        self.products
            .get(&self.counted_at(self.by_sku(sku)?)?)
            .map(|product| product.quantity)
    }

    /// Units that unpaid check-outs keep at the storefront.
    fn kept(&self, id: u64) -> i64 {
        let lines = self
            .unpaid
            .iter()
            .filter_map(|order| self.orders.get(*order))
            .flat_map(|order| &order.lines);
        lines
            .filter(|line| self.counted_at(line.product) == Some(id))
            .map(|line| line.quantity)
            .sum()
    }

    pub(super) fn check_out(&mut self, sku: &str, units: i64, status: &str) -> Result<u64, Refusal> {
        if self.faults.outage {
            return Err(Refusal::Unreachable);
        }
        let id = self.by_sku(sku).ok_or(Refusal::NotListed)?;
        if let Some(counted) = self.counted_at(id) {
            let quantity = self.products.get(&counted).map_or(0, |product| product.quantity);
            if quantity - self.kept(counted) < units {
                return Err(Refusal::SoldOut);
            }
        }
        let order = self.place(&[(id, sku.to_owned(), units)], status);
        if status == "pending" {
            self.unpaid.insert(order);
        }
        Ok(order)
    }

    /// Books an order without looking at the stock, as the REST interface does.
    pub(super) fn place(&mut self, lines: &[(u64, String, i64)], status: &str) -> u64 {
        let (id, at) = (self.next_id(), now());
        let mut order = ShopOrder {
            id,
            status: "pending".to_owned(),
            created: at,
            modified: at,
            paid: None,
            completed: None,
            refund: None,
            lines: Vec::new(),
        };
        for (product, sku, quantity) in lines {
            self.last_line += 1;
            let line = ShopLine {
                id: self.last_line,
                product: *product,
                parent: self.products.get(product).and_then(|product| product.parent),
                sku: sku.clone(),
                quantity: *quantity,
                reduced: 0,
            };
            self.sales.push(Sale {
                at,
                sku: sku.clone(),
                units: *quantity,
                order: id,
                line: line.id,
            });
            order.lines.push(line);
        }
        self.orders.insert(order);
        self.order_changed(id, "created");
        self.set_status(id, status);
        id
    }

    pub(super) fn set_status(&mut self, id: u64, status: &str) -> bool {
        let Some(mut order) = self.orders.remove(id) else {
            return false;
        };
        let lowers = matches!(status, "processing" | "completed" | "on-hold");
        let raises = matches!(status, "cancelled" | "pending");
        let restored = order.status == "trash";
        for line in &mut order.lines {
            if lowers && line.reduced == 0 {
                self.move_stock(line.product, -line.quantity);
                line.reduced = line.quantity;
            } else if raises && line.reduced != 0 {
                self.move_stock(line.product, line.reduced);
                line.reduced = 0;
            }
        }
        order.modified = now();
        if status == "completed" {
            order.completed = Some(order.modified);
        }
        if matches!(status, "processing" | "completed") {
            order.paid = order.paid.or(Some(order.modified));
        }
        if status == "refunded" && order.refund.is_none() {
            order.refund = Some(self.next_id());
        }
        status.clone_into(&mut order.status);
        self.unpaid.remove(&id);
        self.orders.insert(order);
        self.order_changed(id, if restored { "restored" } else { "updated" });
        true
    }

    /// The quantity of the first line is changed by a person; the shop takes the difference off its stock [11.0.1], and
    /// the order's date stays (woocommerce issue 34798): webhooks tell it, no poll by date does.
    pub(super) fn edit(&mut self, id: u64, quantity: i64) -> bool {
        let Some(mut order) = self.orders.remove(id) else {
            return false;
        };
        if let Some(line) = order.lines.first_mut() {
            if line.reduced != 0 {
                self.move_stock(line.product, line.reduced - quantity);
                line.reduced = quantity;
            }
            line.quantity = quantity;
        }
        self.orders.insert(order);
        self.order_changed(id, "updated");
        true
    }

    pub(super) fn remove_product(&mut self, sku: &str) {
        if let Some(id) = self.skus.remove(sku) {
            self.products.remove(&id);
            self.tops.retain(|top| *top != id);
        }
    }

    /// A person gives an article another SKU; what was sold of it before is told by the new one, too.
    pub(super) fn rename(&mut self, sku: &str, new: &str) {
        let Some(id) = self.by_sku(sku) else { return };
        self.skus.remove(sku);
        if let Some(product) = self.products.get_mut(&id) {
            new.clone_into(&mut product.sku);
            product.modified = now();
        }
        self.skus.insert(new.to_owned(), id);
        self.product_changed(id);
    }

    /// By an order: atomic, and without touching the product's date [observed].
    fn move_stock(&mut self, id: u64, by: i64) {
        let Some(counted) = self.counted_at(id) else { return };
        if let Some(product) = self.products.get_mut(&counted) {
            product.quantity += by;
        }
        self.product_changed(counted);
    }

    pub(super) fn trash(&mut self, id: u64) -> bool {
        let known = self.orders.change(id, |order| {
            "trash".clone_into(&mut order.status);
            order.modified = now();
        });
        if known {
            self.unpaid.remove(&id);
            self.order_changed(id, "deleted");
        }
        known
    }

    pub(super) fn delete(&mut self, id: u64) -> bool {
        self.unpaid.remove(&id);
        let known = self.orders.remove(id).is_some();
        if known {
            self.order_changed(id, "deleted");
        }
        known
    }

    /// As if it had been placed and last changed that long before.
    pub(super) fn backdate(&mut self, id: u64, seconds: i64) {
        self.orders.change(id, |order| {
            order.created = order.created.plus(-seconds * 1_000);
            order.modified = order.modified.plus(-seconds * 1_000);
        });
    }

    pub(super) fn all_orders(&self) -> Vec<ShopOrder> {
        self.orders.all().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn units_are_on_the_shelf_or_in_an_order_and_the_storefront_never_oversells(
            steps in prop::collection::vec((0u8..8, 0usize..6, 1i64..4), 0..60)
        ) {
            let mut shop = Shop::new(&SimulatorSettings::default(), String::new());
            shop.add_product("A", 10);
            let mut orders = Vec::new();
            for (step, which, units) in steps {
                let order = orders.get(which).copied().unwrap_or(0);
                match step {
                    0..3 => orders.extend(shop.check_out("A", units, "processing").ok()),
                    3 => orders.extend(shop.check_out("A", units, "pending").ok()),
                    4 => drop(shop.set_status(order, "cancelled")),
                    5 => drop(shop.set_status(order, "completed")),
                    6 => drop(shop.set_status(order, "refunded")),
                    _ => drop(shop.trash(order)),
                }
                let shown = shop.shown("A").unwrap();
                let reduced: i64 = shop.orders.all().flat_map(|order| &order.lines).map(|line| line.reduced).sum();
                prop_assert_eq!(shown + reduced, 10);
            }
        }
    }
}
