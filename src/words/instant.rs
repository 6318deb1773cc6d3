//! Instants as milliseconds since 1970 in UTC, with RFC 3339 as their text.

use crate::as_text::{Digits, as_text};
use std::fmt;

/// Milliseconds since 1970-01-01T00:00:00Z. Text form is RFC 3339, UTC, with
/// milliseconds only where there are any. Range: years 1 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Millis(pub i64);

as_text!(Millis, |instant, take| take(instant.written().as_str()));

/// The text is no RFC 3339 instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseInstantError;

impl fmt::Display for ParseInstantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an instant like 2026-01-05T12:00:00Z")
    }
}

impl std::error::Error for ParseInstantError {}

const DAY: i64 = 86_400_000;
const LEAST: i64 = -62_135_596_800_000;
const MOST: i64 = 253_402_300_799_999;

impl Millis {
    /// The earliest instant, year 1.
    pub const MIN: Self = Self(LEAST);
    /// The last instant, year 9999.
    pub const MAX: Self = Self(MOST);

    /// This instant moved by `milliseconds`, within the range.
    #[must_use]
    #[inline]
    pub fn plus(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds).clamp(LEAST, MOST))
    }

    /// The text: 20 characters, or 24 with milliseconds.
    fn written(self) -> Digits<24> {
        let value = self.0.clamp(LEAST, MOST);
        let (year, month, day) = civil_from_days(value.div_euclid(DAY));
        let rest = value.rem_euclid(DAY);
        let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60);
        let mut text = Digits::new();
        text.mark(b'Z');
        if rest % 1_000 != 0 {
            text.number((rest % 1_000).unsigned_abs(), 3);
            text.mark(b'.');
        }
        // From the right, with what stands before each.
        for (value, before) in [(second, b':'), (minute, b':'), (hour, b'T'), (day, b'-'), (month, b'-')] {
            text.number(value.unsigned_abs(), 2);
            text.mark(before);
        }
        text.number(year.unsigned_abs(), 4);
        text
    }

    /// Milliseconds from `earlier` to this instant; negative when it is later.
    #[inline]
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Days since 1970-01-01 of a civil date (algorithm: Howard Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The civil date of days since 1970-01-01, the inverse of the above.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// The digits between these places, 9 at most.
fn number(text: &str, from: usize, to: usize) -> Option<i64> {
    let digits = text.as_bytes().get(from..to)?;
    digits.iter().try_fold(0_i64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
        Some(number * 10 + digit)
    })
}

/// The offset from UTC in minutes behind the seconds: `Z`, `+02:00`.
fn offset(text: &str) -> Option<i64> {
    if text == "Z" || text == "z" {
        return Some(0);
    }
    let sign = match text.bytes().next()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = (number(text, 1, 3)?, number(text, 4, 6)?);
    let whole = text.len() == 6 && text.as_bytes().get(3) == Some(&b':');
    (whole && hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn parse(text: &str) -> Option<Millis> {
    let at = |i: usize| text.as_bytes().get(i).copied();
    let marks =
        at(4)? == b'-' && at(7)? == b'-' && matches!(at(10)?, b'T' | b't' | b' ') && at(13)? == b':' && at(16)? == b':';
    let (year, month, day) = (number(text, 0, 4)?, number(text, 5, 7)?, number(text, 8, 10)?);
    let (hour, minute, second) = (number(text, 11, 13)?, number(text, 14, 16)?, number(text, 17, 19)?);
    let rest = text.get(19..)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(tail) => tail.split_at_checked(tail.bytes().take_while(u8::is_ascii_digit).count())?,
        None => ("", rest),
    };
    let valid = marks
        && year >= 1
        && (1..=12).contains(&month)
        && (1..=month_length(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 61
        && (!rest.starts_with('.') || (1..=9).contains(&fraction.len()));
    if !valid {
        return None;
    }
    let digits = fraction.bytes().chain([b'0'; 3]).take(3);
    let milliseconds = digits.fold(0, |number, byte| number * 10 + i64::from(byte - b'0'));
    let minutes = (days_from_civil(year, month, day) * 24 + hour) * 60 + minute - offset(zone)?;
    let value = (minutes * 60 + second.min(59)) * 1_000 + milliseconds;
    (LEAST..=MOST).contains(&value).then_some(Millis(value))
}

impl std::str::FromStr for Millis {
    type Err = ParseInstantError;
    fn from_str(text: &str) -> Result<Self, ParseInstantError> {
        parse(text).ok_or(ParseInstantError)
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.written().as_str())
    }
}

impl fmt::Debug for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_instants_read_and_print() {
        for (text, value) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-01-05T12:00:00Z", 1_767_614_400_000),
            ("2026-01-05T12:00:00.250Z", 1_767_614_400_250),
            ("2024-02-29T23:59:59Z", 1_709_251_199_000),
            ("0001-01-01T00:00:00Z", LEAST),
        ] {
            assert_eq!(text.parse::<Millis>().unwrap().0, value, "{text}");
            assert_eq!(Millis(value).to_string(), text);
        }
        assert_eq!(
            "2026-01-05T13:00:00+01:00".parse::<Millis>(),
            "2026-01-05T12:00:00Z".parse()
        );
        assert_eq!("2026-01-05 12:00:00.123456Z".parse::<Millis>().unwrap().0 % 1_000, 123);
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "2026-01-05",
            "2026-02-30T00:00:00Z",
            "2026-01-05T12:00:00",
            "2026-13-01T00:00:00Z",
            "2026-01-05T24:00:00Z",
            "2026-01-05T12:00:00.Z",
            "2026-01-05T12:00:00+1:00",
            "0000-01-01T00:00:00Z",
            "2026-01-05T12:00:00ZZ",
            "２026-01-05T12:00:00Z",
        ] {
            assert!(text.parse::<Millis>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn print_then_read_is_the_identity(value in LEAST..=MOST) {
            prop_assert_eq!(Millis(value).to_string().parse::<Millis>().unwrap(), Millis(value));
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,40}") {
            drop(text.parse::<Millis>());
        }
    }
}
