//! What is sent: one stable JSON object, and the same in a few environment variables for a program.

use super::matter::{Event, Severity};
use omnistock_words::Millis;
use serde::Serialize;

/// The payload's version. Keys are only ever added under one number.
const SCHEMA: u32 = 1;

/// What a message says of its matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Saying {
    /// It began, and is still so.
    Open,
    /// It is over.
    Over,
    /// More happens than is told: the last message for a while.
    Summary,
    /// A person tries it.
    Test,
}

impl Saying {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Over => "over",
            Self::Summary => "summary",
            Self::Test => "test",
        }
    }
}

/// One message. Serialized it is the payload that `docs/notify.md` describes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    schema: u32,
    /// The same in everything that is said of one matter, and when it is sent again: what was said before is known by it.
    pub id: String,
    /// What is said of it.
    pub state: Saying,
    /// How urgent it is.
    pub severity: Severity,
    /// The kind of matter; `None` of a summary and a test.
    pub event: Option<Event>,
    /// Of what: a channel, a source, `store`.
    pub subject: String,
    /// One sentence.
    pub text: String,
    /// The command that helps.
    pub help: String,
    /// Where to read what to do.
    pub runbook: String,
    /// Since when it is so.
    pub since: Millis,
    /// When this was said.
    pub at: Millis,
    /// How often it began and ended since the last message about it, untold.
    pub left_out: u32,
    /// Whose stock it is about: the store's prefix.
    pub merchant: String,
    #[serde(skip)]
    pub(super) key: String,
}

impl Message {
    /// About a matter.
    pub(super) fn of(event: Event, (key, first): (&str, Millis), state: Saying, at: Millis) -> Self {
        Self {
            schema: SCHEMA,
            id: format!("{key}@{}", first.0),
            state,
            severity: event.severity(),
            event: Some(event),
            subject: String::new(),
            text: String::new(),
            help: event.help().to_owned(),
            runbook: event.runbook(),
            since: first,
            at,
            left_out: 0,
            merchant: String::new(),
            key: key.to_owned(),
        }
    }

    /// About no matter: a summary or a test.
    pub(super) fn plain(state: Saying, severity: Severity, text: String, at: Millis) -> Self {
        Self {
            schema: SCHEMA,
            id: format!("{}@{}", state.word(), at.0),
            state,
            severity,
            event: None,
            subject: "omnistock".to_owned(),
            text,
            help: "omnistock status".to_owned(),
            runbook: "docs/notify.md".to_owned(),
            since: at,
            at,
            left_out: 0,
            merchant: String::new(),
            key: String::new(),
        }
    }

    /// What a person sends to try it.
    pub fn test(name: &str, at: Millis) -> Self {
        let text = format!("A test of [[notify]] {name}: nothing is wrong.");
        Self::plain(Saying::Test, Severity::Warn, text, at)
    }

    /// The payload.
    pub fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The same for a program that reads no JSON.
    pub fn variables(&self) -> [(&'static str, String); 8] {
        let event = self.event.map_or("", Event::name);
        [
            ("OMNISTOCK_ID", self.id.clone()),
            ("OMNISTOCK_STATE", self.state.word().to_owned()),
            ("OMNISTOCK_SEVERITY", self.severity.word().to_owned()),
            ("OMNISTOCK_EVENT", event.to_owned()),
            ("OMNISTOCK_SUBJECT", self.subject.clone()),
            ("OMNISTOCK_TEXT", self.text.replace('\0', " ")),
            ("OMNISTOCK_HELP", self.help.clone()),
            ("OMNISTOCK_MERCHANT", self.merchant.clone()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCS: &str = include_str!("../../docs/notify.md");

    #[test]
    fn the_payload_is_as_it_is_documented() {
        let mut message = Message::of(
            Event::Hold,
            ("hold/erp/h-1", Millis(1_000)),
            Saying::Open,
            Millis(2_000),
        );
        (message.subject, message.text) = ("erp".to_owned(), "x".to_owned());
        message.merchant = "omnistock".to_owned();
        let sent: serde_json::Value = serde_json::from_slice(&message.json()).unwrap();
        let expected = serde_json::json!({
            "schema": 1, "id": "hold/erp/h-1@1000", "state": "open", "severity": "page", "event": "hold",
            "subject": "erp", "text": "x", "help": "omnistock holds list",
            "runbook": "docs/run-books.md#omnistockheld", "since": "1970-01-01T00:00:01Z",
            "at": "1970-01-01T00:00:02Z", "left_out": 0, "merchant": "omnistock",
        });
        assert_eq!(sent, expected);
        for key in expected.as_object().unwrap().keys() {
            assert!(DOCS.contains(&format!("| `{key}` |")), "docs/notify.md lacks {key}");
        }
        for (name, _) in message.variables() {
            assert!(DOCS.contains(name), "docs/notify.md lacks {name}");
        }
    }
}
