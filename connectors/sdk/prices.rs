//! Channels in their second writing role: what their listings ask, and setting it.
//!
//! Apart from [`ChannelRole`](crate::ChannelRole), also where a vendor would take both in one call: a price
//! that is refused, held or late must never stop a quantity, so each has calls and outcomes of its own.

use crate::{ConnectorError, Cursor, Grouping, ListingKey, ListingPage, ListingReference};
use async_trait::async_trait;
use omnistock_words::{Millis, Price};

/// A field that a vendor's price has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceField {
    /// What is asked, or was before a sale.
    Regular,
    /// What is asked while a sale lasts; the regular one is then shown beside it.
    Sale,
    /// When a sale begins and ends. We begin and end it ourselves, and clear them.
    SaleDates,
    /// A former price that is shown beside.
    CompareAt,
}

/// The currencies of a vendor's prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceCurrency {
    /// One for the whole shop.
    OfShop,
    /// A listing may have a price in each of several.
    PerPrice,
}

/// What a connector says of its vendor's prices. Each names the source of each figure beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceTerms {
    /// Prices in one write call, at most.
    pub max_write: usize,
    /// Listings in one read call, at most.
    pub max_read: usize,
    /// Which listings may share a write call.
    pub grouping: Grouping,
    /// The fields there are.
    pub fields: &'static [PriceField],
    /// The currencies.
    pub currency: PriceCurrency,
}

impl PriceTerms {
    /// Whether a price can be shown beside a former one.
    pub fn compares(&self) -> bool {
        let beside = |field| matches!(field, &PriceField::Sale | &PriceField::CompareAt);
        self.fields.iter().any(beside)
    }
}

/// What a listing asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceReading {
    /// Which listing. Of several listings that share one price only the first has a reading.
    pub key: ListingKey,
    /// One per currency; none where the vendor has no price for it yet.
    pub prices: Vec<Price>,
    /// When the read began, our clock.
    pub read_at: Millis,
}

/// Some listings with what they ask, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricedPage {
    /// As [`ChannelRole::catalogue`](crate::ChannelRole::catalogue) says.
    pub page: ListingPage,
    /// Of the page's listings those that have a price of their own.
    pub prices: Vec<PriceReading>,
}

/// One price to set. Prices of the listing in other currencies stay as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceItem {
    /// Which listing.
    pub reference: ListingReference,
    /// What it shall ask; compared with nothing where the vendor can't say so.
    pub price: Price,
}

/// What the vendor said of one price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriceOutcome {
    /// Done; what the vendor says it asks now, where it says so.
    Applied {
        /// As answered.
        price: Option<Price>,
    },
    /// Refused for good: the vendor's code and words.
    Rejected {
        /// The vendor's code and words.
        reason: String,
    },
    /// Not done, worth another try.
    Failed {
        /// The vendor's code and words.
        reason: String,
    },
    /// May have been done.
    Unknown {
        /// Why we can't tell.
        reason: String,
    },
}

/// A channel whose prices are written too.
#[async_trait]
pub trait PriceRole: Send + Sync {
    /// Facts of the vendor's prices.
    fn terms(&self) -> PriceTerms;

    /// A page of the catalogue, with what its listings ask.
    async fn priced_page(&self, cursor: Option<&Cursor>) -> Result<PricedPage, ConnectorError>;

    /// What these listings ask now. At most `max_read` of them; one without a price of its own is left out.
    async fn read_prices(&self, listings: &[ListingReference]) -> Result<Vec<PriceReading>, ConnectorError>;

    /// Sets prices. At most `max_write` items of one group. One outcome per item, in order.
    async fn write_prices(&self, items: &[PriceItem]) -> Result<Vec<PriceOutcome>, ConnectorError>;
}
