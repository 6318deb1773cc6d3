//! Public keys by their id, as vendors name them in a header: fetched seldom, kept for a while.
//!
//! The id is in a header that nobody has signed: strangers can invent as many as they like. So what is fetched is
//! limited, and an id that the vendor doesn't know is remembered too.

use super::PublicKey;
use omnistock_words::Millis;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Ids remembered at once; vendors have two or three.
const MOST: usize = 32;
/// How long a key counts: vendors withdraw those that leaked.
const KEPT: i64 = 3_600_000;
/// How long an id stays unknown.
const UNKNOWN: i64 = 600_000;
/// Fetches in a minute, at most.
const FETCHES: usize = 6;
/// The longest id.
const LONGEST: usize = 128;

/// What is known of an id.
#[derive(Debug, Clone)]
pub enum KnownKey {
    /// This key.
    Key(Arc<PublicKey>),
    /// The vendor doesn't know it, or too many were asked for: not believed.
    None,
    /// It may be fetched now: the next step is [`KeyCache::learned`].
    Fetch,
}

#[derive(Debug, Default)]
struct Inner {
    keys: BTreeMap<String, (Option<Arc<PublicKey>>, Millis)>,
    /// When fetches were allowed, newest last.
    fetches: Vec<Millis>,
}

/// Keys of one vendor.
#[derive(Debug, Default)]
pub struct KeyCache(Mutex<Inner>);

impl KeyCache {
    /// The key of this id, or whether to fetch it.
    pub fn find(&self, id: &str, now: Millis) -> KnownKey {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Inner { keys, fetches } = &mut *inner;
        let kept = |(key, since): &(Option<Arc<PublicKey>>, Millis)| {
            now.since(*since) < if key.is_some() { KEPT } else { UNKNOWN }
        };
        match keys.get(id).filter(|known| kept(known)) {
            Some((Some(key), _)) => return KnownKey::Key(Arc::clone(key)),
            Some((None, _)) => return KnownKey::None,
            None => {}
        }
        fetches.retain(|fetch| now.since(*fetch) < 60_000);
        if id.is_empty() || id.len() > LONGEST || fetches.len() >= FETCHES {
            return KnownKey::None;
        }
        fetches.push(now);
        KnownKey::Fetch
    }

    /// What the vendor answered; `None`: it knows no such key.
    pub fn learned(&self, id: &str, key: Option<PublicKey>, now: Millis) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.keys.len() >= MOST && !inner.keys.contains_key(id) {
            // Unknown ids first: they are what strangers can fill it with.
            let first = inner
                .keys
                .iter()
                .min_by_key(|(_, (key, since))| (key.is_some(), *since));
            if let Some(first) = first.map(|(id, _)| id.clone()) {
                inner.keys.remove(&first);
            }
        }
        inner.keys.insert(id.to_owned(), (key.map(Arc::new), now));
    }
}
