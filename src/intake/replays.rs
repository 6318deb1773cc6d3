//! Bodies of webhooks that are in the inbox already: one that comes again is answered and appended no second time.
//!
//! It only spares work: the ledger is a set, so forgetting a body, or all of them at a restart, changes nothing.

use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Bodies remembered, at most; the oldest goes first. Far more than come within any tolerance for signed times.
const MOST: usize = 20_000;

/// What tells one body of a sender from all others.
pub(super) type Fingerprint = [u8; 32];

/// The fingerprint of a body from this connector.
pub(super) fn fingerprint(connector: &str, body: &[u8]) -> Fingerprint {
    let mut hash = Sha256::new();
    hash.update(connector.as_bytes());
    // No name has this byte: what is hashed reads back in one way only.
    hash.update([0]);
    hash.update(body);
    hash.finalize().into()
}

#[derive(Default)]
struct Inner {
    known: HashSet<Fingerprint>,
    /// Those that are being made durable; no more than webhooks are taken at once.
    under_way: HashMap<Fingerprint, watch::Receiver<()>>,
    order: VecDeque<Fingerprint>,
}

/// The bodies of the last while.
#[derive(Default)]
pub struct Replays(Mutex<Inner>);

impl Replays {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to make it durable; `None`: it is. Where another copy of it is on its way, what becomes of that one is
    /// waited for: shops send a new order twice within a millisecond, as made and as changed.
    pub(super) async fn first(&self, print: Fingerprint) -> Option<First<'_>> {
        loop {
            let mut other = {
                let mut inner = self.inner();
                if inner.known.contains(&print) {
                    return None;
                }
                let Some(other) = inner.under_way.get(&print) else {
                    let (ended, ends) = watch::channel(());
                    inner.under_way.insert(print, ends);
                    return Some(First {
                        replays: self,
                        print,
                        _ended: ended,
                    });
                };
                other.clone()
            };
            // An error says that its sender is gone: the copy is durable by now, or was sent back.
            drop(other.changed().await);
        }
    }

    /// It is durable.
    fn keep(&self, print: Fingerprint) {
        let mut inner = self.inner();
        if !inner.known.insert(print) {
            return;
        }
        inner.order.push_back(print);
        if inner.order.len() > MOST
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.known.remove(&oldest);
        }
    }
}

/// The first copy of a body; without [`First::durable`] the next copy is the first one.
pub(super) struct First<'a> {
    replays: &'a Replays,
    print: Fingerprint,
    _ended: watch::Sender<()>,
}

impl First<'_> {
    /// It is durable, and every later copy is a copy.
    pub(super) fn durable(self) {
        self.replays.keep(self.print);
    }
}

impl Drop for First<'_> {
    fn drop(&mut self) {
        self.replays.inner().under_way.remove(&self.print);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::pin::pin;
    use std::time::Duration;
    use tokio::time::timeout;

    async fn knows(replays: &Replays, print: Fingerprint) -> bool {
        replays.first(print).await.is_none()
    }

    #[tokio::test]
    async fn a_body_is_known_by_its_sender_and_its_bytes() {
        let replays = Replays::default();
        replays.keep(fingerprint("shop", b"{}"));
        assert!(knows(&replays, fingerprint("shop", b"{}")).await);
        assert!(!knows(&replays, fingerprint("market", b"{}")).await);
        assert!(!knows(&replays, fingerprint("shop", b"{} ")).await);
    }

    #[tokio::test]
    async fn a_copy_waits_for_the_first_one_and_takes_its_place_when_that_fails() {
        let (replays, print) = (Replays::default(), fingerprint("shop", b"{}"));
        let first = replays.first(print).await.unwrap();
        let mut copy = pin!(replays.first(print));
        assert!(timeout(Duration::from_millis(20), &mut copy).await.is_err(), "it waits");
        drop(first);
        let second = copy.await.expect("nothing is durable");
        let mut copy = pin!(replays.first(print));
        assert!(timeout(Duration::from_millis(20), &mut copy).await.is_err(), "it waits");
        second.durable();
        assert!(copy.await.is_none());
        assert!(replays.inner().under_way.is_empty());
    }

    #[tokio::test]
    async fn only_so_many_are_remembered_and_the_oldest_goes_first() {
        let replays = Replays::default();
        let print = |number: usize| fingerprint("shop", &number.to_be_bytes());
        for number in 0..=MOST {
            replays.keep(print(number));
            replays.keep(print(number));
        }
        let lengths = {
            let inner = replays.inner();
            (inner.known.len(), inner.order.len())
        };
        assert_eq!(lengths, (MOST, MOST));
        assert!(
            !knows(&replays, print(0)).await && knows(&replays, print(1)).await && knows(&replays, print(MOST)).await
        );
    }
}
