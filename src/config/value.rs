//! Values with units: one function a kind, which says what it expected.

use super::reader::Fault;
use super::tree::{Node, Value, shorten};
use omnistock_words::{Currency, Millis, Percent, Quantity, Sku};
use rust_decimal::Decimal;
use std::str::FromStr;
use std::time::Duration;

/// The longest time that a setting may mean: ten years.
const MOST_SECONDS: u64 = 10 * 366 * 86_400;

/// Any text but the empty one.
pub(super) fn text(node: &Node) -> Result<&str, Fault> {
    match &node.value {
        Value::Text(text) if !text.trim().is_empty() => Ok(text),
        Value::Text(_) => Err(Fault::new(" is empty")),
        _ => Err(Fault::expected("text in quotes", node)),
    }
}

pub(super) fn boolean(node: &Node) -> Result<bool, Fault> {
    match node.value {
        Value::Boolean(value) => Ok(value),
        _ => Err(Fault::expected("true or false", node)),
    }
}

/// One of some words.
pub(super) fn choice<T: Copy>(node: &Node, words: &[(&'static str, T)]) -> Result<T, Fault> {
    choice_or(node, words, "")
}

/// One of some words, where something else, which is read elsewhere, would have been right as well.
pub(super) fn choice_or<T: Copy>(node: &Node, words: &[(&'static str, T)], or: &str) -> Result<T, Fault> {
    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let mut list: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    list.extend((!or.is_empty()).then(|| or.to_owned()));
    let expected = list.join(", ");
    let Value::Text(text) = &node.value else {
        return Err(Fault::expected(&format!("one of {expected}"), node));
    };
    words
        .iter()
        .find(|(word, _)| word == text)
        .map(|(_, value)| *value)
        .ok_or_else(|| {
            let near = omnistock_sdk::nearest(text, names.into_iter());
            let rest = near.map_or_else(
                || format!("; there are {expected}"),
                |near| format!("; did you mean \"{near}\"?"),
            );
            Fault::new(format!(": \"{}\" is none of the choices{rest}", shorten(text)))
        })
}

/// Units of an article: an integer, or a decimal in quotes. Never a floating-point number.
pub(super) fn quantity(node: &Node) -> Result<Quantity, Fault> {
    let expected = "a quantity like 20 or \"2.5\"";
    let text = match &node.value {
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Float(text) => return Err(inexact(text)),
        _ => return Err(Fault::expected(expected, node)),
    };
    text.parse().map_err(|error| match error {
        omnistock_words::ParseQuantityError::NotANumber => Fault::expected(expected, node),
        out_of_range @ omnistock_words::ParseQuantityError::OutOfRange => Fault::new(format!(" is {out_of_range}")),
    })
}

/// A quantity of zero or more.
pub(super) fn quantity_from_zero(node: &Node) -> Result<Quantity, Fault> {
    let quantity = quantity(node)?;
    if quantity.is_negative() {
        Err(Fault::new(format!(" is {quantity}, but may not be negative")))
    } else {
        Ok(quantity)
    }
}

/// A quantity above zero.
pub(super) fn quantity_above_zero(node: &Node) -> Result<Quantity, Fault> {
    let quantity = quantity(node)?;
    if quantity.is_positive() {
        Ok(quantity)
    } else {
        Err(Fault::new(format!(" is {quantity}, but must be above 0")))
    }
}

/// A whole number from `least` to `most`.
pub(super) fn count(node: &Node, least: u32, most: u32) -> Result<u32, Fault> {
    let whole = quantity(node)?.as_whole().and_then(|whole| u32::try_from(whole).ok());
    let fits = whole.filter(|whole| (least..=most).contains(whole));
    fits.ok_or_else(|| Fault::expected(&format!("a whole number from {least} to {most}"), node))
}

fn inexact(text: &str) -> Fault {
    Fault::new(format!(
        ": {text} is a floating-point number, which isn't exact; write it in quotes: \"{text}\""
    ))
}

/// A percentage in quotes.
pub(super) fn percent(node: &Node) -> Result<Percent, Fault> {
    let expected = "a percentage in quotes like \"5%\"";
    let Value::Text(text) = &node.value else {
        return Err(Fault::expected(expected, node));
    };
    text.parse().map_err(|_| Fault::expected(expected, node))
}

/// A percentage of at most 100 %.
pub(super) fn share(node: &Node) -> Result<Percent, Fault> {
    let percent = percent(node)?;
    if percent > Percent::HUNDRED {
        Err(Fault::new(format!(" is {percent}, but at most 100% is there")))
    } else {
        Ok(percent)
    }
}

/// An amount or factor of zero or more: an integer, or a decimal in quotes.
pub(super) fn decimal(node: &Node) -> Result<Decimal, Fault> {
    let expected = "a number in quotes like \"4.90\"";
    let value = match &node.value {
        Value::Integer(number) => Decimal::from(*number),
        Value::Float(text) => return Err(inexact(text)),
        Value::Text(text) => plain(text).ok_or_else(|| Fault::expected(expected, node))?,
        _ => return Err(Fault::expected(expected, node)),
    };
    let most = Decimal::from(1_000_000_000_000_i64);
    if value.abs() > most {
        Err(Fault::new(" is beyond 1000000000000"))
    } else {
        Ok(value)
    }
}

/// Digits with an optional minus and one point.
fn plain(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let valid = digits.len() <= 28 && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if valid {
        Decimal::from_str_exact(text).ok()
    } else {
        None
    }
}

/// A factor above zero.
pub(super) fn factor(node: &Node) -> Result<Decimal, Fault> {
    let value = decimal(node)?;
    if value > Decimal::ZERO {
        Ok(value)
    } else {
        Err(Fault::new(format!(" is {value}, but must be above 0")))
    }
}

/// An amount of zero or more.
pub(super) fn amount(node: &Node) -> Result<Decimal, Fault> {
    let value = decimal(node)?;
    if value < Decimal::ZERO {
        Err(Fault::new(format!(" is {value}, but may not be negative")))
    } else {
        Ok(value)
    }
}

/// A length of time above zero, such as `"15s"` or `"1h30m"`.
pub(super) fn duration(node: &Node) -> Result<Duration, Fault> {
    let expected = "a time like \"15s\", \"10m\", \"1h30m\" or \"400d\"";
    let Value::Text(text) = &node.value else {
        return Err(Fault::expected(expected, node));
    };
    let duration = parse_duration(text).ok_or_else(|| Fault::expected(expected, node))?;
    if duration.is_zero() {
        Err(Fault::new(" must be longer than nothing"))
    } else {
        Ok(duration)
    }
}

/// A length of time in milliseconds.
pub(super) fn milliseconds(node: &Node) -> Result<i64, Fault> {
    duration(node).map(|duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

/// Numbers with units (`w d h m s ms`), each unit at most once and from large to small.
fn parse_duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, u64); 6] = [
        ("w", 604_800_000),
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
        ("ms", 1),
    ];
    let mut rest = text;
    let mut total: u64 = 0;
    let mut last = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at_checked(digits)?;
        let letters = tail.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(letters)?;
        let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
        if *size >= last {
            return None;
        }
        last = *size;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*size)?)?;
        rest = tail;
    }
    (!text.is_empty() && total <= MOST_SECONDS * 1_000).then(|| Duration::from_millis(total))
}

/// Listings in an hour, such as `"500/h"`.
pub(super) fn ramp(node: &Node) -> Result<u32, Fault> {
    let expected = || Fault::expected("so many listings in the first hour, like \"500/h\"", node);
    let Value::Text(text) = &node.value else {
        return Err(expected());
    };
    let count = text.strip_suffix("/h").and_then(|count| count.trim_end().parse().ok());
    count.filter(|count| *count > 0).ok_or_else(expected)
}

/// An instant with its offset from UTC.
pub(super) fn instant(node: &Node) -> Result<Millis, Fault> {
    let expected = "an instant with its offset like 2026-11-27T00:00:00Z or 2026-11-27T01:00:00+01:00";
    match &node.value {
        Value::Text(text) | Value::Instant(text) => text.parse().map_err(|_| Fault::expected(expected, node)),
        _ => Err(Fault::expected(expected, node)),
    }
}

/// An article number: text, never a number, since 007 would become 7.
pub(super) fn sku(node: &Node) -> Result<Sku, Fault> {
    match &node.value {
        Value::Text(text) => Sku::new(text).map_err(|error| Fault::new(format!(" is {error}"))),
        _ => Err(Fault::expected("a SKU in quotes", node)),
    }
}

pub(super) fn currency(node: &Node) -> Result<Currency, Fault> {
    text(node)?
        .parse()
        .map_err(|_| Fault::expected("a currency code like \"EUR\"", node))
}

/// Anything that reads itself from text.
pub(super) fn parsed<T: FromStr>(node: &Node, expected: &str) -> Result<T, Fault> {
    text(node)?.parse().map_err(|_| Fault::expected(expected, node))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_with_their_units() {
        for (text, seconds) in [
            ("15s", 15),
            ("10m", 600),
            ("1h30m", 5_400),
            ("400d", 34_560_000),
            ("1w", 604_800),
        ] {
            assert_eq!(parse_duration(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse_duration("250ms"), Some(Duration::from_millis(250)));
        for text in [
            "",
            "15",
            "s",
            "15 s",
            "1.5h",
            "-1s",
            "30m1h",
            "1m1m",
            "99999999999999999999s",
            "4000d",
            "1ö",
        ] {
            assert_eq!(parse_duration(text), None, "{text:?}");
        }
    }

    #[test]
    fn factors_are_plain_numbers() {
        assert_eq!(plain("1.06").unwrap().to_string(), "1.06");
        for text in ["", "-", "1e3", "1,06", "+1", "1_0", "."] {
            assert_eq!(plain(text), None, "{text:?}");
        }
    }
}
