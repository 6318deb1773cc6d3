//! All tests of the whole program, in one program: each one that links everything costs a second and a hundred megabytes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "tests: a panic is how they fail"
)]

mod amazon_queue;
mod api;
mod bad_input;
mod clocks;
mod command_line;
mod configuration;
mod ebay;
mod echoes;
mod evaluate;
mod export;
mod fake_view;
mod flood;
mod gate;
mod history;
mod kill;
mod listeners;
mod listings;
mod lost;
mod marketplaces;
mod metrics;
mod missing_orders;
mod network;
mod notify;
mod odoo;
mod older_versions;
mod operator;
mod orders;
mod plans;
mod prices;
mod record;
mod redis_kills;
mod reservations;
mod rooms;
mod round_trips;
mod rule_tests;
mod several;
mod shopify;
#[path = "store_conformance/main.rs"]
mod store_conformance;
mod support;
mod upkeep;
