//! Prices: what an offer asks in the first store of the settings.
//!
//! A change is merged into `purchasable_offer`: what else is in it (business prices, sales by hand) stays.

use crate::catalogue::{Catalogue, against};
use crate::client::Client;
use crate::memory::{Memory, What};
use crate::wire::{Item, Offer};
use crate::write::{Patched, change, common};
use omnistock_sdk::{
    ConnectorError, Cursor, ErrorClass, ListingKey, ListingPage, ListingReference, PriceItem, PriceOutcome,
    PriceReading, PricedPage,
};
use omnistock_words::{ListingId, Millis, Money, Price};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Reads and writes prices.
pub(crate) struct Prices<'a> {
    pub(crate) client: &'a Client,
    pub(crate) memory: &'a Memory,
    pub(crate) catalogue: Catalogue<'a>,
}

impl Prices<'_> {
    /// The page of the catalogue at `cursor`, with what its listings ask.
    pub(crate) async fn page(&self, cursor: Option<&Cursor>) -> Result<PricedPage, ConnectorError> {
        let page = self.catalogue.items_at(cursor).await?;
        Ok(PricedPage {
            prices: self.readings(&page.items, page.read_at),
            page: ListingPage {
                listings: self.catalogue.readings(&page.items, page.read_at),
                next: page.next,
            },
        })
    }

    /// What these listings ask.
    pub(crate) async fn read(&self, listings: &[ListingReference]) -> Result<Vec<PriceReading>, ConnectorError> {
        let (items, read_at) = self.catalogue.items(listings).await?;
        Ok(self.readings(&items, read_at))
    }

    fn readings(&self, items: &[Item], read_at: Millis) -> Vec<PriceReading> {
        let reading = |item: &Item| {
            let listing = ListingId::new(&item.sku).ok()?;
            let store = self.client.marketplace();
            let mut offers = item.offers.iter();
            let offer = offers.find(|offer| offer.offer_type == "B2C" && offer.marketplace_id == store);
            let price = offer.and_then(price);
            let text = price.map(|price| price.to_string());
            let against = against(&item.issues, What::Price);
            let read_at = self
                .memory
                .seen(What::Price, &item.sku, text.as_deref(), read_at, against.as_deref());
            Some(PriceReading {
                key: ListingKey {
                    listing,
                    location: None,
                },
                prices: price.into_iter().collect(),
                read_at,
            })
        };
        items.iter().filter_map(reading).collect()
    }

    /// Sets prices, one patch each.
    pub(crate) async fn write(&self, items: &[PriceItem]) -> Result<Vec<PriceOutcome>, ConnectorError> {
        let mut results = Vec::with_capacity(items.len());
        for item in items {
            results.push(self.set(item).await);
        }
        let failed: Vec<&ConnectorError> = results.iter().filter_map(|result| result.as_ref().err()).collect();
        if let Some(error) = common(&failed, items.len()) {
            return Err(error);
        }
        Ok(results
            .into_iter()
            .map(|result| result.unwrap_or_else(|error| outcome_of(&error)))
            .collect())
    }

    async fn set(&self, item: &PriceItem) -> Result<PriceOutcome, ConnectorError> {
        let sku = item.reference.key.listing.as_str();
        let value = Price::plain(item.price.amount.rounded()).to_string();
        if let Some(reason) = self.memory.refusal(What::Price, sku, &value) {
            return Ok(PriceOutcome::Rejected { reason });
        }
        if let Some(reason) = unsendable(self.client.marketplace(), item.price.amount) {
            return Ok(PriceOutcome::Rejected { reason });
        }
        let Some(path) = self.client.item_path(sku) else {
            let reason = "Amazon's interface can't name a listing with this SKU: give it another one".to_owned();
            return Ok(PriceOutcome::Rejected { reason });
        };
        let patches = price_patch(self.client.marketplace(), item.price.amount.rounded());
        let of = (What::Price, sku);
        Ok(
            match change(self.client, self.memory, of, (&path, &value), &patches).await? {
                Patched::Accepted => PriceOutcome::Applied { price: None },
                Patched::Rejected(reason) => PriceOutcome::Rejected { reason },
                Patched::Unknown(reason) => PriceOutcome::Unknown { reason },
            },
        )
    }
}

/// What stores sell in [the vendor's documentation of marketplace ids]; of others nothing is known.
const CURRENCIES: [(&str, &str); 22] = [
    ("A13V1IB3VIYZZH", "EUR"),
    ("A17E79C6D8DWNP", "SAR"),
    ("A19VAU5U5O7RUS", "SGD"),
    ("A1AM78C64UM0Y8", "MXN"),
    ("A1C3SOZRARQ6R3", "PLN"),
    ("A1F83G8C2ARO7P", "GBP"),
    ("A1PA6795UKMFR9", "EUR"),
    ("A1RKKUPIHCS9HS", "EUR"),
    ("A1805IZSGTT6HS", "EUR"),
    ("A1VC38T7YXB528", "JPY"),
    ("A21TJRUUN4KGV", "INR"),
    ("A28R8C7NBKEWEA", "EUR"),
    ("A2EUQ1WTGCTBG2", "CAD"),
    ("A2NODRKZP88ZB9", "SEK"),
    ("A2Q3Y263D00KWC", "BRL"),
    ("A2VIGQ35RCS4UG", "AED"),
    ("A33AVAJ2PDY3EV", "TRY"),
    ("A39IBJ37TRP1C6", "AUD"),
    ("AMEN7PMS3EDWL", "EUR"),
    ("APJ6JRA9NG5V4", "EUR"),
    ("ARBP9OOSHTCHU", "EGP"),
    ("ATVPDKIKX0DER", "USD"),
];

/// Why this amount must not be sent to the store. A price in another currency would be a second one beside the first.
fn unsendable(store: &str, amount: Money) -> Option<String> {
    let known = CURRENCIES.iter().find(|(known, _)| *known == store);
    let wanted = amount.currency();
    if let Some((_, own)) = known.filter(|(_, own)| *own != wanted.to_string()) {
        return Some(format!(
            "prices of the store {store} are in {own}, this one is in {wanted}: give the channel a price list in {own}"
        ));
    }
    (amount.amount() <= Decimal::ZERO).then(|| format!("Amazon takes prices above 0, not {amount}"))
}

/// The change of one price.
fn price_patch(store: &str, amount: Money) -> Value {
    let text = amount.amount().normalize().to_string();
    let number = text.parse::<serde_json::Number>().map_or(Value::Null, Value::Number);
    json!([{
        "op": "merge",
        "path": "/attributes/purchasable_offer",
        "value": [{
            "marketplace_id": store,
            "currency": amount.currency().to_string(),
            "audience": "ALL",
            "our_price": [{"schedule": [{"value_with_tax": number}]}],
        }],
    }])
}

fn price(offer: &Offer) -> Option<Price> {
    let currency = offer.price.currency_code.parse().ok()?;
    let amount: Decimal = offer.price.amount.parse().ok()?;
    Some(Price::plain(Money::new(amount, currency).ok()?.rounded()))
}

fn outcome_of(error: &ConnectorError) -> PriceOutcome {
    let reason = error.message.clone();
    match error.class {
        ErrorClass::Rejected => PriceOutcome::Rejected { reason },
        ErrorClass::Unknown => PriceOutcome::Unknown { reason },
        ErrorClass::Retry { .. } | ErrorClass::Spent { .. } | ErrorClass::Operator => PriceOutcome::Failed { reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_in_the_currency_of_its_store() {
        let money =
            |amount: &str, currency: &str| Money::new(amount.parse().unwrap(), currency.parse().unwrap()).unwrap();
        assert_eq!(unsendable("A1VC38T7YXB528", money("1500", "JPY")), None);
        assert_eq!(unsendable("a store of tomorrow", money("1.50", "CHF")), None);
        let reason = unsendable("ATVPDKIKX0DER", money("9.90", "EUR")).unwrap();
        assert!(reason.contains("in USD"), "{reason}");
        let patches = price_patch("A1VC38T7YXB528", money("1500", "JPY").rounded());
        let number = patches.pointer("/0/value/0/our_price/0/schedule/0/value_with_tax");
        assert_eq!(number.unwrap().to_string(), "1500");
    }

    #[test]
    fn a_price_is_sent_to_the_cent() {
        for (amount, sent) in [
            ("19.90", "19.9"),
            ("0.01", "0.01"),
            ("1234567.89", "1234567.89"),
            ("20", "20"),
        ] {
            let money = Money::new(amount.parse().unwrap(), "EUR".parse().unwrap()).unwrap();
            let patches = price_patch("A1PA6795UKMFR9", money);
            let number = patches.pointer("/0/value/0/our_price/0/schedule/0/value_with_tax");
            assert_eq!(number.unwrap().to_string(), sent);
        }
    }
}
