//! What is wrong with a configuration, where it stands, and how it is shown.

use super::sources::Sources;
use super::tree::Place;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

/// Whether a configuration with this problem may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It may not.
    Error,
    /// It may.
    Warning,
}

/// Something wrong in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file as it was named, or `environment variable X`.
    pub file: String,
    /// The line, from 1; 0 where the whole file or a variable is meant.
    pub line: usize,
    /// The column in characters, from 1; 0 with line 0.
    pub column: usize,
    /// Characters of the line that are meant, from the column on.
    pub length: usize,
    /// The line itself; `None` where there is none, or where it holds a secret.
    pub excerpt: Option<String>,
    /// Whether the configuration may be used all the same.
    pub severity: Severity,
    /// One sentence that names the key and says what is wrong.
    pub message: String,
    /// What to do, where that isn't plain from the message.
    pub help: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, ": {severity}: {}", self.message)
    }
}

/// All problems with the lines they are in, and how many there are: what `omnistock check` prints.
pub fn render(problems: &[Problem]) -> String {
    let mut lines = Vec::new();
    for problem in problems {
        lines.push(problem.to_string());
        if let Some(excerpt) = &problem.excerpt {
            let before: String = excerpt
                .chars()
                .take(problem.column.saturating_sub(1))
                .map(blank)
                .collect();
            lines.push(format!("{:>5} | {excerpt}", problem.line));
            lines.push(format!("      | {before}{}", "^".repeat(problem.length.max(1))));
        }
        lines.extend(problem.help.as_ref().map(|help| format!("      = {help}")));
    }
    let errors = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .count();
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    lines.push(format!(
        "{}, {}\n",
        plural(errors, "error"),
        plural(problems.len() - errors, "warning")
    ));
    lines.join("\n")
}

/// Keeps tabs, so that the caret stands below what it means.
fn blank(character: char) -> char {
    if character == '\t' { '\t' } else { ' ' }
}

/// A problem before its place was turned into line and column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    place: Place,
    severity: Severity,
    message: String,
    help: Option<String>,
}

/// Problems found so far. Every check goes on after a problem, so that all are told in one go.
#[derive(Debug, Default)]
pub(super) struct Findings(RefCell<Vec<Finding>>);

impl Findings {
    pub(super) fn error(&self, place: Place, message: impl Into<String>) {
        self.add(place, Severity::Error, message.into(), None);
    }

    pub(super) fn error_with_help(&self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.add(place, Severity::Error, message.into(), Some(help.into()));
    }

    pub(super) fn warning(&self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.add(place, Severity::Warning, message.into(), Some(help.into()));
    }

    fn add(&self, place: Place, severity: Severity, message: String, help: Option<String>) {
        self.0.borrow_mut().push(Finding {
            place,
            severity,
            message,
            help,
        });
    }

    /// Whether there is an error among them.
    pub(super) fn has_errors(&self) -> bool {
        self.0
            .borrow()
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }

    /// Tells the first of them, and gives how many are left.
    pub(super) fn tell_some(self, to: &Self, most: usize) -> usize {
        let sorted: BTreeSet<Finding> = self.0.into_inner().into_iter().collect();
        let left = sorted.len().saturating_sub(most);
        to.0.borrow_mut().extend(sorted.into_iter().take(most));
        left
    }

    /// A name that nothing declares.
    pub(super) fn undeclared<'a>(&self, place: Place, what: &str, name: &str, declared: impl Iterator<Item = &'a str>) {
        let declared: Vec<&str> = declared.collect();
        let rest = suggestion(name, &declared, "declared");
        self.error(
            place,
            format!("{what} `{}` is not declared{rest}", super::tree::shorten(name)),
        );
    }

    /// All of them by place, each once.
    pub(super) fn into_problems(self, sources: &Sources) -> Vec<Problem> {
        let sorted: BTreeSet<Finding> = self.0.into_inner().into_iter().collect();
        sorted
            .into_iter()
            .map(|finding| sources.problem(finding.place, finding.severity, finding.message, finding.help))
            .collect()
    }
}

/// `; did you mean …?`, or else what there is, or nothing where that would be long.
pub(super) fn suggestion(word: &str, right: &[&str], are: &str) -> String {
    if let Some(near) = omnistock_sdk::nearest(word, right.iter().copied()) {
        return format!("; did you mean `{near}`?");
    }
    if right.is_empty() || right.len() > 8 {
        return String::new();
    }
    let names: Vec<String> = right.iter().map(|name| format!("`{name}`")).collect();
    format!("; {are} {}", names.join(", "))
}
