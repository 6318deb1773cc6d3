//! Which product of Odoo is which SKU: by `default_code`, to the letter, where that says which one is meant.

use crate::client::Client;
use crate::fields::Fields;
use crate::pages::{List, Row};
use crate::wire::{Amount, Link, Text};
use omnistock_sdk::ConnectorError;
use omnistock_words::Sku;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Ids in one `in` of a domain.
pub(crate) const IDS: usize = 500;

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Product {
    pub(crate) id: i64,
    #[serde(default)]
    pub(crate) default_code: Text,
    pub(crate) active: bool,
    #[serde(default, rename = "product_tmpl_id")]
    template: Link,
    /// Fields that prices are read from.
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

impl Row for Product {
    fn id(&self) -> i64 {
        self.id
    }
}

impl Product {
    /// The amount in a field; `None`: it is no number.
    pub(crate) fn amount(&self, field: &str) -> Option<Decimal> {
        serde_json::from_value::<Amount>(self.rest.get(field)?.clone())
            .ok()
            .map(|amount| amount.0)
    }
}

/// What is sold as one SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Article {
    pub(crate) sku: Sku,
    /// False: archived.
    pub(crate) sellable: bool,
}

/// The articles by product, and what is wrong with the rest.
#[derive(Debug, Default)]
pub(crate) struct Articles {
    pub(crate) by_product: HashMap<i64, Article>,
    /// The templates of the products, for prices.
    pub(crate) templates: HashMap<i64, i64>,
    pub(crate) faults: Faults,
}

/// What a person should mend in Odoo.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    blank: BTreeSet<i64>,
    duplicate: BTreeMap<String, Vec<i64>>,
    case: BTreeSet<String>,
    unusable: BTreeMap<i64, String>,
}

impl Faults {
    /// All of it in one text; `None`: nothing.
    pub(crate) fn told(&self) -> Option<String> {
        let mut parts = Vec::new();
        for (code, ids) in self.duplicate.iter().take(20) {
            parts.push(format!(
                "internal reference {code:?} belongs to products {ids:?}: left out until each has its own"
            ));
        }
        for (id, why) in self.unusable.iter().take(20) {
            parts.push(format!("product {id} is left out: {why}"));
        }
        if !self.blank.is_empty() {
            let first: Vec<&i64> = self.blank.iter().take(10).collect();
            parts.push(format!(
                "{} storable products have no internal reference and are left out, first {first:?}",
                self.blank.len()
            ));
        }
        for code in self.case.iter().take(20) {
            parts.push(format!(
                "internal references differ only in case from {code:?}: they are different SKUs here"
            ));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

impl Articles {
    /// Sorts products into articles and faults.
    pub(crate) fn new(products: &[Product]) -> Self {
        let mut articles = Self::default();
        let mut coded: BTreeMap<&str, Vec<&Product>> = BTreeMap::new();
        for product in products {
            articles
                .templates
                .extend(product.template.0.map(|template| (product.id, template)));
            match product.default_code.0.as_deref() {
                Some(code) if !code.trim().is_empty() => coded.entry(code).or_default().push(product),
                // An archived one without a reference is nobody's concern.
                _ if product.active => {
                    articles.faults.blank.insert(product.id);
                }
                _ => {}
            }
        }
        for (code, products) in &coded {
            articles.code(code, products);
        }
        let mut folded: HashMap<String, &str> = HashMap::new();
        for code in coded.keys() {
            if let Some(other) = folded.insert(code.to_lowercase(), code) {
                articles.faults.case.insert(other.to_owned());
            }
        }
        articles
    }

    /// One internal reference: the active product that has it, or what is left of archived ones.
    fn code(&mut self, code: &str, products: &[&Product]) {
        let active: Vec<&&Product> = products.iter().filter(|product| product.active).collect();
        let sku = match Sku::new(code) {
            Ok(sku) if code.trim() == code => sku,
            Ok(_) => {
                return self.unusable(
                    products,
                    &format!("its internal reference {code:?} begins or ends with a space"),
                );
            }
            Err(error) => return self.unusable(products, &format!("its internal reference is {error}")),
        };
        match active.as_slice() {
            [] => {
                for product in products {
                    self.by_product.insert(
                        product.id,
                        Article {
                            sku: sku.clone(),
                            sellable: false,
                        },
                    );
                }
            }
            [one] => {
                self.by_product.insert(one.id, Article { sku, sellable: true });
            }
            several => {
                let ids = several.iter().map(|product| product.id).collect();
                self.faults.duplicate.insert(code.to_owned(), ids);
            }
        }
    }

    fn unusable(&mut self, products: &[&Product], why: &str) {
        for product in products {
            self.faults.unusable.insert(product.id, why.to_owned());
        }
    }
}

/// Reads products.
pub(crate) struct ProductReader<'a> {
    pub(crate) client: &'a Client,
    pub(crate) page: usize,
    pub(crate) fields: Fields,
    /// A further domain of the configuration.
    pub(crate) only: &'a [Value],
    /// Fields that prices are read from.
    pub(crate) prices: Vec<&'a str>,
}

impl ProductReader<'_> {
    fn list(&self, more: Option<Value>) -> List<'_> {
        let mut domain = vec![self.fields.storable()];
        domain.extend(self.only.iter().cloned());
        domain.extend(more);
        let mut fields = vec!["id", "default_code", "active", "product_tmpl_id"];
        fields.extend(self.prices.iter().copied());
        List {
            client: self.client,
            page: self.page,
            model: "product.product",
            domain,
            fields,
        }
    }

    /// Every product, and proof that it is every one: counts from before and after agree with what was read.
    pub(crate) async fn all(&self) -> Result<(Vec<Product>, bool), ConnectorError> {
        let list = self.list(None);
        let before = list.count().await?;
        let products = list.read::<Product>().await?;
        let after = list.count().await?;
        let whole = before == after && usize::try_from(after) == Ok(products.len());
        Ok((products, whole))
    }

    /// These, and all others that share an internal reference with one of them.
    pub(crate) async fn some(&self, ids: &[i64]) -> Result<Vec<Product>, ConnectorError> {
        let mut found: BTreeMap<i64, Product> = BTreeMap::new();
        for ids in ids.chunks(IDS) {
            let own: Vec<Product> = self.list(Some(json!(["id", "in", ids]))).read().await?;
            let codes: BTreeSet<&str> = own
                .iter()
                .filter_map(|product| product.default_code.0.as_deref())
                .collect();
            let others: Vec<Product> = self.list(Some(json!(["default_code", "in", codes]))).read().await?;
            found.extend(own.into_iter().chain(others).map(|product| (product.id, product)));
        }
        Ok(found.into_values().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(id: i64, code: &Value, active: bool) -> Product {
        serde_json::from_value(json!({"id": id, "default_code": code, "active": active, "product_tmpl_id": [id + 100, "T"], "lst_price": 19.9})).unwrap()
    }

    #[test]
    fn the_active_one_is_meant_and_an_archived_one_is_not_for_sale() {
        let articles = Articles::new(&[
            product(1, &json!("A"), false),
            product(2, &json!("A"), true),
            product(3, &json!("B"), false),
        ]);
        assert!(
            !articles.by_product.contains_key(&1),
            "its stock is not what the active one has"
        );
        assert!(articles.by_product[&2].sellable && !articles.by_product[&3].sellable);
        assert_eq!(articles.faults.told(), None);
    }

    #[test]
    fn what_can_not_be_told_apart_is_left_out_and_told() {
        let articles = Articles::new(&[
            product(1, &json!("A"), true),
            product(2, &json!("A"), true),
            product(3, &json!(false), true),
            product(4, &json!("  "), true),
            product(5, &json!("b"), true),
            product(6, &json!("B"), true),
            product(7, &json!("C "), true),
            product(8, &json!("x".repeat(101)), true),
        ]);
        let mut known: Vec<&i64> = articles.by_product.keys().collect();
        known.sort();
        assert_eq!(known, [&5, &6], "b and B are two SKUs");
        let told = articles.faults.told().unwrap();
        for part in [
            "\"A\" belongs to products [1, 2]",
            "2 storable products have no internal reference",
            "only in case",
            "ends with a space",
            "product 8 is left out",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }

    #[test]
    fn a_price_is_the_number_in_its_field() {
        let one = product(1, &json!("A"), true);
        assert_eq!(one.amount("lst_price").unwrap().to_string(), "19.9");
        assert_eq!((one.amount("product_tmpl_id"), one.amount("nothing")), (None, None));
    }
}
