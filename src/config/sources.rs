//! The texts that a configuration comes from: files in their order, then environment variables.

use super::problem::{Problem, Severity};
use super::secret::is_about_plain_secret;
use super::tree::Place;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The most bytes that a configuration file may have: a bigger one is a mistake.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// Longer lines than this are named, but not shown.
const MOST_SHOWN: usize = 400;

/// One file or variable.
#[derive(Debug, Clone)]
pub(super) struct SourceText {
    pub(super) name: String,
    pub(super) text: String,
}

/// All of them; a [`Place`] names one by its index.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources {
    texts: Vec<SourceText>,
    /// Lists by the place that names them.
    lists: BTreeMap<Place, usize>,
}

impl Sources {
    /// Adds a source and gives the place that means all of it.
    pub(super) fn add(&mut self, name: String, text: String) -> Place {
        self.texts.push(SourceText { name, text });
        Place {
            source: self.texts.len() - 1,
            start: 0,
            end: 0,
        }
    }

    /// Adds a list that a setting at this place names.
    pub(super) fn add_list(&mut self, named_at: Place, name: String, text: String) {
        let whole = self.add(name, text);
        self.lists.insert(named_at, whole.source);
    }

    /// The list that is named at this place, if it could be read.
    pub(super) fn list(&self, named_at: Place) -> Option<usize> {
        self.lists.get(&named_at).copied()
    }

    /// The same without the texts of lists: they are long, and nobody asks again.
    pub(super) fn without_lists(&self) -> Self {
        let mut kept = self.clone();
        for source in self.lists.values() {
            if let Some(list) = kept.texts.get_mut(*source) {
                list.text = String::new();
            }
        }
        kept
    }

    /// The name of a source.
    pub(super) fn name(&self, source: usize) -> &str {
        self.texts.get(source).map_or("", |source| &source.name)
    }

    pub(super) fn text(&self, source: usize) -> &str {
        self.texts.get(source).map_or("", |source| &source.text)
    }

    /// Where a source stands among all, by its name.
    pub(super) fn rank(&self, name: &str) -> usize {
        self.texts
            .iter()
            .position(|source| source.name == name)
            .unwrap_or(usize::MAX)
    }

    /// `file:line`, for "given twice" and rules.
    pub(super) fn short(&self, place: Place) -> String {
        let problem = self.problem(place, Severity::Error, String::new(), None);
        if problem.line == 0 {
            problem.file
        } else {
            format!("{}:{}", problem.file, problem.line)
        }
    }

    /// A problem at a place, with line, column and excerpt. A source without text has no lines.
    pub(super) fn problem(&self, place: Place, severity: Severity, message: String, help: Option<String>) -> Problem {
        let (name, text) = self
            .texts
            .get(place.source)
            .map_or(("", ""), |source| (&source.name, &source.text));
        let mut problem = Problem {
            file: name.to_owned(),
            line: 0,
            column: 0,
            length: 0,
            excerpt: None,
            severity,
            message,
            help,
        };
        let secret = is_about_plain_secret(&problem.message);
        if text.is_empty() {
            return problem;
        }
        let before = text.get(..place.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let rest = text.get(line_start..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        let shown = line.strip_suffix('\r').unwrap_or(line);
        let stop = place.end.min(line_start + shown.len());
        problem.line = before.matches('\n').count() + 1;
        problem.column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        problem.length = text
            .get(place.start..stop)
            .map_or(1, |part| part.chars().count().max(1));
        problem.excerpt = (!secret && shown.len() <= MOST_SHOWN).then(|| shown.to_owned());
        problem
    }
}

/// `conf.d/*.toml` beside the file, sorted by name. No such folder: none.
pub(super) fn fragments(path: &Path) -> Result<Vec<PathBuf>, (PathBuf, String)> {
    let folder = path.parent().unwrap_or_else(|| Path::new("")).join("conf.d");
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err((folder, error.to_string())),
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| (folder.clone(), error.to_string()))?.file_name();
        let hidden = name.to_string_lossy().starts_with('.');
        if !hidden
            && Path::new(&name)
                .extension()
                .is_some_and(|extension| extension == "toml")
        {
            found.push(folder.join(name));
        }
    }
    found.sort();
    Ok(found)
}

/// The text of a file, or why there is none.
pub(super) fn read(path: &Path) -> Result<String, String> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| format!("can't be read: {error}"))?;
    file.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("can't be read: {error}"))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err("is larger than 4 MiB: this is no configuration".to_owned());
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error
            .as_bytes()
            .iter()
            .take(valid)
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        format!("is not UTF-8 in line {line}: save it as UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}
