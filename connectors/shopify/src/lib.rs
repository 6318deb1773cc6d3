//! Shopify (Admin GraphQL): a channel that is written by compare-and-set, a source of orders, a sender of webhooks.
//!
//! What it reads and writes, the vendor's limits and our decisions: see `README.md` beside this crate.

mod bulk;
mod catalogue;
mod client;
mod connector;
mod documents;
mod gid;
mod login;
mod order_fact;
mod orders;
mod places;
mod prices;
mod settings;
#[cfg(feature = "simulator")]
pub mod simulator;
mod throttle;
mod webhooks;
mod wire;
mod write;

pub use connector::SPEC;
