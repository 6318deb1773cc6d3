//! Where the command line hands over to the rooms that do the work: the only file of this room
//! that names them.

use super::Failure;
use super::demo::With;
use super::live::{self, Live};
use super::output::Output;
use super::progress::Progress;
use super::rule_tests::{self, Ended};
use crate::config::{Configuration, Connectors, Problem, Severity, load_and_build, process_environment, render};
use crate::secrets::EnvironmentSecrets;
use omnistock_sdk::{ConnectorSpec, SecretResolver, watching_clock};
use omnistock_words::Settings;
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What `demo` was asked for.
#[derive(Debug, Clone, Default)]
pub struct DemoArguments {
    /// End after so many seconds with a summary; otherwise on Ctrl-C.
    pub seconds: Option<u64>,
    /// JSON on standard output instead of the live table.
    pub json: bool,
    /// What is shown beside the shops.
    pub(super) with: Vec<With>,
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
    /// `[[test]]`s that came out as expected.
    pub passed: usize,
    /// What connected systems answered, with `--live`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub live: Vec<Live>,
    /// One entry a problem, for `--json`.
    pub problems: Vec<serde_json::Value>,
    /// All problems as text for people, without the closing count.
    #[serde(skip)]
    pub text: String,
}

/// Runs the daemon until SIGTERM or SIGINT. Logging is set up. A refused configuration, a refused
/// store and a busy port are [`Failure::usage`]; a stop that was asked for is `Ok`.
pub(super) async fn run(config: &Path) -> Result<(), Failure> {
    crate::daemon::run(config)
        .await
        .map_err(|error| Failure::usage(error.to_string()))
}

fn marketplace(with: With) -> crate::demo::Marketplace {
    match with {
        With::Amazon => crate::demo::Marketplace::Amazon,
        With::Ebay => crate::demo::Marketplace::Ebay,
    }
}

/// Runs the demonstration. A channel that does not show what it should is [`Failure::no`].
pub(super) async fn demo(arguments: DemoArguments) -> Result<(), Failure> {
    let options = crate::demo::DemoOptions {
        length: arguments.seconds.map(Duration::from_secs),
        folder: None,
        json: arguments.json,
        with: arguments.with.into_iter().map(marketplace).collect(),
        ports: (8_710, 8_711),
    };
    let interrupted = CancellationToken::new();
    let demo = crate::demo::run(options, interrupted.clone());
    tokio::pin!(demo);
    let good = tokio::select! {
        good = &mut demo => good,
        _ = tokio::signal::ctrl_c() => {
            interrupted.cancel();
            demo.await
        }
    };
    match good {
        Ok(summary) if summary.good() => Ok(()),
        Ok(_) => Err(Failure::no(
            "not every channel shows what it should, or more was oversold than allowed for",
        )),
        Err(error) => Err(Failure::usage(format!("{error:#}"))),
    }
}

/// Checks a configuration; with `live` also what each connector needs at its vendor, telling there how far it is.
/// Problems are in the answer; `Err` only where nothing could be read at all.
pub(super) async fn check(config: &Path, live: Option<&Output>) -> Result<Checked, Failure> {
    let environment = process_environment();
    let folder = config.parent().unwrap_or_else(|| Path::new(""));
    let secrets: Arc<dyn SecretResolver> = Arc::new(EnvironmentSecrets::new(environment.clone(), folder));
    let (configuration, connectors) = match load_and_build(config, &environment, &secrets) {
        Ok(loaded) => loaded,
        Err(problems) => return Ok(found(&problems)),
    };
    let mut checked = tested(&configuration);
    let Some(output) = live else {
        return Ok(checked);
    };
    let total = u64::try_from(connectors.len()).ok();
    let line = Progress::new(output, "systems asked", total);
    checked.live = ask(&configuration, connectors, Arc::new(line)).await;
    for live in &checked.live {
        let Some(wrong) = &live.wrong else { continue };
        checked.failed += 1;
        checked
            .problems
            .push(serde_json::json!({ "connector": live.connector, "severity": "failed", "message": wrong }));
    }
    checked.text.push_str(&live::render(&checked.live));
    Ok(checked)
}

/// Asks every connected system at the same time: whether credentials and permissions are enough for what the
/// connector does, and what time it is there. Nothing is changed anywhere.
async fn ask(configuration: &Configuration, connectors: Connectors, line: Arc<Progress>) -> Vec<Live> {
    const DEADLINE: Duration = Duration::from_secs(30);
    let tracker = TaskTracker::new();
    let mut asked = Vec::new();
    for (name, connector) in connectors {
        let kind = configuration.connectors.get(&name).map(|known| known.kind.clone());
        let line = Arc::clone(&line);
        let task = tracker.spawn(async move {
            let begun = tokio::time::Instant::now();
            let (answer, ahead) = watching_clock(tokio::time::timeout(DEADLINE, connector.check())).await;
            let wrong = match answer {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some(format!("no answer within {} s", DEADLINE.as_secs())),
            };
            line.one_more();
            (
                wrong,
                ahead,
                u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            )
        });
        asked.push((name, kind.unwrap_or_default(), task));
    }
    let mut answers = Vec::new();
    for (name, kind, task) in asked {
        let stopped = |error| (Some(format!("the check stopped: {error}")), None, 0);
        let (wrong, clock_ahead_ms, milliseconds) = task.await.unwrap_or_else(stopped);
        let live = Live {
            connector: name.to_string(),
            kind,
            wrong,
            milliseconds,
            clock_ahead_ms,
        };
        answers.push(live.judged());
    }
    answers
}

/// Warnings, and how the rule tests ended.
fn tested(configuration: &Configuration) -> Checked {
    let (mut problems, mut failed) = (configuration.warnings.clone(), Vec::new());
    let mut passed = 0;
    for test in &configuration.tests {
        match rule_tests::run(&configuration.settings, test) {
            Ended::Passed => passed += 1,
            Ended::Failed(differences) => failed.push((test, differences)),
            Ended::Wrong(problem) => problems.push(problem),
        }
    }
    let mut checked = found(&problems);
    (checked.failed, checked.passed) = (failed.len(), passed);
    for (test, differences) in failed {
        let Problem { file, line, column, .. } = &test.place;
        let head = format!("{file}:{line}:{column}: failed: {} is not as expected\n", test.name);
        checked.text.push_str(&head);
        for difference in &differences {
            checked.text.extend(["      ", difference, "\n"]);
        }
        checked.problems.push(serde_json::json!({
            "file": file, "line": line, "column": column, "severity": "failed",
            "message": format!("{} is not as expected", test.name), "differences": differences,
        }));
    }
    checked
}

/// The settings of a configuration for a calculation: connectors are not built, secrets not resolved.
pub(super) fn settings(config: &Path) -> Result<Arc<Settings>, Failure> {
    let loaded = crate::config::load(config, &process_environment());
    let problems = match loaded {
        Ok(configuration) => return Ok(configuration.settings),
        Err(problems) => problems,
    };
    Err(Failure::usage(render(&problems).trim_end().to_owned()))
}

/// Copies the embedded store of a configuration into a new file; the file's size in bytes.
pub(super) async fn backup(config: &Path, to: &Path) -> Result<u64, Failure> {
    let configuration = crate::config::load(config, &process_environment())
        .map_err(|problems| Failure::usage(render(&problems).trim_end().to_owned()))?;
    let crate::config::StoreChoice::Embedded { path } = configuration.store else {
        return Err(Failure::usage(
            "the store is a Redis: back it up on its server (BGSAVE, then copy its dump.rdb; or its append-only folder while \
             appends are paused), and see docs/durability.md for what a restore means",
        ));
    };
    let to = to.to_owned();
    let written = tokio::task::spawn_blocking(move || crate::store::embedded::backup(&path, &to)).await;
    let written = written.map_err(|stopped| Failure::no(format!("the backup stopped: {stopped}")))?;
    written
        .map(|written| written.bytes)
        .map_err(|error| Failure::no(error.to_string()))
}

fn found(problems: &[Problem]) -> Checked {
    let count = |severity| problems.iter().filter(|problem| problem.severity == severity).count();
    let entry = |problem: &Problem| {
        serde_json::json!({
            "file": problem.file,
            "line": problem.line,
            "column": problem.column,
            "severity": if problem.severity == Severity::Error { "error" } else { "warning" },
            "message": problem.message,
            "help": problem.help,
        })
    };
    Checked {
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        failed: 0,
        passed: 0,
        live: Vec::new(),
        problems: problems.iter().map(entry).collect(),
        text: uncounted(&render(problems)),
    }
}

/// What was rendered without its last line, the count: `check` counts failed tests as well.
fn uncounted(rendered: &str) -> String {
    rendered
        .trim_end()
        .rsplit_once('\n')
        .map(|(problems, _)| format!("{problems}\n"))
        .unwrap_or_default()
}

/// Every kind of connector in this build.
pub(super) fn connectors() -> &'static [ConnectorSpec] {
    crate::registry::CONNECTORS
}

/// The JSON Schema of the configuration.
pub(super) fn schema() -> serde_json::Value {
    crate::config::json_schema()
}
