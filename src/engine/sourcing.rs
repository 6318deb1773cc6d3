//! Who takes which units: derived in a fixed order, never stored.

use crate::contained::{Figure, Holding, contained};
use crate::picture::{Picture, Taken};
use crate::resolve::{Laid, laid, matching};
use crate::{LineRecord, Reservation};
use omnistock_words::{ChannelName, ChannelSettings, ConnectorName, Quantity, Sourcing};

/// Where a line, or what is short of it, could come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The index of the spot that it must come from.
    Pinned(usize),
    /// The index of the channel's view.
    Channel(usize),
    /// A channel that is no longer declared: its sales still count.
    Anywhere,
}

/// Whose lines took units of a spot, each once.
#[derive(Debug, Default)]
pub(crate) struct Takers {
    pinned: bool,
    anywhere: bool,
    /// The first 64 views, a bit each.
    first: u64,
    others: Vec<usize>,
}

impl Takers {
    fn add(&mut self, from: Origin) {
        match from {
            Origin::Pinned(_) => self.pinned = true,
            Origin::Anywhere => self.anywhere = true,
            Origin::Channel(index @ ..64) => self.first |= 1 << index,
            Origin::Channel(index) if self.others.contains(&index) => {}
            Origin::Channel(index) => self.others.push(index),
        }
    }

    /// All of them; `spot` is the index of theirs.
    fn each(&self, spot: usize) -> impl Iterator<Item = Origin> {
        let pinned = self.pinned.then_some(Origin::Pinned(spot));
        let anywhere = self.anywhere.then_some(Origin::Anywhere);
        let first = (0..64).filter(|index| self.first & (1 << index) != 0);
        let channels = first.chain(self.others.iter().copied()).map(Origin::Channel);
        pinned.into_iter().chain(anywhere).chain(channels)
    }
}

/// One channel's view: its policy and the physical places behind its pool, in order.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) channel: &'a ChannelName,
    pub(crate) policy: Laid<'a>,
    /// The rules that made it.
    pub(crate) ruled: Vec<usize>,
    /// Which part of the picture's `reach` is its own: each place once.
    places: (usize, usize),
}

impl<'a> Picture<'a> {
    /// Live reservations of places, then lines, then live reservations of channels.
    pub(crate) fn source(&mut self, record: bool) {
        if self.document.lines.is_empty() && self.document.reservations.is_empty() {
            return;
        }
        for reservation in self.live(|r| r.location.as_ref()) {
            self.set_aside(reservation);
        }
        let document = self.document;
        for line in &document.lines {
            self.line(line, record);
        }
        for reservation in self.live(|r| r.channel.as_ref()) {
            let (left, Some(channel)) = (self.unconsumed(reservation), &reservation.channel) else {
                continue;
            };
            let from = self.view(channel);
            let rest = self.take(from, left, None, None);
            self.short(from, rest);
        }
    }

    fn live<T>(&self, of: impl Fn(&'a Reservation) -> Option<T>) -> Vec<&'a Reservation> {
        let reservations = self.document.reservations.iter();
        reservations
            .filter(|r| r.expires_at > self.now && of(r).is_some())
            .collect()
    }

    /// What no line has taken of a reservation.
    pub(crate) fn unconsumed(&self, reservation: &Reservation) -> Quantity {
        let naming = self
            .document
            .lines
            .iter()
            .filter(|line| line.takes_stock() && line.reservation() == Some(&reservation.id));
        (reservation.quantity - naming.map(|line| line.quantity).sum()).positive()
    }

    fn set_aside(&mut self, reservation: &'a Reservation) {
        let left = self.unconsumed(reservation);
        let Some(spot) = reservation.location.as_ref().and_then(|location| self.spot(location)) else {
            return;
        };
        spot.reserved += left;
        spot.available -= left;
    }

    /// The channel's view, made at first need.
    pub(crate) fn view(&mut self, channel: &ChannelName) -> Origin {
        if let Some(index) = self.views.iter().position(|view| view.channel == channel) {
            return Origin::Channel(index);
        }
        match self.settings.channels.get_key_value(channel) {
            Some((channel, declared)) => self.make_view(channel, declared),
            None => Origin::Anywhere,
        }
    }

    /// As [`Self::view`], with the declaration at hand.
    pub(crate) fn view_of(&mut self, channel: &'a ChannelName, declared: &'a ChannelSettings) {
        if !self.views.iter().any(|view| view.channel == channel) {
            self.make_view(channel, declared);
        }
    }

    fn make_view(&mut self, channel: &'a ChannelName, declared: &'a ChannelSettings) -> Origin {
        let (settings, attributes) = (self.settings, &self.document.attributes);
        let rules = self
            .rules
            .get_or_insert_with(|| matching(settings, self.sku, attributes, None, self.now));
        let (policy, ruled) = laid((channel, Some(declared)), rules);
        let from = self.reach.len();
        for location in &policy.locations {
            if let Some(declared) = self.learn(location)
                && !self.reach.iter().skip(from).any(|spot| *spot == declared.spot)
            {
                self.reach.push(declared.spot);
            }
        }
        self.views.push(View {
            channel,
            policy,
            ruled,
            places: (from, self.reach.len()),
        });
        Origin::Channel(self.views.len() - 1)
    }

    /// The spots that the channel of a view sells from, in order.
    fn reach(&self, view: usize) -> &[usize] {
        let own = self.views.get(view).map(|view| view.places);
        own.and_then(|(from, to)| self.reach.get(from..to)).unwrap_or_default()
    }

    fn could(&self, from: Origin, spot: usize) -> bool {
        match from {
            Origin::Pinned(pinned) => pinned == spot,
            Origin::Channel(index) => self.reach(index).contains(&spot),
            Origin::Anywhere => true,
        }
    }

    fn contained_from(&self, from: Origin, line: &LineRecord) -> Quantity {
        let sources = |source: &ConnectorName| {
            let figure = self.figures.iter().find(|figure| figure.position.source == *source);
            figure.map_or_else(|| self.documents.sources.get(source), |figure| figure.known)
        };
        let could = |figure: &Figure<'_>| match figure.spot {
            Some(spot) => self.could(from, spot),
            None => from == Origin::Anywhere,
        };
        contained(self.settings, sources, &self.figures, line, could)
    }

    /// Where a line could come from; `None`: from a place that counts nowhere.
    fn origin(&mut self, line: &LineRecord) -> Option<Origin> {
        let Some(location) = line.location() else {
            return Some(self.view(&line.channel));
        };
        match self.learn(location) {
            Some(known) => Some(Origin::Pinned(known.spot)),
            None if self.settings.locations.contains_key(location) => None,
            None => Some(self.view(&line.channel)),
        }
    }

    /// Sources one line.
    fn line(&mut self, line: &'a LineRecord, record: bool) {
        if !line.takes_stock() {
            return;
        }
        // A place that counts nowhere: nobody's pool is touched.
        let Some(from) = self.origin(line) else { return };
        let contained = self.contained_from(from, line);
        let mut left = line.quantity - contained;
        if !left.is_positive() {
            return;
        }
        let record = record.then_some(line);
        if line.location().is_none()
            && let Some(place) = self.reserved_place(line)
        {
            let want = left.min(place.1);
            left = left - want + self.take(Origin::Pinned(place.0), want, record, None);
        }
        // What some figures hold already came off one of the others.
        let stated = line.statements.iter().map(Holding::Stated);
        for holding in std::iter::once(Holding::Line(line)).chain(stated) {
            let want = left.min(holding.quantity());
            if want.is_positive() && self.is_held_somewhere(from, holding) {
                left = left - want + self.take(from, want, record, Some(holding));
            }
        }
        let rest = self.take(from, left, record, None);
        self.short(from, rest);
        if let Some(line) = record.filter(|_| rest.is_positive()) {
            self.taken.push(Taken {
                line,
                location: None,
                quantity: rest,
            });
        }
    }

    /// The place at which a live reservation of the line holds units for it, and how many at most.
    fn reserved_place(&mut self, line: &LineRecord) -> Option<(usize, Quantity)> {
        let id = line.reservation()?;
        let document = self.document;
        let held = document
            .reservations
            .iter()
            .find(|r| r.id == *id && r.expires_at > self.now)?;
        let known = self.learn(held.location.as_ref()?)?;
        Some((known.spot, held.quantity))
    }

    fn is_held_somewhere(&self, from: Origin, holding: Holding<'_>) -> bool {
        let mut spots = (0..self.places(from)).filter_map(|place| self.spot_of(from, place));
        spots.any(|spot| self.holds(spot, holding))
    }

    /// Takes units from the places by the rule, of what some figures hold only from the others; returns what fits
    /// nowhere.
    fn take(
        &mut self,
        from: Origin,
        want: Quantity,
        record: Option<&'a LineRecord>,
        holding: Option<Holding<'_>>,
    ) -> Quantity {
        let mut left = want;
        let sourcing = match from {
            Origin::Channel(index) => self
                .views
                .get(index)
                .map_or(Sourcing::Priority, |view| view.policy.sourcing),
            Origin::Pinned(_) | Origin::Anywhere => Sourcing::Priority,
        };
        let open = |this: &Self, spot: usize| holding.is_none_or(|holding| this.lacks(spot, holding));
        let mut order = Vec::new();
        match sourcing {
            Sourcing::Priority => {}
            Sourcing::MostStock => {
                order = self.order(from);
                order.sort_by_key(|index| -self.left_at(*index));
            }
            Sourcing::SingleLocation => {
                let mut places = self.order(from).into_iter().filter(|index| open(self, *index));
                let fits = places.find(|index| self.left_at(*index) >= want);
                order.extend(fits);
            }
        }
        // Without a list of their own the places are asked in the order of the pool.
        let places = if order.is_empty() {
            self.places(from)
        } else {
            order.len()
        };
        for place in 0..places {
            let index = if order.is_empty() {
                self.spot_of(from, place)
            } else {
                order.get(place).copied()
            };
            let index = index.filter(|index| open(self, *index));
            let Some(spot) = index.and_then(|index| self.spots.get_mut(index)) else {
                continue;
            };
            let units = left.min(spot.available.positive());
            if !units.is_positive() {
                continue;
            }
            spot.available -= units;
            left -= units;
            spot.ordered += units;
            spot.takers.add(from);
            if let Some(line) = record {
                self.taken.push(Taken {
                    line,
                    location: Some(spot.location),
                    quantity: units,
                });
            }
            if left.is_zero() {
                break;
            }
        }
        left
    }

    fn left_at(&self, index: usize) -> Quantity {
        self.spots.get(index).map_or(Quantity::ZERO, |spot| spot.available)
    }

    /// Indices of spots in the order in which they are asked.
    fn order(&self, from: Origin) -> Vec<usize> {
        (0..self.places(from))
            .filter_map(|place| self.spot_of(from, place))
            .collect()
    }

    /// How many places there are to ask.
    fn places(&self, from: Origin) -> usize {
        match from {
            Origin::Pinned(_) => 1,
            Origin::Channel(index) => self.reach(index).len(),
            Origin::Anywhere => self.spots.len(),
        }
    }

    /// The index of the spot at one.
    fn spot_of(&self, from: Origin, place: usize) -> Option<usize> {
        match from {
            Origin::Pinned(spot) => Some(spot),
            Origin::Channel(index) => self.reach(index).get(place).copied(),
            Origin::Anywhere => Some(place),
        }
    }

    fn short(&mut self, from: Origin, quantity: Quantity) {
        if !quantity.is_positive() {
            return;
        }
        match self.shorts.iter_mut().find(|(known, _)| *known == from) {
            Some((_, sum)) => *sum += quantity,
            None => self.shorts.push((from, quantity)),
        }
    }

    /// What is sold, fits nowhere, and could have come from one of `spots`: also where another line
    /// would have to make room, because it took its units where these could come from and could have
    /// taken them here. Those are not free, whichever line gets them in the end.
    pub(crate) fn short_of(&self, spots: &[usize]) -> Quantity {
        let touching = self.shorts.iter().filter(|(from, _)| self.reaches(*from, spots));
        touching.map(|(_, quantity)| *quantity).sum()
    }

    /// Whether a line from there could come from one of `spots`, if others make room.
    fn reaches(&self, from: Origin, spots: &[usize]) -> bool {
        let mut origins = vec![from];
        let mut next = 0;
        // Bounded: each origin enters once, and there are no more than channels and places.
        while let Some(origin) = origins.get(next).copied() {
            if spots.iter().any(|spot| self.could(origin, *spot)) {
                return true;
            }
            let there = self.spots.iter().enumerate();
            for (index, spot) in there.filter(|(index, _)| self.could(origin, *index)) {
                for taker in spot.takers.each(index) {
                    if !origins.contains(&taker) {
                        origins.push(taker);
                    }
                }
            }
            next += 1;
        }
        false
    }

    /// Units of a line that the figures contain, wherever it must come from.
    pub(crate) fn contained_of(&mut self, line: &LineRecord) -> Quantity {
        let from = match self.origin(line) {
            Some(from) => from,
            None => self.view(&line.channel),
        };
        self.contained_from(from, line)
    }
}
