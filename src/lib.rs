//! omnistock keeps stock and prices right on every sales channel of a merchant.

pub mod checksum;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod delivery;
pub mod demo;
pub mod history;
pub mod intake;
#[cfg(test)]
mod logged;
pub mod near;
pub mod newest;
pub mod notify;
pub mod pace;
pub mod registry;
pub mod retry;
pub mod secrets;
pub mod server;
pub mod store;
