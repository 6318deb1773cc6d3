//! eBay (Sell APIs and, for older listings, the Trading API): a channel that is written, prices, orders, notifications.
//!
//! What it reads and writes, the vendor's limits and our decisions: see `README.md` beside this crate.

mod auctions;
mod catalogue;
mod client;
mod connector;
mod five;
mod inventory;
mod listing;
mod login;
mod marketplace;
mod notification;
mod offer_rows;
mod order_fact;
mod orders;
mod orders_of;
mod prices;
mod quotas;
mod read;
mod settings;
#[cfg(feature = "simulator")]
pub mod simulator;
mod sold_out;
mod subscribe;
mod tally;
mod trading;
mod windows;
mod wire;
mod write;
mod xml;

pub use connector::SPEC;
