//! Documents and events as bytes: JSON with a schema version, readable by this version and those before it.
//!
//! A document of an earlier version is read as it is and written anew when it changes: an upgrade
//! touches nothing at once, and has no end that a crash could fall in front of.

use crate::Event;
use omnistock_words::{ChannelName, Millis, OrderFact, OrderId, OrderLineFact, OrderStatus, Revision};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The schema version that is written. 2: events in the inbox carry their version, too. 3: a line of a ledger is a row.
pub const SCHEMA: u32 = 3;

/// The oldest schema version that is read. What has changed its shape since is read in both.
const OLDEST: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    v: u32,
    d: T,
}

#[derive(Deserialize)]
struct VersionOnly {
    v: u32,
}

/// Why stored bytes are no document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// Written by a version that this one does not read.
    Version(u32),
    /// Damaged.
    Malformed(String),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(
                f,
                "the document has schema version {version}, this program reads {OLDEST} to {SCHEMA}: use the version of omnistock that wrote it"
            ),
            Self::Malformed(what) => write!(f, "the document is damaged ({what}): restore the store from a backup"),
        }
    }
}

impl std::error::Error for DecodeError {}

pub(crate) fn encode<T: Serialize>(document: &T) -> Vec<u8> {
    // Plain data with text keys always serialises; an empty document would be refused by `decode`.
    serde_json::to_vec(&Envelope { v: SCHEMA, d: document }).unwrap_or_default()
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    match serde_json::from_slice::<Envelope<T>>(bytes) {
        Ok(envelope) if (OLDEST..=SCHEMA).contains(&envelope.v) => Ok(envelope.d),
        Ok(envelope) => Err(DecodeError::Version(envelope.v)),
        Err(error) => Err(match serde_json::from_slice::<VersionOnly>(bytes) {
            Ok(found) if !(OLDEST..=SCHEMA).contains(&found.v) => DecodeError::Version(found.v),
            _ => DecodeError::Malformed(error.to_string()),
        }),
    }
}

/// The bytes of an event in the inbox.
pub fn encode_event(event: &Event) -> Vec<u8> {
    encode(event)
}

/// What nearly every entry of an inbox under load is, in the same words as [`Event::Order`].
#[derive(Deserialize)]
struct OrderEvent {
    #[serde(rename = "type")]
    _type: OrderType,
    channel: ChannelName,
    order: OrderId,
    revision: Option<Revision>,
    status: OrderStatus,
    placed_at: Millis,
    at: Option<Millis>,
    #[serde(default)]
    lines: Vec<OrderLineFact>,
}

#[derive(Deserialize)]
enum OrderType {
    #[serde(rename = "order")]
    Order,
}

/// An order, read in one pass; to find out which event it is takes three. `None`: it is read as any event is.
fn decode_order(bytes: &[u8]) -> Option<Event> {
    let found = serde_json::from_slice::<Envelope<OrderEvent>>(bytes).ok()?;
    let event = Some(found.d).filter(|_| (OLDEST..=SCHEMA).contains(&found.v))?;
    Some(Event::Order {
        channel: event.channel,
        order: OrderFact {
            order: event.order,
            revision: event.revision,
            status: event.status,
            placed_at: event.placed_at,
            at: event.at,
            lines: event.lines,
        },
    })
}

/// Reads what [`encode_event`] wrote, and events without a version: those are of version 1.
pub fn decode_event(bytes: &[u8]) -> Result<Event, DecodeError> {
    #[derive(Deserialize)]
    struct PerhapsVersion {
        v: Option<u32>,
    }
    if let Some(order) = decode_order(bytes) {
        return Ok(order);
    }
    let perhaps = serde_json::from_slice::<PerhapsVersion>(bytes);
    if perhaps.is_ok_and(|found| found.v.is_none()) {
        return serde_json::from_slice(bytes).map_err(|error| DecodeError::Malformed(error.to_string()));
    }
    decode(bytes)
}

/// Durations as text: `500ms`, `15s`, `30m`, `1h`, `2d`.
pub(crate) mod duration {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn parse(text: &str) -> Option<i64> {
        let split = text.find(|c: char| !c.is_ascii_digit())?;
        let (digits, unit) = text.split_at_checked(split)?;
        let factor = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        digits.parse::<i64>().ok()?.checked_mul(factor)
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
    pub(crate) fn serialize<S: Serializer>(value: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{value}ms"))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| D::Error::custom("not a duration like \"30m\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_and_damaged_bytes_are_told_apart() {
        assert_eq!(decode::<u32>(&encode(&7_u32)), Ok(7));
        assert_eq!(
            decode::<u32>(br#"{"v":9,"d":{"other":1}}"#),
            Err(DecodeError::Version(9))
        );
        assert_eq!(decode::<u32>(br#"{"v":9,"d":1}"#), Err(DecodeError::Version(9)));
        assert!(matches!(decode::<u32>(b""), Err(DecodeError::Malformed(_))));
        assert!(matches!(
            decode::<u32>(br#"{"v":1,"d":"x"}"#),
            Err(DecodeError::Malformed(_))
        ));
        for version in 1..=3 {
            let stored = format!(r#"{{"v":{version},"d":7}}"#);
            assert_eq!(decode::<u32>(stored.as_bytes()), Ok(7), "{version}");
        }
        assert_eq!(decode::<u32>(br#"{"v":0,"d":7}"#), Err(DecodeError::Version(0)));
    }

    #[test]
    fn an_order_is_read_in_one_pass_and_nothing_else_is() {
        let order: OrderFact =
            serde_json::from_str(r#"{"order":"7","status":"open","placed_at":"2026-11-23T21:54:09Z"}"#).unwrap();
        let channel: ChannelName = "shop".parse().unwrap();
        let event = Event::Order { channel, order };
        assert_eq!(decode_order(&encode_event(&event)), Some(event));
        let approved = r#"{"v":3,"d":{"type":"approved","source":"erp","as_of":"2026-11-23T21:54:09Z"}}"#;
        assert_eq!(decode_order(approved.as_bytes()), None);
        assert!(matches!(decode_event(approved.as_bytes()), Ok(Event::Approved { .. })));
    }

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(duration::parse("30m"), Some(1_800_000));
        assert_eq!(duration::parse("250ms"), Some(250));
        for text in [
            "",
            "30",
            "m",
            "1.5h",
            "-1s",
            "99999999999999999999d",
            "9999999999999999d",
        ] {
            assert_eq!(duration::parse(text), None, "{text}");
        }
    }
}
