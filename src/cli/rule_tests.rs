//! The rule tests of a configuration, as `omnistock check` runs them: each scenario against the engine alone.

use super::evaluate::{parse, read};
use crate::config::{Problem, RuleTest, Severity};
use omnistock_engine::evaluate::{differences, evaluate};
use omnistock_words::Settings;

/// How one test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// As expected.
    Passed,
    /// Something else came out: one sentence a difference.
    Failed(Vec<String>),
    /// It can't be run, or could never fail.
    Wrong(Problem),
}

/// Runs one test.
pub(super) fn run(settings: &Settings, test: &RuleTest) -> Ended {
    let wrong = |severity, message, help: Option<&str>| {
        Ended::Wrong(Problem {
            severity,
            message,
            help: help.map(str::to_owned),
            ..test.place.clone()
        })
    };
    let scenario = match read(&test.scenario).and_then(|text| parse(&test.scenario, &text)) {
        Ok(scenario) => scenario,
        Err(failure) => return wrong(Severity::Error, failure.message, None),
    };
    let outcome = match evaluate(settings, &scenario) {
        Ok(outcome) => outcome,
        Err(undeclared) => {
            return wrong(
                Severity::Error,
                format!("{}: {undeclared}", test.scenario.display()),
                None,
            );
        }
    };
    let Some(expected) = &scenario.expect else {
        let message = format!("{} expects nothing: it can't fail", test.scenario.display());
        return wrong(
            Severity::Warning,
            message,
            Some("add `expect`, a part of what `omnistock evaluate` answers"),
        );
    };
    let actual = serde_json::to_value(&outcome).unwrap_or_default();
    let found = differences(expected, &actual);
    if found.is_empty() {
        Ended::Passed
    } else {
        Ended::Failed(found)
    }
}
