//! The language that connectors speak: roles, reports, outcomes, errors.
//!
//! A connector knows this crate and `words` only: not the engine, the store, or another connector.

// The harness of the fuzz targets, which the tests replay, names this crate as others do.
#[cfg(test)]
extern crate self as omnistock_sdk;

mod channel;
mod clock;
mod connector;
mod error;
mod facts;
pub mod http;
mod learn;
mod manifest;
mod nearest;
mod orders;
mod prices;
mod queue;
mod settings;
mod settings_reader;
mod shape;
#[cfg(feature = "simulator")]
pub mod simulated;
mod stock;
mod stock_rows;
#[cfg(feature = "testing")]
pub mod testing;
mod time;
pub mod verify;
mod webhook;

pub use channel::{
    ArticleRole, ChannelRole, ItemOutcome, ListingAbout, ListingKey, ListingPage, ListingReading, ListingReference,
    ReservedLine, WriteItem,
};
pub use clock::{far_apart, watching_clock};
pub use connector::{BuildConnector, Connector, ConnectorContext, ConnectorSpec, Cursor, LocationCodes};
pub use error::{ConnectorError, ErrorClass};
pub use facts::{Facts, Role};
pub use learn::{aside, learn, learning};
pub use manifest::{Grouping, Manifest};
pub use nearest::nearest;
pub use omnistock_words::{CallKind, CallLimit, CallLimits, Learned, LimitScope, ListingLimit};
pub use orders::{OrderPage, OrderSource, Unclear};
pub use prices::{PriceCurrency, PriceField, PriceItem, PriceOutcome, PriceReading, PriceRole, PriceTerms, PricedPage};
pub use queue::{Message, QueueRole};
pub use secrecy::{ExposeSecret, SecretString};
pub use settings::{PLAIN_SECRET, SecretReference, SecretResolver, SettingProblem, read_settings, unknown_setting};
pub use settings_reader::SettingsReader;
pub use shape::{Shape, own_settings, shape_of};
pub use stock::{
    PriceRow, Refused, Report, StatementReport, StatementRow, StockReport, StockRow, StockSource, Ticket, Verdict,
};
pub use stock_rows::{SeenRow, StockRows, StockRowsIter};
pub use time::{correct_clock, machine_now, now};
pub use webhook::{Hint, RawRequest, Received, Reply, SubscriptionState, WebhookError, WebhookRole};
