//! Medusa (v2, Admin API): a channel that is written, and a source of orders.
//!
//! What it reads and writes, the vendor's limits and our decisions: see `README.md` beside this crate.

mod client;
mod connector;
mod kits;
mod levels;
mod login;
mod order_fact;
mod orders;
mod places;
mod prices;
mod settings;
#[cfg(feature = "simulator")]
pub mod simulator;
mod wire;
mod write;

pub use connector::SPEC;
