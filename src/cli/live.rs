//! What connected systems answered to `check --live`, a line each.

use super::text;
use serde::Serialize;

/// One connector.
#[derive(Debug, Clone, Serialize)]
pub struct Live {
    /// Its name.
    pub connector: String,
    /// Which code it is.
    pub kind: String,
    /// What is wrong, in one sentence; `None`: credentials and permissions are enough for all it does.
    pub wrong: Option<String>,
    /// How long its calls took.
    pub milliseconds: u64,
    /// By how much its clock is ahead of this machine's; `None`: it says no time.
    pub clock_ahead_ms: Option<i64>,
}

impl Live {
    /// The same; a clock that is far off is wrong, too.
    pub(super) fn judged(mut self) -> Self {
        self.wrong = self
            .wrong
            .or_else(|| self.clock_ahead_ms.and_then(omnistock_sdk::far_apart));
        self
    }
}

/// The table, and below it what is wrong.
pub(super) fn render(answers: &[Live]) -> String {
    let widest = |of: fn(&Live) -> &str, head: &str| {
        answers
            .iter()
            .map(|live| of(live).chars().count())
            .max()
            .unwrap_or(0)
            .max(head.len())
    };
    let (name, kind) = (
        widest(|live| &live.connector, "CONNECTOR"),
        widest(|live| &live.kind, "KIND"),
    );
    let mut rendered = format!("{:name$}  {:kind$}  ANSWER     TOOK    CLOCK\n", "CONNECTOR", "KIND");
    for live in answers {
        let answer = if live.wrong.is_some() { "FAILED" } else { "ok" };
        let clock = live.clock_ahead_ms.map_or_else(|| "-".to_owned(), clock);
        let (took, connector, of) = (text::lag(live.milliseconds), &live.connector, &live.kind);
        rendered.extend([format!(
            "{connector:name$}  {of:kind$}  {answer:6}  {took:>7}  {clock:>7}\n"
        )]);
    }
    for live in answers {
        if let Some(wrong) = &live.wrong {
            let sentence = format!("[connectors.{}]: {wrong}", live.connector);
            for line in text::lines(&sentence, text::WIDTH, "  ") {
                rendered.extend([line.as_str(), "\n"]);
            }
        }
    }
    rendered
}

fn clock(ahead: i64) -> String {
    match ahead {
        0 => "same".to_owned(),
        1.. => format!("+{}", text::lag(ahead.unsigned_abs())),
        _ => format!("-{}", text::lag(ahead.unsigned_abs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(connector: &str, wrong: Option<&str>, ahead: Option<i64>) -> Live {
        let live = Live {
            connector: connector.to_owned(),
            kind: "woocommerce".to_owned(),
            wrong: wrong.map(str::to_owned),
            milliseconds: 412,
            clock_ahead_ms: ahead,
        };
        live.judged()
    }

    #[test]
    fn each_connector_has_a_line_and_what_is_wrong_a_sentence() {
        let shown = render(&[live("erp", None, None), live("shop", Some("answer 401: no"), Some(0))]);
        assert_eq!(
            shown,
            "CONNECTOR  KIND         ANSWER     TOOK    CLOCK\n\
             erp        woocommerce  ok        0.4 s        -\n\
             shop       woocommerce  FAILED    0.4 s     same\n\
             [connectors.shop]: answer 401: no\n"
        );
    }

    #[test]
    fn a_clock_far_off_is_wrong_and_one_nearby_is_shown() {
        assert!(live("shop", None, Some(-4_000)).wrong.is_none());
        let far = live("shop", None, Some(-94_000));
        assert!(
            far.wrong
                .as_ref()
                .unwrap()
                .starts_with("its clock is 94 s behind the one that this daemon goes by")
        );
        let shown = render(&[far, live("erp", None, Some(4_000))]);
        assert!(shown.contains("   -94 s\n") && shown.contains("  +4.0 s\n"), "{shown}");
        assert!(shown.lines().all(|line| line.chars().count() <= text::WIDTH), "{shown}");
    }
}
