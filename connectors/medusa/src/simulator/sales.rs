//! What sales do to levels: a line reserves what its variant takes of each inventory item, and lets go of it again.

use super::records::{Refusal, Sale};
use super::shop::{Reservation, Shop, units};
use omnistock_sdk::now;
use omnistock_words::Quantity;
use rust_decimal::Decimal;

/// What so many units of a line take of an item.
fn taken(quantity: Quantity, each: i64) -> Quantity {
    quantity.multiply(Decimal::from(each))
}

impl Shop {
    /// One unit of what `sku` sells takes so many of the inventory item of `of`.
    pub(super) fn takes(&mut self, sku: &str, of: &str, units: i64) -> bool {
        let id = |sku: &str| self.item(sku).map(|(id, _)| id.clone());
        let (Some(own), Some(of)) = (id(sku), id(of)) else {
            return false;
        };
        if let Some(item) = self.items.get_mut(&own) {
            item.variant.takes.insert(of, units);
            self.kits.insert(own);
        }
        true
    }

    fn reserve(
        &mut self,
        line: Option<String>,
        item: &str,
        location: &str,
        quantity: Quantity,
        each: i64,
    ) -> Result<String, Refusal> {
        let level = self.level(item, location).ok_or(Refusal::NotListed)?;
        if level.available() < quantity {
            return Err(Refusal::SoldOut);
        }
        level.reserved += quantity;
        let id = self.id("resitem");
        self.reservations.insert(
            id.clone(),
            Reservation {
                line,
                item: item.to_owned(),
                location: location.to_owned(),
                quantity,
                each,
            },
        );
        Ok(id)
    }

    pub(super) fn reserve_by_hand(&mut self, sku: &str, location: &str, quantity: Quantity) -> Result<String, Refusal> {
        let item = self.item(sku).map(|(id, _)| id.clone()).ok_or(Refusal::NotListed)?;
        self.reserve(None, &item, location, quantity, 1)
    }

    pub(super) fn check_out(&mut self, sku: &str, units: i64) -> Result<String, Refusal> {
        if self.faults.outage {
            return Err(Refusal::Unreachable);
        }
        let quantity = Quantity::whole(units);
        let (_, found) = self.item(sku).ok_or(Refusal::NotListed)?;
        let mut parts = Vec::new();
        for (item, each) in &found.variant.takes {
            let levels = &self.items.get(item).ok_or(Refusal::NotListed)?.levels;
            let wanted = taken(quantity, *each);
            let location = levels.iter().find(|(_, level)| level.available() >= wanted);
            let (location, _) = location.ok_or(Refusal::SoldOut)?;
            parts.push((item.clone(), location.clone(), *each));
        }
        let (order, line) = self.open(sku, quantity, "pending");
        for (item, location, each) in parts {
            self.reserve(Some(line.clone()), &item, &location, taken(quantity, each), each)?;
        }
        self.sales.push(Sale {
            at: now(),
            sku: sku.to_owned(),
            units,
            order: order.clone(),
            line,
        });
        Ok(order)
    }

    fn held_by(&self, line: &str) -> Vec<String> {
        let own = |held: &Reservation| held.line.as_deref() == Some(line);
        let held = self.reservations.iter().filter(|(_, held)| own(held));
        held.map(|(id, _)| id.clone()).collect()
    }

    /// Takes what `quantity` of a line is off its reservations and their levels; off the stock as well where it is `packed`.
    pub(super) fn release(&mut self, line: &str, quantity: Quantity, packed: bool) {
        for id in self.held_by(line) {
            let Some(held) = self.reservations.get_mut(&id) else {
                continue;
            };
            let part = taken(quantity, held.each);
            held.quantity -= part;
            let (item, location, rest) = (held.item.clone(), held.location.clone(), held.quantity);
            if !rest.is_positive() {
                self.reservations.remove(&id);
            }
            if let Some(level) = self.level(&item, &location) {
                level.reserved -= part;
                if packed {
                    level.stocked -= part;
                }
            }
        }
    }

    /// An order edit that is confirmed: the line's reservations follow. False where so many are not there, or some are packed.
    pub(super) fn edit(&mut self, id: &str, quantity: Quantity) -> bool {
        let Some(order) = self
            .orders
            .get(id)
            .filter(|order| order.status == "pending" && order.fulfilled.is_zero())
        else {
            return false;
        };
        let (line, more) = (order.line.clone(), quantity - order.quantity);
        let held = self.held_by(&line);
        let places: Vec<(String, String, i64)> = held
            .iter()
            .filter_map(|id| self.reservations.get(id))
            .map(|held| (held.item.clone(), held.location.clone(), held.each))
            .collect();
        let fits = |(item, location, each): &(String, String, i64)| {
            let level = self.items.get(item).and_then(|item| item.levels.get(location));
            level.is_some_and(|level| level.available() >= taken(more, *each))
        };
        if held.is_empty() || !places.iter().all(fits) {
            return false;
        }
        for (id, (item, location, each)) in held.iter().zip(&places) {
            if let Some(held) = self.reservations.get_mut(id) {
                held.quantity = taken(quantity, *each);
            }
            if let Some(level) = self.level(item, location) {
                level.reserved += taken(more, *each);
            }
        }
        if let Some(order) = self.orders.get_mut(id) {
            (order.version, order.updated_at, order.quantity) = (order.version + 1, now(), quantity);
        }
        true
    }

    /// What the storefront offers: as many as there is enough for of each item.
    pub(super) fn shown(&self, sku: &str) -> Option<i64> {
        let (_, item) = self.item(sku)?;
        let enough = |(item, each): (&String, &i64)| {
            let levels = self.items.get(item)?.levels.values();
            let there = units(levels.map(|level| level.available()).sum());
            Some(there.div_euclid((*each).max(1)))
        };
        let offered = item.variant.takes.iter().map(|takes| enough(takes).unwrap_or(0));
        Some(offered.min().unwrap_or(0))
    }
}
