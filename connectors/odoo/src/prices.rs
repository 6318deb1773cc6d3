//! Prices: a field of the product, or the fixed prices of a pricelist.
//!
//! Odoo's own calculation of a pricelist can't be called from outside. Rules that calculate (percentages,
//! formulas, categories) are not evaluated: a product whose price such a rule decides has none, and is counted.

use crate::articles::{Articles, Product};
use crate::client::Client;
use crate::pages::{List, Row};
use crate::settings::{PriceOrigin, PricePlan};
use crate::wire::{Amount, Figure, Link, Stamp, Text};
use omnistock_sdk::{ConnectorError, PriceRow};
use omnistock_words::{Millis, Money, Quantity};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Deserialize)]
struct Item {
    id: i64,
    #[serde(default)]
    applied_on: Text,
    #[serde(default)]
    compute_price: Text,
    #[serde(default)]
    fixed_price: Amount,
    #[serde(default)]
    min_quantity: Figure,
    #[serde(default)]
    date_start: Stamp,
    #[serde(default)]
    date_end: Stamp,
    #[serde(default)]
    product_id: Link,
    #[serde(default)]
    product_tmpl_id: Link,
}

impl Row for Item {
    fn id(&self) -> i64 {
        self.id
    }
}

impl Item {
    fn counts(&self, at: Millis) -> bool {
        let begun = self.date_start.0.is_none_or(|start| start <= at);
        let runs = self.date_end.0.is_none_or(|end| at <= end);
        begun && runs && self.min_quantity.0 <= Quantity::ONE
    }

    /// As Odoo ranks rules: the nearer to the product, then the larger least quantity, then the later.
    fn rank(&self) -> (u8, Quantity, i64) {
        let near = match self.applied_on.0.as_deref() {
            Some("0_product_variant") => 3,
            Some("1_product") => 2,
            Some("2_product_category") => 1,
            _ => 0,
        };
        (near, self.min_quantity.0, self.id)
    }

    fn meant(&self, product: i64, template: Option<i64>) -> bool {
        match self.applied_on.0.as_deref() {
            Some("0_product_variant") => self.product_id.0 == Some(product),
            Some("1_product") => self.product_tmpl_id.0.is_some() && self.product_tmpl_id.0 == template,
            // Of a category or of everything: it may be.
            _ => true,
        }
    }

    fn fixed(&self) -> Option<Decimal> {
        let own = matches!(self.applied_on.0.as_deref(), Some("0_product_variant" | "1_product"));
        (own && self.compute_price.0.as_deref() == Some("fixed")).then_some(self.fixed_price.0)
    }
}

/// Prices that came along, and what could not be told.
#[derive(Debug, Default)]
pub(crate) struct Prices {
    pub(crate) rows: Vec<PriceRow>,
    /// Articles without a price by list.
    pub(crate) without: BTreeMap<String, u64>,
}

/// Reads all lists for all articles, as of `at`.
pub(crate) async fn read(
    client: &Client,
    page: usize,
    plans: &[PricePlan],
    products: &[Product],
    articles: &Articles,
    at: Millis,
) -> Result<Prices, ConnectorError> {
    let mut prices = Prices::default();
    for plan in plans {
        let items = match plan.origin {
            PriceOrigin::Pricelist(id) => items(client, page, id, plan).await?,
            PriceOrigin::Field(_) => Vec::new(),
        };
        let (near, wide) = index(&items, at);
        for product in products {
            let Some(article) = articles.by_product.get(&product.id) else {
                continue;
            };
            let amount = match &plan.origin {
                PriceOrigin::Field(field) => product.amount(field),
                PriceOrigin::Pricelist(_) => {
                    listed(product.id, articles.templates.get(&product.id).copied(), &near, &wide)
                }
            };
            let price = amount
                .filter(|amount| !amount.is_sign_negative())
                .and_then(|amount| Money::new(amount, plan.currency).ok());
            match price {
                Some(price) => prices.rows.push(PriceRow {
                    list: plan.list.clone(),
                    sku: article.sku.clone(),
                    price,
                }),
                None if article.sellable => *prices.without.entry(plan.list.to_string()).or_default() += 1,
                None => {}
            }
        }
    }
    Ok(prices)
}

/// Rules of one product or template by its id, and those of categories and of everything.
type Near<'a> = BTreeMap<(bool, i64), Vec<&'a Item>>;

fn index(items: &[Item], at: Millis) -> (Near<'_>, Vec<&Item>) {
    let (mut near, mut wide) = (Near::new(), Vec::new());
    for item in items.iter().filter(|item| item.counts(at)) {
        match (item.applied_on.0.as_deref(), item.product_id.0, item.product_tmpl_id.0) {
            (Some("0_product_variant"), Some(product), _) => near.entry((true, product)).or_default().push(item),
            (Some("1_product"), _, Some(template)) => near.entry((false, template)).or_default().push(item),
            _ => wide.push(item),
        }
    }
    (near, wide)
}

fn listed(product: i64, template: Option<i64>, near: &Near<'_>, wide: &[&Item]) -> Option<Decimal> {
    let own = near.get(&(true, product)).into_iter().flatten();
    let shared = template
        .and_then(|template| near.get(&(false, template)))
        .into_iter()
        .flatten();
    let all = own
        .chain(shared)
        .chain(wide)
        .filter(|item| item.meant(product, template));
    all.max_by_key(|item| item.rank())?.fixed()
}

async fn items(client: &Client, page: usize, list: i64, plan: &PricePlan) -> Result<Vec<Item>, ConnectorError> {
    #[derive(Deserialize)]
    struct Pricelist {
        id: i64,
        currency_id: (i64, String),
    }
    impl Row for Pricelist {
        fn id(&self) -> i64 {
            self.id
        }
    }
    let lists = List {
        client,
        page,
        model: "product.pricelist",
        domain: vec![json!(["id", "=", list])],
        fields: vec!["id", "currency_id"],
    };
    let found: Vec<Pricelist> = lists.read().await?;
    let Some(found) = found.first() else {
        return Err(ConnectorError::operator(format!(
            "Odoo has no pricelist {list}; check `prices.{}`",
            plan.list
        )));
    };
    if found.currency_id.1 != plan.currency.to_string() {
        return Err(ConnectorError::operator(format!(
            "pricelist {list} is in {}, `prices.{}` says {}: one of them is wrong",
            found.currency_id.1, plan.list, plan.currency
        )));
    }
    let fields = vec![
        "id",
        "applied_on",
        "compute_price",
        "fixed_price",
        "min_quantity",
        "date_start",
        "date_end",
        "product_id",
        "product_tmpl_id",
    ];
    let domain = vec![json!(["pricelist_id", "=", list])];
    List {
        client,
        page,
        model: "product.pricelist.item",
        domain,
        fields,
    }
    .read()
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn item(id: i64, more: &Value) -> Item {
        let mut row = json!({"id": id, "applied_on": "1_product", "compute_price": "fixed", "fixed_price": 10.0, "min_quantity": 0.0,
                             "date_start": false, "date_end": false, "product_id": false, "product_tmpl_id": [7, "T"]});
        for (key, value) in more.as_object().unwrap() {
            row[key] = value.clone();
        }
        serde_json::from_value(row).unwrap()
    }

    fn price(items: &[Item]) -> Option<String> {
        let at = "2026-11-22T12:00:00Z".parse().unwrap();
        let (near, wide) = index(items, at);
        listed(1, Some(7), &near, &wide).map(|amount| amount.to_string())
    }

    #[test]
    fn the_nearest_rule_that_runs_counts() {
        let variant = item(
            2,
            &json!({"applied_on": "0_product_variant", "product_id": [1, "A"], "fixed_price": 9.5}),
        );
        assert_eq!(price(&[item(1, &json!({})), variant]).as_deref(), Some("9.5"));
        let over = item(2, &json!({"fixed_price": 1.0, "date_end": "2026-11-21 23:59:59"}));
        let coming = item(3, &json!({"fixed_price": 2.0, "date_start": "2026-11-27 00:00:00"}));
        let many = item(4, &json!({"fixed_price": 3.0, "min_quantity": 10.0}));
        assert_eq!(price(&[item(1, &json!({})), over, coming, many]).as_deref(), Some("10"));
        assert_eq!(price(&[item(1, &json!({"product_tmpl_id": [8, "other"]}))]), None);
    }

    #[test]
    fn a_rule_that_calculates_is_not_guessed() {
        let percent = item(2, &json!({"compute_price": "percentage"}));
        assert_eq!(price(&[item(1, &json!({})), percent]), None, "the later one decides");
        let all = item(3, &json!({"applied_on": "3_global", "product_tmpl_id": false}));
        assert_eq!(price(std::slice::from_ref(&all)), None);
        assert_eq!(
            price(&[item(1, &json!({})), all]).as_deref(),
            Some("10"),
            "a nearer one decides"
        );
    }
}
