//! The guard on listings that would newly show zero: what counts as unexplained, and what stays.

use crate::{Documents, LineRecord, Lines, Offer, Part, Promise, SkuDocument, bundle, needs, promise_listing, resolve};
use omnistock_words::{ChannelName, FulfilledBy, LocationName, Millis, Missing, Quantity, Settings, Sku, Stale};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A number that was right when it was published, and what was sold by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Baseline {
    /// Units of the listing.
    pub quantity: Quantity,
    /// Units of the listing that could be sold before the number had to fall (`max_shown`).
    pub spare: Quantity,
    /// What [`taken`] said then.
    pub taken: Quantity,
}

impl Baseline {
    /// `quantity` is published, by this promise, when so much was [`taken`].
    pub fn of(quantity: Quantity, promise: &Promise, taken: Quantity) -> Self {
        Self {
            quantity,
            spare: promise.spare,
            taken,
        }
    }

    /// The number, less what was sold since: all of it that known orders leave.
    fn left(&self, taken: Quantity, factor: Quantity) -> Quantity {
        let sold = listing_units((taken - self.taken).positive(), factor);
        self.quantity.min(self.quantity + self.spare - sold).positive()
    }
}

/// A number that a guard keeps at its channel. It only ever falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Units of the listing; may have a fraction where parts of a unit were sold.
    pub quantity: Quantity,
    /// What [`taken`] said when it was last lowered.
    pub taken: Quantity,
}

impl Kept {
    /// Less what became known to be sold since. Never raised: what was cancelled or forgotten
    /// meanwhile gives nothing back.
    #[must_use]
    pub fn lowered(self, taken: Quantity, factor: Quantity) -> Self {
        let sold = listing_units((taken - self.taken).positive(), factor);
        Self {
            quantity: (self.quantity - sold).positive(),
            taken,
        }
    }
}

fn listing_units(units: Quantity, factor: Quantity) -> Quantity {
    if !factor.is_positive() || factor == Quantity::ONE {
        return units;
    }
    let divided = units.decimal().checked_div(factor.decimal());
    // Cut downwards on the negative side: rounded up, so that too much is subtracted rather than too little.
    divided.map_or(units, |divided| -Quantity::saturating(-divided))
}

/// Which listing is looked at, and with what at hand: the documents that [`needs`] names.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// The merchant's settings.
    pub settings: &'a Settings,
    /// The ledgers.
    pub documents: &'a Documents,
    /// The channel.
    pub channel: &'a ChannelName,
    /// The SKU.
    pub sku: &'a Sku,
    /// The listing, among those that the channel has of the SKU.
    pub offer: Offer<'a>,
    /// Units of the SKU in one of the listing.
    pub factor: Quantity,
    /// Now.
    pub now: Millis,
}

/// Units of the SKU that known orders and live reservations have ever taken where the channel sells
/// from, contained by a source or not, cancelled or not: it falls only when something is forgotten.
/// Its growth is what a published number has to be lowered by, in doubt too much rather than too little.
pub fn taken(settings: &Settings, documents: &Documents, channel: &ChannelName, sku: &Sku, now: Millis) -> Quantity {
    counted(settings, documents, (channel, sku), now, &|_| true)
}

/// What of [`taken`] orders placed from `since` on took; without the channel's `own` where these are in its number already.
pub fn taken_since(look: &Look<'_>, since: Millis, own: bool) -> Quantity {
    let counts = |line: &LineRecord| line.placed_at >= since && (own || line.channel != *look.channel);
    counted(
        look.settings,
        look.documents,
        (look.channel, look.sku),
        Millis::MAX,
        &counts,
    )
}

fn counted(
    settings: &Settings,
    documents: &Documents,
    (channel, sku): (&ChannelName, &Sku),
    now: Millis,
    lines: &dyn Fn(&LineRecord) -> bool,
) -> Quantity {
    let empty = SkuDocument::default();
    let own = documents.skus.get(sku).unwrap_or(&empty);
    let policy = resolve(settings, channel, sku, &own.attributes, now);
    let pool: BTreeSet<&LocationName> = policy.locations.iter().map(|place| root(settings, place)).collect();
    let counts = Taken {
        settings,
        channel,
        pool,
        lines,
        now,
    };
    let Some(parts) = bundle::parts(settings, sku) else {
        return counts.of(own, |part| *part != Part::Bundle);
    };
    let mut sum = counts.of(own, |part| *part == Part::Bundle);
    for part in parts {
        let document = documents.skus.get(&part.sku).unwrap_or(&empty);
        let others = counts.of(document, |of| !matches!(of, Part::Of(bundle) if bundle == sku));
        sum += listing_units(others, part.quantity);
    }
    sum
}

/// The place that a carved one is a part of, or the place itself.
fn root<'a>(settings: &'a Settings, place: &'a LocationName) -> &'a LocationName {
    let parent = settings.locations.get(place).and_then(|policy| policy.part_of.as_ref());
    parent.unwrap_or(place)
}

struct Taken<'a> {
    settings: &'a Settings,
    channel: &'a ChannelName,
    pool: BTreeSet<&'a LocationName>,
    lines: &'a dyn Fn(&LineRecord) -> bool,
    now: Millis,
}

impl Taken<'_> {
    fn here(&self, place: &LocationName) -> bool {
        self.pool.contains(root(self.settings, place))
    }

    /// Whether a channel sells from a place that this one sells from too.
    fn shares(&self, channel: &ChannelName) -> bool {
        // Of a channel that was taken out of the configuration nothing is known: in doubt it does.
        let other = self.settings.channels.get(channel);
        channel == self.channel || other.is_none_or(|other| other.policy.locations.iter().any(|place| self.here(place)))
    }

    fn of(&self, document: &SkuDocument, counts: impl Fn(&Part) -> bool) -> Quantity {
        let lines = document.lines.iter().filter(|line| {
            let near = match line.location() {
                Some(place) => line.channel == *self.channel || self.here(place),
                None => self.shares(&line.channel),
            };
            near && (self.lines)(line) && line.fulfilled_by == FulfilledBy::Merchant && counts(line.part())
        });
        let aside = document.reservations.iter().filter(|reservation| {
            let place = reservation.location.as_ref().is_some_and(|place| self.here(place));
            let channel = reservation.channel.as_ref().is_some_and(|channel| self.shares(channel));
            reservation.expires_at > self.now && (place || channel)
        });
        let sold: Quantity = lines.map(|line| line.quantity.positive()).sum();
        sold + aside.map(|reservation| reservation.quantity.positive()).sum()
    }
}

/// A listing that was published as `base` and would show zero now: what stays, if that is not
/// explained. Explained is what orders known since leave nothing of; a zero that the figures would not
/// be without known orders and reservations; `zero_after`; figures that a person approved.
/// `number` reads the listing's number out of a promise. Whether many such listings are too
/// many, [`super::over`] says.
pub fn newly_zero(
    look: &Look<'_>,
    base: &Baseline,
    taken: Quantity,
    number: impl Fn(&Promise) -> Option<Quantity>,
) -> Option<Kept> {
    let left = base.left(taken, look.factor);
    if !left.is_positive() || on_purpose(look) {
        return None;
    }
    let Look {
        settings,
        channel,
        sku,
        offer,
        now,
        ..
    } = *look;
    let figures = promise_listing(settings, &without_orders(look), channel, sku, offer, now);
    // The orders that the figures don't contain yet account for so much of it.
    (left > number(&figures).unwrap_or_default()).then_some(Kept { quantity: left, taken })
}

/// What the figures alone would say.
fn without_orders(look: &Look<'_>) -> Documents {
    let mut alone = Documents {
        sources: look.documents.sources.clone(),
        lags: look.documents.lags.clone(),
        last_units: look.documents.last_units.clone(),
        ..Documents::default()
    };
    for sku in needs(look.settings, look.sku) {
        if let Some(document) = look.documents.skus.get(&sku) {
            let mut document = document.clone();
            (document.lines, document.reservations) = (Lines::new(), Vec::new());
            alone.skus.insert(sku, document);
        }
    }
    alone
}

/// Whether somebody asked for this zero: `zero_after`, or a person who approved the report.
fn on_purpose(look: &Look<'_>) -> bool {
    let Look {
        settings,
        documents,
        now,
        ..
    } = look;
    let needed = needs(settings, look.sku);
    let mut positions = needed
        .iter()
        .filter_map(|sku| documents.skus.get(sku))
        .flat_map(|document| &document.positions);
    positions.any(|position| {
        let source = documents.sources.get(&position.source);
        if source.is_some_and(|source| source.approved == Some(position.as_of)) {
            return true;
        }
        settings.sources.get(&position.source).is_some_and(|policy| {
            let age = now.since(position.effective(source).0);
            let old = matches!(policy.stale, Stale::ZeroAfter(limit) if age > limit);
            let gone = position.missing && policy.missing != Missing::Keep;
            gone || (old && position.quantity.is_positive())
        })
    })
}
