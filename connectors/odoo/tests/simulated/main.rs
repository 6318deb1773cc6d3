//! The connector against the simulated server, over HTTP: stock, changes, statements, prices, faults.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests"
)]

mod access;
mod changes;
mod faults;
mod limits;
mod office;
mod prices;
mod statements;
mod stock;
