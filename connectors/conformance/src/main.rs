//! `conformance-table FOLDER`: writes `docs/connectors.md` from the results in a folder. See `cargo xtask conformance`.
#![allow(clippy::print_stdout, reason = "a command line for people")]

use omnistock_conformance::table;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os()
        .nth(1)
        .ok_or_else(|| std::io::Error::other("usage: conformance-table FOLDER"))?;
    let results = table::read(Path::new(&folder))?;
    std::fs::write(table::page(), table::render(&results))?;
    println!("docs/connectors.md: {} results", results.len());
    for (kind, count) in table::exchanges(Path::new(&folder))? {
        println!("{kind}: {count} exchanges hold to the vendor's own definition");
    }
    Ok(())
}
