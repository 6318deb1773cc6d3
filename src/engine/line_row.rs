//! An order line as bytes: a row of what every line has, and behind it what is not as it is of most lines. The ledger of
//! an article that everybody buys is written whole with each of its orders: a row takes a third of an object with the
//! name of every value in it.
//!
//! Up to version 2 of the schema a line was such an object. It is still read.

use crate::sku_document::is_default;
use crate::{Few, LineExtra, LineRecord, Part, Statement};
use omnistock_words::{
    ChannelName, FulfilledBy, LineId, LocationName, Millis, OrderId, OrderStatus, Quantity, ReservationId,
};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// What stands behind the row, if anything.
#[derive(Serialize, PartialEq)]
struct Further<'a> {
    #[serde(skip_serializing_if = "is_whole")]
    part: &'a Part,
    #[serde(skip_serializing_if = "is_open")]
    status: OrderStatus,
    /// Where it is another instant than `placed_at`.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Millis>,
    /// Where it is another instant than `at`.
    #[serde(skip_serializing_if = "Option::is_none")]
    open_at: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_at: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    back_at: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a LocationName>,
    #[serde(skip_serializing_if = "is_default")]
    fulfilled_by: FulfilledBy,
    #[serde(skip_serializing_if = "Option::is_none")]
    reservation: Option<&'a ReservationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restock_location: Option<&'a LocationName>,
    #[serde(skip_serializing_if = "is_default")]
    released: Quantity,
    #[serde(skip_serializing_if = "<[Statement]>::is_empty")]
    statements: &'a [Statement],
}

/// As of most lines.
const NOTHING: Further<'_> = Further {
    part: &Part::Whole,
    status: OrderStatus::Open,
    at: None,
    open_at: None,
    left_at: None,
    back_at: None,
    location: None,
    fulfilled_by: FulfilledBy::Merchant,
    reservation: None,
    restock_location: None,
    released: Quantity::ZERO,
    statements: &[],
};

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_whole(part: &&Part) -> bool {
    **part == Part::Whole
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_open(status: &OrderStatus) -> bool {
    *status == OrderStatus::Open
}

fn other(instant: Millis, usual: Millis) -> Option<Millis> {
    (instant != usual).then_some(instant)
}

impl Serialize for LineRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let further = Further {
            part: self.part(),
            status: self.status,
            at: other(self.at, self.placed_at),
            open_at: other(self.open_at, self.at),
            left_at: self.left_at,
            back_at: self.extra.as_ref().and_then(|extra| extra.back_at),
            location: self.location(),
            fulfilled_by: self.fulfilled_by,
            reservation: self.reservation(),
            restock_location: self.restock_location(),
            released: self.released(),
            statements: &self.statements,
        };
        let further = Some(further).filter(|further| *further != NOTHING);
        let mut row = serializer.serialize_seq(None)?;
        row.serialize_element(&self.placed_at)?;
        row.serialize_element(&self.channel)?;
        row.serialize_element(&self.order)?;
        row.serialize_element(&self.line)?;
        row.serialize_element(&self.quantity)?;
        if let Some(further) = &further {
            row.serialize_element(further)?;
        }
        row.end()
    }
}

/// The same as it is read.
#[derive(Deserialize, Default)]
#[serde(default)]
struct FurtherRead {
    part: Part,
    status: Option<OrderStatus>,
    at: Option<Millis>,
    open_at: Option<Millis>,
    left_at: Option<Millis>,
    back_at: Option<Millis>,
    location: Option<LocationName>,
    fulfilled_by: FulfilledBy,
    reservation: Option<ReservationId>,
    restock_location: Option<LocationName>,
    released: Quantity,
    statements: Few<Statement>,
}

/// A line up to version 2, and what a row is read as.
#[derive(Deserialize)]
struct Object {
    placed_at: Millis,
    channel: ChannelName,
    order: OrderId,
    line: LineId,
    quantity: Quantity,
    #[serde(flatten)]
    further: FurtherRead,
}

impl Object {
    fn line(self) -> LineRecord {
        let further = self.further;
        let extra = LineExtra {
            part: further.part,
            location: further.location,
            reservation: further.reservation,
            restock_location: further.restock_location,
            released: further.released,
            back_at: further.back_at,
        };
        let at = further.at.unwrap_or(self.placed_at);
        LineRecord {
            placed_at: self.placed_at,
            channel: self.channel,
            order: self.order,
            line: self.line,
            quantity: self.quantity,
            status: further.status.unwrap_or(OrderStatus::Open),
            at,
            open_at: further.open_at.unwrap_or(at),
            left_at: further.left_at,
            fulfilled_by: further.fulfilled_by,
            statements: further.statements,
            extra: extra.kept(),
        }
    }
}

struct Line;

impl<'de> Visitor<'de> for Line {
    type Value = LineRecord;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an order line as a row, or as an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut row: A) -> Result<LineRecord, A::Error> {
        let short =
            |length: usize| A::Error::invalid_length(length, &"a time, a channel, an order, a line and a quantity");
        let object = Object {
            placed_at: row.next_element()?.ok_or_else(|| short(0))?,
            channel: row.next_element()?.ok_or_else(|| short(1))?,
            order: row.next_element()?.ok_or_else(|| short(2))?,
            line: row.next_element()?.ok_or_else(|| short(3))?,
            quantity: row.next_element()?.ok_or_else(|| short(4))?,
            further: row.next_element()?.unwrap_or_default(),
        };
        Ok(object.line())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LineRecord, A::Error> {
        Object::deserialize(MapAccessDeserializer::new(map)).map(Object::line)
    }
}

impl<'de> Deserialize<'de> for LineRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = r#"{"placed_at":"2026-11-23T21:54:09Z","channel":"shop","order":"7","line":"1","quantity":"2","status":"open","at":"2026-11-23T21:54:09Z","open_at":"2026-11-23T21:54:09Z"}"#;
    const ROW: &str = r#"["2026-11-23T21:54:09Z","shop","7","1","2"]"#;

    fn read(text: &str) -> LineRecord {
        serde_json::from_str(text).unwrap()
    }

    fn written(line: &LineRecord) -> String {
        serde_json::to_string(line).unwrap()
    }

    #[test]
    fn a_line_as_most_are_is_a_row_and_an_object_of_an_earlier_version_is_the_same_line() {
        let line = read(ROW);
        assert_eq!(written(&line), ROW);
        assert_eq!(read(BEFORE), line);
        assert_eq!((line.at, line.open_at), (line.placed_at, line.placed_at));
        assert_eq!(line.status, OrderStatus::Open);
    }

    #[test]
    fn what_is_not_as_usual_stands_behind_the_row_and_reads_back() {
        let all = r#"["2026-11-23T21:54:09Z","shop","7","1","2",{"part":{"of":"SET"},"status":"returned","at":"2026-11-23T21:54:10Z","open_at":"2026-11-23T21:54:11Z","left_at":"2026-11-23T21:54:12Z","back_at":"2026-11-23T21:54:13Z","location":"berlin","fulfilled_by":"channel","reservation":"r","restock_location":"kassel","released":"1","statements":[{"source":"erp","as_of":"2026-11-23T21:54:14Z","quantity":"2"}]}]"#;
        assert_eq!(written(&read(all)), all);
        let object = all.replacen("[\"2026", "{\"placed_at\":\"2026", 1).replacen(
            "\"shop\",\"7\",\"1\",\"2\",{",
            r#""channel":"shop","order":"7","line":"1","quantity":"2","#,
            1,
        );
        assert_eq!(written(&read(object.strip_suffix(']').unwrap())), all);
        // Each alone: an instant as usual is not written, whatever the others are.
        for further in [
            r#"{"status":"cancelled"}"#,
            r#"{"at":"2026-11-23T21:54:10Z"}"#,
            r#"{"open_at":"2026-11-23T21:54:08Z"}"#,
        ] {
            let row = format!(r#"["2026-11-23T21:54:09Z","shop","7","1","2",{further}]"#);
            assert_eq!(written(&read(&row)), row);
        }
    }

    #[test]
    fn a_row_that_is_too_short_or_too_long_is_none() {
        for text in [
            "[]",
            r#"["2026-11-23T21:54:09Z","shop","7","1"]"#,
            "7",
            r#"["2026-11-23T21:54:09Z","shop","7","1","2",{},0]"#,
        ] {
            assert!(serde_json::from_str::<LineRecord>(text).is_err(), "{text}");
        }
        let said = serde_json::from_str::<LineRecord>("7").unwrap_err().to_string();
        assert!(said.contains("expected an order line as a row"), "{said}");
    }
}
