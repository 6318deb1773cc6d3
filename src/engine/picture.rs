//! Where the units of one SKU are, and who has taken which: derived from the facts, never stored.
//!
//! Live reservations of a place come first, then order lines by the time they were placed, then
//! reservations of channels. What fits nowhere is short: it stays on the books and lowers every
//! pool that contains a place it could have come from.

use crate::contained::Figure;
use crate::place::{Declared, declared, physical};
use crate::sourcing::{Origin, Takers, View};
use crate::{Attributes, Documents, LineRecord, Lines, Position, SkuDocument};
use omnistock_words::{
    Basis, Carve, ConnectorName, LocationName, LocationPolicy, Millis, Missing, Quantity, Rule, Settings, Sku, Stale,
};

/// One place as far as this SKU is concerned.
#[derive(Debug)]
pub(crate) struct Spot<'a> {
    pub(crate) location: &'a LocationName,
    pub(crate) policy: &'a LocationPolicy,
    pub(crate) figure: Option<(&'a ConnectorName, Millis, Basis)>,
    pub(crate) quantity: Quantity,
    pub(crate) moved: Quantity,
    pub(crate) ordered: Quantity,
    pub(crate) reserved: Quantity,
    /// What is left after all of that; negative where the figure is, or reservations exceed it.
    pub(crate) available: Quantity,
    /// Whose lines took units here: some of them could have come from elsewhere.
    pub(crate) takers: Takers,
    pub(crate) only_decrease: bool,
    /// Whether the units of the figure may be sold.
    sellable: bool,
}

impl<'a> Spot<'a> {
    fn empty(location: &'a LocationName, policy: &'a LocationPolicy) -> Self {
        let zero = Quantity::ZERO;
        let (figure, only_decrease) = (None, false);
        let (quantity, moved, ordered, reserved, available) = (zero, zero, zero, zero, zero);
        Self {
            location,
            policy,
            figure,
            quantity,
            moved,
            ordered,
            reserved,
            available,
            takers: Takers::default(),
            only_decrease,
            sellable: true,
        }
    }
}

/// Units that one line takes from one place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken<'a> {
    pub(crate) line: &'a LineRecord,
    /// `None`: short.
    pub(crate) location: Option<&'a LocationName>,
    pub(crate) quantity: Quantity,
}

/// The state of one SKU.
#[derive(Debug)]
pub(crate) struct Picture<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) documents: &'a Documents,
    pub(crate) document: &'a SkuDocument,
    pub(crate) sku: &'a Sku,
    pub(crate) now: Millis,
    /// Some place is carved out of another.
    carved: bool,
    /// Declarations that were looked up, each once.
    known: Vec<Declared<'a>>,
    /// The figures, each with what decides what it contains.
    pub(crate) figures: Vec<Figure<'a>>,
    /// The rules of the SKU, found at first need.
    pub(crate) rules: Option<Vec<(usize, &'a Rule)>>,
    /// Every physical place that was learned of.
    pub(crate) spots: Vec<Spot<'a>>,
    pub(crate) shorts: Vec<(Origin, Quantity)>,
    pub(crate) views: Vec<View<'a>>,
    /// The places of all views, one behind the other: indices of spots.
    pub(crate) reach: Vec<usize>,
    pub(crate) taken: Vec<Taken<'a>>,
}

static EMPTY: SkuDocument = SkuDocument {
    attributes: Attributes {
        as_of: Millis(0),
        brand: None,
        category: None,
        tags: Vec::new(),
    },
    positions: Vec::new(),
    movements: Vec::new(),
    lines: Lines::new(),
    reservations: Vec::new(),
    prices: Vec::new(),
    overfull: false,
};

impl<'a> Picture<'a> {
    /// Derives the state of `sku`. `record` keeps who took what.
    pub(crate) fn of(
        settings: &'a Settings,
        documents: &'a Documents,
        sku: &'a Sku,
        now: Millis,
        record: bool,
    ) -> Self {
        let document = documents.skus.get(sku).unwrap_or(&EMPTY);
        let places = document.positions.len().max(settings.locations.len().min(8));
        let (shorts, views, taken) = (Vec::new(), Vec::with_capacity(settings.channels.len()), Vec::new());
        let carved = settings.locations.values().any(|policy| policy.part_of.is_some());
        let mut picture = Self {
            settings,
            documents,
            document,
            sku,
            now,
            carved,
            known: Vec::with_capacity(places),
            figures: Vec::with_capacity(document.positions.len()),
            rules: None,
            spots: Vec::with_capacity(places),
            shorts,
            views,
            reach: Vec::new(),
            taken,
        };
        for position in &document.positions {
            picture.figure(position);
        }
        picture.movements();
        for spot in &mut picture.spots {
            spot.available = spot.quantity + spot.moved;
        }
        picture.refuse_unsellable();
        picture.source(record);
        picture
    }

    /// As [`declared`], remembered; its place has a spot from then on.
    pub(crate) fn learn(&mut self, location: &LocationName) -> Option<Declared<'a>> {
        if let Some(known) = self.known.iter().find(|known| known.name == location) {
            return Some(*known);
        }
        let mut found = declared(self.settings, location)?;
        let (place, policy) = found.place;
        let spot = self.spots.iter().position(|spot| spot.location == place);
        found.spot = spot.unwrap_or_else(|| {
            self.spots.push(Spot::empty(place, policy));
            self.spots.len() - 1
        });
        self.known.push(found);
        Some(found)
    }

    /// As [`declared`], from memory where it was learned.
    pub(crate) fn declared(&self, location: &LocationName) -> Option<Declared<'a>> {
        let known = self.known.iter().find(|known| known.name == location);
        known.copied().or_else(|| {
            let mut found = declared(self.settings, location)?;
            let spot = self.spots.iter().position(|spot| spot.location == found.place.0);
            found.spot = spot.unwrap_or(usize::MAX);
            Some(found)
        })
    }

    pub(crate) fn spot(&mut self, location: &LocationName) -> Option<&mut Spot<'a>> {
        let known = self.learn(location)?;
        self.spots.get_mut(known.spot)
    }

    /// Takes a figure in. Of two sources at one place the newer counts, ties to the lower.
    fn figure(&mut self, position: &'a Position) {
        let (settings, now) = (self.settings, self.now);
        let documents = self.documents;
        // Most places are of few sources.
        let same = self
            .figures
            .iter()
            .rev()
            .find(|other| other.position.source == position.source);
        let (known, source) = match same {
            Some(other) => (other.known, other.policy),
            None => (
                documents.sources.get(&position.source),
                settings.sources.get(&position.source),
            ),
        };
        let declared = self.learn(&position.location);
        let place = match declared {
            Some(declared) => Some(declared.policy),
            None => settings.locations.get(&position.location),
        };
        let mut figure = Figure::of((source, known), position, place, self.document);
        // A figure of what is carved out by now speaks of no place.
        figure.spot = declared
            .filter(|known| known.place.0 == known.name)
            .map(|known| known.spot);
        self.figures.push(figure);
        let ((as_of, _), policy) = (figure.effective, figure.policy);
        let Some(spot) = figure.spot.and_then(|spot| self.spots.get_mut(spot)) else {
            return;
        };
        if spot
            .policy
            .source
            .as_ref()
            .is_some_and(|owner| *owner != position.source)
        {
            return;
        }
        if spot
            .figure
            .is_some_and(|(_, other, _)| (as_of, -position.quantity) <= (other, -spot.quantity))
        {
            return;
        }
        let age = now.since(as_of);
        let gone = policy.is_some_and(|policy| match policy.missing {
            Missing::ZeroAfter(times) if position.missing => {
                let newer = known.map_or(0, |known| {
                    known.snapshots.len() - known.snapshots.partition_point(|s| *s <= as_of)
                });
                newer
                    >= usize::try_from(times)
                        .unwrap_or(usize::MAX)
                        .min(crate::SourceDocument::SNAPSHOTS)
            }
            _ => false,
        });
        let expired = policy.is_some_and(|policy| matches!(policy.stale, Stale::ZeroAfter(limit) if age > limit));
        let fresh = spot.policy.max_age.or(policy.and_then(|policy| policy.max_age));
        spot.only_decrease =
            policy.is_some_and(|policy| policy.stale == Stale::OnlyDecrease) && fresh.is_some_and(|limit| age > limit);
        spot.figure = Some((&position.source, as_of, position.basis));
        spot.quantity = if gone || expired {
            position.quantity.min(Quantity::ZERO)
        } else {
            position.quantity
        };
        spot.sellable = position.sellable;
    }

    /// Adds what happened after the figures: movements, and returns to a place.
    fn movements(&mut self) {
        let document = self.document;
        for movement in &document.movements {
            let positive = movement.quantity.is_positive();
            self.moved(
                &movement.location,
                movement.quantity,
                movement.contained_from,
                positive.then_some(movement.at),
            );
        }
        for line in &document.lines {
            if let Some((location, at)) = line.restocked() {
                self.moved(location, line.quantity, at, Some(at));
            }
        }
    }

    /// Counts a change that the figure does not contain. One that adds counts only behind the
    /// end of the read, since it may have been seen already.
    fn moved(&mut self, location: &LocationName, quantity: Quantity, contained_from: Millis, adds_at: Option<Millis>) {
        let counts = self.counts(location, contained_from, adds_at);
        if let Some(spot) = self.spot(location).filter(|_| counts) {
            spot.moved += quantity;
        }
    }

    fn counts(&self, location: &LocationName, contained_from: Millis, adds_at: Option<Millis>) -> bool {
        let Some((place, _)) = physical(self.settings, location) else {
            return false;
        };
        let figure = self.spots.iter().find(|spot| spot.location == place);
        let contained = figure
            .and_then(|spot| spot.figure)
            .is_some_and(|(_, as_of, _)| contained_from <= as_of);
        let doubtful = adds_at.is_some_and(|at| self.read_until(place).is_some_and(|end| at <= end));
        !contained && !doubtful
    }

    /// The changes that count at a physical place, with their times: movements, then returns.
    pub(crate) fn moves_at(&self, place: &LocationName) -> Vec<(Quantity, Millis)> {
        let here = |location: &LocationName| physical(self.settings, location).is_some_and(|(name, _)| name == place);
        let moved = self.document.movements.iter().filter(|movement| {
            let adds = movement.quantity.is_positive().then_some(movement.at);
            here(&movement.location) && self.counts(&movement.location, movement.contained_from, adds)
        });
        let moved = moved.map(|movement| (movement.quantity, movement.at));
        let back = self.document.lines.iter().filter_map(|line| {
            let (location, at) = line.restocked()?;
            (here(location) && self.counts(location, at, Some(at))).then_some((line.quantity, at))
        });
        moved.chain(back).collect()
    }

    fn read_until(&self, location: &LocationName) -> Option<Millis> {
        let (source, ..) = self.spots.iter().find(|spot| spot.location == location)?.figure?;
        self.document
            .position(location, source)?
            .effective(self.documents.sources.get(source))
            .1
    }

    /// Units that are kept in the books but not for sale count as none, and so does all of an
    /// article with more lines than are kept.
    fn refuse_unsellable(&mut self) {
        for spot in &mut self.spots {
            if spot.figure.is_some() && (self.document.overfull || !spot.sellable) {
                spot.available = spot.available.min(Quantity::ZERO);
            }
        }
    }

    /// Whether complete snapshots prove that a place without a figure has none: one of its own
    /// source, or of any source where the place names none. No places (all are off) have none.
    pub(crate) fn complete<'b>(&self, mut places: impl Iterator<Item = &'b LocationPolicy>) -> bool {
        let given = |source: &ConnectorName| {
            self.documents
                .sources
                .get(source)
                .is_some_and(|s| s.complete_as_of.is_some())
        };
        places.all(|policy| match policy.source.as_ref() {
            Some(source) => given(source),
            None => self.documents.sources.keys().any(given),
        })
    }

    /// A place by name, physical or carved: the spot behind it, what can be sold there, and what
    /// the carving takes off or leaves.
    pub(crate) fn place(&self, location: &LocationName) -> Option<(&Spot<'a>, Quantity, Quantity)> {
        self.declared_place(location, self.declared(location)?)
    }

    /// As [`Self::place`], with the declaration at hand.
    pub(crate) fn declared_place(
        &self,
        location: &LocationName,
        declared: Declared<'a>,
    ) -> Option<(&Spot<'a>, Quantity, Quantity)> {
        let (physical, _) = declared.place;
        let spot = self.spots.get(declared.spot)?;
        if !self.carved {
            return Some((spot, spot.available, Quantity::ZERO));
        }
        let mut rest = spot.available;
        for (name, carved) in self
            .settings
            .locations
            .iter()
            .filter(|(_, policy)| policy.part_of.as_ref() == Some(physical))
        {
            let units = carve(carved, spot.available).min(rest.positive());
            if name == location {
                return Some((spot, units, spot.available - units));
            }
            rest -= units;
        }
        debug_assert!(
            declared.policy.part_of.is_none(),
            "a carved place is found among its siblings"
        );
        Some((spot, rest, spot.available - rest))
    }
}

/// What a carved place holds of what its parent can sell.
fn carve(policy: &LocationPolicy, available: Quantity) -> Quantity {
    let available = available.positive();
    match policy.carve {
        _ if !policy.enabled => Quantity::ZERO,
        None => Quantity::ZERO,
        Some(Carve::Units(units)) => units.positive().min(available),
        Some(Carve::Share(share)) => available
            .multiply(share.factor())
            .floor(available.decimal().scale())
            .min(available),
    }
}
