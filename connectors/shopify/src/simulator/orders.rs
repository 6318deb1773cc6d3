//! Orders: placed, handed over in parts, cancelled, paid back, changed, moved, and what that does to levels.

use super::records::{Refusal, Sale};
use super::shop::Shop;
use omnistock_sdk::now;
use omnistock_words::Millis;

/// An article of an order.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) id: u64,
    pub(super) item: u64,
    pub(super) sku: String,
    pub(super) ordered: i64,
    /// Less what was paid back or taken out.
    pub(super) current: i64,
    /// Not handed over yet.
    pub(super) open: i64,
}

/// Units of lines, by the lines' ids.
pub(super) type Units = Vec<(u64, i64)>;

#[derive(Debug, Clone)]
pub(super) struct Parcel {
    pub(super) id: u64,
    pub(super) at: Millis,
    pub(super) location: u64,
    pub(super) lines: Units,
}

/// What one place is to hand over.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) id: u64,
    pub(super) location: u64,
    pub(super) lines: Units,
}

#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) created: Millis,
    pub(super) updated: Millis,
    pub(super) cancelled: Option<Millis>,
    pub(super) closed: bool,
    pub(super) lines: Vec<Line>,
    pub(super) parcels: Vec<Parcel>,
    pub(super) tasks: Vec<Task>,
}

/// The vendor's times have whole seconds.
fn second() -> Millis {
    Millis(now().0.div_euclid(1_000) * 1_000)
}

impl Order {
    /// Whether everything that is still wanted has left.
    pub(super) fn is_fulfilled(&self) -> bool {
        self.lines.iter().all(|line| line.open == 0)
    }
}

impl Shop {
    /// Where so many units come from: one place that has them all, else several in the order of their ids.
    fn route(&self, item: u64, units: i64) -> Result<Vec<(u64, i64)>, Refusal> {
        let tracked = self.items.get(&item).ok_or(Refusal::NotListed)?.tracked;
        let levels: Vec<(u64, i64)> = self
            .levels_of(item)
            .map(|(location, level)| (location, level.available))
            .collect();
        if !tracked {
            return levels
                .first()
                .map(|(location, _)| vec![(*location, units)])
                .ok_or(Refusal::NotListed);
        }
        if let Some((location, _)) = levels.iter().find(|(_, available)| *available >= units) {
            return Ok(vec![(*location, units)]);
        }
        let (mut left, mut parts) = (units, Vec::new());
        for (location, available) in levels {
            let part = available.clamp(0, left);
            if part > 0 {
                parts.push((location, part));
                left -= part;
            }
        }
        if left > 0 { Err(Refusal::SoldOut) } else { Ok(parts) }
    }

    /// A buyer checks out: routed, taken off what is left to sell, in one step.
    pub(super) fn check_out(&mut self, basket: &[(&str, i64)]) -> Result<u64, Refusal> {
        if self.faults.outage {
            return Err(Refusal::Unreachable);
        }
        let mut routed = Vec::new();
        for (sku, units) in basket {
            let item = self.by_sku(sku).ok_or(Refusal::NotListed)?;
            routed.push((item, *units, self.route(item, *units)?));
        }
        let (id, at) = (self.next_id(), second());
        let mut order = Order {
            created: at,
            updated: at,
            cancelled: None,
            closed: false,
            lines: Vec::new(),
            parcels: Vec::new(),
            tasks: Vec::new(),
        };
        for (item, units, parts) in routed {
            let line = self.new_line(id, item, units);
            for (location, part) in parts {
                self.shift(item, location, -part, part);
                self.assign(&mut order, line.id, location, part);
            }
            order.lines.push(line);
        }
        self.orders.insert(id, order);
        self.order_changed(id, "orders/create");
        self.order_changed(id, "orders/updated");
        Ok(id)
    }

    fn new_line(&mut self, order: u64, item: u64, units: i64) -> Line {
        let (id, sku) = (self.next_id(), self.sku(item));
        self.sales.push(Sale {
            at: now(),
            sku: sku.clone(),
            units,
            order,
            line: id,
        });
        Line {
            id,
            item,
            sku,
            ordered: units,
            current: units,
            open: units,
        }
    }

    fn assign(&mut self, order: &mut Order, line: u64, location: u64, units: i64) {
        if let Some(task) = order.tasks.iter_mut().find(|task| task.location == location) {
            task.lines.push((line, units));
        } else {
            order.tasks.push(Task {
                id: self.next_id(),
                location,
                lines: vec![(line, units)],
            });
        }
    }

    /// Changes an order; `change` says whether it could.
    fn change(&mut self, id: u64, topic: &str, change: impl FnOnce(&mut Self, &mut Order) -> bool) -> bool {
        let Some(mut order) = self.orders.remove(&id) else {
            return false;
        };
        let changed = change(self, &mut order);
        if changed {
            order.updated = second();
        }
        self.orders.insert(id, order);
        if changed {
            self.order_changed(id, "orders/updated");
            if topic != "orders/updated" {
                self.order_changed(id, topic);
            }
        }
        changed
    }

    /// Hands over up to so many units, place by place. False where nothing is left.
    pub(super) fn ship(&mut self, id: u64, units: i64) -> bool {
        self.change(id, "orders/updated", |shop, order| {
            let mut left = units;
            for index in 0..order.tasks.len() {
                let mut sent = Units::new();
                let Some(task) = order.tasks.get_mut(index) else {
                    continue;
                };
                let location = task.location;
                for (line, remaining) in &mut task.lines {
                    let part = (*remaining).min(left);
                    if part > 0 {
                        *remaining -= part;
                        left -= part;
                        sent.push((*line, part));
                    }
                }
                for (line, part) in &sent {
                    if let Some(line) = order.lines.iter_mut().find(|other| other.id == *line) {
                        line.open -= part;
                        shop.shift(line.item, location, 0, -part);
                    }
                }
                if !sent.is_empty() {
                    order.parcels.push(Parcel {
                        id: shop.next_id(),
                        at: second(),
                        location,
                        lines: sent,
                    });
                }
            }
            left < units
        })
    }

    /// Takes up to so many units of the first line out before they left, by a refund or an edit.
    pub(super) fn take_out(&mut self, id: u64, units: i64, restock: bool, topic: &str) -> bool {
        self.change(id, topic, |shop, order| {
            let Some(line) = order.lines.first_mut() else {
                return false;
            };
            let mut left = units.min(line.open);
            let taken = left;
            line.open -= taken;
            line.current -= taken;
            for task in &mut order.tasks {
                for (other, remaining) in task.lines.iter_mut().filter(|(other, _)| *other == line.id) {
                    let _: &u64 = other;
                    let part = (*remaining).min(left);
                    *remaining -= part;
                    left -= part;
                    shop.shift(line.item, task.location, if restock { part } else { 0 }, -part);
                }
            }
            taken > 0
        })
    }

    /// Pays back units of the first line that had left; back on the shelf at `restock`, where given.
    pub(super) fn pay_back(&mut self, id: u64, units: i64, restock: Option<u64>) -> bool {
        self.change(id, "refunds/create", |shop, order| {
            let Some(line) = order.lines.first_mut() else {
                return false;
            };
            let part = units.min(line.current - line.open);
            line.current -= part.max(0);
            if let Some(location) = restock.filter(|_| part > 0) {
                shop.shift(line.item, location, part, 0);
            }
            part > 0
        })
    }

    /// Cancels what has not left; back to what is left to sell only with `restock`.
    pub(super) fn cancel(&mut self, id: u64, restock: bool) -> bool {
        self.change(id, "orders/cancelled", |shop, order| {
            if order.cancelled.is_some() {
                return false;
            }
            order.cancelled = Some(second());
            order.closed = true;
            for task in &mut order.tasks {
                for (line, remaining) in &mut task.lines {
                    let part = std::mem::take(remaining);
                    if let Some(line) = order.lines.iter_mut().find(|other| other.id == *line) {
                        line.open -= part;
                        line.current -= part;
                        shop.shift(line.item, task.location, if restock { part } else { 0 }, -part);
                    }
                }
            }
            true
        })
    }

    /// A person raises the quantity of the first line; false where there are not so many.
    pub(super) fn raise_line(&mut self, id: u64, units: i64) -> bool {
        let item = self.orders.get(&id).and_then(|order| Some(order.lines.first()?.item));
        let Some(Ok(parts)) = item.map(|item| self.route(item, units)) else {
            return false;
        };
        self.change(id, "orders/updated", |shop, order| {
            let Some(line) = order.lines.first_mut() else {
                return false;
            };
            line.ordered += units;
            line.current += units;
            line.open += units;
            let (line, item) = (line.id, line.item);
            for (location, part) in parts {
                shop.shift(item, location, -part, part);
                shop.assign(order, line, location, part);
            }
            true
        })
    }

    /// A person adds an article to an order.
    pub(super) fn add_line(&mut self, id: u64, sku: &str, units: i64) -> Result<bool, Refusal> {
        let item = self.by_sku(sku).ok_or(Refusal::NotListed)?;
        let parts = self.route(item, units)?;
        Ok(self.change(id, "orders/updated", |shop, order| {
            let line = shop.new_line(id, item, units);
            for (location, part) in parts {
                shop.shift(item, location, -part, part);
                shop.assign(order, line.id, location, part);
            }
            order.lines.push(line);
            true
        }))
    }

    /// Has all that is left of an order leave from another place.
    pub(super) fn move_to(&mut self, id: u64, location: u64) -> bool {
        self.change(id, "orders/updated", |shop, order| {
            for task in &mut order.tasks {
                for (line, units) in task.lines.iter().filter(|(_, units)| *units > 0) {
                    if let Some(line) = order.lines.iter().find(|other| other.id == *line) {
                        shop.shift(line.item, task.location, *units, -units);
                        shop.shift(line.item, location, -units, *units);
                    }
                }
                if task.lines.iter().any(|(_, units)| *units > 0) {
                    task.location = location;
                }
            }
            true
        })
    }

    /// Archives an order.
    pub(super) fn archive(&mut self, id: u64) -> bool {
        self.change(id, "orders/updated", |_, order| {
            !std::mem::replace(&mut order.closed, true)
        })
    }

    pub(super) fn delete_order(&mut self, id: u64) -> bool {
        let known = self.orders.contains_key(&id);
        if known {
            self.order_changed(id, "orders/delete");
            self.orders.remove(&id);
        }
        known
    }

    /// As if it had been placed and last changed that many seconds before.
    pub(super) fn backdate(&mut self, id: u64, seconds: i64) {
        if let Some(order) = self.orders.get_mut(&id) {
            order.created = order.created.plus(-seconds * 1_000);
            order.updated = order.updated.plus(-seconds * 1_000);
        }
    }
}
