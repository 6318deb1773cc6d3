//! Counting what other settings change at one channel: each listing's number and price under both.

use super::plan_causes::Difference;
use crate::delivery::{Approved, known};
use crate::server::{PlanChannel, PlanPrice, PlanTop};
use omnistock_engine::guard::price_fault;
use omnistock_engine::{Documents, Offer, PriceAnswer, SkuDocument, promise_listing, resolve_listing};
use omnistock_planner::{ListingDocument, Target};
use omnistock_sdk::{CallKind, CallLimit};
use omnistock_words::{ChannelName, ListingId, Millis, Mode, Money, Quantity, Settings, Sku};

/// Largest changes that are named.
const TOP: usize = 5;

/// What a listing should show and ask under some settings.
pub(super) struct Should {
    number: Option<Quantity>,
    price: Option<Money>,
    mode: Mode,
}

pub(super) fn writes(mode: Mode) -> bool {
    !matches!(mode, Mode::Observe | Mode::Shadow | Mode::Frozen)
}

/// Settings under which a listing is looked at, and when.
pub(super) struct Under<'a> {
    pub(super) documents: &'a Documents,
    pub(super) channel: &'a ChannelName,
    pub(super) offers: &'a [ListingId],
    pub(super) now: Millis,
}

impl Under<'_> {
    fn should(&self, settings: &Settings, listing: &ListingDocument, sku: &Sku) -> Should {
        let offer = Offer {
            listing: Some(&listing.listing),
            all: self.offers,
        };
        let empty = SkuDocument::default();
        let ledger = self.documents.skus.get(sku).unwrap_or(&empty);
        let promise = promise_listing(settings, self.documents, self.channel, sku, offer, self.now);
        let policy = resolve_listing(
            settings,
            self.channel,
            sku,
            &ledger.attributes,
            Some(&listing.listing),
            self.now,
        );
        let spoken_of = settings.bundles.contains_key(sku) || known(ledger, promise.state);
        let number = match crate::delivery::target(listing, &promise, &policy) {
            Target::Number(_) if policy.mode == Mode::Draining => Some(Quantity::ZERO),
            Target::Number(number) => Some(number),
            Target::Untracked | Target::Unknown => None,
        };
        let price = match promise.price {
            PriceAnswer::Price(price) => Some(price),
            PriceAnswer::None(_) => None,
        };
        Should {
            number: number.filter(|_| spoken_of),
            price: price.filter(|_| listing.price.is_some()),
            mode: policy.mode,
        }
    }
}

/// What is counted of one channel.
pub(super) struct Counting {
    pub(super) row: PlanChannel,
    /// Fall to zero without a person's mode that explains it, and prices that a guard would stop.
    pub(super) zeros: u64,
    pub(super) jumps: u64,
    pub(super) stopped: Vec<Approved>,
    /// Whether these are wanted.
    names: bool,
    pub(super) top: Vec<PlanTop>,
    pub(super) prices: Vec<PlanPrice>,
}

impl Counting {
    pub(super) fn new(channel: &ChannelName, mode: Mode, names: bool) -> Self {
        Self {
            row: PlanChannel {
                channel: channel.clone(),
                listings: 0,
                same: 0,
                up: 0,
                down: 0,
                to_0: 0,
                from_0: 0,
                price: 0,
                calls: 0,
                seconds: None,
                mode,
            },
            zeros: 0,
            jumps: 0,
            stopped: Vec::new(),
            names,
            top: Vec::new(),
            prices: Vec::new(),
        }
    }

    /// Calls with up to `most` listings each, and how long these limits make them take.
    pub(super) fn calls(&mut self, most: u64, limits: &[CallLimit]) {
        let row = &mut self.row;
        let changed = row.up + row.down + row.to_0 + row.from_0;
        if !writes(row.mode) {
            return;
        }
        row.calls = changed.div_ceil(most);
        let times = limits.iter().filter(|limit| limit.counts(CallKind::Write));
        let longest = times.map(|limit| limit.least_time(row.calls, changed)).max();
        row.seconds = longest
            .and_then(|time| u64::try_from(time).ok())
            .map(|time| time.div_ceil(1_000));
    }

    pub(super) fn listing(
        &mut self,
        under: &Under<'_>,
        (old, new): (&Settings, &Settings),
        listing: &ListingDocument,
        sku: &Sku,
        differences: &mut [Difference],
    ) {
        let (before, after) = (under.should(old, listing, sku), under.should(new, listing, sku));
        self.price(under, new, listing, sku, (&before, &after));
        let (Some(would), Some(to)) = (before.number, after.number) else {
            return;
        };
        // What was not written so far is compared with what is shown.
        let shown = listing.observed.as_ref().and_then(|read| read.quantity);
        let from = if writes(before.mode) || !writes(after.mode) {
            would
        } else {
            shown.unwrap_or(would)
        };
        self.row.listings += 1;
        if from == to {
            self.row.same += 1;
            return;
        }
        let zero = !to.is_positive();
        *match (from.is_positive(), zero, to > from) {
            (true, true, _) => &mut self.row.to_0,
            (false, ..) => &mut self.row.from_0,
            (true, false, true) => &mut self.row.up,
            (true, false, false) => &mut self.row.down,
        } += 1;
        if zero && writes(after.mode) && after.mode != Mode::Draining {
            self.zeros += 1;
            self.stop(Approved::zero(listing));
        }
        for difference in differences {
            let alone = under.should(&difference.alone, listing, sku);
            let other = alone.number != before.number || writes(alone.mode) != writes(before.mode);
            difference.listings += u64::from(other);
        }
        let units = (to - from).max(from - to);
        let value = after.price.or(before.price).and_then(|price| {
            let amount = price.amount().checked_mul(units.decimal())?;
            Money::new(amount, price.currency()).ok()
        });
        self.top.push(PlanTop {
            channel: under.channel.clone(),
            sku: sku.clone(),
            from,
            to,
            value,
        });
        if self.top.len() > 16 * TOP {
            largest(&mut self.top);
        }
    }

    /// A guard would stop it.
    fn stop(&mut self, stopped: Approved) {
        if self.names {
            self.stopped.push(stopped);
        }
    }

    fn price(
        &mut self,
        under: &Under<'_>,
        new: &Settings,
        listing: &ListingDocument,
        sku: &Sku,
        (before, after): (&Should, &Should),
    ) {
        let (Some(from), Some(to)) = (before.price, after.price) else {
            return;
        };
        if from == to || !writes(after.mode) {
            return;
        }
        self.row.price += 1;
        let attributes = under
            .documents
            .skus
            .get(sku)
            .map(|ledger| ledger.attributes.clone())
            .unwrap_or_default();
        let policy = resolve_listing(new, under.channel, sku, &attributes, Some(&listing.listing), under.now);
        self.jumps += u64::from(price_fault(from, to, policy.guard.price_jump).is_some());
        self.stop(Approved::price(listing, to));
        self.prices.push(PlanPrice {
            channel: under.channel.clone(),
            sku: sku.clone(),
            from,
            to,
        });
        if self.prices.len() > 16 * TOP {
            furthest(&mut self.prices);
        }
    }
}

/// The largest changes of numbers, by value.
pub(super) fn largest(top: &mut Vec<PlanTop>) {
    let size = |one: &PlanTop| {
        (
            one.value.map(Money::amount).unwrap_or_default(),
            (one.to - one.from).max(one.from - one.to),
        )
    };
    top.sort_by_key(|one| std::cmp::Reverse(size(one)));
    top.truncate(TOP);
}

/// The largest moves of prices, by their share.
pub(super) fn furthest(prices: &mut Vec<PlanPrice>) {
    let share = |one: &PlanPrice| {
        let moved = (one.to.amount() - one.from.amount()).abs();
        moved.checked_div(one.from.amount()).unwrap_or_default()
    };
    prices.sort_by_key(|one| std::cmp::Reverse(share(one)));
    prices.truncate(TOP);
}
