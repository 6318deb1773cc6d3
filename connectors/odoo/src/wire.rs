//! Odoo's shapes, only the fields that are used: personal data has no place to go.
//!
//! An empty field is `false` whatever its type; a reference is `[id, name]`, of which the name is
//! dropped; a time is UTC without saying so.

use omnistock_words::{Millis, Quantity};
use rust_decimal::Decimal;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};

/// A reference to another record; `None`: empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Link(pub(crate) Option<i64>);

/// A text; `None`: empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Text(pub(crate) Option<String>);

/// A text or a whole number, as a field that some other program added may be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Mark(pub(crate) Option<String>);

/// A time of change as Odoo prints it, to the second; `None`: empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Stamp(pub(crate) Option<Millis>);

/// Units: a binary float at the server, here rounded to our six digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Figure(pub(crate) Quantity);

/// An amount of money: a binary float at the server, rounded to six digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Amount(pub(crate) Decimal);

impl<'de> Deserialize<'de> for Link {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let id = match &value {
            Value::Bool(false) | Value::Null => return Ok(Self(None)),
            Value::Array(parts) => parts.first().and_then(Value::as_i64),
            other => other.as_i64(),
        };
        id.map(|id| Self(Some(id)))
            .ok_or_else(|| D::Error::custom("expected [id, name] or false"))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Bool(false) | Value::Null => Ok(Self(None)),
            Value::String(text) => Ok(Self(Some(text))),
            _ => Err(D::Error::custom("expected a text or false")),
        }
    }
}

impl<'de> Deserialize<'de> for Mark {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Bool(false) | Value::Null => Ok(Self(None)),
            Value::String(text) => Ok(Self(Some(text))),
            Value::Number(number) if number.is_i64() => Ok(Self(Some(number.to_string()))),
            _ => Err(D::Error::custom("expected a text, a whole number or false")),
        }
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        let Some(text) = text else { return Ok(Self(None)) };
        instant(&text)
            .map(|at| Self(Some(at)))
            .ok_or_else(|| D::Error::custom("expected a time like 2026-01-05 12:00:00"))
    }
}

impl<'de> Deserialize<'de> for Figure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = decimal(&Number::deserialize(deserializer)?).and_then(|value| Quantity::new(value).ok());
        value
            .map(Self)
            .ok_or_else(|| D::Error::custom("a quantity beyond ±1000000000000"))
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = decimal(&Number::deserialize(deserializer)?);
        value
            .map(Self)
            .ok_or_else(|| D::Error::custom("an amount out of range"))
    }
}

/// From its text, never by way of a float. 0.30000000000000004 is what the server's floats make of 0.3.
fn decimal(number: &Number) -> Option<Decimal> {
    let text = number.to_string();
    match text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(&text)) {
        Ok(value) => Some(value.round_dp(6).normalize()),
        Err(_) if text.contains("e-") => Some(Decimal::ZERO),
        Err(_) => None,
    }
}

/// The instant of a time as Odoo prints it: UTC, without a zone, with a space in its middle.
pub(crate) fn instant(text: &str) -> Option<Millis> {
    let plain = text.len() >= 19
        && text
            .get(19..)?
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    plain.then(|| format!("{text}Z").parse().ok()).flatten()
}

/// The time as Odoo takes it in a domain: UTC, to the second, rounded down.
pub(crate) fn moment(at: Millis) -> String {
    let text = Millis(at.0.div_euclid(1_000) * 1_000).to_string();
    text.trim_end_matches('Z').replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::de::DeserializeOwned;

    fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn false_is_empty_whatever_the_type_and_a_name_is_dropped() {
        assert_eq!(read::<Link>("false"), Ok(Link(None)));
        assert_eq!(read::<Link>("[8, \"WH/Stock\"]"), Ok(Link(Some(8))));
        assert_eq!(read::<Text>("false"), Ok(Text(None)));
        assert_eq!(read::<Stamp>("false"), Ok(Stamp(None)));
        assert_eq!(read::<Mark>("77"), Ok(Mark(Some("77".to_owned()))));
        assert_eq!(read::<Mark>("false"), Ok(Mark(None)));
        for wrong in ["true", "[]", "[\"8\"]", "{}", "1.5", "\"8\""] {
            assert!(read::<Link>(wrong).is_err(), "{wrong}");
        }
        for wrong in ["true", "7", "[]"] {
            assert!(read::<Text>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_is_utc_although_it_does_not_say_so() {
        let at = read::<Stamp>("\"2026-11-21 21:23:34\"").unwrap().0.unwrap();
        assert_eq!(at.to_string(), "2026-11-21T21:23:34Z");
        assert_eq!(moment(at.plus(999)), "2026-11-21 21:23:34");
        assert_eq!(instant("2026-11-21 21:23:34.123456"), Some(at.plus(123)));
        for wrong in [
            "2026-11-21",
            "2026-11-21 21:23:34+02:00",
            "",
            "x",
            "2026-13-01 00:00:00",
        ] {
            assert_eq!(instant(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_floats_do_to_figures_is_undone_and_absurd_ones_are_refused() {
        assert_eq!(read::<Figure>("7.0"), Ok(Figure(Quantity::whole(7))));
        assert_eq!(read::<Figure>("0.30000000000000004").unwrap().0.to_string(), "0.3");
        assert_eq!(read::<Figure>("-1e-30"), Ok(Figure(Quantity::ZERO)));
        for wrong in ["1e30", "-2000000000000", "\"7\"", "false", "null", "1e400"] {
            assert!(read::<Figure>(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn thousandths_survive_the_vendors_floats(thousandths in -1_000_000_000_000_i64..1_000_000_000_000) {
            let quantity = Quantity::saturating(Decimal::new(thousandths, 3));
            prop_assert_eq!(read::<Figure>(&quantity.to_string()), Ok(Figure(quantity)));
        }

        #[test]
        fn a_time_reads_back(seconds in 0_i64..4_000_000_000) {
            let at = Millis(seconds * 1_000);
            prop_assert_eq!(instant(&moment(at)), Some(at));
        }

        #[test]
        fn no_json_makes_a_parser_panic(text in "[\\[\\]{}\",:0-9a-z .eE+-]{0,40}") {
            drop((read::<Link>(&text), read::<Text>(&text), read::<Mark>(&text), read::<Stamp>(&text), read::<Figure>(&text), read::<Amount>(&text)));
        }
    }
}
