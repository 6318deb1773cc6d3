//! Which channels have to look at a SKU again: those whose number is another one than before.

use crate::store::DirtyMark;
use omnistock_engine::{Documents, Measured, Promise, SourceDocument, promises, resolve};
use omnistock_words::{ChannelName, ConnectorName, Millis, Settings, Sku};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What numbers were computed by before something changed that is in no SKU's document.
#[derive(Debug, Clone)]
pub(super) struct World {
    /// The time that counted.
    pub(super) at: Millis,
    /// What was measured.
    pub(super) measured: Arc<Measured>,
    /// The sources, where they were others.
    pub(super) sources: Option<BTreeMap<ConnectorName, SourceDocument>>,
}

impl World {
    /// The documents as they counted then.
    pub(super) fn documents(&self, now: &Documents) -> Documents {
        let mut then = now.clone();
        if let Some(sources) = &self.sources {
            then.sources.clone_from(sources);
        }
        self.measured.feed(&mut then);
        then
    }
}

/// Whether two promises lead to the same numbers at a channel.
fn same_numbers(old: &Promise, new: &Promise) -> bool {
    old.quantity == new.quantity
        && old.split == new.split
        && old.only_decrease == new.only_decrease
        && old.price == new.price
        && old.compare_at == new.compare_at
        && old.stock == new.stock
        && old.held.map(|held| held.units) == new.held.map(|held| held.units)
}

/// The channels on which the SKU's number, or what may be done with it, was another one before.
pub(super) fn differing(
    settings: &Settings,
    (before, then): (&Documents, Millis),
    (after, now): (&Documents, Millis),
    sku: &Sku,
) -> Vec<ChannelName> {
    let old = promises(settings, before, sku, then);
    let new = promises(settings, after, sku, now);
    let attributes = after.skus.get(sku).map(|document| document.attributes.clone());
    let attributes = attributes.unwrap_or_default();
    let mode = |channel, at| resolve(settings, channel, sku, &attributes, at).mode;
    let other = old.iter().zip(&new).filter(|((channel, old), (_, new))| {
        !same_numbers(old, new) || then != now && mode(channel, then) != mode(channel, now)
    });
    other.map(|((channel, _), _)| channel.clone()).collect()
}

/// Whether a rule that names listings begins or ends between two instants: such a listing has a
/// promise of its own, which only delivery computes.
pub(super) fn listings_ruled(settings: &Settings, then: Millis, now: Millis) -> bool {
    let by_listing = settings.rules.iter().filter(|rule| rule.matches.listing.is_some());
    let mut ends = by_listing.flat_map(|rule| rule.from.into_iter().chain(rule.until));
    ends.any(|at| then < at && at <= now)
}

/// The marks as the store takes them.
pub(super) fn dirty(marks: &BTreeSet<(ChannelName, Sku)>, since: Millis) -> Vec<DirtyMark> {
    let mark = |(channel, sku): &(ChannelName, Sku)| DirtyMark {
        channel: channel.to_string(),
        sku: sku.to_string(),
        since,
    };
    marks.iter().map(mark).collect()
}
