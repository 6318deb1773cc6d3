//! The words that every room shares: articles, quantities, money, instants, policies.
//!
//! Nothing here knows a clock, a network or a store. Arithmetic is total: it saturates
//! at stated bounds and never panics.

mod as_text;
mod decimal_text;
mod fact;
mod instant;
mod limit;
mod mapping;
mod mixed;
mod money;
mod name;
mod percent;
mod policy;
mod price;
mod quantity;
mod rules;
mod settings;
mod steering;
mod table;
mod text;

pub use fact::{Basis, FulfilledBy, OrderFact, OrderLineFact, OrderStatus, Revision};
pub use instant::{Millis, ParseInstantError};
pub use limit::{CallKind, CallLimit, CallLimits, Learned, LimitScope, ListingLimit};
pub use mapping::{MOST_MAPPED, Mapped, Mapping, Mappings};
pub use money::{Currency, Money, ParseMoneyError};
pub use name::{
    ChannelName, ConnectorName, LineId, ListingId, LocationName, MovementId, NameError, OrderId, PriceListName,
    ReservationId, Sku, VendorLocation,
};
pub use percent::{ParsePercentError, Percent};
pub use policy::{
    ChannelGuard, ChannelPolicy, CompareAt, Endings, Limit, Mode, PolicyPatch, PriceFloor, PriceRule, SafetyStock,
    SameSku, Sourcing,
};
pub use price::Price;
pub use quantity::{ParseQuantityError, Quantity};
pub use rules::{Bundles, Rules};
pub use settings::{
    Absorb, Carve, ChannelSettings, Component, GrossNet, LocationPolicy, Match, Missing, PriceList, Rule, Settings,
    SourceGuard, SourcePolicy, Stale, WriteMeaning,
};
pub use steering::{MOST_OVERRIDES, Override, SteeredMode, Steering};
pub use table::Table;
