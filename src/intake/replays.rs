//! Bodies of webhooks that are in the inbox already: one that comes again is answered and appended no second time.
//!
//! It only spares work: the ledger is a set, so forgetting a body, or all of them at a restart, changes nothing.

use sha2::{Digest, Sha256};
use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

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
    order: VecDeque<Fingerprint>,
}

/// The bodies of the last while.
#[derive(Default)]
pub struct Replays(Mutex<Inner>);

impl Replays {
    /// Whether it was durable before.
    pub(super) fn knows(&self, print: &Fingerprint) -> bool {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.known.contains(print)
    }

    /// It is durable.
    pub(super) fn keep(&self, print: Fingerprint) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_known_by_its_sender_and_its_bytes() {
        let replays = Replays::default();
        replays.keep(fingerprint("shop", b"{}"));
        assert!(replays.knows(&fingerprint("shop", b"{}")));
        assert!(!replays.knows(&fingerprint("market", b"{}")));
        assert!(!replays.knows(&fingerprint("shop", b"{} ")));
    }

    #[test]
    fn only_so_many_are_remembered_and_the_oldest_goes_first() {
        let replays = Replays::default();
        let print = |number: usize| fingerprint("shop", &number.to_be_bytes());
        for number in 0..=MOST {
            replays.keep(print(number));
            replays.keep(print(number));
        }
        let inner = replays.0.lock().unwrap();
        assert_eq!((inner.known.len(), inner.order.len()), (MOST, MOST));
        drop(inner);
        assert!(!replays.knows(&print(0)) && replays.knows(&print(1)) && replays.knows(&print(MOST)));
    }
}
