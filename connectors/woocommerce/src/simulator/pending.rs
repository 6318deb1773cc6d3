//! What webhooks are still to tell: at most once per webhook and object, the earliest first.

use std::collections::{BTreeMap, HashSet};
use tokio::time::Instant;

/// Something to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Pending {
    pub(super) hook: u64,
    /// `None`: the ping of a new webhook.
    pub(super) object: Option<u64>,
}

/// All of it, by the time at which it is due. A backlog of any length costs no more a delivery than a short one.
#[derive(Default)]
pub(super) struct PendingQueue {
    by_time: BTreeMap<(Instant, u64), Pending>,
    known: HashSet<Pending>,
    added: u64,
}

impl PendingQueue {
    pub(super) fn contains(&self, pending: Pending) -> bool {
        self.known.contains(&pending)
    }

    /// To be told then; what is already waiting keeps its time.
    pub(super) fn add(&mut self, due: Instant, pending: Pending) {
        if self.known.insert(pending) {
            self.added += 1;
            self.by_time.insert((due, self.added), pending);
        }
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.by_time.first_key_value().map(|((due, _), _)| *due)
    }

    /// The next one, once it is due.
    pub(super) fn take(&mut self, at: Instant) -> Option<Pending> {
        let first = self.by_time.first_entry().filter(|first| first.key().0 <= at)?;
        let pending = first.remove();
        self.known.remove(&pending);
        Some(pending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn an_object_waits_once_for_each_webhook_and_the_earliest_goes_first() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let of = |hook, object| Pending { hook, object };
        let mut queue = PendingQueue::default();
        queue.add(after(3), of(1, Some(7)));
        queue.add(after(1), of(1, Some(7)));
        queue.add(after(2), of(2, Some(7)));
        queue.add(after(4), of(1, None));
        assert!(queue.contains(of(1, Some(7))));
        assert_eq!((queue.next(), queue.take(after(1))), (Some(after(2)), None));
        let taken: Vec<Pending> = std::iter::from_fn(|| queue.take(after(9))).collect();
        assert_eq!(taken, [of(2, Some(7)), of(1, Some(7)), of(1, None)]);
        assert_eq!(queue.next(), None);
        assert!(!queue.contains(of(1, Some(7))));
    }
}
