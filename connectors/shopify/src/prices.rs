//! What variants ask: read with the catalogue, written by product, those of a call that are good.
//!
//! Our listings are inventory items at locations; a price belongs to the variant that sells the item. Of an item's
//! listings the first one that a pass over the catalogue comes to carries it. A former price beside it (`compareAtPrice`) is left as it is,
//! unless the merchant has said that it is ours.

use crate::catalogue::{Levels, Width};
use crate::client::Client;
use crate::documents::{CURRENCY, PRICES, SET_PRICES};
use crate::gid::{gid, number};
use crate::wire;
use omnistock_sdk::{
    ConnectorError, Cursor, ErrorClass, ListingKey, ListingReference, PriceItem, PriceOutcome, PriceReading,
    PricedPage, now,
};
use omnistock_words::{Currency, ListingId, Millis, Money, Price, VendorLocation};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Codes of variants that another try would be refused with as well [the vendor's schema].
const FOR_GOOD: [&str; 8] = [
    "GREATER_THAN_OR_EQUAL_TO",
    "NEGATIVE_PRICE_VALUE",
    "INVALID_VALUE",
    "INVALID_INPUT",
    "PRODUCT_DOES_NOT_EXIST",
    "PRODUCT_VARIANT_DOES_NOT_EXIST",
    "PRODUCT_VARIANT_ID_MISSING",
    "MUST_BE_FOR_THIS_PRODUCT",
];

/// Who sells an item.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seller {
    variant: String,
    product: String,
    /// The listing at this location carries the price.
    location: String,
    /// The pass over the catalogue that told so last.
    pass: u64,
}

/// Sellers by the numbers of their items, as the last reads told them; one an item.
#[derive(Default)]
pub(crate) struct PriceBook {
    sellers: Mutex<HashMap<String, Seller>>,
    /// Number of the pass over the catalogue that runs, or ran last.
    pass: AtomicU64,
    currency: tokio::sync::Mutex<Option<Currency>>,
}

impl PriceBook {
    fn sellers(&self) -> MutexGuard<'_, HashMap<String, Seller>> {
        self.sellers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The product that sells an item, where that was read.
    pub(crate) fn product_of(&self, item: &wire::Item) -> Option<ListingId> {
        let told = item.variant.as_ref().and_then(|variant| variant.product.as_ref());
        if let Some(product) = told.and_then(|product| number(&product.id)) {
            return ListingId::new(product).ok();
        }
        let sellers = self.sellers();
        ListingId::new(&sellers.get(number(&item.id)?)?.product).ok()
    }

    /// Remembers who sells the item, and says whether its listing at this location carries the price.
    ///
    /// The first location that a pass over the catalogue comes to does: where an item is stocked no more, another of its
    /// listings has to. A read of single listings, `passes` false, moves nothing.
    fn carries(&self, item: &str, location: &str, variant: &wire::Variant, passes: bool) -> bool {
        let product = variant.product.as_ref().and_then(|product| number(&product.id));
        let (Some(variant), Some(product)) = (number(&variant.id), product) else {
            return false;
        };
        let pass = self.pass.load(Ordering::Relaxed);
        let mut sellers = self.sellers();
        let seller = sellers.entry(item.to_owned()).or_insert_with(|| Seller {
            variant: String::new(),
            product: String::new(),
            location: location.to_owned(),
            pass,
        });
        if passes && seller.pass < pass {
            location.clone_into(&mut seller.location);
            seller.pass = pass;
        }
        variant.clone_into(&mut seller.variant);
        product.clone_into(&mut seller.product);
        seller.location == location
    }

    fn seller(&self, item: &str) -> Option<Seller> {
        self.sellers().get(item).cloned()
    }
}

/// Reads and writes prices.
pub(crate) struct Pricing<'a> {
    pub(crate) client: &'a Client,
    pub(crate) levels: Levels<'a>,
    /// Items in one query.
    pub(crate) width: &'a Width,
    /// Former prices are ours too.
    pub(crate) compare_at: bool,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default, rename = "productVariants")]
    variants: Option<Vec<wire::Variant>>,
    #[serde(rename = "userErrors")]
    errors: Vec<wire::UserError>,
}

impl Pricing<'_> {
    /// The shop's currency, asked once, and again with each pass over the catalogue.
    async fn currency(&self, anew: bool) -> Result<Currency, ConnectorError> {
        let mut known = self.levels.book.currency.lock().await;
        if let Some(currency) = known.filter(|_| !anew) {
            return Ok(currency);
        }
        let shop: wire::ShopFacts = self.client.ask(&CURRENCY, &json!({}), "shop").await?;
        let code = &shop.currency_code;
        let currency = code.parse().map_err(|_| {
            ConnectorError::operator(format!(
                "the shop's currency is `{code}`: set prices = false, prices can't be kept"
            ))
        })?;
        *known = Some(currency);
        Ok(currency)
    }

    /// What a variant asks; the former price counts where it is ours.
    fn asked(&self, variant: &wire::Variant, currency: Currency) -> Option<Price> {
        let money = |text: &str| Money::new(Decimal::from_str_exact(text.trim()).ok()?, currency).ok();
        let compared = variant.compare_at_price.as_deref().filter(|_| self.compare_at);
        Some(Price {
            amount: money(&variant.price)?,
            compare_at: compared.and_then(money),
        })
    }

    fn reading(
        &self,
        (item, location): (&str, &str),
        variant: &wire::Variant,
        currency: Currency,
        (read_at, passes): (Millis, bool),
    ) -> Option<PriceReading> {
        if !self.levels.book.carries(item, location, variant, passes) {
            return None;
        }
        let key = ListingKey {
            listing: ListingId::new(item).ok()?,
            location: Some(VendorLocation::new(location).ok()?),
        };
        let prices = self.asked(variant, currency).into_iter().collect();
        Some(PriceReading { key, prices, read_at })
    }

    /// The page of the catalogue at `cursor`, with what its listings ask.
    pub(crate) async fn page(&self, cursor: Option<&Cursor>) -> Result<PricedPage, ConnectorError> {
        let currency = self.currency(cursor.is_none()).await?;
        if cursor.is_none() {
            self.levels.book.pass.fetch_add(1, Ordering::Relaxed);
        }
        let seen = self.levels.page(cursor, true).await?;
        let readings = seen.variants.iter().filter_map(|(item, location, variant)| {
            self.reading((item, location), variant, currency, (seen.read_at, true))
        });
        Ok(PricedPage {
            prices: readings.collect(),
            page: seen.page,
        })
    }

    /// What these listings ask now.
    pub(crate) async fn read(&self, listings: &[ListingReference]) -> Result<Vec<PriceReading>, ConnectorError> {
        let currency = self.currency(false).await?;
        let read_at = now();
        let items: Vec<String> = listings
            .iter()
            .filter_map(|listing| gid("InventoryItem", listing.key.listing.as_str()))
            .collect();
        let mut variants = HashMap::new();
        let mut rest = items.as_slice();
        while !rest.is_empty() {
            let (part, left) = rest.split_at(self.width.get().clamp(1, rest.len()));
            let variables = json!({ "ids": part });
            let asked: Result<Vec<Option<Value>>, _> =
                self.client.ask_of(&PRICES, &variables, "nodes", part.len()).await;
            let nodes = match asked {
                Ok(nodes) => nodes,
                Err(error) if self.width.halve(&error) => continue,
                Err(error) => return Err(error),
            };
            let found = nodes.into_iter().flatten();
            for item in found.filter_map(|node| serde_json::from_value::<wire::Item>(node).ok()) {
                if let (Some(number), Some(variant)) = (number(&item.id), item.variant) {
                    variants.insert(number.to_owned(), variant);
                }
            }
            rest = left;
        }
        let reading = |listing: &ListingReference| {
            let (item, location) = (listing.key.listing.as_str(), listing.key.location.as_ref()?);
            self.reading(
                (item, location.as_str()),
                variants.get(item)?,
                currency,
                (read_at, false),
            )
        };
        Ok(listings.iter().filter_map(reading).collect())
    }

    /// Sets prices; one call a product. An error of the first call is the error of all.
    pub(crate) async fn write(&self, items: &[PriceItem]) -> Result<Vec<PriceOutcome>, ConnectorError> {
        let currency = self.currency(false).await?;
        let book = self.levels.book;
        let unknown = |item: &&PriceItem| book.seller(item.reference.key.listing.as_str()).is_none();
        let unknown: Vec<ListingReference> = items
            .iter()
            .filter(unknown)
            .map(|item| item.reference.clone())
            .collect();
        if !unknown.is_empty() {
            self.read(&unknown).await?;
        }
        let reason = "the item has no variant any more: the next pass over the catalogue forgets it".to_owned();
        let mut outcomes = vec![PriceOutcome::Rejected { reason }; items.len()];
        let mut products: BTreeMap<String, Vec<(usize, String, Price)>> = BTreeMap::new();
        for ((index, item), outcome) in items.iter().enumerate().zip(&mut outcomes) {
            let Some(seller) = book.seller(item.reference.key.listing.as_str()) else {
                continue;
            };
            match sendable(item.price, currency) {
                Ok(()) => products
                    .entry(seller.product)
                    .or_default()
                    .push((index, seller.variant, item.price)),
                Err(reason) => *outcome = PriceOutcome::Rejected { reason },
            }
        }
        let mut done = false;
        for (product, variants) in products {
            match self.send(&product, &variants, currency).await {
                Ok(told) => told
                    .into_iter()
                    .for_each(|(index, outcome)| set(&mut outcomes, index, outcome)),
                Err(error) if !done => return Err(error),
                Err(error) => {
                    for (index, ..) in &variants {
                        set(&mut outcomes, *index, outcome_of_call(&error));
                    }
                }
            }
            done = true;
        }
        Ok(outcomes)
    }

    async fn send(
        &self,
        product: &str,
        variants: &[(usize, String, Price)],
        currency: Currency,
    ) -> Result<Vec<(usize, PriceOutcome)>, ConnectorError> {
        let rows = variants
            .iter()
            .map(|(_, variant, price)| row(variant, *price, self.compare_at));
        let variables = json!({"product": gid("Product", product), "variants": rows.collect::<Vec<_>>()});
        let answer: Answer = self
            .client
            .ask(&SET_PRICES, &variables, "productVariantsBulkUpdate")
            .await?;
        let shown: HashMap<&str, &wire::Variant> = answer
            .variants
            .iter()
            .flatten()
            .filter_map(|variant| Some((number(&variant.id)?, variant)))
            .collect();
        let all = answer
            .errors
            .iter()
            .find(|error| place(error, variants.len()).is_none());
        let outcome = |(at, (index, variant, _)): (usize, &(usize, String, Price))| {
            let own = answer
                .errors
                .iter()
                .find(|error| place(error, variants.len()) == Some(at));
            let outcome = match (own.or(all), shown.get(variant.as_str())) {
                (Some(error), _) => refused(error),
                (None, Some(variant)) => PriceOutcome::Applied {
                    price: self.asked(variant, currency),
                },
                (None, None) => PriceOutcome::Unknown {
                    reason: format!("the answer does not speak of variant {variant}"),
                },
            };
            (*index, outcome)
        };
        Ok(variants.iter().enumerate().map(outcome).collect())
    }
}

fn set(outcomes: &mut [PriceOutcome], index: usize, outcome: PriceOutcome) {
    if let Some(place) = outcomes.get_mut(index) {
        *place = outcome;
    }
}

/// As the vendor takes it. What is not ours is not in it; null ends a former price of ours.
fn row(variant: &str, price: Price, compare_at: bool) -> Value {
    let mut row = json!({"id": gid("ProductVariant", variant), "price": price.amount.amount().to_string()});
    if compare_at && let Some(row) = row.as_object_mut() {
        let compared = price
            .compare_at
            .filter(|compared| compared.amount() > price.amount.amount());
        row.insert(
            "compareAtPrice".to_owned(),
            json!(compared.map(|compared| compared.amount().to_string())),
        );
    }
    row
}

fn sendable(price: Price, currency: Currency) -> Result<(), String> {
    if price.currency() != currency {
        let wanted = price.currency();
        return Err(format!(
            "the shop's prices are in {currency}, this one is in {wanted}: give the channel a price list in {currency}"
        ));
    }
    if price.amount.amount() < Decimal::ZERO {
        return Err(format!("Shopify takes prices from 0 on, not {}", price.amount));
    }
    Ok(())
}

/// Which variant of the call an error names: `["variants", "1", "price"]`.
fn place(error: &wire::UserError, variants: usize) -> Option<usize> {
    let path = error.field.as_ref()?;
    let at = path.iter().position(|part| part == "variants")?;
    path.get(at + 1)?.parse().ok().filter(|place| *place < variants)
}

fn refused(error: &wire::UserError) -> PriceOutcome {
    let code = error.code.as_deref().unwrap_or("error");
    let reason = format!("{code}: {}", error.message);
    if FOR_GOOD.contains(&code) {
        PriceOutcome::Rejected { reason }
    } else {
        PriceOutcome::Failed { reason }
    }
}

fn outcome_of_call(error: &ConnectorError) -> PriceOutcome {
    let reason = error.message.clone();
    match error.class {
        ErrorClass::Unknown => PriceOutcome::Unknown { reason },
        ErrorClass::Retry { .. } | ErrorClass::Spent { .. } | ErrorClass::Rejected | ErrorClass::Operator => {
            PriceOutcome::Failed { reason }
        }
    }
}

#[cfg(test)]
#[path = "prices_tests.rs"]
mod tests;
