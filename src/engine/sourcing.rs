//! Who takes which units: derived in a fixed order, never stored.

use crate::contained::contained;
use crate::picture::{Picture, Taken, physical};
use crate::resolve::resolve_ruled;
use crate::{LineRecord, Reservation};
use omnistock_words::{ChannelName, ChannelPolicy, LocationName, Quantity, Sourcing};
use std::borrow::Cow;

/// Where a line, or what is short of it, could come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin<'a> {
    Pinned(&'a LocationName),
    Channel(usize),
    /// A channel that is no longer declared: its sales still count.
    Anywhere,
}

/// One channel's view: its policy and the physical places behind its pool, in order.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) channel: &'a ChannelName,
    pub(crate) policy: Cow<'a, ChannelPolicy>,
    /// The rules that made it.
    pub(crate) ruled: Vec<usize>,
    places: Vec<&'a LocationName>,
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
            let rest = self.take(from, left, None);
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
            .filter(|line| line.takes_stock() && line.reservation.as_ref() == Some(&reservation.id));
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
    pub(crate) fn view(&mut self, channel: &'a ChannelName) -> Origin<'a> {
        if let Some(index) = self.views.iter().position(|view| view.channel == channel) {
            return Origin::Channel(index);
        }
        if !self.settings.channels.contains_key(channel) {
            return Origin::Anywhere;
        }
        let attributes = &self.document.attributes;
        let (policy, ruled) = resolve_ruled(self.settings, channel, self.sku, attributes, None, self.now);
        let mut places = Vec::with_capacity(policy.locations.len());
        for location in &policy.locations {
            if let Some((place, _)) = physical(self.settings, location)
                && !places.contains(&place)
            {
                places.push(place);
            }
        }
        self.views.push(View {
            channel,
            policy,
            ruled,
            places,
        });
        Origin::Channel(self.views.len() - 1)
    }

    fn could(&self, from: Origin<'a>, location: &LocationName) -> bool {
        match from {
            Origin::Pinned(pinned) => pinned == location,
            Origin::Channel(index) => self
                .views
                .get(index)
                .is_some_and(|view| view.places.contains(&location)),
            Origin::Anywhere => true,
        }
    }

    /// Sources one line.
    fn line(&mut self, line: &'a LineRecord, record: bool) {
        if !line.takes_stock() {
            return;
        }
        let from = match &line.location {
            Some(location) => match physical(self.settings, location) {
                Some((place, _)) => Origin::Pinned(place),
                // A place that counts nowhere: nobody's pool is touched.
                None if self.settings.locations.contains_key(location) => return,
                None => self.view(&line.channel),
            },
            None => self.view(&line.channel),
        };
        let contained = contained(self.settings, self.documents, self.document, line, |location| {
            self.could(from, location)
        });
        let mut left = line.quantity - contained;
        if !left.is_positive() {
            return;
        }
        let record = record.then_some(line);
        if line.location.is_none()
            && let Some(place) = self.reserved_place(line)
        {
            let want = left.min(place.1);
            left = left - want + self.take(Origin::Pinned(place.0), want, record);
        }
        let rest = self.take(from, left, record);
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
    fn reserved_place(&self, line: &LineRecord) -> Option<(&'a LocationName, Quantity)> {
        let id = line.reservation.as_ref()?;
        let held = self
            .document
            .reservations
            .iter()
            .find(|r| r.id == *id && r.expires_at > self.now)?;
        let (place, _) = physical(self.settings, held.location.as_ref()?)?;
        Some((place, held.quantity))
    }

    /// Takes units from the places by the rule; returns what fits nowhere.
    fn take(&mut self, from: Origin<'a>, want: Quantity, record: Option<&'a LineRecord>) -> Quantity {
        let mut left = want;
        let sourcing = match from {
            Origin::Channel(index) => self
                .views
                .get(index)
                .map_or(Sourcing::Priority, |view| view.policy.sourcing),
            Origin::Pinned(_) | Origin::Anywhere => Sourcing::Priority,
        };
        let mut order = Vec::new();
        match sourcing {
            Sourcing::Priority => {}
            Sourcing::MostStock => {
                order = self.order(from);
                order.sort_by_key(|index| -self.left_at(*index));
            }
            Sourcing::SingleLocation => {
                let fits = self.order(from).into_iter().find(|index| self.left_at(*index) >= want);
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
    fn order(&self, from: Origin<'a>) -> Vec<usize> {
        (0..self.places(from))
            .filter_map(|place| self.spot_of(from, place))
            .collect()
    }

    /// How many places there are to ask.
    fn places(&self, from: Origin<'a>) -> usize {
        match from {
            Origin::Pinned(_) => 1,
            Origin::Channel(index) => self.views.get(index).map_or(0, |view| view.places.len()),
            Origin::Anywhere => self.spots.len(),
        }
    }

    /// The index of the spot at one of them.
    fn spot_of(&self, from: Origin<'a>, place: usize) -> Option<usize> {
        let find = |location: &LocationName| self.spots.iter().position(|spot| spot.location == location);
        match from {
            Origin::Pinned(location) => find(location),
            Origin::Channel(index) => find(self.views.get(index)?.places.get(place)?),
            Origin::Anywhere => Some(place),
        }
    }

    fn short(&mut self, from: Origin<'a>, quantity: Quantity) {
        if !quantity.is_positive() {
            return;
        }
        match self.shorts.iter_mut().find(|(known, _)| *known == from) {
            Some((_, sum)) => *sum += quantity,
            None => self.shorts.push((from, quantity)),
        }
    }

    /// What is sold, fits nowhere, and could have come from one of `places`.
    pub(crate) fn short_of(&self, places: &[&LocationName]) -> Quantity {
        let touching = self
            .shorts
            .iter()
            .filter(|(from, _)| places.iter().any(|place| self.could(*from, place)));
        touching.map(|(_, quantity)| *quantity).sum()
    }

    /// What a line of this order is short of, and takes, is in [`Self::taken`] only if recorded.
    pub(crate) fn contained_of(&mut self, line: &'a LineRecord) -> Quantity {
        let place = line
            .location
            .as_ref()
            .and_then(|location| physical(self.settings, location));
        let from = match place {
            Some((place, _)) => Origin::Pinned(place),
            None => self.view(&line.channel),
        };
        contained(self.settings, self.documents, self.document, line, |location| {
            self.could(from, location)
        })
    }
}
