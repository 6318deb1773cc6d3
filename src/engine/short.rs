//! Units that are sold and nowhere to be found, by the order line that lacks them.

use crate::picture::Picture;
use crate::{Documents, LineRecord};
use omnistock_words::{ChannelName, LineId, Millis, OrderId, Quantity, Settings, Sku};
use std::collections::BTreeMap;

/// The key of an order line, and when the buyer bought.
pub type ShortLine = (ChannelName, OrderId, LineId, Millis);

/// Lines of the SKU's ledger that lack units, with how many.
pub fn shorts(settings: &Settings, documents: &Documents, sku: &Sku, now: Millis) -> BTreeMap<ShortLine, Quantity> {
    let mut found = BTreeMap::new();
    if documents.skus.get(sku).is_none_or(|ledger| ledger.lines.is_empty()) {
        return found;
    }
    for taken in Picture::of(settings, documents, sku, now, true).taken {
        if taken.location.is_none() && taken.quantity.is_positive() {
            let entry: &mut Quantity = found.entry(key(taken.line)).or_default();
            *entry = *entry + taken.quantity;
        }
    }
    found
}

fn key(line: &LineRecord) -> ShortLine {
    (
        line.channel.clone(),
        line.order.clone(),
        line.line.clone(),
        line.placed_at,
    )
}
