//! What people decided, with their reasons: told by the commit that makes it true.

use super::told::Blocks;
use super::{Person, Record};
use crate::store::HistoryEntry;
use omnistock_words::{Millis, Sku};

/// The subject of entries that tell what people decided.
pub const PEOPLE: &str = "people";

/// The entry of one decision; found by its SKUs, too.
pub fn decided_by_person(person: Person, skus: &[Sku], at: Millis) -> Vec<HistoryEntry> {
    let mut blocks = Blocks::default();
    blocks.add(Record::Person(person), skus);
    blocks.about(PEOPLE);
    blocks.entries(at)
}
