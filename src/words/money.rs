//! Amounts of money: a decimal and its currency, never apart.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use std::fmt;

/// An ISO 4217 currency code: three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// Why a text is no money or currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseMoneyError {
    /// Not three capital letters.
    Currency,
    /// Not a plain decimal number within ±10¹².
    Amount,
}

impl fmt::Display for ParseMoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Currency => "not a currency code like EUR",
            Self::Amount => "not an amount like 19.90",
        })
    }
}

impl std::error::Error for ParseMoneyError {}

impl Currency {
    /// Digits behind the point (ISO 4217 list one, amended 2024).
    pub fn digits(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX"
            | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
        }
    }
}

impl std::str::FromStr for Currency {
    type Err = ParseMoneyError;
    fn from_str(text: &str) -> Result<Self, ParseMoneyError> {
        match text.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|x| x.is_ascii_uppercase()) => Ok(Self([*a, *b, *c])),
            _ => Err(ParseMoneyError::Currency),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = ParseMoneyError;
    fn try_from(text: String) -> Result<Self, ParseMoneyError> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.to_string()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Capital letters only, by construction.
        f.write_str(std::str::from_utf8(&self.0).unwrap_or("???"))
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An amount in a currency. The amount keeps the digits it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    #[serde(with = "amount")]
    amount: Decimal,
    currency: Currency,
}

impl Money {
    /// An amount of at most ±10¹².
    pub fn new(amount: Decimal, currency: Currency) -> Result<Self, ParseMoneyError> {
        if amount.abs() > Decimal::from(1_000_000_000_000_i64) {
            return Err(ParseMoneyError::Amount);
        }
        Ok(Self { amount, currency })
    }

    /// The bare amount.
    pub fn amount(self) -> Decimal {
        self.amount
    }

    /// Its currency.
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// Rounded half up to the digits of the currency.
    #[must_use]
    pub fn rounded(self) -> Self {
        self.rounded_with(RoundingStrategy::MidpointAwayFromZero)
    }

    /// Rounded up to the digits of the currency.
    #[must_use]
    pub fn rounded_up(self) -> Self {
        self.rounded_with(RoundingStrategy::ToPositiveInfinity)
    }

    fn rounded_with(self, strategy: RoundingStrategy) -> Self {
        let digits = self.currency.digits();
        let mut amount = self.amount.round_dp_with_strategy(digits, strategy);
        amount.rescale(digits);
        Self {
            amount,
            currency: self.currency,
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

mod amount {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(amount: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(amount)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        let text = String::deserialize(deserializer)?;
        Decimal::from_str_exact(&text).map_err(|_| D::Error::custom("not an amount like \"19.90\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(amount: &str, currency: &str) -> Money {
        Money::new(amount.parse().unwrap(), currency.parse().unwrap()).unwrap()
    }

    #[test]
    fn rounding_follows_the_currency() {
        assert_eq!(money("1.005", "EUR").rounded().to_string(), "1.01 EUR");
        assert_eq!(money("100.5", "JPY").rounded().to_string(), "101 JPY");
        assert_eq!(money("1", "KWD").rounded().to_string(), "1.000 KWD");
        assert_eq!(money("4.901", "EUR").rounded_up().to_string(), "4.91 EUR");
    }

    #[test]
    fn a_currency_is_three_capitals() {
        for text in ["eur", "EURO", "E1R", ""] {
            assert_eq!(text.parse::<Currency>(), Err(ParseMoneyError::Currency));
        }
    }

    #[test]
    fn an_amount_travels_as_text() {
        let json = serde_json::to_string(&money("19.90", "EUR")).unwrap();
        assert_eq!(json, r#"{"amount":"19.90","currency":"EUR"}"#);
        assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money("19.90", "EUR"));
        assert!(serde_json::from_str::<Money>(r#"{"amount":19.9,"currency":"EUR"}"#).is_err());
    }
}
