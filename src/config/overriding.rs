//! `KEY=VALUE` of `omnistock set`, read as the configuration reads the `set` of a rule: with the same keys,
//! the same names that may be referred to, and the same words for what is wrong.

use super::policy::patch;
use super::problem::{Findings, Problem, Severity};
use super::reader::Section;
use super::root::Root;
use super::schema::SET;
use super::sources::Sources;
use super::tree::{Node, Table};
use super::{Configuration, document, locations};
use omnistock_words::PolicyPatch;
use std::path::PathBuf;

/// What problems name as their file.
const FILE: &str = "omnistock set";

/// The tree of a configuration: what an override may refer to. It holds no secret, only references.
#[derive(Clone, Default)]
pub(super) struct Declared {
    pub(super) table: Table,
    pub(super) sources: Sources,
    pub(super) folder: PathBuf,
}

impl Configuration {
    /// What one `KEY=VALUE` sets. A value that is no TOML is taken as text: `mode=frozen` needs no quotes.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read_override(&self, text: &str) -> Result<PolicyPatch, Vec<Problem>> {
        let declared = &self.declared;
        let (findings, mut sources) = (Findings::default(), declared.sources.clone());
        let Some(node) = node(text, &mut sources, &findings) else {
            return Err(findings.into_problems(&sources));
        };
        let root = |findings| Root {
            table: &declared.table,
            sources: &declared.sources,
            findings,
            folder: &declared.folder,
        };
        // The configuration is faultless; what it warns of is no matter here.
        let known = Findings::default();
        let places = locations::read(root(&known));
        let set = Section::open(&node, format!("`{FILE}`"), &SET, &findings);
        let read = set.map(|set| patch(root(&findings), &places, &set));
        let problems = findings.into_problems(&sources);
        let wrong = problems.iter().any(|problem| problem.severity == Severity::Error);
        match read {
            Some(read) if !wrong => Ok(read),
            _ => Err(problems),
        }
    }
}

/// The setting as a table with one key.
fn node(text: &str, sources: &mut Sources, findings: &Findings) -> Option<Node> {
    let text = text.trim();
    let Some((key, value)) = text.split_once('=').filter(|(key, _)| !key.trim().is_empty()) else {
        let place = sources.add(FILE.to_owned(), String::new());
        findings.error(place, "expected KEY=VALUE, such as max_shown=2");
        return None;
    };
    if text.contains(['\n', '\r']) {
        let place = sources.add(FILE.to_owned(), String::new());
        findings.error(place, "expected one KEY=VALUE on one line");
        return None;
    }
    let (plain, quoted) = (text.to_owned(), format!("{}={:?}", key.trim(), value.trim()));
    let scratch = Findings::default();
    let place = sources.add(FILE.to_owned(), plain);
    if let Some(node) = document::parse(sources, place, &scratch) {
        return Some(node);
    }
    let place = sources.add(FILE.to_owned(), quoted);
    document::parse(sources, place, findings)
}
