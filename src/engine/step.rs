//! The steps that lead to a promise: values, and reasons that are rendered on demand.

use omnistock_words::{Basis, ConnectorName, LocationName, Millis, Percent, Quantity, Sku};
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
    /// A listing's part of what the listings of the SKU share.
    SameSku,
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
            Self::SameSku => "same_sku",
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
        /// Units that the others sell in a day, in thousandths.
        daily: i64,
        /// How long such a sale stays unseen here, milliseconds.
        lag: i64,
        /// The most that may be held back.
        most: Quantity,
        /// Units that are needed now.
        needed: Quantity,
        /// More than that was needed a short time ago: what is held back stays until then.
        kept: Option<Millis>,
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
    /// What the listings of the SKU share, by largest remainder.
    Listings {
        /// Units of the SKU that they share.
        whole: Quantity,
        /// How many they are.
        listings: usize,
    },
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
            Self::Adaptive { own, .. } => {
                own_first(f, *own)?;
                self.adaptive(f)
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
            Self::Listings { whole, listings } => write!(f, "part of {whole} that {listings} listings share"),
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

/// Thousandths as a decimal number.
struct Thousandths(i64);

impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000, self.0 % 1_000)
    }
}

/// Milliseconds as seconds, one digit below ten.
struct Seconds(i64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            lag if lag >= 10_000 => write!(f, "{} s", lag / 1_000),
            lag => write!(f, "{}.{} s", lag / 1_000, lag % 1_000 / 100),
        }
    }
}

impl Reason {
    /// Why so many units are held back, and what would free one of them.
    fn adaptive(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Adaptive {
            held,
            expected,
            chance,
            daily,
            lag,
            most,
            needed,
            kept,
            ..
        } = self
        else {
            return Ok(());
        };
        write!(
            f,
            "−{held} adaptive {chance}: {} unseen sales expected, since others sell {} a day and {} pass before it is seen here",
            Thousandths(*expected),
            Thousandths(*daily),
            Seconds(*lag)
        )?;
        let Some(b) = crate::quantile(*expected, *chance) else {
            return write!(f, "; more than its maximum {most} would be needed");
        };
        if let Some(until) = kept {
            return write!(f, "; {needed} are needed now, fewer are held back from {until} on");
        }
        if Quantity::whole(b) > *most {
            return write!(f, "; {b} would be needed, {most} is its maximum");
        }
        if b == 0 {
            return Ok(());
        }
        write!(f, ", up to {b} in all but {chance} of cases")?;
        let enough = i128::from(crate::safety::enough_for(b - 1, *chance)) * i128::from(*lag);
        let lag = i64::try_from(enough / i128::from((*expected).max(1))).unwrap_or_default();
        write!(f, "; within {} it would be 1 less", Seconds(lag))
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
