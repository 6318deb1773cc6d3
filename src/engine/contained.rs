//! How much of an order line the figures contain, by the four forms of `absorb`.

use crate::{Documents, LineRecord, Position, SkuDocument, SourceDocument};
use omnistock_words::{
    Absorb, Basis, ConnectorName, LocationName, Millis, OrderStatus, Quantity, Settings, SourcePolicy,
};

/// Units of the line that the figures already contain. `could` says from which places the line
/// could come. By status and by delay the line waits for every figure there; a statement waits
/// for the figures of its own source. In doubt the answer is the smaller one.
pub(crate) fn contained(
    settings: &Settings,
    documents: &Documents,
    document: &SkuDocument,
    line: &LineRecord,
    could: impl Fn(&LocationName) -> bool,
) -> Quantity {
    contained_by(settings, |source| documents.sources.get(source), document, line, could)
}

/// As [`contained`], with the source documents at hand.
pub(crate) fn contained_by<'a>(
    settings: &Settings,
    sources: impl Fn(&ConnectorName) -> Option<&'a SourceDocument>,
    document: &SkuDocument,
    line: &LineRecord,
    could: impl Fn(&LocationName) -> bool,
) -> Quantity {
    let as_of = |position: &Position| position.effective(sources(&position.source)).0;
    let mut figures = document
        .positions
        .iter()
        .filter(|p| could(&p.location) && matters(settings, p))
        .peekable();
    let some = figures.peek().is_some();
    let by_time = |p: &Position| {
        settings
            .sources
            .get(&p.source)
            .is_some_and(|policy| by_time(policy, p.basis, line, as_of(p)))
    };
    if some && figures.all(by_time) {
        return line.quantity;
    }
    let mut sum = Quantity::ZERO;
    for stated in &line.statements {
        if settings
            .sources
            .get(&stated.source)
            .is_none_or(|policy| policy.absorb != Absorb::ByReference)
        {
            continue;
        }
        let own = || {
            document
                .positions
                .iter()
                .filter(|p| p.source == stated.source && matters(settings, p))
        };
        let near = own().any(|p| could(&p.location));
        let mut figures = own().filter(|p| !near || could(&p.location)).map(as_of).peekable();
        let reached = if figures.peek().is_some() {
            figures.all(|as_of| stated.as_of <= as_of)
        } else {
            sources(&stated.source).is_some_and(|known| known.newest >= Some(stated.as_of))
        };
        if reached {
            sum += stated.quantity;
        }
    }
    sum.min(line.quantity)
}

/// A kept row of nothing can't be where the units came from, nor can a figure of a source that
/// handed the place over.
fn matters(settings: &Settings, position: &Position) -> bool {
    let owner = settings
        .locations
        .get(&position.location)
        .and_then(|place| place.source.as_ref());
    owner.is_none_or(|owner| *owner == position.source) && (!position.missing || position.quantity.is_positive())
}

/// Whether a figure contains the line by time alone.
fn by_time(policy: &SourcePolicy, basis: Basis, line: &LineRecord, as_of: Millis) -> bool {
    // Before the cutover nothing was imported while we watched: only the status tells.
    let before_cutover = policy.cutover.is_some_and(|cutover| line.placed_at < cutover);
    match policy.absorb {
        Absorb::ByStatus => by_status(basis, line, as_of),
        _ if before_cutover => by_status(basis, line, as_of),
        Absorb::ByDelay(delay) => line.placed_at.plus(delay.max(0)) <= as_of,
        Absorb::ByReference | Absorb::Never => false,
    }
}

fn by_status(basis: Basis, line: &LineRecord, as_of: Millis) -> bool {
    match basis {
        Basis::Physical | Basis::NetOfReserved => line.left_at.is_some_and(|left| left <= as_of),
        Basis::NetOfOrders => line.status != OrderStatus::Cancelled && line.open_at <= as_of,
    }
}
