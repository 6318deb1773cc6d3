//! The columns of real servers: what differs from the simulator's, and keeping them where only simulators were asked.

use crate::table::{self, HOLDS, NOT_APPLICABLE, Results, cell, sentence};
use crate::{CASES, NOT_POSSIBLE, page};
use std::path::Path;

/// Ends the head of a column that is no simulator's.
const REAL: &str = ")";

/// The columns of real servers, as the page has them.
pub fn columns() -> std::io::Result<Results> {
    let mut results = page::results(&std::fs::read_to_string(table::page())?);
    results.retain(|(_, kind), _| kind.ends_with(REAL));
    Ok(results)
}

/// Prints what a folder says of this column, and fails where that differs from its simulator's or the page's; with
/// `write` the page is made to say the same.
pub fn hold(folder: &Path, column: &str, write: bool) -> std::io::Result<()> {
    let told = table::read(folder)?;
    let mut page = page::results(&std::fs::read_to_string(table::page())?);
    let simulator = column.split(" (").next().unwrap_or(column);
    let differs = differences(&told, &page, column, simulator);
    let count = |start: &str| told.values().filter(|result| result.starts_with(start)).count();
    println!(
        "{column}: {} hold, {} not applicable, {} not possible on a real server, {} differ from the simulator",
        count(HOLDS),
        count(NOT_APPLICABLE),
        count(NOT_POSSIBLE),
        differs.len()
    );
    for ((case, _), result) in told.iter().filter(|(_, result)| result.starts_with(NOT_POSSIBLE)) {
        println!("  {result}: {}", sentence(case));
    }
    for line in &differs {
        println!("  differs: {line}");
    }
    if write {
        page.retain(|(_, kind), _| kind != column);
        page.extend(told);
        return std::fs::write(table::page(), table::render(&page));
    }
    page.retain(|(_, kind), _| kind == column);
    if !differs.is_empty() {
        return Err(std::io::Error::other(format!("{column} is not as its simulator")));
    }
    if page == told {
        return Ok(());
    }
    Err(std::io::Error::other(format!(
        "docs/connectors.md is not that of this run of {column}; run `cargo xtask real medusa write`"
    )))
}

/// Each case whose result is neither the simulator's nor impossible on a real server; one that failed has none.
fn differences(told: &Results, page: &Results, column: &str, simulator: &str) -> Vec<String> {
    let of = |results: &Results, case: &str, kind: &str| {
        let found = results.get(&(case.to_owned(), kind.to_owned()));
        found.map_or_else(|| "failed".to_owned(), Clone::clone)
    };
    let mut lines = Vec::new();
    for (_, case) in CASES {
        let (real, simulated) = (of(told, case, column), of(page, case, simulator));
        if real != simulated && cell(&real) != "not possible" {
            lines.push(format!("{}: {real}; its simulator: {simulated}", sentence(case)));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_or_is_another_result_differs_and_what_can_not_be_made_does_not() {
        let none = format!("{NOT_APPLICABLE}none");
        let cannot = format!("{NOT_POSSIBLE}it obeys");
        let of = |kind: &str, results: [&str; 3]| {
            let key = |at: usize| (CASES[at].1.to_owned(), kind.to_owned());
            let all = (3..CASES.len()).map(|at| (key(at), HOLDS.to_owned()));
            let own = results.iter().enumerate();
            let own = own.map(|(at, result)| (key(at), (*result).to_owned()));
            all.chain(own).collect::<Results>()
        };
        let page = of("toy", [HOLDS, HOLDS, &none]);
        let same = of("toy (real server)", [HOLDS, &cannot, &none]);
        assert!(differences(&same, &page, "toy (real server)", "toy").is_empty());
        let mut other = of("toy (real server)", [&none, HOLDS, HOLDS]);
        other.remove(&(CASES[1].1.to_owned(), "toy (real server)".to_owned()));
        let lines = differences(&other, &page, "toy (real server)", "toy");
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[1].contains("failed"), "{lines:?}");
    }
}
