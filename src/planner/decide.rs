//! What to do about one number now.

use crate::shown::{self, Span};
use crate::{Facts, LineStatus, OwnLine, Reserved, Target, Vendor};
use omnistock_words::{Millis, Mode, Quantity, WriteMeaning};

/// A raise may rest on a fetch that the ledger has had for at most this long, milliseconds.
const FETCH_LIFE: i64 = 5_000;

/// Readings for one decision, at most.
const MOST_READS: u32 = 3;

/// Why nothing is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The channel shows it. With `verify`, a sale overlaps the reading: read once more in a while.
    Matches {
        /// Read again once the overlap is over.
        verify: bool,
    },
    /// The vendor has no usable SKU for it.
    Unmapped,
    /// The vendor's side does not let us write it.
    Unwritable,
    /// Observe, shadow or frozen.
    Paused,
    /// There is no number to show.
    NoNumber,
    /// Refused before, and nothing about it has changed.
    Parked,
    /// A person has decided to leave it alone.
    Dropped,
    /// It would have to rise, and only decreases are allowed.
    OnlyDecrease,
    /// The channel may not be written yet.
    Gate,
}

impl Why {
    /// Whether there is nothing left to do until something changes.
    pub fn settled(self) -> bool {
        self != Self::Gate
    }
}

/// What to do about one number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    Nothing(Why),
    /// Read it, then decide again.
    Read,
    /// Fetch the channel's orders, then decide again.
    FetchOrdersFirst,
    /// Write it.
    Write {
        /// The number in the vendor's meaning.
        quantity: Quantity,
        /// The promise it stands for.
        target: Quantity,
        /// The number it may replace and no other, where the vendor compares.
        expected: Option<Quantity>,
        /// What was read can't be explained by any known order.
        drift: bool,
    },
    /// Decide again then.
    Wait {
        /// When.
        until: Millis,
    },
    /// Keep aside with this reason.
    Park(&'static str),
}

/// The number as the vendor takes it: cut to its digits, within its bounds.
pub fn fit(quantity: Quantity, vendor: &Vendor) -> Quantity {
    quantity.floor(vendor.decimals).max(vendor.least).min(vendor.most)
}

/// What to do about one number now. Never asks to write what is not allowed or not known.
pub fn decide(facts: &Facts<'_>) -> Action {
    let document = facts.document;
    if document.sku.is_none() {
        return Action::Nothing(Why::Unmapped);
    }
    if document.unwritable.is_some() {
        return Action::Nothing(Why::Unwritable);
    }
    if document.dropped.is_some() {
        return unwritten(facts, Why::Dropped);
    }
    let target = match (facts.mode, facts.target) {
        (Mode::Observe | Mode::Shadow | Mode::Frozen, _) => return unwritten(facts, Why::Paused),
        (Mode::Draining, Target::Number(_)) => Quantity::ZERO,
        (_, Target::Number(number)) => number,
        (_, Target::Untracked | Target::Unknown) => return unwritten(facts, Why::NoNumber),
    };
    if !facts.gate {
        return Action::Nothing(Why::Gate);
    }
    if document
        .parked
        .as_ref()
        .is_some_and(|parked| parked.target == Some(target) && parked.settings == facts.settings)
    {
        return Action::Nothing(Why::Parked);
    }
    match document.not_before {
        Some(until) if until > facts.now => return Action::Wait { until },
        _ => {}
    }
    if document
        .observed
        .as_ref()
        .is_some_and(|observed| observed.quantity.is_none())
        && document.confirmed()
    {
        return if facts.vendor.opens {
            open(facts, target)
        } else if facts.fresh {
            Action::Park("the channel does not count stock of this listing: turn stock keeping on there")
        } else {
            Action::Read
        };
    }
    if facts.mode != Mode::Draining && unchecked(facts) {
        return Action::Read;
    }
    match facts.vendor.write {
        WriteMeaning::Available => available(facts, target),
        WriteMeaning::Gross => gross(facts, target),
    }
}

/// The first number of a listing that has none: there is no sale that it could hide.
fn open(facts: &Facts<'_>, promise: Quantity) -> Action {
    let quantity = fit(promise, facts.vendor);
    if facts.mode == Mode::DecreaseOnly && quantity.is_positive() {
        return unwritten(facts, Why::OnlyDecrease);
    }
    Action::Write {
        quantity,
        target: promise,
        expected: None,
        drift: false,
    }
}

/// It was drained, and nobody has looked since then whether it still shows what we left.
fn unchecked(facts: &Facts<'_>) -> bool {
    let document = facts.document;
    let read = document.observed.as_ref().filter(|_| document.confirmed());
    document.drained.is_some() && read.is_none_or(|read| read.at < facts.since)
}

/// What to do about a number that is to be written although it matches: it is read, and written over by the
/// same number behind a fetch of the channel's orders, so that it hides no sale.
pub fn force(facts: &Facts<'_>) -> Action {
    let Target::Number(promise) = facts.target else {
        return Action::Nothing(Why::NoNumber);
    };
    let promise = if facts.mode == Mode::Draining {
        Quantity::ZERO
    } else {
        promise
    };
    let shown = facts.document.observed.as_ref().filter(|_| facts.document.confirmed());
    let seen = shown.filter(|shown| shown.at >= facts.since);
    let Some(seen) = seen.and_then(|shown| shown.quantity) else {
        return Action::Read;
    };
    let write = Action::Write {
        quantity: seen,
        target: promise,
        expected: compared(facts, seen),
        drift: false,
    };
    if facts.vendor.write == WriteMeaning::Gross || facts.vendor.compare_and_set {
        return write;
    }
    let raised = Facts {
        mode: Mode::Live,
        ..facts.clone()
    };
    raise(&raised, write)
}

/// Nothing is written; but a call whose outcome is unknown is still read back.
fn unwritten(facts: &Facts<'_>, why: Why) -> Action {
    if facts.document.unknown && !facts.fresh {
        Action::Read
    } else {
        Action::Nothing(why)
    }
}

fn available(facts: &Facts<'_>, promise: Quantity) -> Action {
    let target = fit(promise, facts.vendor);
    let Some(shown) = shown::shown(facts) else {
        return Action::Read;
    };
    if facts.document.unknown && !resolved(facts, target) {
        // A comparison needs the number that is there: the old one, or the one that was sent.
        return if facts.vendor.compare_and_set && !facts.fresh {
            Action::Read
        } else {
            again(facts, promise, target, shown)
        };
    }
    let certain = shown.exact() || facts.fresh;
    if certain && shown.point == target {
        return Action::Nothing(Why::Matches { verify: !shown.exact() });
    }
    if !certain && (shown.low..=shown.high).contains(&target) {
        return Action::Read;
    }
    let least = if certain { shown.point } else { shown.low };
    let write = Action::Write {
        quantity: target,
        target: promise,
        expected: compared(facts, shown.point),
        drift: drift(facts, target),
    };
    if target < least { write } else { raise(facts, write) }
}

/// The call of unknown outcome sent the same number that is now seen: late or not, it changes nothing.
fn resolved(facts: &Facts<'_>, number: Quantity) -> bool {
    let seen = facts.document.observed.as_ref().and_then(|observed| observed.quantity);
    facts.fresh && seen == Some(number) && facts.document.sent.as_ref().is_none_or(|sent| sent.quantity == number)
}

/// The newest number again, after a call of unknown outcome.
fn again(facts: &Facts<'_>, promise: Quantity, target: Quantity, shown: Span) -> Action {
    let write = Action::Write {
        quantity: target,
        target: promise,
        expected: compared(facts, shown.point),
        drift: false,
    };
    if target <= shown.low {
        write
    } else {
        raise(facts, write)
    }
}

/// Less was read than may be left of what was accepted, or of what may have taken effect, after the
/// sales we know that the reading can show: presumed a sale that we haven't seen. Where nothing was accepted
/// yet nobody can tell, and a number that was never read again since it was accepted shows nothing.
fn sold_unseen(facts: &Facts<'_>) -> bool {
    let document = facts.document;
    let Some(accepted) = shown::accepted(facts) else {
        return true;
    };
    let reading = shown::observed(facts).filter(|_| document.confirmed());
    let kept = shown::until(accepted, reading, facts);
    let sent = document.sent.as_ref().filter(|_| document.unknown);
    let most = sent.map_or(kept.high, |sent| kept.high.max(sent.quantity));
    let read = document.observed.as_ref().filter(|_| document.confirmed());
    read.and_then(|observed| observed.quantity)
        .is_some_and(|read| read < most)
}

/// The last number sent was a fall. That went out at once, whatever had been sold of the number it replaced, and
/// what was accepted since tells nothing of it: only a fetch begun behind it does. Where no answer came and the number
/// was read instead, a sale may have brought it there: then it is a fetch begun behind the reading.
fn fell_unseen(facts: &Facts<'_>) -> bool {
    let fell = |sent: &&crate::Sent| sent.expected.is_some_and(|replaced| sent.quantity < replaced);
    let Some(fall) = facts.document.sent.as_ref().filter(fell) else {
        return false;
    };
    let accepted = facts
        .document
        .accepted
        .as_ref()
        .filter(|accepted| accepted.sent_at == fall.at);
    let known = accepted.map_or(fall.at, |accepted| accepted.at);
    facts.orders.is_none_or(|orders| orders.begun < known)
}

/// What a vendor that compares is told to replace.
fn compared(facts: &Facts<'_>, shown: Quantity) -> Option<Quantity> {
    facts.vendor.compare_and_set.then_some(shown)
}

/// A number that may rise wipes out sales that we haven't seen: see them first.
fn raise(facts: &Facts<'_>, write: Action) -> Action {
    if facts.mode == Mode::DecreaseOnly {
        return unwritten(facts, Why::OnlyDecrease);
    }
    // A comparison protects the sales behind the reading, not those that the reading shows and nobody
    // knows: it would bless them away.
    let seen = facts.document.drained.is_none() && !sold_unseen(facts) && !fell_unseen(facts);
    if facts.vendor.compare_and_set && seen {
        return write;
    }
    // What was read below its expected number is a sale not seen yet, until a fetch begun behind the read says otherwise.
    let read = facts
        .document
        .observed
        .as_ref()
        .filter(|_| facts.document.confirmed())
        .map(|observed| observed.at);
    let wanted = facts.since.max(read.unwrap_or(Millis::MIN));
    match facts.orders {
        Some(orders) if orders.begun >= wanted && facts.now.since(orders.applied) <= FETCH_LIFE => write,
        _ => Action::FetchOrdersFirst,
    }
}

/// Whether the number would be right if the channel had kept what it accepted.
fn drift(facts: &Facts<'_>, target: Quantity) -> bool {
    let kept = shown::accepted(facts).map(|anchor| shown::since(anchor, facts));
    facts.document.confirmed() && kept.is_some_and(|kept| kept.exact() && kept.point == target)
}

fn gross(facts: &Facts<'_>, target: Quantity) -> Action {
    let seen = facts.document.observed.as_ref().filter(|_| facts.fresh);
    let Some((seen, at)) = seen.and_then(|observed| Some((observed.quantity?, observed.at))) else {
        return if awaits_read_back(facts, target) {
            Action::Nothing(Why::Matches { verify: false })
        } else {
            Action::Read
        };
    };
    if facts.reads < MOST_READS && facts.lines.iter().any(|line| unread(line, at, facts)) {
        return Action::Read;
    }
    let kept: Quantity = facts
        .reserved
        .iter()
        .map(|reserved| counted(reserved, facts.lines))
        .sum();
    let quantity = fit(target + kept, facts.vendor);
    if quantity == seen && (!facts.document.unknown || resolved(facts, quantity)) {
        return Action::Nothing(Why::Matches { verify: false });
    }
    if facts.mode == Mode::DecreaseOnly && quantity >= seen {
        return Action::Nothing(Why::OnlyDecrease);
    }
    let accepted = facts.document.accepted.as_ref();
    let drift = !facts.document.unknown && accepted.is_some_and(|accepted| accepted.quantity == quantity);
    Action::Write {
        quantity,
        target,
        expected: compared(facts, seen),
        drift,
    }
}

/// This very promise was said yes to, and its read-back is still to come: it will look again.
fn awaits_read_back(facts: &Facts<'_>, target: Quantity) -> bool {
    let document = facts.document;
    let sent = document.sent.as_ref().filter(|sent| sent.target == target);
    let accepted = sent.zip(document.accepted.as_ref());
    !document.unknown
        && !document.confirmed()
        && accepted.is_some_and(|(sent, accepted)| sent.quantity == accepted.quantity)
}

/// A line so young that the reading may have been made before the vendor set it aside.
fn unread(line: &OwnLine, read_at: Millis, facts: &Facts<'_>) -> bool {
    let young = line.placed_at.plus(facts.vendor.grain) >= read_at;
    let there = facts.reserved.iter().any(|reserved| same(reserved, line));
    line.status == LineStatus::Open && line.quantity.is_positive() && young && !there
}

fn same(reserved: &Reserved, line: &OwnLine) -> bool {
    reserved.line == line.line && reserved.order.as_ref().is_none_or(|order| *order == line.order)
}

/// Units set aside at the vendor that our promise has already been lowered by (or that were contained).
/// What we don't know yet is left to the vendor's own subtraction.
pub(crate) fn counted(reserved: &Reserved, lines: &[OwnLine]) -> Quantity {
    let known = lines
        .iter()
        .find(|line| line.status != LineStatus::Ended && same(reserved, line));
    known.map_or(Quantity::ZERO, |line| reserved.quantity.min(line.quantity).positive())
}

#[cfg(test)]
#[path = "force_test.rs"]
mod force_tests;
#[cfg(test)]
#[path = "decide_test.rs"]
mod tests;
