//! Whether a channel may be written after a cold start: what is known, and what is missing.

use crate::place::physical;
use omnistock_words::{ChannelName, ConnectorName, LocationName, Settings};
use std::collections::BTreeMap;
use std::fmt;

/// What must be known before one channel is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditions {
    /// The channel.
    pub channel: ChannelName,
    /// Its sources: has each given a complete snapshot?
    pub sources: BTreeMap<ConnectorName, bool>,
    /// The channels that share a place with it, itself included: are their open orders back-filled?
    pub backfilled: BTreeMap<ChannelName, bool>,
    /// Listings that were not read back yet.
    pub unread: u64,
    /// Whether the read-back ran at all.
    pub read_back: bool,
}

/// What a channel waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wait {
    /// A complete snapshot.
    Snapshot(ConnectorName),
    /// Open orders.
    BackFill(ChannelName),
    /// Its own listings; how many are left, zero where the read-back has not begun.
    ReadBack(ChannelName, u64),
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Snapshot(source) => write!(f, "{source} has not given a complete snapshot yet"),
            Self::BackFill(channel) => write!(f, "the open orders of {channel} are not back-filled yet"),
            Self::ReadBack(channel, 0) => write!(f, "the listings of {channel} were not read back yet"),
            Self::ReadBack(channel, left) => write!(f, "{left} listings of {channel} were not read back yet"),
        }
    }
}

impl Conditions {
    /// The names that count for `channel`, nothing of it fulfilled yet. Conditions of roles that do
    /// not exist are taken out by the caller.
    pub fn of(settings: &Settings, channel: &ChannelName) -> Self {
        let mut backfilled = BTreeMap::new();
        backfilled.insert(channel.clone(), false);
        let pool = places(settings, channel);
        for name in settings.channels.keys() {
            if places(settings, name).iter().any(|place| pool.contains(place)) {
                backfilled.insert(name.clone(), false);
            }
        }
        // A place that names no source may be reported by any.
        let owner = |place: &&LocationName| settings.locations.get(*place).and_then(|policy| policy.source.clone());
        let owners: Option<Vec<ConnectorName>> = pool.iter().map(owner).collect();
        let sources = owners
            .filter(|owners| !owners.is_empty())
            .unwrap_or_else(|| settings.sources.keys().cloned().collect());
        let sources = sources.into_iter().map(|source| (source, false)).collect();
        Self {
            channel: channel.clone(),
            sources,
            backfilled,
            unread: 0,
            read_back: false,
        }
    }
}

/// The physical places behind a channel's pool, before rules.
fn places<'a>(settings: &'a Settings, channel: &ChannelName) -> Vec<&'a LocationName> {
    let pool = settings
        .channels
        .get(channel)
        .map(|channel| channel.policy.locations.as_slice());
    pool.unwrap_or_default()
        .iter()
        .filter_map(|location| Some(physical(settings, location)?.0))
        .collect()
}

/// Whether the channel may be written; else everything it waits for.
pub fn open(conditions: &Conditions) -> Result<(), Vec<Wait>> {
    let snapshots = conditions
        .sources
        .iter()
        .filter(|(_, given)| !**given)
        .map(|(source, _)| Wait::Snapshot(source.clone()));
    let fills = conditions
        .backfilled
        .iter()
        .filter(|(_, done)| !**done)
        .map(|(channel, _)| Wait::BackFill(channel.clone()));
    let mut waits: Vec<_> = snapshots.chain(fills).collect();
    if !conditions.read_back || conditions.unread > 0 {
        waits.push(Wait::ReadBack(conditions.channel.clone(), conditions.unread));
    }
    if waits.is_empty() { Ok(()) } else { Err(waits) }
}
