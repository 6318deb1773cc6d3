//! `conformance-table FOLDER`: writes `docs/connectors.md` from the results in a folder. See `cargo xtask conformance`.
//!
//! `conformance-table FOLDER COLUMN [write]`: what a real server's run says, held against its simulator's column and
//! against the page; fails where it differs. See `cargo xtask real`.
#![allow(clippy::print_stdout, reason = "a command line for people")]

use omnistock_conformance::{real, table};
use std::path::Path;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [folder] => simulators(Path::new(folder)),
        [folder, column] => real::hold(Path::new(folder), column, false),
        [folder, column, "write"] => real::hold(Path::new(folder), column, true),
        _ => Err(std::io::Error::other(
            "usage: conformance-table FOLDER [COLUMN [write]]",
        )),
    }
}

fn simulators(folder: &Path) -> std::io::Result<()> {
    let mut results = table::read(folder)?;
    println!("docs/connectors.md: {} results", results.len());
    results.extend(real::columns()?);
    std::fs::write(table::page(), table::render(&results))?;
    for (kind, count) in table::exchanges(folder)? {
        println!("{kind}: {count} exchanges hold to the vendor's own definition");
    }
    Ok(())
}
