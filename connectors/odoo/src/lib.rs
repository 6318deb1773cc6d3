//! Odoo (14 to 19): a source of stock, prices and statements of which orders its figures contain.
//!
//! What it reads, what it goes by and our decisions: see `README.md` beside this crate.

mod articles;
#[cfg(test)]
mod captured_tests;
mod changes;
mod client;
mod connector;
mod contained;
mod failure;
mod fields;
mod figures;
mod orders;
mod pages;
mod places;
mod prices;
mod settings;
#[cfg(feature = "simulator")]
pub mod simulator;
mod source;
mod touched;
mod webhook;
mod wire;

pub use connector::SPEC;
