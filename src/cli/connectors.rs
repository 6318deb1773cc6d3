//! `omnistock connectors`: the kinds of systems that this build can speak to. Needs no daemon.

use super::{Context, Failure, text, wiring};
use omnistock_sdk::ConnectorSpec;
use serde::Serialize;

/// List the kinds of connectors in this build.
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
}

impl Connectors {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let lines = chosen(wiring::connectors(), self.kind.as_deref())?;
        context.output.show(&lines, |lines| render(lines))
    }
}

fn chosen(specs: &[ConnectorSpec], kind: Option<&str>) -> Result<Vec<Line>, Failure> {
    let lines: Vec<Line> = specs
        .iter()
        .filter(|spec| kind.is_none_or(|kind| spec.kind == kind))
        .map(|spec| Line {
            kind: spec.kind,
            about: spec.about,
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
    let widest = lines.iter().map(|line| line.kind.len()).max().unwrap_or(0);
    let mut rendered = String::new();
    for line in lines {
        for (place, about) in text::lines(line.about, text::WIDTH - widest - 2, "").iter().enumerate() {
            let kind = if place == 0 { line.kind } else { "" };
            rendered.extend([format!("{kind:<widest$}  ").as_str(), about, "\n"]);
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
}
