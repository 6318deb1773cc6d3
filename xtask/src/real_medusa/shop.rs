//! The shop as its staff and buyers use it: articles, orders, cancellations, what is in stock.

use super::server::Medusa;
use crate::http;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// What the server says of one article at one stock location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level {
    /// The gross number: what is written.
    pub(crate) stocked: u64,
    /// What the server's own orders hold.
    pub(crate) reserved: u64,
}

impl Level {
    /// What a buyer sees.
    pub(crate) fn available(self) -> u64 {
        self.stocked.saturating_sub(self.reserved)
    }
}

/// A shop with two stock locations and one sales channel.
pub(crate) struct Shop {
    url: String,
    token: String,
    /// The id of the first stock location.
    pub(crate) berlin: String,
    /// The id of the second stock location, whose name is `hamburg`.
    pub(crate) hamburg: String,
    sales_channel: String,
    region: String,
    shipping_profile: String,
}

fn text(value: &Value, pointer: &str) -> Result<String> {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .with_context(|| format!("the answer has no {pointer}: {value}"))
}

fn units(level: &Value, name: &str) -> Result<u64> {
    level
        .get(name)
        .and_then(Value::as_u64)
        .with_context(|| format!("{name} is no whole number: {level}"))
}

impl Shop {
    /// Logs in and creates what a shop needs before its first article.
    pub(crate) fn open(medusa: &Medusa) -> Result<Self> {
        let mut shop = Self {
            url: medusa.url.clone(),
            token: String::new(),
            berlin: String::new(),
            hamburg: String::new(),
            sales_channel: String::new(),
            region: String::new(),
            shipping_profile: String::new(),
        };
        let login = shop.post(
            "/auth/user/emailpass",
            &json!({"email": medusa.email, "password": medusa.password}),
        )?;
        shop.token = text(&login, "/token")?;
        shop.sales_channel = text(
            &shop.post("/admin/sales-channels", &json!({"name": "web"}))?,
            "/sales_channel/id",
        )?;
        shop.berlin = shop.location("Lager Berlin")?;
        shop.hamburg = shop.location("hamburg")?;
        let region = json!({"name": "EU", "currency_code": "eur", "countries": ["de"], "payment_providers": ["pp_system_default"]});
        shop.region = text(&shop.post("/admin/regions", &region)?, "/region/id")?;
        let profile = json!({"name": "standard", "type": "default"});
        shop.shipping_profile = text(
            &shop.post("/admin/shipping-profiles", &profile)?,
            "/shipping_profile/id",
        )?;
        Ok(shop)
    }

    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let bearer = format!("Bearer {}", self.token);
        let headers: &[(&str, &str)] = if self.token.is_empty() {
            &[]
        } else {
            &[("Authorization", &bearer)]
        };
        let answer = http::call(method, &format!("{}{path}", self.url), headers, body)?;
        if !(200..300).contains(&answer.status) {
            bail!("{method} {path}: {} {}", answer.status, answer.body);
        }
        Ok(answer.body)
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.call("POST", path, Some(body))
    }

    fn location(&self, name: &str) -> Result<String> {
        let id = text(
            &self.post("/admin/stock-locations", &json!({"name": name}))?,
            "/stock_location/id",
        )?;
        self.post(
            &format!("/admin/stock-locations/{id}/sales-channels"),
            &json!({"add": [self.sales_channel]}),
        )?;
        Ok(id)
    }

    /// A new secret API key.
    pub(crate) fn api_key(&self) -> Result<String> {
        text(
            &self.post("/admin/api-keys", &json!({"title": "omnistock", "type": "secret"}))?,
            "/api_key/token",
        )
    }

    /// An article with stock at both locations.
    pub(crate) fn create_product(&mut self, sku: &str, berlin: u64, hamburg: u64) -> Result<()> {
        self.post(
            "/admin/products",
            &json!({
                "title": sku, "status": "published", "shipping_profile_id": self.shipping_profile, "sales_channels": [{"id": self.sales_channel}],
                "options": [{"title": "Size", "values": ["one"]}],
                "variants": [{"title": "one", "sku": sku, "manage_inventory": true, "options": {"Size": "one"}, "prices": [{"currency_code": "eur", "amount": 10}]}],
            }),
        )?;
        let (item, berlin_id, hamburg_id) = (self.item(sku)?, &self.berlin, &self.hamburg);
        let levels = json!({"create": [
            {"inventory_item_id": item, "location_id": berlin_id, "stocked_quantity": berlin},
            {"inventory_item_id": item, "location_id": hamburg_id, "stocked_quantity": hamburg},
        ]});
        self.post("/admin/inventory-items/location-levels/batch", &levels)
            .map(drop)
    }

    fn item(&self, sku: &str) -> Result<String> {
        let path = format!("/admin/inventory-items?fields=id&sku={}", http::encoded(sku));
        text(&self.call("GET", &path, None)?, "/inventory_items/0/id")
    }

    /// A real order of so many units; its id. Fails where the shop has too few in one place.
    pub(crate) fn buy(&self, sku: &str, units: u64) -> Result<String> {
        let path = format!("/admin/product-variants?fields=id&sku={}", http::encoded(sku));
        let variant = text(&self.call("GET", &path, None)?, "/variants/0/id")?;
        let draft = json!({
            "email": "buyer@example.test", "region_id": self.region, "sales_channel_id": self.sales_channel, "shipping_methods": [],
            "items": [{"variant_id": variant, "quantity": units}],
        });
        let order = text(&self.post("/admin/draft-orders", &draft)?, "/draft_order/id")?;
        self.call("POST", &format!("/admin/draft-orders/{order}/convert-to-order"), None)?;
        Ok(order)
    }

    /// Cancels an order.
    pub(crate) fn cancel(&self, order: &str) -> Result<()> {
        self.call("POST", &format!("/admin/orders/{order}/cancel"), None)
            .map(drop)
    }

    /// What is at Berlin and at Hamburg.
    pub(crate) fn levels(&self, sku: &str) -> Result<(Level, Level)> {
        let fields =
            "id,location_levels.location_id,location_levels.stocked_quantity,location_levels.reserved_quantity";
        let answer = self.call(
            "GET",
            &format!("/admin/inventory-items?fields={fields}&sku={}", http::encoded(sku)),
            None,
        )?;
        let levels = answer
            .pointer("/inventory_items/0/location_levels")
            .and_then(Value::as_array)
            .context("the article has no levels")?;
        let at = |location: &str| -> Result<Level> {
            let level = levels
                .iter()
                .find(|level| level.get("location_id").and_then(Value::as_str) == Some(location));
            let level = level.with_context(|| format!("{sku} is not stocked at {location}"))?;
            Ok(Level {
                stocked: units(level, "stocked_quantity")?,
                reserved: units(level, "reserved_quantity")?,
            })
        };
        Ok((at(&self.berlin)?, at(&self.hamburg)?))
    }
}
