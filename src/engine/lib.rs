//! What is true for an article, and what each channel may promise.
//!
//! Everything here is pure: time is an argument, documents come in and go out as values,
//! arithmetic saturates, no input makes it panic. The shell loads documents, calls
//! [`apply`] and [`promise`], and stores what [`Documents::take_changed`] names.

mod allocation;
mod apply;
mod apply_mend;
mod apply_order;
mod apply_stock;
mod apply_units;
mod blind;
mod bundle;
mod complaint;
mod contained;
mod documents;
mod due;
mod encoding;
pub mod evaluate;
mod event;
pub mod explain;
mod gap;
pub mod gate;
pub mod guard;
mod home;
mod key;
mod line_record;
mod listings;
mod order_document;
mod order_lines;
mod own;
mod picture;
mod place;
mod pool;
mod price;
mod project;
mod promise;
mod reservable;
mod resolve;
mod safety;
mod safety_table;
mod short;
mod sku_document;
pub mod snapshot;
mod source_document;
mod sourcing;
mod split;
mod stand;
mod step;
mod units;
mod upkeep;

pub use apply::{apply, missing};
pub use bundle::{dependents, needs};
pub use complaint::{Complaint, Refusal};
pub use documents::{Documents, Held, Lags, Measured};
pub use due::{due, due_own, due_shared};
pub use encoding::{DecodeError, SCHEMA, decode_event, encode_event};
pub use event::{Asked, ContainedAfter, Event, MissingRow, StockEvent, StockRow, Wish};
pub use gap::{PriceAnswer, PriceGap};
pub use home::{Shown, last_units};
pub use key::{DocumentKey, OrderKey};
pub use line_record::{LineExtra, LineRecord, Part};
pub use listings::Offer;
pub use order_document::{Composition, LineMend, LineStatement, OrderDocument, Past, Said};
pub use order_lines::{OrderLine, Sourced, order_lines};
pub use own::{OwnLine, own_lines};
pub use price::valid as valid_amount;
pub use promise::{Promise, explained, promise, promise_listing, promises};
pub use reservable::{reservable_at, reservable_for, sellable};
pub use resolve::{resolve, resolve_listing};
pub use safety::quantile;
pub use short::{ShortLine, shorts};
pub use sku_document::{Attributes, Movement, Position, PriceEntry, Reservation, SkuDocument, Statement};
pub use source_document::SourceDocument;
pub use step::{Place, Reason, State, Step, StepName};
pub use upkeep::{Overdue, forget, overdue};
