//! Reading sources: files, code without comments, the names a line uses.

use std::path::{Path, PathBuf};

/// The folder of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder` that ends with `end`, relative to the workspace, sorted.
pub(crate) fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![root().join(folder)];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().into_string().unwrap();
            if path.is_dir() && !matches!(name.as_str(), "target" | "node_modules") && !name.starts_with('.') {
                waiting.push(path);
            } else if name.ends_with(end) {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// A file's text.
pub(crate) fn text(file: &Path) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

/// The text with comments blanked out and line breaks kept. Good enough for formatted code: a
/// `//` inside a string (an address) ends the line early, which can hide nothing that is a path.
pub(crate) fn code(text: &str) -> String {
    let line = |line: &str| {
        line.find("//")
            .map_or(line.to_owned(), |from| line.split_at(from).0.to_owned())
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The names that follow `prefix`, with their lines: `crate::a`, `crate::{a::X, b}` → a, b.
pub(crate) fn names_after(code: &str, prefix: &str) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    for (place, _) in code.match_indices(prefix) {
        let before = code[..place].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let line = code[..place].matches('\n').count() + 1;
        let rest = &code[place + prefix.len()..];
        let heads = if rest.starts_with('{') { group(rest) } else { vec![rest] };
        names.extend(heads.into_iter().map(|head| (line, word(head))));
    }
    names
}

fn word(text: &str) -> String {
    text.trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// The entries of `{a::{b, c}, d}` at its outermost level.
fn group(text: &str) -> Vec<&str> {
    let (mut depth, mut from, mut entries) = (0, 1, Vec::new());
    for (place, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && c == ',') {
            entries.push(&text[from..place]);
            from = place + 1;
        }
        if depth == 0 {
            break;
        }
    }
    entries
}
