//! Guards: limits on unexplained change. One set of rules for `evaluate` and for the daemon.
//!
//! Source guards ([`crate::snapshot`]) hold a report; channel guards hold single listings: what is
//! published stays, less known orders, and is never raised. Explained, and no guard's business, are
//! known orders, reservations, a person's mode or decision, and `zero_after`.

mod factor;
mod price;
mod quantity;
mod window;

pub(crate) use factor::Factors;
pub use price::{PriceChange, price_fault, price_faults};
pub use quantity::{Baseline, Kept, Look, newly_zero, taken, taken_since};
pub use window::Window;

use omnistock_words::{Percent, Quantity};

/// Below so many rows or listings no share acts.
pub const LEAST: u64 = 10;

/// A limit on unexplained change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GuardName {
    /// Source: rows that are gone.
    RowsMissing,
    /// Source: the sum fell.
    TotalDrop,
    /// Source: rows that are newly zero. Channel: listings that would newly show zero.
    NewlyZero,
    /// Source: most changed rows moved by the same pack factor.
    UnitFactor,
    /// Channel: one price moved too far.
    PriceJump,
    /// Channel: too many prices at once.
    PricesChanged,
    /// Channel: a price moved by 10, 100 or 1,000.
    Factor,
    /// Channel: a price in another currency.
    Currency,
}

impl GuardName {
    /// The name in settings, answers and texts.
    pub fn name(self) -> &'static str {
        match self {
            Self::RowsMissing => "rows_missing",
            Self::TotalDrop => "total_drop",
            Self::NewlyZero => "newly_zero",
            Self::UnitFactor => "unit_factor",
            Self::PriceJump => "price_jump",
            Self::PricesChanged => "prices_changed",
            Self::Factor => "factor",
            Self::Currency => "currency",
        }
    }

    /// Whether only a person may let the change through: mass zeroing, factors, prices, currencies.
    /// Anything else also confirms itself by a newer report that agrees long enough after.
    pub fn needs_person(self) -> bool {
        !matches!(self, Self::RowsMissing | Self::TotalDrop)
    }
}

/// Whether a share over many rows or listings is above its limit: more than the share, and at least ten.
pub fn over(part: u64, whole: u64, limit: Percent) -> bool {
    part >= LEAST && limit.exceeded_by(units(part).decimal(), units(whole).decimal())
}

pub(crate) fn units(rows: u64) -> Quantity {
    Quantity::whole(i64::try_from(rows).unwrap_or(i64::MAX))
}
