//! A promise and the steps that lead to it: values, and reasons that are rendered on demand.

use omnistock_words::{Basis, ConnectorName, LocationName, Millis, Money, Percent, PriceListName, Quantity, Sku};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The steps, in the order in which they act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    /// What the places have.
    Pool,
    /// What the parts allow.
    Bundle,
    /// The channel's share.
    Allocation,
    /// Units held back.
    SafetyStock,
    /// Sold without being there.
    Backorder,
    /// The last units.
    StopAt,
    /// Whole units, packs, the listing's factor.
    SalesUnits,
    /// What is shown at most.
    MaxShown,
}

impl StepName {
    /// The name in texts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pool => "pool",
            Self::Bundle => "bundle",
            Self::Allocation => "allocation",
            Self::SafetyStock => "safety_stock",
            Self::Backorder => "backorder",
            Self::StopAt => "stop_at",
            Self::SalesUnits => "sales_units",
            Self::MaxShown => "max_shown",
        }
    }
}

/// What may be said of the SKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Some are there.
    InStock,
    /// None.
    OutOfStock,
    /// None, but it may be ordered.
    Backorder,
    /// None yet, but it may be ordered.
    Preorder,
    /// Stock is not counted.
    Untracked,
    /// Nothing is known yet: nothing may be written.
    Unknown,
}

/// One place of a pool, with what leads to its part of the sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The place.
    pub location: LocationName,
    /// Who reports it, and the instant of the figure.
    pub figure: Option<(ConnectorName, Millis, Basis)>,
    /// The figure; zero where there is none.
    pub quantity: Quantity,
    /// Later movements and returns.
    pub moved: Quantity,
    /// Order lines sourced here that the figure does not contain.
    pub ordered: Quantity,
    /// Live reservations.
    pub reserved: Quantity,
    /// What carved places take, or what this carved place leaves to its parent.
    pub carved: Quantity,
    /// What can be sold here.
    pub sellable: Quantity,
    /// What counts for the channel: less the place's safety stock, zero at or below its `stop_at`.
    pub counted: Quantity,
}

/// Why a step has its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The places, and what is sold but nowhere to be found.
    Pool {
        /// Every place of the pool, in order.
        places: Vec<Place>,
        /// Units sold that fit nowhere.
        short: Quantity,
        /// Only the best place counts.
        ship_complete: bool,
    },
    /// The part that allows least; `None`: the bundle has no parts.
    Bundle(Option<Sku>),
    /// A share, rounded down.
    Share(Percent),
    /// A share out of shares that add up, by largest remainder.
    ShareOfWhole(Percent),
    /// Units held back: the article's own, then the channel's.
    Held {
        /// The article's own.
        own: Quantity,
        /// The channel's.
        channel: Quantity,
    },
    /// Adaptive, from measured sales and lags: sales expected unseen, in thousandths.
    Adaptive {
        /// The article's own units.
        own: Quantity,
        /// Units held back.
        held: Quantity,
        /// Expected unseen sales in thousandths of a unit.
        expected: i64,
        /// The accepted chance.
        chance: Percent,
    },
    /// Adaptive without measurements: its maximum.
    AdaptiveUnmeasured {
        /// The article's own units.
        own: Quantity,
        /// Units held back.
        held: Quantity,
    },
    /// The home channel shows the last units.
    Home {
        /// The article's own units.
        own: Quantity,
    },
    /// Sold without being there, after the deficit.
    Presale {
        /// The limit; `None`: unlimited.
        limit: Option<Quantity>,
        /// Units already missing.
        deficit: Quantity,
    },
    /// At or below the limit.
    StopAt(Quantity),
    /// Above the limit, or no limit.
    Unchanged,
    /// Rounded down to sales units.
    Units {
        /// Digits behind the point.
        decimals: u32,
        /// Packs; zero: none.
        pack_size: Quantity,
        /// Units of the SKU per unit of the listing.
        factor: Quantity,
    },
    /// A cap.
    Cap(Quantity),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.figure {
            Some((source, as_of, _)) => write!(f, "{} {} at {as_of} from {source}", self.location, self.quantity)?,
            None => write!(f, "{} {}", self.location, self.quantity)?,
        }
        for (value, what) in [
            (self.ordered, "ordered"),
            (self.reserved, "reserved"),
            (self.carved, "carved out"),
        ] {
            if !value.is_zero() {
                write!(f, "; −{value} {what}")?;
            }
        }
        if !self.moved.is_zero() {
            let sign = if self.moved.is_negative() { "−" } else { "+" };
            write!(f, "; {sign}{} moved", self.moved.max(-self.moved))?;
        }
        if self.counted != self.sellable {
            write!(f, "; {} counts", self.counted)?;
        }
        Ok(())
    }
}

fn own_first(f: &mut fmt::Formatter<'_>, own: Quantity) -> fmt::Result {
    if own.is_zero() {
        Ok(())
    } else {
        write!(f, "−{own} of the article; ")
    }
}

impl fmt::Display for Reason {
    #[expect(clippy::too_many_lines, reason = "one sentence a variant")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pool {
                places,
                short,
                ship_complete,
            } => {
                for (index, place) in places.iter().enumerate() {
                    write!(f, "{}{place}", if index == 0 { "" } else { " | " })?;
                }
                if places.is_empty() {
                    f.write_str("no locations")?;
                }
                if !short.is_zero() {
                    write!(f, "; −{short} sold and nowhere to be found")?;
                }
                if *ship_complete {
                    f.write_str("; only the best place counts")
                } else {
                    Ok(())
                }
            }
            Self::Bundle(Some(part)) => write!(f, "limited by {part}"),
            Self::Bundle(None) => f.write_str("no parts"),
            Self::Share(share) => write!(f, "{share}, rounded down"),
            Self::ShareOfWhole(share) => write!(f, "{share} of shares that add up"),
            Self::Held { own, channel } => {
                own_first(f, *own)?;
                write!(f, "−{channel} held back")
            }
            Self::Adaptive {
                own,
                held,
                expected,
                chance,
            } => {
                own_first(f, *own)?;
                write!(
                    f,
                    "−{held} adaptive {chance}: {}.{:03} unseen sales expected",
                    expected / 1_000,
                    expected % 1_000
                )
            }
            Self::AdaptiveUnmeasured { own, held } => {
                own_first(f, *own)?;
                write!(f, "−{held} adaptive: its maximum, nothing measured yet")
            }
            Self::Home { own } => {
                own_first(f, *own)?;
                f.write_str("home channel: shows the last units")
            }
            Self::Presale {
                limit: Some(limit),
                deficit,
            } => write!(f, "up to {limit} may be owed, {deficit} already are"),
            Self::Presale { limit: None, .. } => f.write_str("any number may be owed"),
            Self::StopAt(limit) => write!(f, "at or below {limit}"),
            Self::Unchanged => f.write_str("unchanged"),
            Self::Units {
                decimals,
                pack_size,
                factor,
            } => {
                write!(f, "{decimals} decimals")?;
                if pack_size.is_positive() {
                    write!(f, ", packs of {pack_size}")?;
                }
                if *factor != Quantity::ONE {
                    write!(f, ", {factor} in one")?;
                }
                f.write_str(", rounded down")
            }
            Self::Cap(cap) => write!(f, "cap {cap}"),
        }
    }
}

/// A step of a promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub step: StepName,
    /// The value behind it.
    pub value: Quantity,
    /// Why.
    pub because: Reason,
    /// The index in `Settings::rules` of the rule that set the deciding key; `None`: the channel.
    pub set_by: Option<usize>,
}

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
