//! The scripted channel as a counter that has prices.

use super::{Fake, Fault, name, not_spent};
use async_trait::async_trait;
use omnistock_sdk::{
    ChannelRole, ConnectorError, Cursor, Grouping, ListingReference, PriceCurrency, PriceField, PriceItem,
    PriceOutcome, PriceReading, PriceRole, PriceTerms, PricedPage, now,
};
use tokio::time::sleep;

#[async_trait]
impl PriceRole for Fake {
    fn terms(&self) -> PriceTerms {
        PriceTerms {
            max_write: self.manifest.max_write.min(4),
            max_read: 4,
            grouping: Grouping::Any,
            fields: &[PriceField::Regular, PriceField::CompareAt],
            currency: PriceCurrency::OfShop,
        }
    }

    async fn priced_page(&self, cursor: Option<&Cursor>) -> Result<PricedPage, ConnectorError> {
        let page = self.catalogue(cursor).await?;
        let references: Vec<_> = page.listings.iter().map(|one| one.reference.clone()).collect();
        let prices = self.read_prices(&references).await?;
        Ok(PricedPage { page, prices })
    }

    async fn read_prices(&self, listings: &[ListingReference]) -> Result<Vec<PriceReading>, ConnectorError> {
        self.alive()?;
        let shop = self.shop.lock().unwrap();
        not_spent(&shop, listings.iter().map(|one| name(&one.key)))?;
        let reading = |reference: &ListingReference| {
            Some(PriceReading {
                key: reference.key.clone(),
                prices: shop.prices.get(&name(&reference.key))?.iter().copied().collect(),
                read_at: now(),
            })
        };
        Ok(listings.iter().filter_map(reading).collect())
    }

    async fn write_prices(&self, items: &[PriceItem]) -> Result<Vec<PriceOutcome>, ConnectorError> {
        self.alive()?;
        assert!(items.len() <= 4 && !items.is_empty());
        let fault = self.shop.lock().unwrap().price_faults.pop_front();
        match &fault {
            Some(Fault::Hang) => std::future::pending::<()>().await,
            Some(Fault::Slow(time)) => sleep(*time).await,
            _ => {}
        }
        let mut shop = self.shop.lock().unwrap();
        let sent: Vec<_> = items
            .iter()
            .map(|item| (name(&item.reference.key), item.price))
            .collect();
        shop.price_calls.push(sent.clone());
        if let Some(Fault::Whole(error)) = fault {
            return Err(error);
        }
        let mut outcomes = Vec::new();
        for (id, price) in sent {
            if shop.refused_prices.contains(&id) {
                let reason = "too_cheap: the price is below the agreed one".to_owned();
                outcomes.push(PriceOutcome::Rejected { reason });
                continue;
            }
            if !shop.deaf {
                shop.prices.insert(id, Some(price));
            }
            outcomes.push(PriceOutcome::Applied { price: Some(price) });
        }
        if let Some(Fault::LostAnswer) = fault {
            return Err(ConnectorError::unknown("the connection broke"));
        }
        Ok(outcomes)
    }
}
