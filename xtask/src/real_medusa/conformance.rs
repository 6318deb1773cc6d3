//! The conformance suite against the real server, held against its simulator's results and `docs/connectors.md`.

use super::server::Medusa;
use crate::process::Folder;
use anyhow::{Context, Result};
use std::process::Command;
use std::time::Instant;

/// Its column of `docs/connectors.md`.
const COLUMN: &str = "medusa (real server)";

/// Asks every case, says what came of it, and fails where one fails or has another result than the simulator.
pub(crate) fn run(medusa: &Medusa, write: bool) -> Result<()> {
    #[allow(clippy::disallowed_methods, reason = "how long the suite took, for a person")]
    let start = Instant::now();
    let results = Folder::new("real-conformance")?;
    let mut tests = super::tests(medusa);
    // One shop: one case at a time.
    tests.args(["conformance::", "--test-threads", "1"]);
    let asked = crate::run(tests.env("OMNISTOCK_CONFORMANCE", &results.0));
    println!("the suite took {} s", start.elapsed().as_secs());
    // Of the whole workspace, so that what the tests have compiled is not compiled anew.
    crate::run(crate::cargo().args(["build", "--workspace", "--bin", "conformance-table"]))?;
    let mut table = Command::new(crate::root().join("target/debug/conformance-table"));
    table.arg(&results.0).arg(COLUMN);
    if write {
        table.arg("write");
    }
    let told = crate::run(&mut table);
    asked.context("a case failed against the real server")?;
    told
}
