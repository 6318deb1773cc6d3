//! What people do with sales orders: take, confirm, set aside, ship, cancel.

use super::Books;
use super::goods::{float, units};
use omnistock_words::Quantity;
use serde_json::{Value, json};

/// The field on lines that the importing program keeps the channel's line in.
const LINE_FIELD: &str = "x_channel_line";

impl Books<'_> {
    /// A quotation with the channel's order number; lines are product, units, the channel's line. Its id.
    pub fn take_order(&mut self, reference: &str, lines: &[(i64, i64, &str)]) -> i64 {
        let order = self.0.add(
            "sale.order",
            &json!({"state": "draft", "client_order_ref": reference, "team_id": false}),
        );
        for (product, quantity, mark) in lines {
            let quantity = float(Quantity::whole(*quantity));
            self.0.add(
                "sale.order.line",
                &json!({"order_id": order, "product_id": product, "product_uom_qty": quantity, LINE_FIELD: mark}),
            );
        }
        order
    }

    /// Confirms: a move from the location to the customers for each line.
    pub fn confirm(&mut self, order: i64, location: i64, customers: i64) {
        self.0.write("sale.order", order, &json!({"state": "sale"}));
        for line in self.lines_of(order) {
            let of = |field: &str| self.0.field("sale.order.line", line, field);
            let (product, quantity) = (of("product_id"), of("product_uom_qty"));
            self.add_move(&json!({"product_id": product, "location_id": location, "location_dest_id": customers, "state": "confirmed",
                                 "product_uom_qty": quantity, "product_qty": quantity, "sale_line_id": line}));
        }
    }

    /// Sets aside what is free.
    pub fn reserve(&mut self, order: i64) {
        for (id, product, location, wanted) in self.open_moves(order) {
            let free = self.free(product, location).positive().min(wanted);
            self.change(product, location, "reserved_quantity", free);
            let state = if free == wanted {
                "assigned"
            } else if free.is_zero() {
                "confirmed"
            } else {
                "partially_available"
            };
            self.write_move(id, state, false, free);
        }
    }

    /// Gives back what was set aside.
    pub fn unreserve(&mut self, order: i64) {
        for (id, product, location, _) in self.open_moves(order) {
            let reserved = self.reserved(id);
            self.change(product, location, "reserved_quantity", -reserved);
            self.write_move(id, "confirmed", false, Quantity::ZERO);
        }
    }

    /// Ships everything: what was set aside leaves with it.
    pub fn ship(&mut self, order: i64) {
        for (id, product, location, wanted) in self.open_moves(order) {
            let reserved = self.reserved(id);
            if !reserved.is_zero() {
                self.change(product, location, "reserved_quantity", -reserved);
            }
            self.change_quant(product, location, -wanted);
            self.write_move(id, "done", true, wanted);
        }
    }

    /// Cancels: what was set aside is free again, what was shipped stays shipped.
    pub fn cancel(&mut self, order: i64) {
        self.unreserve(order);
        for (id, ..) in self.open_moves(order) {
            self.write_move(id, "cancel", false, Quantity::ZERO);
        }
        self.0.write("sale.order", order, &json!({"state": "cancel"}));
    }

    fn lines_of(&self, order: i64) -> Vec<i64> {
        self.pointing("sale.order.line", "order_id", order)
    }

    fn pointing(&self, model: &str, field: &str, id: i64) -> Vec<i64> {
        let table = self.0.tables.get(model);
        table
            .into_iter()
            .flatten()
            .filter(|(_, record)| record.get(field) == Some(&json!(id)))
            .map(|(id, _)| *id)
            .collect()
    }

    /// Moves that are neither done nor cancelled: id, product, location, units wanted.
    fn open_moves(&self, order: i64) -> Vec<(i64, i64, i64, Quantity)> {
        let lines = self.lines_of(order);
        let moves = lines
            .iter()
            .flat_map(|line| self.pointing("stock.move", "sale_line_id", *line));
        moves
            .filter_map(|id| {
                let of = |field: &str| self.0.field("stock.move", id, field);
                let open = !matches!(of("state").as_str(), Some("done" | "cancel"));
                open.then_some((
                    id,
                    of("product_id").as_i64()?,
                    of("location_id").as_i64()?,
                    units(&of("product_uom_qty")),
                ))
            })
            .collect()
    }

    fn reserved(&self, id: i64) -> Quantity {
        let field = if self.0.version >= 17 {
            "quantity"
        } else {
            "reserved_availability"
        };
        units(&self.0.field("stock.move", id, field))
    }

    fn write_move(&mut self, id: i64, state: &str, done: bool, quantity: Quantity) {
        let quantity = float(quantity);
        let fields: Value = match (self.0.version >= 17, done) {
            (true, _) => json!({"state": state, "quantity": quantity}),
            (false, true) => json!({"state": state, "quantity_done": quantity, "reserved_availability": 0.0}),
            (false, false) => json!({"state": state, "reserved_availability": quantity}),
        };
        self.0.write("stock.move", id, &fields);
    }
}
