//! What people do with goods: locations, products, quants, prices.

use super::Books;
use omnistock_words::Quantity;
use serde_json::{Value, json};

/// As the server prints a float.
pub(super) fn float(quantity: Quantity) -> Value {
    let text = quantity.to_string();
    let text = if text.contains('.') { text } else { format!("{text}.0") };
    serde_json::from_str(&text).unwrap_or_default()
}

/// Units in a field.
pub(super) fn units(value: &Value) -> Quantity {
    value
        .to_string()
        .parse::<omnistock_words::Quantity>()
        .ok()
        .or_else(|| value.as_i64().map(Quantity::whole))
        .unwrap_or_default()
}

impl Books<'_> {
    /// A location below another (or below none), by its full name; its id.
    pub fn add_location(&mut self, name: &str, usage: &str, parent: Option<i64>) -> i64 {
        let id = self.0.add(
            "stock.location",
            &json!({"complete_name": name, "usage": usage, "active": true}),
        );
        let above = parent.map(|parent| self.0.field("stock.location", parent, "parent_path"));
        let path = format!("{}{id}/", above.as_ref().and_then(Value::as_str).unwrap_or_default());
        self.0.write("stock.location", id, &json!({"parent_path": path}));
        id
    }

    /// A storable product; its id. `None`: without an internal reference.
    pub fn add_product(&mut self, code: Option<&str>) -> i64 {
        let code = code.map_or(json!(false), |code| json!(code));
        let (kind, value) = if self.0.version >= 18 {
            ("is_storable", json!(true))
        } else {
            ("type", json!("product"))
        };
        let fields = json!({"default_code": code, "active": true, "lst_price": 10.0, "standard_price": 4.0});
        let id = self.0.add("product.product", &fields);
        self.0.write("product.product", id, &json!({kind: value}));
        self.0
            .write("product.product", id, &json!({"product_tmpl_id": id + 10_000}));
        id
    }

    /// Changes fields of a product, such as `active`.
    pub fn change_product(&mut self, product: i64, fields: &Value) {
        self.0.write("product.product", product, fields);
    }

    /// Counts: so many are there. A quant at zero is deleted, as Odoo does, and a move is made.
    pub fn set_quant(&mut self, product: i64, location: i64, quantity: Quantity) {
        let before = self.on_hand(product, location);
        self.change_quant(product, location, quantity - before);
        let (from, to) = if quantity < before {
            (location, 0)
        } else {
            (0, location)
        };
        self.add_move(
            &json!({"product_id": product, "location_id": from, "location_dest_id": to, "state": "done",
                             "product_uom_qty": 0.0, "product_qty": 0.0, "sale_line_id": false}),
        );
    }

    /// Moves units from one location to another.
    pub fn transfer(&mut self, product: i64, from: i64, to: i64, quantity: Quantity) {
        self.change_quant(product, from, -quantity);
        self.change_quant(product, to, quantity);
        let units = float(quantity);
        self.add_move(
            &json!({"product_id": product, "location_id": from, "location_dest_id": to, "state": "done",
                             "product_uom_qty": units, "product_qty": units, "sale_line_id": false}),
        );
    }

    /// A second quant of the same product and location, as Odoo makes where the first is locked; it may be below zero.
    pub fn add_quant(&mut self, product: i64, location: i64, quantity: Quantity, owner: Option<i64>) -> i64 {
        let owner = owner.map_or(json!(false), |owner| json!(owner));
        self.0.add(
            "stock.quant",
            &json!({"product_id": product, "location_id": location, "quantity": float(quantity),
                                         "reserved_quantity": 0.0, "owner_id": owner}),
        )
    }

    /// Joins quants of the same product and location into the first, without a time of change, as Odoo does.
    pub fn merge_quants(&mut self, product: i64, location: i64) {
        let ids = self.quants(product, location);
        let total: Quantity = ids
            .iter()
            .map(|id| units(&self.0.field("stock.quant", *id, "quantity")))
            .sum();
        if let (Some(table), Some(first)) = (self.0.tables.get_mut("stock.quant"), ids.first()) {
            table.retain(|id, _| id == first || !ids.contains(id));
            if let Some(record) = table.get_mut(first) {
                record.insert("quantity".to_owned(), float(total));
            }
        }
    }

    /// Transactions from now on ended so many seconds after they began: their time of change is older.
    pub fn commit_late(&mut self, seconds: i64) {
        self.0.late = seconds;
    }

    /// A pricelist in this currency; its id.
    pub fn add_pricelist(&mut self, currency: &str) -> i64 {
        let currency = self.0.add("res.currency", &json!({"name": currency}));
        self.0.add("product.pricelist", &json!({"currency_id": currency}))
    }

    /// A fixed price of a product.
    pub fn add_price(&mut self, pricelist: i64, product: i64, price: &str) -> i64 {
        let price: Value = serde_json::from_str(price).unwrap_or_default();
        self.0.add("product.pricelist.item", &json!({"pricelist_id": pricelist, "applied_on": "0_product_variant", "compute_price": "fixed",
            "fixed_price": price, "min_quantity": 0.0, "date_start": false, "date_end": false, "product_id": product, "product_tmpl_id": false}))
    }

    pub(super) fn quants(&self, product: i64, location: i64) -> Vec<i64> {
        let table = self.0.tables.get("stock.quant");
        let own = |id: &&i64| {
            let is = |field: &str, wanted: i64| self.0.field("stock.quant", **id, field) == json!(wanted);
            is("product_id", product) && is("location_id", location)
        };
        table
            .into_iter()
            .flat_map(|table| table.keys())
            .filter(own)
            .copied()
            .collect()
    }

    pub(super) fn on_hand(&self, product: i64, location: i64) -> Quantity {
        let ids = self.quants(product, location);
        ids.iter()
            .map(|id| units(&self.0.field("stock.quant", *id, "quantity")))
            .sum()
    }

    pub(super) fn free(&self, product: i64, location: i64) -> Quantity {
        let ids = self.quants(product, location);
        let reserved: Quantity = ids
            .iter()
            .map(|id| units(&self.0.field("stock.quant", *id, "reserved_quantity")))
            .sum();
        self.on_hand(product, location) - reserved
    }

    pub(super) fn change_quant(&mut self, product: i64, location: i64, by: Quantity) {
        self.change(product, location, "quantity", by);
        let ids = self.quants(product, location);
        let empty = |id: &i64| {
            ["quantity", "reserved_quantity"]
                .iter()
                .all(|field| units(&self.0.field("stock.quant", *id, field)).is_zero())
        };
        let gone: Vec<i64> = ids.into_iter().filter(empty).collect();
        if let Some(table) = self.0.tables.get_mut("stock.quant") {
            table.retain(|id, _| !gone.contains(id));
        }
    }

    pub(super) fn change(&mut self, product: i64, location: i64, field: &str, by: Quantity) {
        let id = match self.quants(product, location).first() {
            Some(id) => *id,
            None => self.add_quant(product, location, Quantity::ZERO, None),
        };
        let now = units(&self.0.field("stock.quant", id, field)) + by;
        self.0.write("stock.quant", id, &json!({field: float(now)}));
    }

    pub(super) fn add_move(&mut self, fields: &Value) {
        let done = fields.get("state") == Some(&json!("done"));
        let wanted = fields.get("product_uom_qty").cloned();
        let units = wanted.filter(|_| done).unwrap_or(json!(0.0));
        let id = self.0.add("stock.move", fields);
        let more = if self.0.version >= 17 {
            json!({"quantity": units})
        } else {
            json!({"quantity_done": units, "reserved_availability": 0.0})
        };
        self.0.write("stock.move", id, &more);
    }
}
