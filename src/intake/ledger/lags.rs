//! How long each channel is blind, measured from what really happened: from an order's placing there
//! to its being durable here, and from a decision here to the channel's yes.
//!
//! The value is the 95th percentile over the newest [`MOST`] measurements of the last day, and at
//! least the age of the oldest push that has no yes yet, rounded up to two steps a doubling, so that
//! small changes move nothing. It rises at once and falls when the lower value has held for a while.
//! Until [`LEAST`] measurements are there a lag counts as [`START`]: as if the channel were synced
//! once an hour. Kept in the store, so that a restart does not begin blind.

use omnistock_engine::{Documents, Lags, Measured, Shown, last_units};
use omnistock_words::{ChannelName, Millis, Settings, Sku};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The lag of what was not measured often enough yet, in milliseconds: an hour.
const START: i64 = 3_600_000;
/// Measurements that count.
const MOST: usize = 256;
/// So many are there, or it is not measured.
const LEAST: usize = 5;
/// Older measurements don't count while there are newer ones.
const DAY: i64 = 86_400_000;

/// What is seen of a channel by its worker.
pub trait Watched: Send + Sync {
    /// How long pushes took since the last call, in milliseconds; at most a few hundred.
    fn pushes(&self) -> Vec<i64>;
    /// SKUs of which the channel was confirmed to show nothing although there is some, and since when.
    fn at_zero(&self) -> BTreeMap<Sku, Millis>;
    /// Whether the channel lists the SKU; `None`: not known yet.
    fn lists(&self, sku: &Sku) -> Option<bool>;
    /// Whether its open orders are all in the ledgers.
    fn back_filled(&self) -> bool;
}

/// The newest measurements of one lag.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Window(VecDeque<(Millis, i64)>);

impl Window {
    fn add(&mut self, lag: i64, now: Millis) {
        while self.0.len() >= MOST || self.0.len() > LEAST && self.0.front().is_some_and(|(at, _)| now.since(*at) > DAY)
        {
            self.0.pop_front();
        }
        self.0.push_back((now, lag.max(0)));
    }

    /// Milliseconds that 95 of 100 did not exceed.
    fn value(&self) -> Option<i64> {
        let mut lags: Vec<i64> = self.0.iter().map(|(_, lag)| *lag).collect();
        lags.sort_unstable();
        let place = (lags.len() * 95).div_ceil(100).saturating_sub(1);
        lags.get(place).copied().filter(|_| lags.len() >= LEAST)
    }
}

/// Rounded up to two steps for every doubling.
fn step(lag: i64) -> i64 {
    let mut step = 1_i64;
    while step < lag.min(1 << 40) {
        let half = step + step / 2;
        if half >= lag && half > step {
            return half;
        }
        step *= 2;
    }
    step
}

/// A value that rises at once and falls late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Calm {
    value: Option<i64>,
    lower_since: Option<Millis>,
}

impl Calm {
    fn take(&mut self, measured: Option<i64>, late: i64, patience: i64, now: Millis) {
        let Some(measured) = measured else {
            self.value = None;
            return;
        };
        let wanted = step(measured.max(late));
        if self.value.is_some_and(|value| wanted < value) {
            let since = *self.lower_since.get_or_insert(now);
            if now.since(since) < patience {
                return;
            }
        }
        (self.value, self.lower_since) = (Some(wanted), None);
    }
}

/// The measurements of one channel.
#[derive(Debug, Clone, Default)]
struct Meter {
    order: Window,
    push: Window,
    orders: Calm,
    pushes: Calm,
    /// The version of its document, and whether there is something new to store.
    version: u64,
    fresh: bool,
}

#[derive(Serialize, Deserialize)]
struct Document {
    v: u32,
    order: Window,
    push: Window,
}

/// All channels.
#[derive(Debug, Clone, Default)]
pub(super) struct Meters {
    channels: BTreeMap<ChannelName, Meter>,
}

impl Meters {
    /// What the store has of a channel; what can't be read is measured anew.
    pub(super) fn load(&mut self, channel: &ChannelName, version: u64, bytes: &[u8]) {
        let meter = self.channels.entry(channel.clone()).or_default();
        meter.version = version;
        if !meter.order.0.is_empty() || !meter.push.0.is_empty() {
            return; // What this life has measured is newer.
        }
        match serde_json::from_slice::<Document>(bytes) {
            Ok(document) => (meter.order, meter.push) = (document.order, document.push),
            Err(error) if !bytes.is_empty() => {
                tracing::warn!(%channel, "its lags are measured anew: {error}");
            }
            Err(_) => {}
        }
    }

    /// An order was placed so long ago when it became durable here.
    pub(super) fn ordered(&mut self, channel: &ChannelName, lag: i64, now: Millis) {
        if let Some(meter) = self.channels.get_mut(channel) {
            meter.order.add(lag, now);
            meter.fresh = true;
        }
    }

    /// Pushes of a channel took so long, and the oldest without a yes waits for `waiting`.
    pub(super) fn pushed(&mut self, channel: &ChannelName, lags: &[i64], waiting: i64, patience: i64, now: Millis) {
        let Some(meter) = self.channels.get_mut(channel) else {
            return;
        };
        for lag in lags {
            meter.push.add(*lag, now);
            meter.fresh = true;
        }
        meter.orders.take(meter.order.value(), 0, patience, now);
        meter.pushes.take(meter.push.value(), waiting, patience, now);
    }

    /// What has to be stored: channel, version, bytes.
    pub(super) fn fresh(&self) -> Vec<(ChannelName, u64, Vec<u8>)> {
        let fresh = self.channels.iter().filter(|(_, meter)| meter.fresh);
        let document = |(channel, meter): (&ChannelName, &Meter)| {
            let document = Document {
                v: 1,
                order: meter.order.clone(),
                push: meter.push.clone(),
            };
            let bytes = serde_json::to_vec(&document).unwrap_or_default();
            (channel.clone(), meter.version, bytes)
        };
        fresh.map(document).collect()
    }

    /// What [`Self::fresh`] named is stored.
    pub(super) fn stored(&mut self) {
        for meter in self.channels.values_mut().filter(|meter| meter.fresh) {
            meter.version += 1;
            meter.fresh = false;
        }
    }

    /// The lags that count.
    pub(super) fn lags(&self) -> BTreeMap<ChannelName, Lags> {
        let lags = |meter: &Meter| Lags {
            order: meter.orders.value.unwrap_or(START),
            push: meter.pushes.value.unwrap_or(START),
        };
        let channels = self.channels.iter();
        channels.map(|(name, meter)| (name.clone(), lags(meter))).collect()
    }
}

/// What the channels were confirmed to show, as of one look.
pub(super) struct Dark<'a> {
    watched: &'a BTreeMap<ChannelName, std::sync::Arc<dyn Watched>>,
    zeros: BTreeMap<&'a ChannelName, BTreeMap<Sku, Millis>>,
}

impl<'a> Dark<'a> {
    /// Looks at every channel, where some channel may show the last units at all.
    pub(super) fn of(
        settings: &Settings,
        watched: &'a BTreeMap<ChannelName, std::sync::Arc<dyn Watched>>,
    ) -> Option<Self> {
        let ruled = || settings.rules.iter().any(|rule| rule.set.home == Some(true));
        let home = settings.channels.values().any(|channel| channel.policy.home);
        (settings.channels.len() > 1 && (home || ruled())).then(|| Self {
            watched,
            zeros: watched
                .iter()
                .map(|(name, channel)| (name, channel.at_zero()))
                .collect(),
        })
    }

    /// The SKUs of which some channel shows nothing although there is some: only for them anything is held back.
    pub(super) fn skus(&self) -> BTreeSet<Sku> {
        self.zeros.values().flat_map(BTreeMap::keys).cloned().collect()
    }

    fn shown(&self, channel: &ChannelName, sku: &Sku) -> Shown {
        let since = self.zeros.get(channel).and_then(|zeros| zeros.get(sku));
        let unlisted = || {
            self.watched
                .get(channel)
                .is_some_and(|channel| channel.lists(sku) == Some(false))
        };
        match since {
            Some(since) => Shown::ZeroSince(*since),
            None if unlisted() => Shown::Unlisted,
            None => Shown::Some,
        }
    }

    /// Which channel shows the last units of which of these SKUs, by the engine's rule. `documents` has
    /// the lags, and the ledgers where rules look at what is in them.
    pub(super) fn last_units(
        &self,
        settings: &Settings,
        documents: &Documents,
        skus: &[Sku],
        now: Millis,
    ) -> Vec<(Sku, ChannelName)> {
        let home = |sku: &Sku| {
            let shown = |channel: &ChannelName| self.shown(channel, sku);
            Some((sku.clone(), last_units(settings, documents, sku, shown, now)?))
        };
        skus.iter().filter_map(home).collect()
    }
}

/// The SKUs of which another channel, or none, shows the last units now.
pub(super) fn moved(before: &Measured, after: &Measured) -> Vec<Sku> {
    let all = before.last_units.keys().chain(after.last_units.keys());
    let moved = all.filter(|sku| before.last_units.get(*sku) != after.last_units.get(*sku));
    moved.cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_words::{ChannelPolicy, ChannelSettings, LocationName, LocationPolicy};
    use std::sync::Arc;

    const PATIENCE: i64 = 600_000;

    fn shop() -> ChannelName {
        "shop".parse().unwrap()
    }

    fn measured(meters: &Meters) -> (i64, i64) {
        let lags = meters.lags()[&shop()];
        (lags.order, lags.push)
    }

    #[test]
    fn a_lag_rises_at_once_falls_late_and_survives_a_restart() {
        let mut meters = Meters::default();
        meters.load(&shop(), 0, b"");
        meters.pushed(&shop(), &[], 0, PATIENCE, Millis(0));
        assert_eq!(measured(&meters), (START, START), "nothing measured");
        for _ in 0..LEAST {
            meters.ordered(&shop(), 700, Millis(0));
        }
        meters.pushed(&shop(), &[90; LEAST], 0, PATIENCE, Millis(0));
        assert_eq!(measured(&meters), (768, 96), "measured: no patience with a guess");
        meters.pushed(&shop(), &[], 40_000, PATIENCE, Millis(1));
        assert_eq!(measured(&meters).1, 49_152, "a push that waits");
        meters.pushed(&shop(), &[], 0, PATIENCE, Millis(2));
        assert_eq!(measured(&meters).1, 49_152, "not yet");
        meters.pushed(&shop(), &[], 0, PATIENCE, Millis(2 + PATIENCE));
        assert_eq!(measured(&meters).1, 96);

        let stored = meters.fresh();
        meters.stored();
        assert!(meters.fresh().is_empty());
        let mut next = Meters::default();
        next.load(&shop(), stored[0].1 + 1, &stored[0].2);
        next.pushed(&shop(), &[], 0, PATIENCE, Millis(9));
        assert_eq!(measured(&next), (768, 96));
    }

    #[test]
    fn the_window_is_bounded_and_forgets_yesterday() {
        let mut window = Window::default();
        for number in 0..1_000 {
            window.add(number, Millis(0));
        }
        assert_eq!(window.0.len(), MOST);
        assert_eq!(window.value(), Some(744 + 243));
        window.add(5, Millis(DAY + 1));
        assert_eq!(window.0.len(), LEAST + 1, "the newest stay however old");
        assert!((1..5_000).all(|lag| step(lag) >= lag && step(lag) <= lag * 2));
    }

    struct Seen(BTreeMap<Sku, Millis>, bool);

    impl Watched for Seen {
        fn pushes(&self) -> Vec<i64> {
            Vec::new()
        }
        fn at_zero(&self) -> BTreeMap<Sku, Millis> {
            self.0.clone()
        }
        fn lists(&self, _: &Sku) -> Option<bool> {
            Some(self.1)
        }
        fn back_filled(&self) -> bool {
            true
        }
    }

    #[test]
    fn the_home_channel_shows_the_last_units_once_the_others_are_dark_long_enough() {
        let sku: Sku = "A".parse().unwrap();
        let mut settings = Settings::default();
        let berlin: LocationName = "berlin".parse().unwrap();
        settings.locations.insert(berlin.clone(), LocationPolicy::default());
        for name in ["shop", "market", "other"] {
            let policy = ChannelPolicy {
                home: name == "shop",
                locations: vec![berlin.clone()],
                ..ChannelPolicy::default()
            };
            let channel = ChannelSettings {
                connector: name.parse().unwrap(),
                template: None,
                policy,
            };
            settings.channels.insert(name.parse().unwrap(), channel);
        }
        let lags = Lags { order: 700, push: 300 };
        let lags: BTreeMap<_, _> = settings.channels.keys().map(|name| (name.clone(), lags)).collect();
        let zero = |since| BTreeMap::from([(sku.clone(), Millis(since))]);
        let with = |market: Seen, other: Seen, now: i64| {
            let seen: [(&str, Seen); 3] = [
                ("shop", Seen(BTreeMap::new(), true)),
                ("market", market),
                ("other", other),
            ];
            let watched = seen.map(|(name, seen)| (name.parse().unwrap(), Arc::new(seen) as Arc<dyn Watched>));
            let watched = watched.into();
            let dark = Dark::of(&settings, &watched).unwrap();
            let (documents, skus) = (Documents::measured(lags.clone()), Vec::from_iter(dark.skus()));
            let found = dark.last_units(&settings, &documents, &skus, Millis(now));
            found == [(sku.clone(), shop())]
        };
        assert!(with(Seen(zero(0), true), Seen(zero(0), true), 1_000));
        assert!(
            !with(Seen(zero(0), true), Seen(zero(1), true), 1_000),
            "not long enough"
        );
        assert!(
            !with(Seen(zero(0), true), Seen(BTreeMap::new(), true), 9_000),
            "one still shows some"
        );
        assert!(
            with(Seen(zero(0), true), Seen(BTreeMap::new(), false), 9_000),
            "one does not list it"
        );
    }
}
