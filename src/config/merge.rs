//! Several files → one tree: tables merge, `[[…]]` append, one key given twice is an error.
//! (The `config` crate lets the later one win without a word; here that would hide a mistake.)

use super::problem::Findings;
use super::sources::Sources;
use super::tree::{Table, Value};

/// Merges `above` into `below`. Where both have a key, the first stays and the second is reported.
pub(super) fn merge(below: &mut Table, above: Table, title: &str, sources: &Sources, findings: &Findings) {
    for (name, entry) in above {
        let Some(first) = below.get_mut(&name) else {
            below.insert(name, entry);
            continue;
        };
        match (&mut first.node.value, entry.node.value) {
            (Value::Table(below), Value::Table(above)) => {
                let title = if title.is_empty() {
                    name
                } else {
                    format!("{title}.{name}")
                };
                merge(below, above, &title, sources, findings);
            }
            (Value::Tables(below), Value::Tables(above)) => below.extend(above),
            _ => {
                let at = if title.is_empty() {
                    String::new()
                } else {
                    format!(" in [{title}]")
                };
                let other = sources.short(first.key);
                findings.error_with_help(
                    entry.key,
                    format!("`{name}`{at} is given twice, first in {other}"),
                    "keep one of them: files never override each other",
                );
            }
        }
    }
}
