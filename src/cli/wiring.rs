//! Where the command line hands over to the rooms that do the work: the only file of this room
//! that names them.

use super::Failure;
use omnistock_sdk::ConnectorSpec;
use serde::Serialize;
use std::path::Path;

/// What `demo` was asked for.
#[derive(Debug, Clone, Default)]
pub struct DemoArguments {
    /// End after so many seconds with a summary; otherwise on Ctrl-C.
    pub seconds: Option<u64>,
    /// JSON on standard output instead of the live table.
    pub json: bool,
}

/// What `check` found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Checked {
    /// Configuration errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Failed `[[test]]`s, and failed connectors with `--live`.
    pub failed: usize,
    /// One entry a problem, for `--json`.
    pub problems: Vec<serde_json::Value>,
    /// All problems as text for people, without the closing count.
    #[serde(skip)]
    pub text: String,
}

/// Runs the daemon until SIGTERM or SIGINT. Logging is set up. A refused configuration, a refused
/// store and a busy port are [`Failure::usage`]; a stop that was asked for is `Ok`.
// LEAD: call crate::daemon::run(config) here; drop the `allow` with it.
#[allow(clippy::unused_async, reason = "waits for src/daemon")]
pub(super) async fn run(config: &Path) -> Result<(), Failure> {
    Err(Failure::usage(format!(
        "this build has no daemon yet and did not read {}",
        config.display()
    )))
}

/// Runs the demonstration. A channel that does not show what it should is [`Failure::no`].
// LEAD: call crate::demo::run(arguments) here; drop the `allow` with it.
#[allow(clippy::unused_async, reason = "waits for src/demo")]
pub(super) async fn demo(_arguments: DemoArguments) -> Result<(), Failure> {
    Err(Failure::usage("this build has no demonstration yet"))
}

/// Checks a configuration; with `live` also what each connector needs at its vendor.
/// Problems are in the answer; `Err` only where nothing could be read at all.
// LEAD: call crate::config here (and each connector's `check` with `live`); drop the `allow` with it.
#[allow(clippy::unused_async, reason = "waits for src/config")]
pub(super) async fn check(config: &Path, _live: bool) -> Result<Checked, Failure> {
    Err(Failure::usage(format!(
        "this build can't check {} yet",
        config.display()
    )))
}

/// Every kind of connector in this build.
// LEAD: return the registry here.
pub(super) fn connectors() -> &'static [ConnectorSpec] {
    &[]
}
