//! `cargo xtask soak`: the kill test of the tests, many times over; its log is kept in docs/logs.

use anyhow::Result;
use std::process::Command;

/// Kills the daemon `rounds` times under load on each store.
pub(crate) fn run(rounds: u32) -> Result<()> {
    let mut command = Command::new("cargo");
    command.args(["test", "--release", "--package", "omnistock", "--test", "kill", "--", "--nocapture"]);
    command.env("OMNISTOCK_KILLS", rounds.to_string());
    crate::run(&mut command)
}
