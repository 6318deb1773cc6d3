//! The prices of an export: one an article, beside its numbers.

use super::text::Row;
use super::{Export, MOST_WRITE, Plan, State, key, look, meant, page, store};
use async_trait::async_trait;
use omnistock_sdk::{
    ConnectorError, Cursor, Grouping, ListingReference, PriceCurrency, PriceField, PriceItem, PriceOutcome,
    PriceReading, PriceRole, PriceTerms, PricedPage, now,
};
use omnistock_words::{Millis, Price, Sku};
use rust_decimal::Decimal;

/// Of an article with rows at several locations the first one has the reading.
fn reading(plan: &Plan, sku: &Sku, row: Option<&Row>, at: Millis) -> Option<PriceReading> {
    let price = row.and_then(|row| row.price);
    Some(PriceReading {
        key: key(plan, sku, 0)?,
        prices: price.map(Price::plain).into_iter().collect(),
        read_at: at,
    })
}

fn put(plan: &Plan, rows: &mut super::Rows, item: &PriceItem) -> PriceOutcome {
    let Some((sku, _)) = meant(plan, &item.reference) else {
        let reason = "there is no such listing in this file".to_owned();
        return PriceOutcome::Rejected { reason };
    };
    let there = |row: &&mut Row| row.quantities.iter().any(Option::is_some);
    let Some(row) = rows.get_mut(&sku).filter(there) else {
        let reason = "its quantity was not written yet: a row has both".to_owned();
        return PriceOutcome::Failed { reason };
    };
    if item.price.amount.amount() < Decimal::ZERO {
        let reason = format!("a price is 0 or more, not {}", item.price.amount);
        return PriceOutcome::Rejected { reason };
    }
    row.price = Some(item.price.amount);
    PriceOutcome::Applied {
        price: Some(Price::plain(item.price.amount)),
    }
}

#[async_trait]
impl PriceRole for Export {
    fn terms(&self) -> PriceTerms {
        PriceTerms {
            max_write: MOST_WRITE,
            max_read: MOST_WRITE,
            grouping: Grouping::Any,
            fields: &[PriceField::Regular],
            currency: PriceCurrency::OfShop,
        }
    }

    async fn priced_page(&self, cursor: Option<&Cursor>) -> Result<PricedPage, ConnectorError> {
        let cursor = cursor.cloned();
        self.work(ConnectorError::retry, move |plan, state| {
            let read_at = now();
            let (skus, page) = page(plan, state, cursor.as_ref())?;
            let rows = look(plan, state)?;
            let prices = skus.iter().filter_map(|sku| reading(plan, sku, rows.get(sku), read_at));
            Ok(PricedPage {
                prices: prices.collect(),
                page,
            })
        })
        .await
    }

    async fn read_prices(&self, listings: &[ListingReference]) -> Result<Vec<PriceReading>, ConnectorError> {
        let listings = listings.to_vec();
        self.work(ConnectorError::retry, move |plan, state: &mut State| {
            let read_at = now();
            let rows = look(plan, state)?;
            let one = |reference: &ListingReference| {
                let (sku, _) = meant(plan, reference).filter(|(_, place)| *place == 0)?;
                reading(plan, &sku, rows.get(&sku), read_at)
            };
            Ok(listings.iter().filter_map(one).collect())
        })
        .await
    }

    async fn write_prices(&self, items: &[PriceItem]) -> Result<Vec<PriceOutcome>, ConnectorError> {
        let items = items.to_vec();
        self.work(ConnectorError::unknown, move |plan, state| {
            let before = look(plan, state)?.clone();
            let mut rows = before.clone();
            let outcomes = items.iter().map(|item| put(plan, &mut rows, item)).collect();
            if rows != before {
                store(plan, state, rows)?;
            }
            Ok(outcomes)
        })
        .await
    }
}
