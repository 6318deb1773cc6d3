//! Who holds the connections of a listener, and who has to go when there is no place left.
//!
//! A connection that is being answered stays. Of those that only wait (for a header, a body, the next request) the
//! address with the most loses the one that has waited longest: who holds connections open crowds out himself.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The places of one listener.
pub(super) struct Places {
    most: usize,
    per_address: usize,
    inner: Mutex<Inner>,
    freed: Notify,
}

#[derive(Default)]
struct Inner {
    next: u64,
    held: HashMap<u64, Held>,
}

struct Held {
    address: IpAddr,
    /// Since when it waits; `None`: it is being answered.
    waits: Option<Instant>,
    leave: CancellationToken,
}

/// The place of one connection, free again when it is dropped.
pub(super) struct Place {
    id: u64,
    places: Arc<Places>,
    /// Told to close: somebody else needs the place.
    pub(super) leave: CancellationToken,
}

/// While it lives its connection is not told to go.
pub(super) struct Answering(Arc<Place>);

/// What came of asking for a place.
enum Asked {
    Given(Place),
    /// Somebody was told to go, or all are being answered.
    Wait,
    /// The address has all that one may have, all of them being answered.
    Refused,
}

/// All of a network that one party is given counts as one address.
fn party(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6((six.to_bits() & (u128::MAX << 64)).into()),
        four @ IpAddr::V4(_) => four,
    }
}

impl Places {
    pub(super) fn new(most: usize, per_address: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            per_address,
            inner: Mutex::default(),
            freed: Notify::new(),
        })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection from this address, as soon as there is one; `None`: it has too many.
    pub(super) async fn take(self: &Arc<Self>, address: IpAddr) -> Option<Arc<Place>> {
        let address = party(address);
        loop {
            let mut freed = std::pin::pin!(self.freed.notified());
            // Before the look, so that nothing that becomes free after it is missed.
            freed.as_mut().enable();
            match self.ask(address) {
                Asked::Given(place) => return Some(Arc::new(place)),
                Asked::Refused => return None,
                Asked::Wait => freed.await,
            }
        }
    }

    fn ask(self: &Arc<Self>, address: IpAddr) -> Asked {
        let mut inner = self.inner();
        let own = inner.held.values().filter(|held| held.address == address).count();
        if own >= self.per_address {
            return if inner.give_way(Some(address)) {
                Asked::Wait
            } else {
                Asked::Refused
            };
        }
        if inner.held.len() >= self.most {
            inner.give_way(None);
            return Asked::Wait;
        }
        let (id, leave) = (inner.next, CancellationToken::new());
        inner.next += 1;
        let held = Held {
            address,
            waits: Some(Instant::now()),
            leave: leave.clone(),
        };
        inner.held.insert(id, held);
        Asked::Given(Place {
            id,
            places: Arc::clone(self),
            leave,
        })
    }
}

impl Inner {
    /// Tells one that waits to go, of this address or of the one with the most; `false`: none waits. One at a time:
    /// nobody is told while another is on its way out.
    fn give_way(&self, of: Option<IpAddr>) -> bool {
        let mut counts: HashMap<IpAddr, usize> = HashMap::new();
        for held in self.held.values() {
            *counts.entry(held.address).or_default() += 1;
        }
        let theirs = || self.held.values().filter(|held| of.is_none_or(|of| held.address == of));
        if theirs().any(|held| held.leave.is_cancelled()) {
            return true;
        }
        let waiting = theirs().filter_map(|held| Some((held, held.waits?)));
        let count = |held: &Held| counts.get(&held.address).copied().unwrap_or_default();
        let longest = waiting.max_by_key(|(held, since)| (count(held), std::cmp::Reverse(*since)));
        longest.is_some_and(|(held, _)| {
            held.leave.cancel();
            true
        })
    }
}

impl Place {
    /// Its request is whole and is being answered.
    pub(super) fn answering(self: &Arc<Self>) -> Answering {
        self.waits(None);
        Answering(Arc::clone(self))
    }

    fn waits(&self, since: Option<Instant>) {
        if let Some(held) = self.places.inner().held.get_mut(&self.id) {
            held.waits = since;
        }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.waits(Some(Instant::now()));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.inner().held.remove(&self.id);
        self.places.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    async fn in_vain(places: &Arc<Places>, address: IpAddr) -> bool {
        tokio::time::timeout(Duration::from_millis(30), places.take(address))
            .await
            .is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn the_address_with_the_most_loses_the_one_that_waited_longest() {
        let places = Places::new(4, 3);
        let other = places.take(address(9)).await.unwrap();
        let mut greedy = Vec::new();
        for _ in 0..3 {
            greedy.push(places.take(address(1)).await.unwrap());
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!(in_vain(&places, address(2)).await, "nobody has gone yet");
        let told = |place: &Arc<Place>| place.leave.is_cancelled();
        assert_eq!(greedy.iter().map(told).collect::<Vec<_>>(), [true, false, false]);
        assert!(!told(&other));
        greedy.remove(0);
        assert!(places.take(address(2)).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_being_answered_stays() {
        let places = Places::new(2, 1);
        let (one, two) = (
            places.take(address(1)).await.unwrap(),
            places.take(address(2)).await.unwrap(),
        );
        let (first, second) = (one.answering(), two.answering());
        assert!(places.take(address(1)).await.is_none(), "it has what one may have");
        assert!(in_vain(&places, address(3)).await);
        assert!(!one.leave.is_cancelled() && !two.leave.is_cancelled());
        drop(first);
        assert!(in_vain(&places, address(3)).await);
        assert!(one.leave.is_cancelled() && !two.leave.is_cancelled());
        drop((one, second));
        assert!(places.take(address(3)).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_network_of_one_party_counts_as_one_address() {
        let places = Places::new(9, 1);
        let of = |text: &str| text.parse::<IpAddr>().unwrap();
        let held = places.take(of("2001:db8::1")).await.unwrap();
        assert!(in_vain(&places, of("2001:db8::2")).await && held.leave.is_cancelled());
        assert!(places.take(of("2001:db8:0:1::1")).await.is_some());
        let four = places.take(of("192.0.2.1")).await.unwrap();
        assert!(in_vain(&places, of("::ffff:192.0.2.1")).await && four.leave.is_cancelled());
    }
}
