//! All tests of the connector against the simulated Amazon, one module each.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::unnecessary_wraps,
    reason = "tests"
)]

mod channel;
mod conformance;
mod contract;
mod definition;
mod feeds;
mod limits;
mod orders;
mod prices;
mod queue;
mod queue_feeds;
mod support;
