//! Channels in their writing role: what is listed, what it shows, and setting it.

use crate::{ConnectorError, Cursor};
use async_trait::async_trait;
use omnistock_words::{LineId, ListingId, LocationName, Millis, OrderId, Quantity, Sku, VendorLocation};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One number at a channel: a listing, at one of the vendor's locations where it has several.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ListingKey {
    /// The vendor's id.
    pub listing: ListingId,
    /// The vendor's location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<VendorLocation>,
}

/// A listing with what a call needs to name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListingReference {
    /// Which number.
    pub key: ListingKey,
    /// The product that a variation belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ListingId>,
}

impl ListingReference {
    /// A listing with one number, of a product of its own.
    pub fn plain(listing: ListingId) -> Self {
        let key = ListingKey {
            listing,
            location: None,
        };
        Self { key, parent: None }
    }
}

/// Units that the channel keeps apart for a line of an order of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReservedLine {
    /// The order, where the vendor says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// The line, as the order names it.
    pub line: LineId,
    /// Units of the SKU at the listing's location.
    pub quantity: Quantity,
}

/// A listing as the channel shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingReading {
    /// Which listing.
    pub reference: ListingReference,
    /// The SKU the vendor has for it, where there is a usable one.
    pub sku: Option<Sku>,
    /// Our location, where the vendor has several and the code is known.
    pub place: Option<LocationName>,
    /// The number as it is written: available or gross, by the manifest. `None`: not counted there.
    pub quantity: Option<Quantity>,
    /// What the channel keeps apart, where its number is gross.
    pub reserved: Vec<ReservedLine>,
    /// When the read began, our clock.
    pub read_at: Millis,
    /// Why this listing can't be written, in one sentence that says what to do.
    pub unwritable: Option<String>,
    /// What else tells the article apart, where the vendor says so. Kept only while no SKU of ours belongs to the
    /// listing, for the person who looks for one.
    pub about: Option<Box<ListingAbout>>,
}

/// What a person goes by who looks for a listing's SKU. Never of a buyer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListingAbout {
    /// As buyers see it.
    pub title: Option<String>,
    /// GTIN, EAN, UPC or ISBN, as the vendor has it.
    pub gtin: Option<String>,
}

impl ListingAbout {
    /// `None` where both are empty; a title is cut to 200 characters.
    pub fn of(title: &str, gtin: &str) -> Option<Box<Self>> {
        let told = |text: &str, most: usize| {
            let text: String = text
                .trim()
                .chars()
                .filter(|letter| !letter.is_control())
                .take(most)
                .collect();
            Some(text).filter(|text| !text.is_empty())
        };
        let about = Self {
            title: told(title, 200),
            gtin: told(gtin, 50),
        };
        (about != Self::default()).then(|| Box::new(about))
    }
}

/// Some listings, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingPage {
    /// Listings as shown.
    pub listings: Vec<ListingReading>,
    /// The next page; `None` when this was the last.
    pub next: Option<Cursor>,
}

/// One number to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteItem {
    /// Which listing.
    pub reference: ListingReference,
    /// The number in the vendor's meaning.
    pub quantity: Quantity,
    /// The number it replaces. Given only where the manifest says `compare_and_set`: the vendor
    /// must do nothing where it shows another one.
    pub expected: Option<Quantity>,
}

/// What the vendor said of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemOutcome {
    /// Done; the number the vendor says it shows now, where it says so.
    Applied {
        /// As answered.
        quantity: Option<Quantity>,
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
    /// Certainly not done: the vendor shows another number than was expected, or somebody else
    /// was writing at that moment.
    Stale {
        /// The number it shows, where it says so: it counts as read.
        quantity: Option<Quantity>,
        /// The vendor's code and words.
        reason: String,
    },
    /// May have been done.
    Unknown {
        /// Why we can't tell.
        reason: String,
    },
}

/// A channel in its writing role.
#[async_trait]
pub trait ChannelRole: Send + Sync {
    /// All listings with what they show, page by page.
    async fn catalogue(&self, cursor: Option<&Cursor>) -> Result<ListingPage, ConnectorError>;

    /// What these listings show now. At most `max_read` of them; one that is gone is left out.
    async fn read(&self, listings: &[ListingReference]) -> Result<Vec<ListingReading>, ConnectorError>;

    /// Sets numbers. At most `max_write` items of one group. One outcome per item, in order.
    async fn write(&self, items: &[WriteItem]) -> Result<Vec<ItemOutcome>, ConnectorError>;

    /// So long after a yes the vendor goes on showing the number before, as a rule: the read-back waits as long. A
    /// reading that may still be of before a yes is handed over with a time before it.
    fn settles(&self) -> Duration {
        Duration::ZERO
    }

    /// A call to [`ChannelRole::write`] with so many listings and more goes another way at the vendor, and counts as
    /// [`CallKind::Bulk`](crate::CallKind::Bulk) against the limits; where those have no room it goes in small parts.
    fn bulk_from(&self) -> Option<usize> {
        None
    }
}

/// A channel without listings of its own: it lists the articles that it is told of.
#[async_trait]
pub trait ArticleRole: Send + Sync {
    /// Lists these articles too, next to those that it was told of before: each is in the catalogue from now on, until
    /// the process ends. Buyers are shown nothing of one before its number is written.
    async fn carry(&self, skus: &[Sku]) -> Result<(), ConnectorError>;
}
