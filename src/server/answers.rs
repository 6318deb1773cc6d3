//! What the admin listener answers beside the status: explanations, holds, lists.

use super::ListingState;
use omnistock_words::{Basis, ChannelName, ConnectorName, LineId, LocationName, Millis, Mode, OrderId, Quantity, Sku};
use serde::{Deserialize, Serialize};

/// Part of a list, and how long the whole is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed<T> {
    /// Entries there are.
    pub total: u64,
    /// Entries shown.
    pub items: Vec<T>,
    /// How much was looked at, where there is more that nobody looked at: `total` counts only this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked: Option<u64>,
    /// Documents that can't be read and are left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unreadable: u64,
    /// Behind what to go on, as `after`, where not all is shown and that can be asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl<T> Listed<T> {
    /// A list that is shown whole.
    pub fn whole(items: Vec<T>) -> Self {
        Self::part(u64::try_from(items.len()).unwrap_or(u64::MAX), items)
    }

    /// Some of so many.
    pub fn part(total: u64, items: Vec<T>) -> Self {
        Self {
            total,
            items,
            looked: None,
            unreadable: 0,
            next: None,
        }
    }
}

/// Why a listing's number is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The SKU.
    pub sku: Sku,
    /// The channel.
    pub channel: ChannelName,
    /// The vendor's id of the listing; none where the channel has no listing of the SKU.
    #[serde(default)]
    pub listing: Option<String>,
    /// The instant it is about, where that is in the past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Millis>,
    /// The channel's mode for this SKU.
    #[serde(default)]
    pub mode: Mode,
    /// The state of its quantity.
    pub state: ListingState,
    /// What the number means: `in_stock`, `out_of_stock`, `untracked`, `unknown` and so on.
    #[serde(default)]
    pub stock_state: String,
    /// What it should be; none when nothing may be said.
    #[serde(default)]
    pub desired: Option<Quantity>,
    /// The last number sent.
    #[serde(default)]
    pub sent: Option<Stamped>,
    /// The last number answered yes.
    #[serde(default)]
    pub accepted: Option<Stamped>,
    /// The last number read back.
    #[serde(default)]
    pub observed: Option<Stamped>,
    /// Whole sentences about this number.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The steps of the calculation, in order.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Its price.
    #[serde(default)]
    pub price: Option<PriceExplanation>,
    /// The last changes, newest first.
    #[serde(default)]
    pub changes: Vec<Change>,
}

/// A number at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamped {
    /// The number.
    pub quantity: Quantity,
    /// When.
    pub at: Millis,
}

/// One step of the calculation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its name, such as `pool`.
    pub step: String,
    /// What comes out; none for "nothing".
    #[serde(default)]
    pub value: Option<Quantity>,
    /// Why.
    #[serde(default)]
    pub because: Vec<Because>,
    /// Whether the value differs from the step before.
    #[serde(default)]
    pub changes: bool,
}

/// One reason, and the setting behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Because {
    /// The reason.
    pub text: String,
    /// The setting, such as `omnistock.toml:24`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_by: Option<String>,
}

/// Why a price is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceExplanation {
    /// Amount with its currency's digits; none when no price may be said.
    #[serde(default)]
    pub amount: Option<String>,
    /// ISO 4217 code.
    #[serde(default)]
    pub currency: Option<String>,
    /// The state of the listing's price.
    pub state: ListingState,
    /// Why.
    pub because: String,
}

/// One change of what a listing should show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// When.
    pub at: Millis,
    /// Before.
    #[serde(default)]
    pub from: Option<Quantity>,
    /// After.
    #[serde(default)]
    pub to: Option<Quantity>,
    /// What led to it, such as `order shop 10211/1`.
    pub cause: String,
}

/// A sold order line of which units are nowhere to be found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShortOrder {
    /// The channel that sold it.
    pub channel: ChannelName,
    /// The order.
    pub order: OrderId,
    /// The line.
    pub line: LineId,
    /// The article that is short; a part, where the line sold a bundle.
    pub sku: Sku,
    /// Units short now; zero: all were found, or the order was cancelled.
    pub short: Quantity,
    /// Units short when it was found out, or later.
    pub at_most: Quantity,
    /// When the buyer bought, vendor's clock.
    pub placed_at: Millis,
    /// When we knew of the order.
    pub known_at: Millis,
    /// When it turned out to be short.
    pub found_at: Millis,
    /// How long a sale that led to it was not known here, milliseconds: the longest.
    pub blind_ms: i64,
    /// What the channel had been promised when it was placed.
    #[serde(default)]
    pub promised: Option<Quantity>,
    /// What came in when it turned out.
    #[serde(default)]
    pub because: Vec<String>,
    /// Sales that were not known yet when it was placed, the newest first.
    #[serde(default)]
    pub unseen: Vec<Sold>,
}

/// Units sold by one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the words of the ledger")]
pub struct Sold {
    pub channel: ChannelName,
    pub order: OrderId,
    pub quantity: Quantity,
    pub placed_at: Millis,
    /// When we first knew of it.
    pub known_at: Millis,
}

/// A change that a guard stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Its name, such as `h-412`.
    pub id: String,
    /// `stock` (a report), `quantity` or `price` (listings).
    pub what: String,
    /// What it is about, such as `erp, leipzig`.
    pub subject: String,
    /// Since when.
    pub since: Millis,
    /// When it would have taken effect, where that is in the future.
    #[serde(default)]
    pub due: Option<Millis>,
    /// What the guard saw, one or more lines.
    pub details: Vec<String>,
    /// How it can end, in words.
    #[serde(default)]
    pub way_out: Option<String>,
}

/// A listing that the channel refuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// The channel.
    pub channel: ChannelName,
    /// The vendor's id of the listing.
    pub listing: String,
    /// Its SKU.
    #[serde(default)]
    pub sku: Option<Sku>,
    /// The vendor's own words.
    pub reason: String,
    /// Since when, where that is known.
    #[serde(default)]
    pub since: Option<Millis>,
}

/// A listing without a SKU we know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmapped {
    /// The channel.
    pub channel: ChannelName,
    /// The vendor's id of the listing.
    pub listing: String,
    /// What the channel says its SKU is.
    #[serde(default)]
    pub sku_there: Option<String>,
    /// Why it has no SKU of ours.
    pub reason: String,
}

/// Which reads were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncAnswer {
    /// The connectors.
    pub connectors: Vec<ConnectorName>,
}

/// What is known of a SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemView {
    /// The SKU.
    pub sku: Sku,
    /// What the sources say.
    #[serde(default)]
    pub positions: Vec<PositionView>,
    /// Order lines that are still subtracted.
    #[serde(default)]
    pub order_lines: Vec<OrderLineView>,
    /// What each location can sell.
    #[serde(default)]
    pub sellable: Vec<LocationFigure>,
    /// What each channel's listing shows.
    #[serde(default)]
    pub listings: Vec<Explanation>,
}

/// One source's figure for one location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the words of the ledger")]
pub struct PositionView {
    pub source: ConnectorName,
    pub location: LocationName,
    pub quantity: Quantity,
    pub basis: Basis,
    pub as_of: Millis,
}

/// One order line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the words of the ledger")]
pub struct OrderLineView {
    pub channel: ChannelName,
    pub order: OrderId,
    pub line: LineId,
    pub quantity: Quantity,
    /// How much of it the sources' figures already contain.
    pub contained: Quantity,
}

/// A quantity at a location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the words of the ledger")]
pub struct LocationFigure {
    pub location: LocationName,
    pub quantity: Quantity,
}
