//! `WooCommerce` (REST v3): a channel that is written, a source of orders, a sender of webhooks.
//!
//! What it reads and writes, the vendor's limits and our decisions: see `README.md` beside this crate.

mod catalogue;
mod client;
mod connector;
mod oauth;
mod order_fact;
mod orders;
mod prices;
mod settings;
#[cfg(feature = "simulator")]
pub mod simulator;
mod webhooks;
mod wire;
mod write;

pub use connector::SPEC;
