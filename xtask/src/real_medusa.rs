//! `cargo xtask real medusa`: a real Medusa server with its database, the connector against it, the daemon between a
//! stock file, that server and a second channel, and the conformance suite.

mod conformance;
mod daemon;
mod install;
mod postgres;
mod scenario;
mod second_shop;
mod server;
mod shop;

use anyhow::{Context, Result};
use server::Medusa;
use shop::Shop;
use std::process::Command;
use std::time::Instant;

/// Every article of the shop, with its units at Berlin and at Hamburg.
pub(crate) const ARTICLES: [(&str, u64, u64); 4] = [
    ("A-100", 20, 5),
    ("A-200", 8, 0),
    ("Größe-1", 3, 3),
    ("CONNECTOR-1", 20, 20),
];

/// Runs everything; ends every process that it started, also when something fails. With `write` the results of the
/// suite are written into `docs/connectors.md` instead of being held against it.
pub(crate) fn run(write: bool) -> Result<()> {
    #[allow(clippy::disallowed_methods, reason = "how long the set-up took, for a person")]
    let start = Instant::now();
    let medusa = Medusa::start()?;
    let mut shop = Shop::open(&medusa)?;
    for (sku, berlin, hamburg) in ARTICLES {
        shop.create_product(sku, berlin, hamburg)?;
    }
    println!(
        "a real Medusa server with {} articles at {} after {} s",
        ARTICLES.len(),
        medusa.url,
        start.elapsed().as_secs()
    );
    connector(&medusa)?;
    scenario::run(&medusa, &mut shop)?;
    conformance::run(&medusa, write)
}

/// The connector's test program with a real server, and where that is.
fn tests(medusa: &Medusa) -> Command {
    let mut command = crate::cargo();
    // Of the whole workspace, so that what the tests have compiled is not compiled anew: only Medusa has this one.
    command.args(["test", "--workspace", "--test", "real", "--"]);
    command.env("OMNISTOCK_MEDUSA_URL", &medusa.url);
    command.env("OMNISTOCK_MEDUSA_DATABASE", &medusa.database.url);
    command.env("OMNISTOCK_MEDUSA_EMAIL", &medusa.email);
    command.env("OMNISTOCK_MEDUSA_PASSWORD", &medusa.password);
    command
}

/// The connector's own test with a real server, which sells only `CONNECTOR-1`.
fn connector(medusa: &Medusa) -> Result<()> {
    let mut command = tests(medusa);
    command.args(["--skip", "conformance::"]);
    crate::run(command.env("OMNISTOCK_MEDUSA_SKU", "CONNECTOR-1"))
        .context("the connector failed against the real server")
}
