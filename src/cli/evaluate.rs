//! `omnistock evaluate`: the engine alone, on a scenario; no daemon, no network, no store.

use super::{Context, Failure, wiring};
use omnistock_engine::evaluate::{Scenario, differences, evaluate};
use std::path::{Path, PathBuf};

/// The largest scenario that is read, bytes.
const MOST: u64 = 256 << 20;

/// Answer what each channel may promise in a scenario, with the steps that lead to it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: omnistock evaluate -c omnistock.toml --scenario black-friday.json\n\
    The answer is JSON. Exit 1: it is not what the scenario expects; 2: undeclared names."
)]
pub(super) struct Evaluate {
    /// Events and questions as JSON; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    scenario: PathBuf,
}

impl Evaluate {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let settings = wiring::settings(&context.config)?;
        let text = read(&self.scenario)?;
        let scenario = parse(&self.scenario, &text)?;
        let outcome = evaluate(&settings, &scenario)
            .map_err(|undeclared| Failure::usage(format!("{}: {undeclared}", self.scenario.display())))?;
        let pretty = |outcome: &_| serde_json::to_string_pretty(outcome).unwrap_or_default();
        context.output.show(&outcome, pretty)?;
        let Some(expected) = &scenario.expect else {
            return Ok(());
        };
        let actual = serde_json::to_value(&outcome).unwrap_or_default();
        let found = differences(expected, &actual);
        if found.is_empty() {
            return Ok(());
        }
        Err(Failure::no(format!(
            "{}: not as expected\n{}",
            self.scenario.display(),
            found.join("\n")
        )))
    }
}

pub(super) fn read(path: &Path) -> Result<String, Failure> {
    use std::io::Read;
    let failed = |cause: std::io::Error| Failure::usage(format!("{} can't be read: {cause}", path.display()));
    let mut text = String::new();
    let count = if path == Path::new("-") {
        std::io::stdin().lock().take(MOST).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MOST).read_to_string(&mut text))
    };
    match count.map_err(failed)? as u64 {
        MOST => Err(Failure::usage(format!(
            "{} is larger than {MOST} bytes",
            path.display()
        ))),
        _ => Ok(text),
    }
}

/// The scenario, or the line, column and field that is wrong.
pub(super) fn parse(path: &Path, text: &str) -> Result<Scenario, Failure> {
    let mut json = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        let cause = error.into_inner();
        let (line, column) = (cause.line(), cause.column());
        Failure::usage(format!("{}:{line}:{column}: `{field}`: {cause}", path.display()))
    })
}
