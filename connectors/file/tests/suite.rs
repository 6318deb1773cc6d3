//! All tests of the connector in one program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    reason = "tests: a panic is how they fail"
)]

mod conformance;
mod corpus;
mod limits;
