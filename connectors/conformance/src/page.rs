//! Reads `docs/connectors.md` back: the columns of runs that can't be made everywhere stay as the page has them.

use crate::table::{HOLDS, NOT_APPLICABLE, Results, cell, sentence};
use crate::{CASES, NOT_POSSIBLE};

fn cells(line: &str) -> Vec<&str> {
    line.trim()
        .trim_matches('|')
        .split(" | ")
        .map(|cell| cell.trim_matches([' ', '|']))
        .collect()
}

/// The results that this page was made of.
pub(crate) fn results(page: &str) -> Results {
    let mut results = Results::new();
    let mut rows = page.lines().filter(|line| line.starts_with("| "));
    let kinds: Vec<&str> = rows.next().map(cells).unwrap_or_default();
    for row in rows {
        let row = cells(row);
        let name = row.first().and_then(|first| first.split_once(": "));
        let case = CASES
            .iter()
            .find(|(_, case)| name.is_some_and(|(_, name)| sentence(case) == name));
        let Some((_, case)) = case else { continue };
        for (kind, told) in kinds.iter().zip(&row).skip(1) {
            let result = if *told == HOLDS {
                HOLDS.to_owned()
            } else {
                reason(page, kind, case)
                    .filter(|result| cell(result) == *told)
                    .unwrap_or_default()
            };
            results.insert(((*case).to_owned(), (*kind).to_owned()), result);
        }
    }
    results
}

/// Why a case doesn't hold there, as a result.
fn reason(page: &str, kind: &str, case: &str) -> Option<String> {
    let section = page.split(&format!("### {kind}\n")).nth(1)?;
    let section = section.split("###").next()?;
    let wanted = format!("*{}*", sentence(case));
    section.lines().find_map(|line| {
        let (reason, cases) = line.strip_prefix("- ")?.split_once(": *")?;
        let told = format!("*{cases}").split(", ").any(|case| case == wanted);
        let whole = if reason.starts_with(NOT_POSSIBLE) {
            reason.to_owned()
        } else {
            format!("{NOT_APPLICABLE}{reason}")
        };
        told.then_some(whole)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::render;

    #[test]
    fn a_page_gives_back_what_it_was_made_of() {
        let reasons = [
            HOLDS.to_owned(),
            format!("{NOT_APPLICABLE}there is none: none, at all"),
            format!("{NOT_POSSIBLE}it does what it is told"),
        ];
        let mut results = Results::new();
        for (at, (_, case)) in CASES.iter().enumerate() {
            for (kind, shift) in [("toy", 0), ("toy (real server)", 1)] {
                let result = reasons[(at + shift) % reasons.len()].clone();
                results.insert(((*case).to_owned(), kind.to_owned()), result);
            }
        }
        assert_eq!(super::results(&render(&results)), results);
        assert_eq!(super::results("# nothing"), Results::new());
    }

    #[test]
    fn the_page_of_this_repository_is_understood_whole() {
        let page = std::fs::read_to_string(crate::table::page()).unwrap();
        let read = results(&page);
        assert!(read.values().all(|result| !result.is_empty()), "{read:?}");
        assert_eq!(render(&read), page);
    }
}
