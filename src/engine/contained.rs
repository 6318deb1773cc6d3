//! How much of an order line the figures contain, by the four forms of `absorb`.

use crate::picture::Picture;
use crate::{LineRecord, Movement, Position, SkuDocument, SourceDocument, Statement};
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
        document: &SkuDocument,
    ) -> Self {
        Self {
            position,
            known,
            policy,
            effective: position.effective(known),
            matters: matters(place, position, document),
            spot: None,
        }
    }

    /// Whether units are in this figure, if they came from its place.
    fn holds(&self, holding: Holding<'_>) -> bool {
        let by = |policy: &SourcePolicy| match holding {
            Holding::Line(line) => by_time(policy, self.position.basis, line, self.effective.0),
            Holding::Stated(stated) => {
                let counts = policy.absorb == Absorb::ByReference || stated.person;
                counts && self.position.source == stated.source && stated.as_of <= self.effective.0
            }
        };
        self.matters && self.policy.is_some_and(by)
    }

    fn can_hold(&self, holding: Holding<'_>) -> bool {
        match holding {
            Holding::Line(_) => true,
            Holding::Stated(stated) => self.position.source == stated.source,
        }
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
            Self::of(source, position, place, document)
        };
        document.positions.iter().map(figure).collect()
    }
}

/// Why a figure holds units of a line.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Holding<'a> {
    /// By the line's own times.
    Line(&'a LineRecord),
    /// A source says so.
    Stated(&'a Statement),
}

impl Holding<'_> {
    pub(crate) fn quantity(&self) -> Quantity {
        match self {
            Self::Line(line) => line.quantity,
            Self::Stated(stated) => stated.quantity,
        }
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

/// A kept row of nothing can't be where the units came from, unless some came there since; nor can a figure of a
/// source that handed the place over.
fn matters(place: Option<&LocationPolicy>, position: &Position, document: &SkuDocument) -> bool {
    let (here, since) = (&position.location, position.as_of);
    let moved =
        |moved: &Movement| moved.location == *here && moved.contained_from > since && moved.quantity.is_positive();
    let back = |line: &LineRecord| line.restocked().is_some_and(|(place, at)| place == here && at > since);
    let came = || document.movements.iter().any(moved) || document.lines.iter().any(back);
    let owner = place.and_then(|place| place.source.as_ref());
    let something = !position.missing || position.quantity.is_positive() || came();
    owner.is_none_or(|owner| *owner == position.source) && something
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
    /// Whether the figure at a spot holds the units, or they came from elsewhere.
    pub(crate) fn holds(&self, spot: usize, holding: Holding<'_>) -> bool {
        let mut figures = self.figures.iter();
        figures.any(|figure| figure.spot == Some(spot) && figure.holds(holding))
    }

    /// Whether the figure at a spot could hold the units, but is from before they came off it.
    pub(crate) fn lacks(&self, spot: usize, holding: Holding<'_>) -> bool {
        let mut figures = self.figures.iter();
        figures.any(|figure| figure.spot == Some(spot) && figure.can_hold(holding)) && !self.holds(spot, holding)
    }
}
