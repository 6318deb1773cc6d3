//! `omnistock connectors`: the kinds of systems that this build can speak to. Needs no daemon.

use super::{Context, Failure, text, wiring};
use omnistock_sdk::ConnectorSpec;
use serde::Serialize;

/// List the kinds of connectors in this build, or say everything about one.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: omnistock connectors woocommerce")]
pub(super) struct Connectors {
    /// One kind; all unless given.
    kind: Option<String>,
}

#[derive(Serialize)]
struct Line {
    kind: &'static str,
    about: &'static str,
    /// What its manifest says; only of a kind that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    manifest: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    says: String,
}

impl Connectors {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let lines = chosen(wiring::connectors(), self.kind.as_deref())?;
        context.output.show(&lines, |lines| render(lines))
    }
}

fn manifest(spec: &ConnectorSpec) -> Vec<Row> {
    let rows = (spec.manifest)().rows();
    rows.into_iter().map(|(name, says)| Row { name, says }).collect()
}

fn chosen(specs: &[ConnectorSpec], kind: Option<&str>) -> Result<Vec<Line>, Failure> {
    let lines: Vec<Line> = specs
        .iter()
        .filter(|spec| kind.is_none_or(|kind| spec.kind == kind))
        .map(|spec| Line {
            kind: spec.kind,
            about: spec.about,
            manifest: kind.map(|_| manifest(spec)).unwrap_or_default(),
        })
        .collect();
    match kind {
        Some(kind) if lines.is_empty() => Err(Failure::no(unknown(specs, kind))),
        _ => Ok(lines),
    }
}

fn unknown(specs: &[ConnectorSpec], kind: &str) -> String {
    let nearest = specs
        .iter()
        .map(|spec| spec.kind)
        .min_by_key(|known| strsim::damerau_levenshtein(known, kind));
    match nearest {
        Some(near) if strsim::damerau_levenshtein(near, kind) <= 3 => {
            format!("there is no connector `{kind}`; did you mean `{near}`?")
        }
        _ => format!("there is no connector `{kind}`: `omnistock connectors` lists all"),
    }
}

fn render(lines: &[Line]) -> String {
    let kinds = lines.iter().map(|line| (line.kind, line.about));
    let mut rendered = columns(&kinds.collect::<Vec<_>>());
    for line in lines.iter().filter(|line| !line.manifest.is_empty()) {
        let rows = line.manifest.iter().map(|row| (row.name, row.says.as_str()));
        rendered.push('\n');
        rendered.push_str(&columns(&rows.collect::<Vec<_>>()));
    }
    rendered
}

/// Names, and beside them what is said, broken to the width of a page.
fn columns(rows: &[(&str, &str)]) -> String {
    let widest = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut rendered = String::new();
    for (name, says) in rows {
        for (place, part) in text::lines(says, text::WIDTH - widest - 2, "").iter().enumerate() {
            let name = if place == 0 { name } else { &"" };
            rendered.extend([format!("{name:<widest$}  ").as_str(), part, "\n"]);
        }
    }
    rendered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(kind: &'static str, about: &'static str) -> ConnectorSpec {
        ConnectorSpec {
            kind,
            about,
            manifest: omnistock_file::SPEC.manifest,
            build: |_, _| Err(Vec::new()),
        }
    }

    #[test]
    fn a_mistyped_kind_gets_the_nearest() {
        let specs = [spec("file", "Files."), spec("woocommerce", "A shop.")];
        let failure = chosen(&specs, Some("wocommerce")).err().unwrap();
        assert_eq!(
            failure.message,
            "there is no connector `wocommerce`; did you mean `woocommerce`?"
        );
        assert_eq!(chosen(&specs, None).unwrap().len(), 2);
        assert!(
            chosen(&specs, Some("shopify"))
                .err()
                .unwrap()
                .message
                .contains("lists all")
        );
    }

    #[test]
    fn a_kind_says_what_its_manifest_says_in_80_columns() {
        let specs = wiring::connectors();
        for spec in specs {
            let lines = chosen(specs, Some(spec.kind)).ok().unwrap();
            let shown = render(&lines);
            for line in shown.lines() {
                assert!(line.chars().count() <= text::WIDTH, "{line}");
            }
            for row in &lines[0].manifest {
                assert!(!row.says.is_empty(), "{}: {}", spec.kind, row.name);
                assert!(shown.lines().any(|line| line.starts_with(row.name)), "{}", row.name);
            }
        }
        let all = chosen(specs, None).ok().unwrap();
        assert!(all.iter().all(|line| line.manifest.is_empty()), "a list is short");
    }

    #[test]
    fn the_page_of_each_vendor_holds_what_the_manifest_says() {
        for spec in wiring::connectors() {
            let page = format!("{}/connectors/{}/README.md", env!("CARGO_MANIFEST_DIR"), spec.kind);
            let text = std::fs::read_to_string(&page).unwrap();
            let table = (spec.manifest)().table();
            let section = format!("## What it can do\n\n{table}");
            assert!(text.contains(&section), "{page} doesn't hold\n{section}");
        }
    }
}
