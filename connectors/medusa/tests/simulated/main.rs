//! The connector against the simulated server, over HTTP: reading, writing, orders, logging in.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests"
)]

mod access;
mod as_observed;
mod limits;
mod orders;
mod prices;
mod shop;
mod stock;
