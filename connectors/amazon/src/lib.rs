//! Amazon (Selling Partner API): quantities and prices of one's own offers are written, orders are read, and what
//! Amazon's depots hold is reported as a place of its own.
//!
//! What the vendor does, its limits and our decisions: see `README.md` beside this crate.

mod catalogue;
mod client;
mod connector;
mod depot;
mod feeds;
mod limits;
mod login;
mod memory;
mod message;
mod order_fact;
mod orders;
mod prices;
mod queue;
mod settings;
mod signature;
#[cfg(feature = "simulator")]
pub mod simulator;
mod wire;
mod write;

pub use connector::SPEC;
