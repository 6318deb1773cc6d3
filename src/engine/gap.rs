//! A price, or the reason why there is none.

use omnistock_words::{Money, PriceListName};
use std::fmt;

/// Why there is no price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriceGap {
    /// No list is configured.
    NoList,
    /// The list is not declared.
    UnknownList(PriceListName),
    /// The list has no valid amount.
    NoAmount(PriceListName),
    /// No floor is configured.
    NoFloor,
    /// The floor's list has no valid amount.
    NoFloorAmount(PriceListName),
    /// Two lists with different currencies or taxes can't be compared.
    Incomparable(PriceListName, PriceListName),
    /// The floor lies above the ceiling.
    FloorAboveCeiling,
    /// Beyond the range of amounts.
    OutOfRange,
    /// Margins are on net amounts, and the list's tax rate is not declared.
    NoTaxRate(PriceListName),
    /// A price to compare with that lies at or below the price is left out.
    NotAbove(Money),
    /// Without a price there is nothing to compare.
    NoPrice,
}

impl fmt::Display for PriceGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoList => f.write_str("no price list is configured"),
            Self::UnknownList(list) => write!(f, "price list `{list}` is not declared"),
            Self::NoAmount(list) => write!(f, "list `{list}` has no valid amount"),
            Self::NoFloor => f.write_str("no floor is configured; write floor = \"none\" if there is none on purpose"),
            Self::NoFloorAmount(list) => write!(f, "the floor can't be computed: list `{list}` has no valid amount"),
            Self::Incomparable(one, other) => write!(f, "lists `{one}` and `{other}` differ in currency or tax"),
            Self::FloorAboveCeiling => f.write_str("the floor lies above the ceiling"),
            Self::NoTaxRate(list) => write!(f, "min_margin needs the `tax_rate` of list `{list}`"),
            Self::NotAbove(amount) => write!(f, "{amount} to compare with is not above the price"),
            Self::NoPrice => f.write_str("there is no price to compare with"),
            Self::OutOfRange => f.write_str("the amount is beyond 1000000000000"),
        }
    }
}

/// A price, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriceAnswer {
    /// What may be written.
    Price(Money),
    /// Nothing may be written.
    None(PriceGap),
}
