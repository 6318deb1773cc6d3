//! omnistock keeps stock and prices right on every sales channel of a merchant.

pub mod store;
pub mod intake;
pub mod retry;
pub mod server;
pub mod config;
pub mod registry;
pub mod secrets;
pub mod cli;
pub mod daemon;
pub mod delivery;
pub mod demo;
