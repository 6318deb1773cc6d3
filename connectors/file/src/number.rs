//! Numbers as an ERP writes them. Nothing is guessed: a sign that is not configured refuses the number.

use omnistock_words::{ParseQuantityError, Quantity};
use rust_decimal::Decimal;

/// Where the minus of a negative number stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Minus {
    /// `-3`
    #[default]
    Leading,
    /// `3-`, as SAP prints it.
    Trailing,
}

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NumberFormat {
    /// `.` or `,`.
    pub(crate) decimal: char,
    /// Between groups of three digits, where there is one.
    pub(crate) grouping: Option<char>,
    /// Where a minus stands.
    pub(crate) minus: Minus,
}

impl NumberFormat {
    /// As JSON writes numbers, whatever is configured for texts.
    pub(crate) const JSON: Self = Self {
        decimal: '.',
        grouping: None,
        minus: Minus::Leading,
    };

    /// A quantity; the message lacks the name of the field.
    pub(crate) fn quantity(&self, cell: &str) -> Result<Quantity, String> {
        let cell = cell.trim_matches(' ');
        // The usual case without copying: a few digits and nothing else.
        if !cell.is_empty() && cell.len() <= 12 && cell.bytes().all(|byte| byte.is_ascii_digit()) {
            let units = cell.bytes().fold(0_i64, |sum, byte| sum * 10 + i64::from(byte - b'0'));
            return Ok(Quantity::whole(units));
        }
        self.plain(cell)?.parse().map_err(|error| match error {
            ParseQuantityError::NotANumber => self.no_number(cell),
            ParseQuantityError::OutOfRange => format!("{} is {error}", crate::problem::quoted(cell)),
        })
    }

    /// An amount with the digits it was given; the message lacks the name of the field.
    pub(crate) fn amount(&self, cell: &str) -> Result<Decimal, String> {
        let cell = cell.trim_matches(' ');
        let plain = self.plain(cell)?;
        let digits = plain.strip_prefix('-').unwrap_or(&plain);
        let valid = digits.bytes().any(|byte| byte.is_ascii_digit())
            && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        Decimal::from_str_exact(&plain)
            .ok()
            .filter(|_| valid)
            .ok_or_else(|| self.no_number(cell))
    }

    fn no_number(&self, cell: &str) -> String {
        format!(
            "{} is not a number (decimal sign is \"{}\")",
            crate::problem::quoted(cell),
            self.decimal
        )
    }

    /// The number with a leading minus, a point and no grouping.
    fn plain(&self, cell: &str) -> Result<String, String> {
        let shown = || crate::problem::quoted(cell);
        if cell.is_empty() {
            return Err("is blank".into());
        }
        let digits = match self.minus {
            Minus::Leading => cell.strip_prefix('-'),
            Minus::Trailing => cell.strip_suffix('-'),
        };
        let (sign, digits) = digits.map_or(("", cell), |rest| ("-", rest));
        let (whole, fraction) = match digits.split_once(self.decimal) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (digits, None),
        };
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if is_digits(whole)
            && fraction.is_none_or(is_digits)
            && !(whole.is_empty() && fraction.is_none_or(str::is_empty))
        {
            return Ok(Self::joined(sign, whole, fraction));
        }
        if let Some(grouping) = self.grouping
            && digits.contains(grouping)
        {
            let whole = ungrouped(whole, grouping).filter(|_| fraction.is_none_or(is_digits));
            let misplaced = || format!("{} has its grouping sign {grouping:?} in an impossible place", shown());
            return whole
                .map(|whole| Self::joined(sign, &whole, fraction))
                .ok_or_else(misplaced);
        }
        Err(self.explained(cell, digits))
    }

    fn joined(sign: &str, whole: &str, fraction: Option<&str>) -> String {
        let point = if fraction.is_some() { "." } else { "" };
        [sign, whole, point, fraction.unwrap_or_default()].concat()
    }

    fn explained(&self, cell: &str, digits: &str) -> String {
        let shown = crate::problem::quoted(cell);
        let foreign = digits
            .chars()
            .find(|c| matches!(c, '.' | ',' | '\'' | '’' | ' ' | '\u{A0}' | '\u{202F}') && *c != self.decimal);
        let others = digits
            .chars()
            .all(|c| c.is_ascii_digit() || c == self.decimal || Some(c) == foreign);
        if let (Some(sign), true) = (foreign, others && digits.bytes().any(|byte| byte.is_ascii_digit())) {
            let decimal = self.decimal;
            return format!(
                "{shown} is ambiguous: {:?} is not the decimal sign (\"{decimal}\"), and format.grouping does not name it",
                sign.to_string()
            );
        }
        let exponent = digits.bytes().any(|byte| matches!(byte, b'e' | b'E'))
            && digits
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b'e' | b'E' | b'+' | b'-' | b'.' | b','));
        if exponent && digits.bytes().next().is_some_and(|byte| byte.is_ascii_digit()) {
            return format!("{shown} is written with an exponent: export the column as plain digits");
        }
        self.no_number(cell)
    }
}

/// The digits without the grouping sign, if it stands before every third digit and nowhere else.
fn ungrouped(whole: &str, grouping: char) -> Option<String> {
    let mut groups = whole.split(grouping);
    let first = groups.next().filter(|first| (1..=3).contains(&first.len()))?;
    let mut plain = first.to_owned();
    for group in groups {
        if group.len() != 3 {
            return None;
        }
        plain.push_str(group);
    }
    plain.bytes().all(|byte| byte.is_ascii_digit()).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GERMAN: NumberFormat = NumberFormat {
        decimal: ',',
        grouping: None,
        minus: Minus::Leading,
    };
    const GROUPED: NumberFormat = NumberFormat {
        decimal: ',',
        grouping: Some('.'),
        minus: Minus::Leading,
    };
    const SAP: NumberFormat = NumberFormat {
        decimal: '.',
        grouping: Some('\''),
        minus: Minus::Trailing,
    };

    #[test]
    fn numbers_as_erps_write_them() {
        for (format, cell, value) in [
            (GERMAN, "12", "12"),
            (GERMAN, "-3,5", "-3.5"),
            (GERMAN, ",5", "0.5"),
            (GERMAN, "7,", "7"),
            (GERMAN, " 7 ", "7"),
            (GERMAN, "0012,500000", "12.5"),
            (GERMAN, "999999999999", "999999999999"),
            (GROUPED, "1.234,50", "1234.5"),
            (GROUPED, "1234,50", "1234.5"),
            (GROUPED, "-1.234.567", "-1234567"),
            (SAP, "1'234.5-", "-1234.5"),
            (SAP, "3", "3"),
        ] {
            assert_eq!(format.quantity(cell).unwrap().to_string(), value, "{cell}");
        }
        assert_eq!(GERMAN.amount("19,90").unwrap().to_string(), "19.90");
    }

    #[test]
    fn what_is_not_certain_is_refused() {
        for (format, cell) in [
            (GERMAN, "1.234"),
            (GERMAN, "1.234,50"),
            (GERMAN, "1e3"),
            (GERMAN, "+7"),
            (GERMAN, "3-"),
            (GERMAN, "(3)"),
            (GERMAN, ""),
            (GERMAN, "-"),
            (GERMAN, ","),
            (GERMAN, "1,2,3"),
            (GERMAN, "--1"),
            (GERMAN, "NaN"),
            (GERMAN, "1 000"),
            (GROUPED, "12.34"),
            (GROUPED, "1.234,5.6"),
            (GROUPED, ".234"),
            (GROUPED, "1..234"),
            (GROUPED, "1234.567"),
            (SAP, "-3"),
            (SAP, "--"),
            (GERMAN, "1000000000001"),
            (GERMAN, "0,0000001"),
            (GERMAN, "１２"),
        ] {
            assert!(format.quantity(cell).is_err(), "{cell}");
        }
        assert!(GERMAN.amount("1.5").is_err());
    }

    proptest! {
        #[test]
        fn written_numbers_read_back(units in -1_000_000_000_i64..1_000_000_000, scale in 0_u32..6) {
            let value = Quantity::new(Decimal::new(units, scale)).unwrap();
            let text = value.to_string();
            let (sign, digits) = text.strip_prefix('-').map_or(("", &*text), |rest| ("-", rest));
            let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
            let mut grouped = String::new();
            for (index, digit) in whole.chars().enumerate() {
                if index > 0 && (whole.len() - index) % 3 == 0 { grouped.push('.'); }
                grouped.push(digit);
            }
            let written = format!("{sign}{grouped},{fraction}");
            prop_assert_eq!(GROUPED.quantity(&written).unwrap(), value);
        }

        #[test]
        fn any_text_is_a_number_or_a_message(cell in "\\PC{0,20}|[-+0-9.,eE' ]{0,20}") {
            for format in [GERMAN, GROUPED, SAP] {
                drop(format.quantity(&cell));
                drop(format.amount(&cell));
            }
        }
    }
}
