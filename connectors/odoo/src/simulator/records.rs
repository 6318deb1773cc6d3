//! Records of models: fields as JSON, references as ids, each change with its time.

use omnistock_sdk::now;
use omnistock_words::Millis;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A record's fields.
pub(super) type Record = Map<String, Value>;

/// All models.
pub(super) struct World {
    pub(super) version: i64,
    pub(super) tables: BTreeMap<&'static str, BTreeMap<i64, Record>>,
    last: i64,
    /// Transactions begin so many seconds before they end.
    pub(super) late: i64,
}

/// What a reference refers to.
pub(super) fn target(field: &str) -> Option<&'static str> {
    Some(match field {
        "location_id" | "location_dest_id" => "stock.location",
        "product_id" => "product.product",
        "product_tmpl_id" => "product.template",
        "order_id" => "sale.order",
        "sale_line_id" => "sale.order.line",
        "team_id" => "crm.team",
        "owner_id" => "res.partner",
        "pricelist_id" => "product.pricelist",
        "currency_id" => "res.currency",
        _ => return None,
    })
}

/// Where the other side of a list of records is: its model, and its field that points back.
pub(super) fn lines(field: &str) -> Option<(&'static str, &'static str)> {
    match field {
        "order_line" => Some(("sale.order.line", "order_id")),
        "move_ids" => Some(("stock.move", "sale_line_id")),
        _ => None,
    }
}

impl World {
    pub(super) fn new(version: i64) -> Self {
        let models = [
            "stock.location",
            "product.product",
            "stock.quant",
            "stock.move",
            "sale.order",
            "sale.order.line",
            "product.pricelist",
            "product.pricelist.item",
            "res.currency",
        ];
        Self {
            version,
            tables: models.map(|model| (model, BTreeMap::new())).into_iter().collect(),
            last: 7,
            late: 0,
        }
    }

    /// Adds a record; its id. Ids rise over all models.
    pub(super) fn add(&mut self, model: &'static str, fields: &Value) -> i64 {
        self.last += 1;
        let id = self.last;
        let mut record = fields.as_object().cloned().unwrap_or_default();
        record.insert("id".to_owned(), json!(id));
        self.tables.entry(model).or_default().insert(id, record);
        self.touch(model, id);
        id
    }

    /// Changes fields of a record, with the time of the transaction's begin.
    pub(super) fn write(&mut self, model: &'static str, id: i64, fields: &Value) {
        if let (Some(record), Some(fields)) = (
            self.tables.get_mut(model).and_then(|table| table.get_mut(&id)),
            fields.as_object(),
        ) {
            record.extend(fields.clone());
            self.touch(model, id);
        }
    }

    fn touch(&mut self, model: &'static str, id: i64) {
        let at = Millis(now().0.div_euclid(1_000) * 1_000)
            .plus(-self.late * 1_000)
            .to_string();
        let text = at.trim_end_matches('Z').replace('T', " ");
        if let Some(record) = self.tables.get_mut(model).and_then(|table| table.get_mut(&id)) {
            record.insert("write_date".to_owned(), json!(text));
        }
    }

    pub(super) fn record(&self, model: &str, id: i64) -> Option<&Record> {
        self.tables.get(model)?.get(&id)
    }

    pub(super) fn field(&self, model: &str, id: i64, field: &str) -> Value {
        self.record(model, id)
            .and_then(|record| record.get(field))
            .cloned()
            .unwrap_or(json!(false))
    }

    /// The fields of a model in this version, beside those that its records have.
    pub(super) fn knows(&self, model: &str, field: &str) -> bool {
        let before = |version: i64| self.version < version;
        match (model, field) {
            ("product.product", "is_storable") => !before(18),
            ("product.product", "type") | ("sale.order.line", "x_channel_line") => true,
            ("stock.move", "quantity") => !before(17),
            ("stock.move", "quantity_done" | "reserved_availability") => before(17),
            _ => {
                let table = self.tables.get(model);
                // An empty model is asked for anything: its fields are those that a real one has.
                table.is_some_and(|table| {
                    table.is_empty() && !field.starts_with("x_")
                        || table.values().any(|record| record.contains_key(field))
                })
            }
        }
    }

    /// A record as it is sent: these fields, references with their names.
    pub(super) fn shown(&self, record: &Record, fields: &[&str]) -> Value {
        let mut shown = Map::new();
        shown.insert("id".to_owned(), record.get("id").cloned().unwrap_or_default());
        for field in fields {
            let value = record.get(*field).cloned().unwrap_or(json!(false));
            let value = match (target(field), value.as_i64()) {
                (Some(model), Some(id)) => json!([id, self.name(model, id)]),
                _ => value,
            };
            shown.insert((*field).to_owned(), value);
        }
        Value::Object(shown)
    }

    fn name(&self, model: &str, id: i64) -> String {
        let text = |field: &str| self.field(model, id, field).as_str().map(str::to_owned);
        text("complete_name")
            .or_else(|| text("name"))
            .unwrap_or_else(|| format!("{model},{id}"))
    }
}
