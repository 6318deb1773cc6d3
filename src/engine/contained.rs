//! How much of an order line the figures contain, by the four forms of `absorb`.

use crate::picture::Picture;
use crate::{LineRecord, Position, SkuDocument, SourceDocument, Statement};
use omnistock_words::{
    Absorb, Basis, ConnectorName, LocationPolicy, Millis, OrderStatus, Quantity, Settings, SourcePolicy,
};

/// A figure with all that decides whether it contains a line, looked up once for all lines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figure<'a> {
    pub(crate) position: &'a Position,
    pub(crate) known: Option<&'a SourceDocument>,
    pub(crate) policy: Option<&'a SourcePolicy>,
    /// As of when it holds, and the end of that read.
    pub(crate) effective: (Millis, Option<Millis>),
    /// Units that are sold can be in it.
    matters: bool,
    /// The index of its place, where the caller numbers them.
    pub(crate) spot: Option<usize>,
}

impl<'a> Figure<'a> {
    /// `policy` and `known`: what the settings and the documents say of the position's source.
    pub(crate) fn of(
        (policy, known): (Option<&'a SourcePolicy>, Option<&'a SourceDocument>),
        position: &'a Position,
        place: Option<&LocationPolicy>,
    ) -> Self {
        Self {
            position,
            known,
            policy,
            effective: position.effective(known),
            matters: matters(place, position),
            spot: None,
        }
    }

    /// Whether a statement speaks of this figure: what it says is held came off it, or off another place.
    pub(crate) fn told_by(&self, stated: &Statement) -> bool {
        let by_reference = |policy: &SourcePolicy| policy.absorb == Absorb::ByReference || stated.person;
        self.matters
            && self.position.source == stated.source
            && stated.as_of <= self.effective.0
            && self.policy.is_some_and(by_reference)
    }

    /// As [`Self::of`], for every position of a ledger.
    pub(crate) fn all(
        settings: &'a Settings,
        sources: impl Fn(&ConnectorName) -> Option<&'a SourceDocument>,
        document: &'a SkuDocument,
    ) -> Vec<Self> {
        let figure = |position: &'a Position| {
            let place = settings.locations.get(&position.location);
            let source = (settings.sources.get(&position.source), sources(&position.source));
            Self::of(source, position, place)
        };
        document.positions.iter().map(figure).collect()
    }
}

/// Units of the line that the figures already contain. `could` says at which of them the line
/// could come from there. By status and by delay the line waits for every figure there; a statement
/// waits for the figures of its own source. In doubt the answer is the smaller one.
pub(crate) fn contained<'a>(
    settings: &Settings,
    sources: impl Fn(&ConnectorName) -> Option<&'a SourceDocument>,
    figures: &[Figure<'_>],
    line: &LineRecord,
    could: impl Fn(&Figure<'_>) -> bool,
) -> Quantity {
    let (mut some, mut all) = (false, true);
    for figure in figures.iter().filter(|figure| figure.matters && could(figure)) {
        some = true;
        all = figure
            .policy
            .is_some_and(|policy| by_time(policy, figure.position.basis, line, figure.effective.0));
        if !all {
            break;
        }
    }
    if some && all {
        return line.quantity;
    }
    let worth = |stated: &Statement| {
        let reached = reached(settings, &sources, figures, stated, &could);
        if reached { stated.quantity } else { Quantity::ZERO }
    };
    let mut sum = line.released();
    for stated in &line.statements {
        let own = |other: &&Statement| stated.person && !other.person && other.source == stated.source;
        // A person's word counts as far as it goes beyond what the source says itself.
        let own = line.statements.iter().find(own).map_or(Quantity::ZERO, worth);
        sum += (worth(stated) - own).positive();
    }
    sum.min(line.quantity)
}

/// Whether the figures are those that a statement speaks of.
fn reached<'a>(
    settings: &Settings,
    sources: impl Fn(&ConnectorName) -> Option<&'a SourceDocument>,
    figures: &[Figure<'_>],
    stated: &Statement,
    could: impl Fn(&Figure<'_>) -> bool,
) -> bool {
    let own = || {
        figures
            .iter()
            .filter(|figure| figure.matters && figure.position.source == stated.source)
    };
    let policy = match own().next() {
        Some(figure) => figure.policy,
        None => settings.sources.get(&stated.source),
    };
    if policy.is_none_or(|policy| policy.absorb != Absorb::ByReference && !stated.person) {
        return false;
    }
    let near = own().any(&could);
    let mut there = own().filter(|figure| !near || could(figure)).peekable();
    if there.peek().is_some() {
        there.all(|figure| stated.as_of <= figure.effective.0)
    } else {
        sources(&stated.source).is_some_and(|known| known.newest >= Some(stated.as_of))
    }
}

/// A kept row of nothing can't be where the units came from, nor can a figure of a source that
/// handed the place over.
fn matters(place: Option<&LocationPolicy>, position: &Position) -> bool {
    let owner = place.and_then(|place| place.source.as_ref());
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

impl Picture<'_> {
    /// Whether the statement speaks of the figure at a spot: the units are in it, or came from elsewhere.
    pub(crate) fn speaks_of(&self, spot: usize, stated: &Statement) -> bool {
        let mut figures = self.figures.iter();
        figures.any(|figure| figure.spot == Some(spot) && figure.told_by(stated))
    }

    /// Whether the spot's figure is one of the statement's source from before it.
    pub(crate) fn precedes(&self, spot: usize, stated: &Statement) -> bool {
        let own = |figure: &Figure<'_>| figure.spot == Some(spot) && figure.position.source == stated.source;
        self.figures.iter().any(own) && !self.speaks_of(spot, stated)
    }
}
