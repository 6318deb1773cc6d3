//! What needs a person: kinds of matters, how urgent each is, and what to do about it.

use omnistock_words::Millis;
use serde::{Deserialize, Serialize};

/// How urgent a matter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// In the morning.
    Warn,
    /// Now.
    Page,
}

impl Severity {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Page => "page",
        }
    }
}

/// A kind of matter. Names are part of the payload: they stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A guard stopped a change, and nobody has decided about it.
    Hold,
    /// The store has lost what it knew.
    LostData,
    /// The store does not answer, or takes no commit.
    StoreAway,
    /// The store works, but something about it may cost data.
    StoreDegraded,
    /// Channels are not written, because something was not read yet.
    GateClosed,
    /// A vendor refuses us until a person acts: a login, a permission.
    NeedsOperator,
    /// A channel's calls fail.
    BreakerOpen,
    /// A channel's orders can't be read.
    OrdersFail,
    /// Orders were missed, or numbers fell without one.
    OrdersMissing,
    /// A source's figures are older than its `max_age`.
    SourceStale,
    /// A source can't be read.
    SourceFails,
    /// A source's newest report was refused.
    ReportRefused,
    /// A channel refuses more and more listings.
    ParkedGrows,
    /// No figure contains orders that it should contain by now.
    OverdueLines,
    /// Orders come by polls only.
    WebhooksSilent,
    /// Another notifier does not get through.
    NotifierFails,
}

impl Event {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Hold,
        Self::LostData,
        Self::StoreAway,
        Self::StoreDegraded,
        Self::GateClosed,
        Self::NeedsOperator,
        Self::BreakerOpen,
        Self::OrdersFail,
        Self::OrdersMissing,
        Self::SourceStale,
        Self::SourceFails,
        Self::ReportRefused,
        Self::ParkedGrows,
        Self::OverdueLines,
        Self::WebhooksSilent,
        Self::NotifierFails,
    ];

    /// Its name, how urgent it is, after how many times `after` it is told, what helps, and its run-book.
    fn facts(self) -> (&'static str, Severity, i64, &'static str, &'static str) {
        use Severity::{Page, Warn};
        const STATUS: &str = "omnistock status";
        match self {
            Self::Hold => ("hold", Page, 0, "omnistock holds list", "omnistockheld"),
            Self::LostData => ("lost_data", Page, 0, STATUS, "omnistockgateclosed"),
            Self::StoreAway => ("store_away", Page, 1, STATUS, "omnistocknotready"),
            Self::StoreDegraded => ("store_degraded", Warn, 1, STATUS, "omnistocknotready"),
            Self::GateClosed => ("gate_closed", Page, 3, STATUS, "omnistockgateclosed"),
            Self::NeedsOperator => ("needs_operator", Page, 1, STATUS, "omnistockchannelstopped"),
            Self::BreakerOpen => ("breaker_open", Warn, 1, STATUS, "omnistockchannelstopped"),
            Self::OrdersFail => ("orders_fail", Page, 1, STATUS, "omnistockchannelstopped"),
            Self::OrdersMissing => ("orders_missing", Page, 0, STATUS, "omnistockordersmissing"),
            Self::SourceStale => ("source_stale", Page, 1, STATUS, "omnistocksourcestale"),
            Self::SourceFails => ("source_fails", Warn, 1, STATUS, "omnistocksourcestale"),
            Self::ReportRefused => ("report_refused", Warn, 0, STATUS, "omnistockreportsrefused"),
            Self::ParkedGrows => ("parked_grows", Warn, 0, "omnistock parked list", "omnistockparked"),
            Self::OverdueLines => (
                "overdue_lines",
                Warn,
                3,
                "omnistock orders list --leaks",
                "omnistockoverduelines",
            ),
            Self::WebhooksSilent => ("webhooks_silent", Warn, 1, STATUS, "omnistockwebhookssilent"),
            Self::NotifierFails => (
                "notifier_fails",
                Page,
                1,
                "omnistock notify test",
                "omnistocknotifierfails",
            ),
        }
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        self.facts().0
    }

    /// How urgent it is.
    pub fn severity(self) -> Severity {
        self.facts().1
    }

    /// How long it has to last before it is told: so many times the notifier's `after`.
    pub fn patience(self) -> i64 {
        self.facts().2
    }

    /// The command that helps.
    pub fn help(self) -> &'static str {
        self.facts().3
    }

    /// Where to read what to do.
    pub fn runbook(self) -> String {
        format!("docs/run-books.md#{}", self.facts().4)
    }

    /// Whether it is still known by a daemon whose store is away: what is not, is neither new nor over then.
    pub fn of_store(self) -> bool {
        matches!(self, Self::StoreAway | Self::LostData | Self::NotifierFails)
    }
}

/// Something that needs a person, as it stands now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matter {
    /// What kind.
    pub event: Event,
    /// Of what: a channel, a source, `store`. Together with the event and `part` it is the matter's name.
    pub subject: String,
    /// Which of several, such as a hold's id; else empty.
    pub part: String,
    /// Since when, where that is known; else when it was first seen.
    pub since: Option<Millis>,
    /// One sentence.
    pub text: String,
}

/// Characters of a sentence that are sent.
const MOST_TEXT: usize = 1_000;

impl Matter {
    /// A matter of which there is one of its kind and subject.
    pub fn new(event: Event, subject: impl Into<String>, text: impl AsRef<str>) -> Self {
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        Self {
            event,
            subject: subject.into(),
            part: String::new(),
            since: None,
            text: text.as_ref().chars().take(MOST_TEXT).map(plain).collect(),
        }
    }

    /// One of several.
    #[must_use]
    pub fn part(mut self, part: impl Into<String>) -> Self {
        self.part = part.into();
        self
    }

    /// Since when.
    #[must_use]
    pub fn since(mut self, since: Millis) -> Self {
        self.since = Some(since);
        self
    }

    /// The same for the same matter, however its text changes.
    pub fn key(&self) -> String {
        let Self {
            event, subject, part, ..
        } = self;
        if part.is_empty() {
            format!("{}/{subject}", event.name())
        } else {
            format!("{}/{subject}/{part}", event.name())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_documented_with_a_run_book_that_exists() {
        const DOCS: &str = include_str!("../../docs/notify.md");
        const BOOKS: &str = include_str!("../../docs/run-books.md");
        for event in Event::ALL {
            let row = format!("| `{}` | {} |", event.name(), event.severity().word());
            assert!(DOCS.contains(&row), "{row}");
            let anchor = event.runbook();
            let anchor = anchor.split('#').nth(1).unwrap();
            let there = BOOKS
                .lines()
                .filter_map(|line| line.strip_prefix("## "))
                .any(|title| title.to_ascii_lowercase() == anchor);
            assert!(there, "{anchor}");
            let written = serde_json::to_value(event).unwrap();
            assert_eq!(written, event.name(), "one name everywhere");
        }
    }

    #[test]
    fn a_matter_keeps_its_name_while_its_text_changes() {
        let of = |text: &str| Matter::new(Event::Hold, "erp", text).part("h-1");
        assert_eq!(of("one").key(), of("two").key());
        assert_eq!(of("one").key(), "hold/erp/h-1");
        let long = Matter::new(Event::StoreAway, "store", "x\n".repeat(5_000));
        assert!(long.text.chars().count() == 1_000 && !long.text.contains('\n'));
    }
}
