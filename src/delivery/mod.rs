//! Delivery: one worker per channel carries out what the planner says, until the channel is seen to show it.
//!
//! Level-triggered: a dirty mark says *look again*; the number is computed from the newest ledger when
//! it is sent. Before a call there is a durable intent; behind it the outcome is stored, and the mark is
//! cleared only if it is still the one that was seen. After a crash an intent without outcome means
//! *unknown*: the newest number goes again and is read back.

mod account;
mod approved;
mod articles;
mod audit;
mod auditing;
mod bits;
mod board;
mod board_lists;
mod call;
mod catalogue;
mod changes;
mod documents;
mod drain;
mod echo;
mod falls;
mod figures;
mod found;
mod gaps;
mod gather;
mod guard;
mod hold;
mod kept;
mod lag;
mod launch;
mod ledgers;
mod limited;
mod listed_skus;
mod look;
mod mapping;
#[cfg(test)]
mod mapping_tests;
mod marks;
mod parts;
mod pause;
mod price_board;
mod price_call;
mod price_guard;
mod prices;
#[cfg(test)]
mod ramp_tests;
mod ramping;
mod reading;
mod results;
mod sight;
mod spent;
mod start;
mod sweep;
mod terms;
mod throttle;
mod told;
mod turns;
mod vendor_clock;
mod wish;
mod worker;

#[cfg(test)]
mod article_tests;
#[cfg(test)]
mod audit_tests;
#[cfg(test)]
mod bulk_tests;
#[cfg(test)]
mod compare_tests;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod gather_tests;
#[cfg(test)]
mod guard_tests;
#[cfg(test)]
mod house;
#[cfg(test)]
mod limit_tests;
#[cfg(test)]
mod mode_tests;
#[cfg(test)]
mod price_tests;
#[cfg(test)]
mod price_trouble_tests;
#[cfg(test)]
mod shaky;
#[cfg(test)]
mod spent_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod told_tests;
#[cfg(test)]
mod trouble_tests;

pub use account::{Account, Pass};
pub use approved::Approved;
pub use audit::{AuditAsked, AuditReport, AuditStanding, ClassFound};
pub use board::{BoardTotals, ChannelBoard, ParkedListing, UnmappedListing};
pub use catalogue::SkuBook;
pub use documents::{DamagedListing, decode_listing, encode_listing};
pub use falls::Fallen;
pub use figures::ChannelFigures;
pub use found::{FoundListing, FoundListings};
pub use gaps::{Gaps, NamedGap};
pub use hold::{ChannelHold, HoldDecision};
pub use lag::LagHistogram;
pub use limited::Limited;
pub use parts::{ChannelParts, Ended, FreshOrders, Timings};
pub use price_guard::PriceHold;
pub use sight::known;
pub(crate) use sight::target;
pub use wish::Wish;
pub use worker::ChannelWorker;
