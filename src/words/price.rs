//! What a listing asks: an amount, and the higher one that it is shown beside.

use crate::{Currency, Money};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is asked for a listing. Two are the same where both amounts are, whatever digits they were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Price {
    /// What the buyer pays.
    pub amount: Money,
    /// The former or recommended amount it is shown beside; the same currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare_at: Option<Money>,
}

impl Price {
    /// An amount that is compared with nothing.
    pub fn plain(amount: Money) -> Self {
        Self {
            amount,
            compare_at: None,
        }
    }

    /// Its currency.
    pub fn currency(self) -> Currency {
        self.amount.currency()
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.compare_at {
            None => write!(f, "{}", self.amount),
            Some(compared) => write!(f, "{} instead of {compared}", self.amount),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(amount: &str) -> Money {
        Money::new(amount.parse().unwrap(), "EUR".parse().unwrap()).unwrap()
    }

    #[test]
    fn a_price_says_what_it_is_compared_with_and_survives_its_text() {
        let plain = Price::plain(money("19.90"));
        assert_eq!(plain, Price::plain(money("19.9")), "the same money");
        let sale = Price {
            compare_at: Some(money("24.90")),
            ..plain
        };
        assert_eq!(
            (plain.to_string(), sale.to_string()),
            ("19.90 EUR".to_owned(), "19.90 EUR instead of 24.90 EUR".to_owned())
        );
        for price in [plain, sale] {
            let text = serde_json::to_string(&price).unwrap();
            assert_eq!(serde_json::from_str::<Price>(&text).unwrap(), price);
        }
    }
}
