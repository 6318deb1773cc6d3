//! `[[test]]`: scenarios that say what must come out of this configuration.

use super::problem::{Problem, Severity};
use super::root::Root;
use super::value::text;
use std::path::PathBuf;

/// A rule test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTest {
    /// The file as it is named in the configuration.
    pub name: String,
    /// The file, from the configuration's folder on.
    pub scenario: PathBuf,
    /// Where it is named, for what is wrong with it.
    pub place: Problem,
}

/// Reads all of them, in their order.
pub(super) fn read(root: Root) -> Vec<RuleTest> {
    let mut tests = Vec::new();
    for section in root.list("test") {
        let name = section.require(
            "scenario",
            "the file with events, questions and what is expected",
            |node| text(node).map(str::to_owned),
        );
        let (Some(name), Some(entry)) = (name, section.entry("scenario")) else {
            continue;
        };
        tests.push(RuleTest {
            scenario: root.folder.join(&name),
            place: root
                .sources
                .problem(entry.node.place, Severity::Error, String::new(), None),
            name,
        });
    }
    tests
}
