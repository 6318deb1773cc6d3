//! `docs/writing-a-connector.md` holds this package's files to the letter, and keeps what it promises.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// What the page says of each file: its blocks, one after the other.
fn files() -> BTreeMap<String, String> {
    let page = read("docs/writing-a-connector.md");
    let (mut files, mut open): (BTreeMap<String, String>, Option<String>) = (BTreeMap::new(), None);
    for line in page.split_inclusive('\n') {
        match (line.strip_prefix("```"), &open) {
            (Some(_), Some(_)) => open = None,
            (Some(fence), None) => open = fence.split_whitespace().nth(1).map(str::to_owned),
            (None, Some(file)) => files.entry(file.clone()).or_default().push_str(line),
            (None, None) => {}
        }
    }
    files
}

#[test]
fn the_page_holds_every_file_to_the_letter() {
    let files = files();
    for file in ["Cargo.toml", "src/lib.rs", "tests/shop/mod.rs", "tests/conformance.rs"] {
        let path = format!("connectors/toy/{file}");
        assert_eq!(files.get(&path), Some(&read(&path)), "the page's blocks are not {path}");
    }
    assert_eq!(files.len(), 4);
}

#[test]
fn the_connector_has_less_than_200_lines_of_code() {
    let source = read("connectors/toy/src/lib.rs");
    let code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
    assert!(source.lines().filter(code).count() < 200);
}
