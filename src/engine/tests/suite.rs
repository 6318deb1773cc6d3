//! All tests of the engine in one program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    reason = "tests: a panic is how they fail"
)]

mod adaptive;
mod bad_input;
mod bounds;
mod channel_guards;
mod common;
mod containment;
mod corpus;
mod design_containment;
mod design_facts;
mod design_prices;
mod design_promise;
mod design_reservations;
mod design_sourcing;
mod documents;
mod every_fact;
mod explanations;
mod figures;
mod guards;
mod hostile;
mod judged;
mod laws;
mod mends;
mod named;
mod oracle_pools;
mod oracle_prices;
mod oracle_rules;
mod parts;
mod places;
mod policies;
mod promised;
mod properties;
mod reasons;
mod sourced;
mod spare;
mod stored_events;
mod taken;
mod upkeep;
