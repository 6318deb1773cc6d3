//! All tests of the eBay connector against its simulator: one program.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod access;
mod channel;
mod conformance;
mod contract;
mod limits;
mod notifications;
mod openapi;
mod orders;
mod quotas;
mod sold_out;
mod support;
