//! What happened, and why: the events applied, the ledgers as they were, the numbers decided, sent
//! and answered. Written inside the commits that they tell of; `explain --at` and `shorts` read them.
//!
//! An entry of the history is a block of records. Ledgers of the past are not rebuilt from events
//! (orders are forgotten, rules change, programs change): each change of a ledger keeps how to get
//! back from the new one to the old one, so that what was decided can be computed again exactly.

mod block;
mod decided;
mod keep;
mod past;
mod patch;
mod person;
mod record;
mod told;

#[cfg(test)]
mod tests;

pub use block::{Block, BlockError};
pub use decided::Decided;
pub use keep::{HistoryLimits, Keeper};
pub use past::{Ledgers, PastError, blocks, ledger_at, settings_named};
pub use patch::PastLedger;
pub use person::{PEOPLE, decided_by_person};
pub use record::{Answered, Basis, Decision, LagsThen, Person, Record, Sent, Short};
pub use told::{Applied, settings_name, told};

use omnistock_words::Sku;

/// The subject of entries that tell of sold units that were not there.
pub const SHORTS: &str = "shorts";

/// The subject of entries about a SKU.
pub fn about(sku: &Sku) -> String {
    format!("sku/{sku}")
}
