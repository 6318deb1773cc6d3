//! What variants ask: amounts in major units, one base price per currency.
//!
//! Our listings are inventory items at stock locations; a price belongs to the variant that sells the item.
//! That is the one linked variant with the item's own SKU, and of the item's listings only the first carries it.
//! A written list of prices replaces a variant's whole set, whatever it leaves out: so it is read just before,
//! and everything that is not ours goes back as it was.

use crate::client::{Client, Query};
use crate::levels::{ITEMS, Levels};
use crate::wire;
use omnistock_sdk::{
    ConnectorError, Cursor, ListingKey, ListingReference, PriceItem, PriceOutcome, PriceReading, PricedPage, now,
};
use omnistock_words::{ListingId, Money, Price, VendorLocation};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const ITEM_FIELDS: &str = "id,sku,location_levels.location_id,variants.id,variants.sku,variants.product_id";
const VARIANT_FIELDS: &str = "id,product_id,prices.id,prices.currency_code,prices.amount,prices.min_quantity,prices.max_quantity,prices.price_rules.attribute,prices.price_rules.value";

/// The variant whose price a listing carries.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seller {
    variant: String,
    product: String,
}

/// Reads and writes prices.
pub(crate) struct Prices<'a> {
    pub(crate) client: &'a Client,
    pub(crate) levels: Levels<'a>,
}

impl Prices<'_> {
    /// The page of the catalogue at `cursor`, with what its listings ask.
    pub(crate) async fn page(&self, cursor: Option<&Cursor>) -> Result<PricedPage, ConnectorError> {
        let page = self.levels.page(cursor).await?;
        let references: Vec<ListingReference> = page.listings.iter().map(|one| one.reference.clone()).collect();
        let prices = self.read(&references).await?;
        Ok(PricedPage { page, prices })
    }

    /// What these listings ask.
    pub(crate) async fn read(&self, listings: &[ListingReference]) -> Result<Vec<PriceReading>, ConnectorError> {
        let read_at = now();
        let sellers = self.sellers(listings).await?;
        let variants = self.variants(sellers.values()).await?;
        let reading = |(key, seller): (ListingKey, Seller)| {
            let variant = variants.get(&seller.variant)?;
            let prices = variant.prices.iter().flatten().filter_map(price).collect();
            Some(PriceReading { key, prices, read_at })
        };
        Ok(sellers.into_iter().filter_map(reading).collect())
    }

    /// Sets prices; one call per product. An error of the first call is the error of all.
    pub(crate) async fn write(&self, items: &[PriceItem]) -> Result<Vec<PriceOutcome>, ConnectorError> {
        let references: Vec<ListingReference> = items.iter().map(|item| item.reference.clone()).collect();
        let sellers = self.sellers(&references).await?;
        let variants = self.variants(sellers.values()).await?;
        let reason = "no variant of Medusa with the SKU of this inventory item sells it: there is no price to set";
        let refused = PriceOutcome::Rejected {
            reason: reason.to_owned(),
        };
        let mut outcomes = vec![refused; items.len()];
        let mut products: BTreeMap<&str, Vec<(usize, &wire::Variant, Price)>> = BTreeMap::new();
        for (index, item) in items.iter().enumerate() {
            // The vendor's interface takes any number.
            if item.price.amount.amount() < Decimal::ZERO {
                let reason = format!("a price is 0 or more, not {}", item.price.amount);
                set(&mut outcomes, index, PriceOutcome::Rejected { reason });
                continue;
            }
            let seller = sellers.get(&item.reference.key);
            if let Some((seller, variant)) = seller.and_then(|seller| Some((seller, variants.get(&seller.variant)?))) {
                let row = (index, variant, item.price);
                products.entry(seller.product.as_str()).or_default().push(row);
            }
        }
        let mut sent = false;
        for (product, rows) in products {
            let answer = self.send(product, &rows).await;
            let answer = match answer {
                Err(error) if !sent => return Err(error),
                other => other,
            };
            sent = true;
            for (index, variant, price) in rows {
                set(&mut outcomes, index, outcome(variant, price, &answer));
            }
        }
        Ok(outcomes)
    }

    async fn send(
        &self,
        product: &str,
        rows: &[(usize, &wire::Variant, Price)],
    ) -> Result<wire::VariantBatch, ConnectorError> {
        let update: Vec<Value> = rows.iter().map(|(_, variant, price)| row(variant, *price)).collect();
        let path = format!("/admin/products/{product}/variants/batch");
        self.client.post(&path, &json!({ "update": update })).await
    }

    /// The variants that sell these listings' items, where the listing is the one that carries their price.
    async fn sellers(&self, listings: &[ListingReference]) -> Result<BTreeMap<ListingKey, Seller>, ConnectorError> {
        let wanted: BTreeSet<&ListingKey> = listings.iter().map(|listing| &listing.key).collect();
        let ids: BTreeSet<&str> = wanted.iter().map(|key| key.listing.as_str()).collect();
        let ids: Vec<&str> = ids.into_iter().collect();
        let mut sellers = BTreeMap::new();
        for chunk in ids.chunks(ITEMS) {
            let mut query: Query = chunk.iter().map(|id| ("id[]", (*id).to_owned())).collect();
            query.push(("fields", ITEM_FIELDS.to_owned()));
            query.push(("limit", ITEMS.to_string()));
            let answer: wire::SoldItems = self.client.get("/admin/inventory-items", &query).await?;
            sellers.extend(answer.inventory_items.iter().filter_map(seller));
        }
        sellers.retain(|key, _| wanted.contains(key));
        Ok(sellers)
    }

    async fn variants<'b>(
        &self,
        sellers: impl Iterator<Item = &'b Seller>,
    ) -> Result<BTreeMap<String, wire::Variant>, ConnectorError> {
        let ids: BTreeSet<&str> = sellers.map(|seller| seller.variant.as_str()).collect();
        let ids: Vec<&str> = ids.into_iter().collect();
        let mut found = BTreeMap::new();
        for chunk in ids.chunks(ITEMS) {
            let mut query: Query = chunk.iter().map(|id| ("id[]", (*id).to_owned())).collect();
            query.push(("fields", VARIANT_FIELDS.to_owned()));
            query.push(("limit", ITEMS.to_string()));
            let answer: wire::Variants = self.client.get("/admin/product-variants", &query).await?;
            found.extend(answer.variants.into_iter().map(|variant| (variant.id.clone(), variant)));
        }
        Ok(found)
    }
}

fn set(outcomes: &mut [PriceOutcome], index: usize, outcome: PriceOutcome) {
    if let Some(place) = outcomes.get_mut(index) {
        *place = outcome;
    }
}

/// Which listing carries the item's price, and whose it is; `None`: several variants have its SKU, or none.
fn seller(item: &wire::SoldItem) -> Option<(ListingKey, Seller)> {
    let sku = item.sku.as_ref().filter(|sku| !sku.is_empty())?;
    let mut own = item
        .variants
        .iter()
        .flatten()
        .filter(|variant| variant.sku.as_ref() == Some(sku));
    let (Some(variant), None) = (own.next(), own.next()) else {
        return None;
    };
    let first = item
        .location_levels
        .iter()
        .flatten()
        .map(|level| level.location_id.as_str())
        .min();
    let key = ListingKey {
        listing: ListingId::new(&item.id).ok()?,
        location: first.map(VendorLocation::new).transpose().ok()?,
    };
    let seller = Seller {
        variant: variant.id.clone(),
        product: variant.product_id.clone()?,
    };
    Some((key, seller))
}

/// Whom a price is for.
fn rules(row: &wire::VariantPrice) -> serde_json::Map<String, Value> {
    let listed = row.price_rules.iter().flatten();
    let mut rules: serde_json::Map<String, Value> = listed
        .map(|rule| (rule.attribute.clone(), rule.value.clone().into()))
        .collect();
    rules.extend(row.rules.clone().unwrap_or_default());
    rules
}

/// A base price: for everybody and any number of units.
fn is_base(row: &wire::VariantPrice) -> bool {
    row.min_quantity.0.is_none() && row.max_quantity.0.is_none() && rules(row).is_empty()
}

fn price(row: &wire::VariantPrice) -> Option<Price> {
    let currency = row.currency_code.to_ascii_uppercase().parse().ok()?;
    let amount = row.amount.0.filter(|_| is_base(row))?;
    // The server calculates in binary floats: what it means has the currency's digits.
    Some(Price::plain(Money::new(amount, currency).ok()?.rounded()))
}

/// The variant's whole set of prices with ours in its place.
fn row(variant: &wire::Variant, price: Price) -> Value {
    let currency = price.currency().to_string().to_ascii_lowercase();
    let amount = price.amount.rounded().amount().normalize().to_string();
    let amount = amount.parse::<serde_json::Number>().map_or(Value::Null, Value::Number);
    let (mut prices, mut placed) = (Vec::new(), false);
    for other in variant.prices.iter().flatten() {
        let ours = is_base(other) && other.currency_code.eq_ignore_ascii_case(&currency);
        placed |= ours;
        prices.push(resent(other, ours.then_some(&amount)));
    }
    if !placed {
        prices.push(json!({"currency_code": currency, "amount": amount}));
    }
    json!({"id": variant.id, "prices": prices})
}

/// A price as it is, but for its amount where that is ours.
fn resent(other: &wire::VariantPrice, amount: Option<&Value>) -> Value {
    let own = other.amount.0.map(|amount| amount.normalize().to_string());
    let own = own.and_then(|text| text.parse::<serde_json::Number>().ok());
    let mut row = json!({
        "id": other.id, "currency_code": other.currency_code,
        "amount": amount.cloned().unwrap_or_else(|| own.map_or(Value::Null, Value::Number)),
    });
    let Some(fields) = row.as_object_mut() else { return row };
    for (name, figure) in [
        ("min_quantity", &other.min_quantity),
        ("max_quantity", &other.max_quantity),
    ] {
        let number = figure
            .0
            .and_then(|figure| figure.normalize().to_string().parse::<serde_json::Number>().ok());
        fields.extend(number.map(|number| (name.to_owned(), Value::Number(number))));
    }
    let rules = rules(other);
    if !rules.is_empty() {
        fields.insert("rules".to_owned(), Value::Object(rules));
    }
    row
}

fn outcome(
    variant: &wire::Variant,
    wanted: Price,
    answer: &Result<wire::VariantBatch, ConnectorError>,
) -> PriceOutcome {
    match answer {
        Err(error) => PriceOutcome::Unknown {
            reason: error.message.clone(),
        },
        Ok(batch) => match batch.updated.iter().find(|other| other.id == variant.id) {
            // What it asks now is told by the read-back.
            Some(_) => PriceOutcome::Applied { price: None },
            None => PriceOutcome::Unknown {
                reason: format!("the answer doesn't speak of the variant with {wanted}"),
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_for_a_region_is_no_base_price_however_it_is_told_and_goes_back_as_it_was() {
        let plain = json!({"id": "price_1", "currency_code": "eur", "amount": 9.9, "rules": {}, "price_rules": []});
        let told = json!({"id": "price_2", "currency_code": "eur", "amount": 8, "rules": {"region_id": "reg_1"}});
        let listed = json!({"id": "price_3", "currency_code": "eur", "amount": 7,
                            "price_rules": [{"attribute": "region_id", "value": "reg_2"}]});
        let variant = json!({"id": "variant_1", "prices": [told, plain, listed]});
        let variant: wire::Variant = serde_json::from_value(variant).unwrap();
        let base: Vec<Price> = variant.prices.iter().flatten().filter_map(price).collect();
        let euros = |text: &str| Price::plain(Money::new(text.parse().unwrap(), "EUR".parse().unwrap()).unwrap());
        assert_eq!(base, [euros("9.90")]);
        assert_eq!(
            row(&variant, euros("12.50"))["prices"],
            json!([
                {"id": "price_2", "currency_code": "eur", "amount": 8, "rules": {"region_id": "reg_1"}},
                {"id": "price_1", "currency_code": "eur", "amount": 12.5},
                {"id": "price_3", "currency_code": "eur", "amount": 7, "rules": {"region_id": "reg_2"}},
            ])
        );
    }
}
