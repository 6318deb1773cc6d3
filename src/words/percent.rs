//! A share of something, written `"5%"`.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A percentage from 0 to 1,000,000 with up to six decimals. Text form: `5%`, `33.34%`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Percent(Decimal);

/// The text is no percentage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsePercentError;

impl fmt::Display for ParsePercentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a percentage like \"5%\"")
    }
}

impl std::error::Error for ParsePercentError {}

impl Percent {
    /// Everything.
    pub const HUNDRED: Self = Self(Decimal::ONE_HUNDRED);

    /// A whole percentage.
    pub fn whole(value: u32) -> Self {
        Self(Decimal::from(value.min(1_000_000)))
    }

    /// The number before the percent sign.
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// The share as a factor: 5 % is 0.05.
    pub fn factor(self) -> Decimal {
        self.0 / Decimal::ONE_HUNDRED
    }

    /// Whether `part` of `whole` is more than this share; nothing of nothing is not.
    pub fn exceeded_by(self, part: Decimal, whole: Decimal) -> bool {
        match (part.checked_mul(Decimal::ONE_HUNDRED), whole.checked_mul(self.0)) {
            (Some(left), Some(right)) => left > right,
            _ => true,
        }
    }
}

impl std::str::FromStr for Percent {
    type Err = ParsePercentError;
    fn from_str(text: &str) -> Result<Self, ParsePercentError> {
        let digits = text.strip_suffix('%').ok_or(ParsePercentError)?.trim_end();
        let plain = !digits.is_empty() && digits.len() <= 16 && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let value = Decimal::from_str_exact(digits)
            .ok()
            .filter(|_| plain)
            .ok_or(ParsePercentError)?;
        if value > Decimal::from(1_000_000) || value.scale() > 6 {
            return Err(ParsePercentError);
        }
        Ok(Self(value.normalize()))
    }
}

impl TryFrom<String> for Percent {
    type Error = ParsePercentError;
    fn try_from(text: String) -> Result<Self, ParsePercentError> {
        text.parse()
    }
}

impl From<Percent> for String {
    fn from(percent: Percent) -> Self {
        percent.to_string()
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

impl fmt::Debug for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_need_their_sign() {
        assert_eq!("33.34%".parse::<Percent>().unwrap().to_string(), "33.34%");
        assert_eq!("5 %".parse::<Percent>().unwrap(), Percent::whole(5));
        for text in ["5", "-5%", "%", "5%%", "1e2%", "9999999%"] {
            assert!(text.parse::<Percent>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_share_is_exceeded_only_above_it() {
        let tenth = Percent::whole(10);
        assert!(!tenth.exceeded_by(Decimal::from(10), Decimal::from(100)));
        assert!(tenth.exceeded_by(Decimal::from(11), Decimal::from(100)));
        assert!(!tenth.exceeded_by(Decimal::ZERO, Decimal::ZERO));
    }
}
