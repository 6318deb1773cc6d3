//! The connector against the simulated server, over HTTP: reading, writing, orders, logging in.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod access;
mod orders;
mod prices;
mod shop;
mod stock;
