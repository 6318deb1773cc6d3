//! Limits of a vendor: several buckets at once, learned from answers, kept across restarts and take-overs.

mod bucket;
mod limiter;
mod listing;
#[cfg(test)]
mod schedule_tests;
#[cfg(test)]
mod tests;

pub use bucket::Level;
pub use limiter::{Ask, Claimant, GRACE, LimitRecord, Limiter, SLICE, Usage, Waiting};
pub use listing::{ChangesLeft, take_change};
