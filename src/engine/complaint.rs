//! What is wrong with an event: counted by name, told in one sentence.

use crate::OrderKey;
use omnistock_words::{
    ChannelName, ConnectorName, LineId, LocationName, Millis, MovementId, PriceListName, Quantity, ReservationId, Sku,
};
use std::fmt;

/// Why a reservation was not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// More than may be set aside; so much would have been possible.
    NotEnough(Quantity),
    /// It had expired when it was asked for.
    Expired,
    /// Neither a known place nor a known channel, or both.
    NoTarget,
    /// A bundle: its parts can be reserved.
    Bundle,
    /// Nothing is known of the stock yet.
    Unknown,
    /// The SKU has as many reservations as are kept.
    TooMany,
    /// A quantity below zero.
    Negative,
}

/// Something about an event that its sender, or ops, should know. The state is defined all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are what the sentence names")]
pub enum Complaint {
    /// A time ahead of ours; now was taken.
    FutureClamped { what: &'static str, given: Millis },
    /// A figure older than the one we have; ignored.
    OldFigure {
        source: ConnectorName,
        sku: Sku,
        location: LocationName,
        as_of: Millis,
    },
    /// Two figures of the same instant differ; the lower one counts.
    SameInstant {
        source: ConnectorName,
        sku: Sku,
        location: LocationName,
        kept: Quantity,
    },
    /// A name that the configuration does not declare.
    UnknownSource(ConnectorName),
    /// A name that the configuration does not declare.
    UnknownLocation(LocationName),
    /// A name that the configuration does not declare; the order counts all the same.
    UnknownChannel(ChannelName),
    /// A name that the configuration does not declare.
    UnknownList(PriceListName),
    /// The place belongs to another source.
    ForeignLocation {
        source: ConnectorName,
        location: LocationName,
    },
    /// A carved place has no figures of its own.
    CarvedLocation(LocationName),
    /// A report of an order that is older than what we know; ignored.
    OldRevision(OrderKey),
    /// A report of an order that ended long ago and is forgotten; ignored.
    Forgotten(OrderKey),
    /// Two reports of the same revision differ; the one that sells more counts.
    SameRevision(OrderKey),
    /// A line without an SKU; kept, takes no stock.
    NoSku { order: OrderKey, line: LineId },
    /// Two lines with one id; the larger counts.
    DuplicateLine { order: OrderKey, line: LineId },
    /// More lines than we keep; the rest is dropped.
    TooManyLines(OrderKey),
    /// A negative quantity where none can be; zero was taken.
    Negative { what: &'static str, quantity: Quantity },
    /// The same movement with another content; the first counts.
    SameMovement { source: ConnectorName, id: MovementId },
    /// More movements of one SKU than we keep.
    TooManyMovements(Sku),
    /// A reservation that can't be filled; nothing changed.
    ReservationRefused {
        id: ReservationId,
        sku: Sku,
        because: Refusal,
    },
    /// The list has another currency or another source; ignored.
    ForeignPrice { list: PriceListName, sku: Sku },
    /// A price below zero; ignored.
    NegativePrice { list: PriceListName, sku: Sku },
    /// More price amounts of one SKU than we keep; the new one is dropped.
    TooManyPrices { list: PriceListName, sku: Sku },
    /// More order lines of one SKU than we keep: nothing of it is promised any more.
    TooManyOrderLines(Sku),
    /// More tags, or longer texts, than we keep of one SKU; the rest is dropped.
    TooManyTags(Sku),
    /// A bundle that contains itself; nothing of it can be promised.
    BundleCycle(Sku),
}

impl Complaint {
    /// A stable name for counting.
    pub fn name(&self) -> &'static str {
        match self {
            Self::FutureClamped { .. } => "future_clamped",
            Self::OldFigure { .. } => "old_figure",
            Self::SameInstant { .. } => "same_instant",
            Self::UnknownSource(_) => "unknown_source",
            Self::UnknownLocation(_) => "unknown_location",
            Self::UnknownChannel(_) => "unknown_channel",
            Self::UnknownList(_) => "unknown_list",
            Self::ForeignLocation { .. } => "foreign_location",
            Self::CarvedLocation(_) => "carved_location",
            Self::OldRevision(_) => "old_revision",
            Self::Forgotten(_) => "forgotten",
            Self::SameRevision(_) => "same_revision",
            Self::NoSku { .. } => "no_sku",
            Self::DuplicateLine { .. } => "duplicate_line",
            Self::TooManyLines(_) => "too_many_lines",
            Self::Negative { .. } => "negative",
            Self::SameMovement { .. } => "same_movement",
            Self::TooManyMovements(_) => "too_many_movements",
            Self::ReservationRefused { .. } => "reservation_refused",
            Self::ForeignPrice { .. } => "foreign_price",
            Self::NegativePrice { .. } => "negative_price",
            Self::TooManyPrices { .. } => "too_many_prices",
            Self::TooManyOrderLines(_) => "too_many_order_lines",
            Self::TooManyTags(_) => "too_many_tags",
            Self::BundleCycle(_) => "bundle_cycle",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEnough(most) => write!(f, "at most {most} can be set aside"),
            Self::Expired => f.write_str("it had already expired"),
            Self::NoTarget => f.write_str("it must name one declared location or one declared channel"),
            Self::Bundle => f.write_str("a bundle can't be set aside; reserve its parts"),
            Self::Unknown => f.write_str("no stock figure is known yet"),
            Self::TooMany => f.write_str("the article has too many reservations already"),
            Self::Negative => f.write_str("fewer than none can't be set aside"),
        }
    }
}

impl fmt::Display for Complaint {
    #[expect(clippy::too_many_lines, reason = "one sentence a variant")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FutureClamped { what, given } => {
                write!(
                    f,
                    "the {what} {given} lies in the future; now was taken: check the sender's clock"
                )
            }
            Self::OldFigure {
                source,
                sku,
                location,
                as_of,
            } => {
                write!(
                    f,
                    "{source} reported {sku} at {location} as of {as_of}, older than what is known; ignored"
                )
            }
            Self::SameInstant {
                source,
                sku,
                location,
                kept,
            } => {
                write!(
                    f,
                    "{source} reported two figures of {sku} at {location} for one instant; the lower, {kept}, counts"
                )
            }
            Self::UnknownSource(name) => write!(f, "source `{name}` is not declared; its report was ignored"),
            Self::UnknownLocation(name) => {
                write!(
                    f,
                    "location `{name}` is not declared; its rows were ignored: add [locations.{name}] or a code"
                )
            }
            Self::UnknownChannel(name) => write!(f, "channel `{name}` is not declared; its orders still count"),
            Self::UnknownList(name) => write!(f, "price list `{name}` is not declared; the price was ignored"),
            Self::ForeignLocation { source, location } => {
                write!(
                    f,
                    "{source} reported {location}, which belongs to another source; ignored"
                )
            }
            Self::CarvedLocation(name) => {
                write!(
                    f,
                    "location `{name}` is carved out of another one and has no figures of its own; ignored"
                )
            }
            Self::OldRevision(key) => write!(f, "order {key}: an older report arrived late; ignored"),
            Self::Forgotten(key) => write!(f, "order {key}: placed before orders that ended long ago; ignored"),
            Self::SameRevision(key) => {
                write!(
                    f,
                    "order {key}: two reports of one revision differ; the one that takes more stock counts"
                )
            }
            Self::NoSku { order, line } => {
                write!(
                    f,
                    "order {order} line {line} has no SKU; it takes no stock: map the channel's article"
                )
            }
            Self::DuplicateLine { order, line } => {
                write!(f, "order {order} has line {line} twice; the larger quantity counts")
            }
            Self::TooManyLines(key) => write!(f, "order {key} has too many lines; those beyond the limit were dropped"),
            Self::Negative { what, quantity } => write!(f, "a {what} of {quantity} can't be; zero was taken"),
            Self::SameMovement { source, id } => {
                write!(
                    f,
                    "{source} reported movement {id} twice with different contents; the smaller one counts"
                )
            }
            Self::TooManyMovements(sku) => {
                write!(
                    f,
                    "{sku} has too many movements since its last figure; the one that adds most was dropped: send a figure"
                )
            }
            Self::ReservationRefused { id, sku, because } => {
                write!(f, "reservation {id} of {sku} was refused: {because}")
            }
            Self::ForeignPrice { list, sku } => {
                write!(
                    f,
                    "a price of {sku} does not fit the currency or source of list `{list}`; ignored"
                )
            }
            Self::NegativePrice { list, sku } => write!(f, "a price of {sku} on list `{list}` is below zero; ignored"),
            Self::TooManyPrices { list, sku } => write!(
                f,
                "{sku} has too many amounts on list `{list}`; the new one was dropped: end old ones with `until`"
            ),
            Self::TooManyOrderLines(sku) => write!(
                f,
                "{sku} has more order lines than can be kept; nothing of it is promised until older orders are forgotten"
            ),
            Self::TooManyTags(sku) => {
                write!(
                    f,
                    "{sku} has too many tags or too long a brand, category or tag; the rest was dropped"
                )
            }
            Self::BundleCycle(sku) => write!(f, "bundle {sku} contains itself; nothing of it can be promised"),
        }
    }
}
