//! What products ask: regular price, sale price and its dates, as the vendor keeps them.

use super::answer::{Call, Reply, cut, gmt};
use super::shop::Shop;
use omnistock_sdk::now;
use omnistock_words::Millis;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

/// Texts as the vendor stores them; empty: none.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) regular: String,
    pub(super) sale: String,
    pub(super) from: Option<Millis>,
    pub(super) to: Option<Millis>,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            regular: "9.90".to_owned(),
            sale: String::new(),
            from: None,
            to: None,
        }
    }
}

/// Anything that is no number becomes nothing, as in the vendor's batches.
fn decimal(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Decimal::from_str_exact(text.trim()).map_or_else(|_| String::new(), |_| text.trim().to_owned())
}

impl Asked {
    fn on_sale(&self) -> bool {
        let at = now();
        !self.sale.is_empty() && self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }

    /// What a buyer pays.
    pub(super) fn now(&self) -> &str {
        if self.on_sale() { &self.sale } else { &self.regular }
    }

    /// A sale price that is not below the regular one is dropped.
    pub(super) fn settle(&mut self) {
        let number = |text: &str| Decimal::from_str_exact(text).ok();
        if number(&self.sale) >= number(&self.regular) {
            self.sale.clear();
        }
    }

    /// Takes over what a write says. Null is as if it had not been said; an empty text clears.
    pub(super) fn update(&mut self, item: &Value) -> bool {
        let given = |name: &str| item.get(name).filter(|value| !value.is_null());
        let date = |value: &Value| value.as_str().and_then(|text| format!("{text}Z").parse().ok());
        let mut changed = false;
        for (name, text) in [("regular_price", &mut self.regular), ("sale_price", &mut self.sale)] {
            if let Some(value) = given(name) {
                *text = decimal(value);
                changed = true;
            }
        }
        for (name, at) in [("date_on_sale_from", &mut self.from), ("date_on_sale_to", &mut self.to)] {
            if let Some(value) = given(name) {
                *at = date(value);
            }
        }
        self.settle();
        changed
    }

    /// Puts its fields into a product.
    pub(super) fn render(&self, product: &mut Map<String, Value>) {
        let date = |at: Option<Millis>| at.map_or(Value::Null, |at| json!(gmt(at)));
        product.insert("price".to_owned(), json!(self.now()));
        product.insert("regular_price".to_owned(), json!(self.regular));
        product.insert("sale_price".to_owned(), json!(self.sale));
        product.insert("on_sale".to_owned(), json!(self.on_sale()));
        product.insert("date_on_sale_from_gmt".to_owned(), date(self.from));
        product.insert("date_on_sale_to_gmt".to_owned(), date(self.to));
    }
}

/// `None`: not this route.
pub(super) fn answer(shop: &Shop, call: &Call) -> Option<Reply> {
    if (call.method.as_str(), call.path.as_str()) != ("GET", "/data/currencies/current") {
        return None;
    }
    let body = json!({"code": shop.currency, "name": "the shop's", "symbol": "¤", "_links": {}});
    Some(Reply::ok(&cut(call, body)))
}
